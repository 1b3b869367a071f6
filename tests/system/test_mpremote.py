"""The real mpremote on the serial line of the virtual board.

The board has the real firmware and a real littlefs.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.safe_mode_board import CLOSED, GUARDED, SAFE_MODE, Board
from tools.bytecode import build
from tools.rig import CLIENT_VERSION, TOKEN, Rig
from tools.virtual_board.session import (
    HARD_RESET,
    PWRON_RESET,
    ROOT,
    SOFT_RESET,
    WDT_RESET,
    VirtualBoard,
)

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'
TIMEOUT_MS = 8_000  # in which mpremote must have begun
_LONGEST_S = 120


def mpremote(board: VirtualBoard, *command: str) -> str:
    """Run it with these words; what it printed. Fails if it does."""
    assert board.serial
    return mpremote_at(board.serial.path, *command)


def mpremote_at(path: str, *command: str) -> str:
    """The same with the serial line at a path."""
    line = [sys.executable, "-m", "mpremote", "connect", path, *command]
    done = subprocess.run(
        line,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def put(board: VirtualBoard, tmp_path: Path, name: str, value: object) -> None:
    """Copy a JSON file to the board."""
    (tmp_path / name).write_text(json.dumps(value))
    mpremote(board, "fs", "cp", str(tmp_path / name), f":{name}")


def test_while_it_is_online(tmp_path: Path, rig: Rig) -> None:
    mock = rig.mock()
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "access_token": TOKEN}
    config = {
        "board": "esp32_devkit",
        "console": True,
        "frameio": frameio,
        "wifi": {"ssid": "Stage 5", "password": "pilotlight"},
    }
    with VirtualBoard(
        tmp_path / "board",
        code=ROOT,
        environment={"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"},
        littlefs=True,
        serial=True,
    ) as board:
        board.write_file("config.json", json.dumps(config))
        board.power_on()
        board.wait_line(state="online")
        log = mpremote(
            board, "resume", "exec", "from firmware import event_log; event_log.show()"
        ).splitlines()
        assert log[-1].split()[2:] == ["online"] and log[-1].startswith(time.strftime("%Y-")), log

        seen = len(board.lines)
        mpremote(board, "resume", "reset")
        board.wait_line(seen, state="online")
        assert (
            mpremote(board, "exec", "print(1+1)") == "2\n"
        )  # by a soft reset into the raw REPL: main.py does not run
        assert "online" in mpremote(
            board, "exec", "from firmware import event_log; event_log.show()"
        )
        put(
            board,
            tmp_path,
            "config.json",
            {**config, "frameio": {**frameio, "client_version": "9.9.9"}},
        )
        seen = len(board.lines)
        mpremote(board, "reset")
        board.wait_line(seen, state="online")
        causes = [event["cause"] for event in board.events if event["kind"] == "power_on"]
        assert causes == [
            PWRON_RESET,
            HARD_RESET,
            SOFT_RESET,
            SOFT_RESET,
            SOFT_RESET,
            SOFT_RESET,
            HARD_RESET,
        ]
        assert TOKEN not in board.output
    assert mock.records(path="/v2/devices/me", status=200)[-1]["client_version"] == "9.9.9"


def test_it_is_put_on_an_empty_board_as_bytecode(tmp_path: Path, rig: Rig) -> None:
    """By the commands of docs/hardware.md."""
    mock = rig.mock()
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "access_token": TOKEN}
    built = build(tmp_path / "build").parent
    (tmp_path / "config.json").write_text(
        json.dumps({"board": "esp32_s3_devkit", "console": True, "frameio": frameio, "wifi": wifi})
    )
    with VirtualBoard(
        tmp_path / "board",
        wiring="s3",
        environment={"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"},
        littlefs=True,
        serial=True,
    ) as board:
        board.power_on()
        parts = [str(built / name) for name in ("lib", "firmware", "boot.py", "main.py")]
        mpremote(board, "fs", "cp", "-r", *parts, ":")
        mpremote(board, "fs", "cp", str(tmp_path / "config.json"), ":", "+", "reset")
        board.wait_line(state="online")
        board.wait("neopixel", pixels=[[0, 255, 0]])
        board.cut_power()
        assert board.read_file("board.txt") == b"esp32_s3_devkit"


def test_what_runs_at_the_repl_is_interrupted_too(tmp_path: Path) -> None:
    with VirtualBoard(tmp_path, littlefs=True, serial=True) as board:
        board.power_on()
        mpremote(
            board, "exec", "--no-follow", "import asyncio; asyncio.run(asyncio.Event().wait())"
        )
        assert mpremote(board, "resume", "exec", "print(asyncio.__name__)") == "asyncio\n"
        assert board.output.count("KeyboardInterrupt") == 1


def test_the_safe_mode_lets_one_in_to_read_and_repair(tmp_path: Path) -> None:
    with Board(tmp_path / "board", littlefs=True, serial=True) as board:
        board.sabotage("crash")
        board.power_on()
        board.wait_line(**SAFE_MODE)
        assert "ValueError: sabotage" in mpremote(board, "resume", "fs", "cat", "crash.txt")
        put(board, tmp_path, "sabotage.json", {})
        seen = len(board.lines)
        mpremote(board, "reset")
        board.wait_line(seen, state="no_backend")


def test_the_watchdog_leaves_time_and_then_a_first_minute(tmp_path: Path) -> None:
    """The minute of the reset is the real one, that of the power-on is 0.2 s."""
    text = GUARDED.read_text().replace("timeout_ms = 2_500", f"timeout_ms = {TIMEOUT_MS}")
    text = text.replace(
        "grace_ms = 200", "grace_ms = 200 if supervisor.machine.reset_cause() == 1 else 60_000"
    )
    (tmp_path / "main.py").write_text(text)
    with Board(tmp_path / "board", tmp_path / "main.py", littlefs=True, serial=True) as board:
        board.power_on()
        board.wait("wdt", timeout_ms=TIMEOUT_MS)
        begun_s = time.monotonic()
        assert mpremote(board, "resume", "exec", "print('in')") == "in\n"
        assert board.boots() == [PWRON_RESET]
        after, seen = board.mark(), len(board.lines)
        board.wait("reset", cause=WDT_RESET)
        assert time.monotonic() - begun_s > TIMEOUT_MS / 2000
        board.wait_line(seen, state="no_backend")
        assert mpremote(board, "resume", "exec", "print('in again')") == "in again\n"
        kinds = [event["kind"] for event in board.events[after:]]
        assert "repl" in kinds and "wdt" not in kinds


def test_an_unusable_configuration_is_repaired(tmp_path: Path) -> None:
    with Board(tmp_path / "board", ROOT / "main.py", littlefs=True, serial=True) as board:
        board.write("config.json", '{"board": "host", "cosnole": true}')
        board.power_on()
        assert board.wait_line(state="fault")["reason"] == "config"
        frameio = {"url": CLOSED, "client_version": CLIENT_VERSION, "access_token": TOKEN}
        put(board, tmp_path, "config.json", {"board": "host", "frameio": frameio})
        mpremote(board, "reset")
        board.wait_line(state="no_backend")
        assert board.output.count("the nearest known one is console") == 1


def test_a_board_of_one_s_own(tmp_path: Path) -> None:
    """As its user has it, from the command line; the firmware says that it has no configuration."""
    command = [sys.executable, "-m", "tools.virtual_board", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        words = process.stdout.readline().split()
        assert words[:2] == ["mpremote", "connect"]
        assert "boot.py" in mpremote_at(
            words[2], "resume", "exec", "import os; print(os.listdir())"
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(_LONGEST_S) == 0
    finally:
        process.kill()
        process.wait()
