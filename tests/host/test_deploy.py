"""Which board `make deploy` refuses, in one sentence; what it writes; and what it prints."""

from __future__ import annotations

from typing import Any

import pytest

from tools.deploy.check import described, refusal
from tools.deploy.connection import shown
from tools.deploy.deploy import BUILD, MAIN, Built, plan
from tools.run.readable import Changes

GOOD = {
    "implementation": "micropython",
    "version": (1, 24, 0),
    "mpy": 11014,  # an ESP32-S3's: 6.3, with native code of its own
    "platform": "esp32",
    "machine": "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3",
    "heap_bytes": 8_300_000,
    "flash_block_bytes": 4096,
    "flash_free_blocks": 400,
    "can_connect": True,
    "found_first": None,
}


def test_a_board_that_can_run_it() -> None:
    assert refusal(GOOD, 6, [4096] * 400) is None
    assert "ESP32S3, micropython 1.24.0, heap 8,105 KiB, flash 1,600 KiB free" in described(GOOD)


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({"implementation": "circuitpython", "version": (9, 2, 1)}, "runs circuitpython 9.2.1"),
        ({"platform": "rp2", "machine": "Raspberry Pi Pico W"}, "is Raspberry Pi Pico W (rp2)"),
        ({"version": (1, 23, 9)}, "has MicroPython 1.23.9"),
        ({"mpy": 11013}, "of version 5, and mpy-cross here makes version 6"),
        ({"mpy": 0}, "of version 0,"),
        ({"can_connect": False}, "no network or no TLS"),
        ({"found_first": ".frozen"}, "in .frozen, which wins over files"),
        ({"heap_bytes": 166_000}, "heap has 162 KiB"),
        ({"flash_free_blocks": 3}, "has 12 KiB free, and 16 are needed"),
    ],
)
def test_one_that_can_t_is_told_what_to_do(fact: dict[str, Any], words: str) -> None:
    said = refusal({**GOOD, **fact}, 6, [1, 4096, 4097])
    assert said and words in said
    assert any(verb in said for verb in (": put ", ": take ", ": update ", ": remove "))


def built(**files: bytes) -> Built:
    """With these files in firmware/, and what is always there."""
    named = {f"firmware/{name}.mpy": data for name, data in files.items()}
    return Built({"boot.py": b"", BUILD: b"now", **named, MAIN: b""}, 6)


def test_main_is_written_last_and_only_with_something_else() -> None:
    made = built(app=b"1")
    assert plan(made, {}) == ([], ["boot.py", BUILD, "firmware/app.mpy", MAIN])
    assert plan(made, made.hashes) == ([], [])
    assert plan(made, {**made.hashes, "firmware/app.py": "0"}) == (["firmware/app.py"], [MAIN])


def test_a_younger_build_alone_is_no_change() -> None:
    made = built(app=b"1")
    assert plan(made, {**made.hashes, BUILD: "0"}) == ([], [])
    assert plan(made, {**made.hashes, BUILD: "0", MAIN: "0"}) == ([], [BUILD, MAIN])
    without = {path: sum_ for path, sum_ in made.hashes.items() if path != BUILD}
    assert plan(made, without) == ([], [BUILD, MAIN])


def test_what_the_board_says_can_t_control_the_terminal() -> None:
    assert shown("\x1b[2Jhello", Changes()) == "\ufffd[2Jhello"
    line = '{"t_ms": 1500, "state": "online", "reason": null, "connected": true, "paused": false,'
    line += ' "project": "A\\u001b[2J", "creator": "B", "user_code": null}'
    changes = Changes()
    text = shown(line, changes)
    assert text and text.startswith("      1.5 s  online") and "\x1b" not in text
    assert shown(line.replace("1500", "1600"), changes) is None  # nothing has changed
    text = shown(line.replace("null", '"cancelled"', 1), changes)
    assert text and "Restart, or hold its button, to pair" in text
    assert shown('{"t_ms": 1}', changes) == '{"t_ms": 1}' and shown("[1]", changes) == "[1]"
    assert shown(None, changes) is None
