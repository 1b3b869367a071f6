"""What keeps a board going, with the real boot and the real firmware on the virtual board; its
minutes are fractions of a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.safe_mode_board import CLOSED, SAFE_MODE, Board
from tools.rig import DEADLINE_S, TOKEN, Rig
from tools.virtual_board.session import HARD_RESET, PWRON_RESET, ROOT, WDT_RESET


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    """The board, not switched on yet. At the end, no secret may have been said or written down."""
    board = Board(tmp_path)
    yield board
    board.cut_power()
    for text in (board.output, board.errors, *board.crashes()):
        assert TOKEN not in text, "a secret was printed"


def test_three_crashes_lead_to_the_safe_mode_which_tries_again(board: Board) -> None:
    board.sabotage("crash")
    board.power_on()
    line = board.wait_line(**SAFE_MODE)
    assert line["light"] == {"pattern": "fast", "rgb": [255, 0, 0]}
    assert board.boots() == [PWRON_RESET] + [HARD_RESET] * 3
    assert len(board.crashes()) == 3
    assert (
        board.crashes()[0].splitlines()[-1] == "ValueError: sabotage"
        and "Traceback" in board.crashes()[0]
    )
    assert "sabotage" in board.errors  # seen at the console, too
    assert not [event for event in board.events if event["kind"] == "repl"]
    seen = len(board.lines)
    board.wait_line(after=seen, **SAFE_MODE)  # the retry crashes: back at once
    board.sabotage()
    seen = len(board.lines)
    board.wait_line(after=seen, state="no_backend")
    assert board.boots()[4:] == [HARD_RESET] * 3
    assert ["fault", "safe_mode"] in [
        row[1:] for row in json.loads((board.flash / "state/log.json").read_text())["entries"]
    ]


def test_three_watchdog_resets_lead_to_the_safe_mode(board: Board) -> None:
    board.sabotage("hang", after_ms=1_500)  # the watchdog runs, and the firmware is not healthy yet
    board.power_on()
    board.wait_line(**SAFE_MODE)
    assert board.boots() == [PWRON_RESET] + [WDT_RESET] * 3
    assert "the watchdog has reset the board" in board.crashes()[0]


def test_cut_power_is_no_crash(board: Board) -> None:
    for _ in range(4):
        seen = len(board.lines)
        board.power_on()
        board.wait_line(after=seen, state="no_backend")
        board.cut_power()
    assert (
        "fault" not in {line["state"] for line in board.lines}
        and board.boots() == [PWRON_RESET] * 4
    )


def test_healthy_minutes_clear_the_count(board: Board) -> None:
    board.sabotage("crash", after_ms=5_000)
    board.power_on()
    board.wait_boots(5)
    assert "fault" not in {line["state"] for line in board.lines}
    board.sabotage("crash")
    board.wait_line(**SAFE_MODE)


def test_an_interrupt_reaches_the_repl_whose_watchdog_reset_is_no_crash(board: Board) -> None:
    board.power_on()
    after = 0
    for _ in range(4):
        board.wait("wdt", after)
        board.wait_log("request failed", len(board.errors))  # so the watchdog's start is over
        board.interrupt()
        board.wait("repl", after)
        after = board.mark()
        seen = len(board.lines)
        board.wait("reset", after, cause=WDT_RESET)
    board.wait_line(after=seen, state="no_backend")
    assert "fault" not in {line["state"] for line in board.lines} and not board.crashes()


def test_a_recovery_reset_is_no_crash(board: Board) -> None:
    board.write(
        "times.json",
        {
            "unproven_step_ms": 50,
            "network_restart_ms": 100,
            "reset_after_ms": 200,
            "reset_spacing_ms": 300,
        },
    )
    board.power_on()
    board.wait_boots(6)
    assert board.boots() == [PWRON_RESET] + [HARD_RESET] * 5
    assert "recovery: reset" in board.errors and not board.crashes()
    assert "fault" not in {line["state"] for line in board.lines}


def test_a_button_held_from_the_start_leads_to_the_safe_mode(board: Board) -> None:
    (board.code / "firmware/boards/probe.py").write_text(
        "import machine\ndef button(): return machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP)\n"
    )
    board.write("config.json", '{"board": "probe", and broken')
    board.press(0)
    board.power_on()
    assert board.wait_line(state="fault")["reason"] == "safe_mode"
    board.release(0)
    assert board.wait_line(after=1, state="fault")["reason"] == "config"


def test_an_unusable_configuration_is_shown_and_is_no_loop(tmp_path: Path) -> None:
    """With main.py itself."""
    board = Board(tmp_path, ROOT / "main.py")
    for text, sentence in (
        ('{"board": "host"', "is not valid JSON"),
        ('{"board": "host", "cosnole": true}', "console"),
    ):
        board.write("config.json", text)
        after = board.mark()
        lines = len(board.lines)
        board.power_on()
        assert board.wait_line(after=lines, state="fault")["reason"] == "config"
        board.wait_log(sentence)
        board.interrupt()
        board.wait("repl", after)
        board.cut_power()
    assert board.boots() == [PWRON_RESET] * 2 and len(board.lines) == 2


def test_a_module_with_the_secret_in_its_error_is_a_sentence_and_no_loop(board: Board) -> None:
    """The sentence is without the secret, and so is everything else that the board writes."""
    board.write("model_secret.py", f"raise ValueError('{TOKEN}')")
    board.configure(frameio={"url": CLOSED, "client_version": "1.2.3"})
    board.power_on()
    assert board.wait_line(state="fault")["reason"] == "config"
    board.wait_log("the module model_secret can't be imported: ValueError")
    assert board.boots() == [PWRON_RESET] and board.crashes() == []


def test_main_py_runs_and_an_interrupt_reaches_the_repl(tmp_path: Path) -> None:
    board = Board(tmp_path, ROOT / "main.py")
    board.power_on()
    board.wait_line(state="no_backend")
    assert (board.flash / "board.txt").read_text() == "host"
    board.interrupt()
    board.wait("repl")
    board.cut_power()
    assert "KeyboardInterrupt" in board.errors and board.boots() == [PWRON_RESET]


def test_a_computer_ends_quietly_at_an_interrupt(rig: Rig) -> None:
    """Interrupted while idle: a signal during a collection leaves the unix port's heap locked."""
    device = rig.device(rig.config(rig.mock().url), fast=False)
    device.wait(state="online")
    log = rig.folder / "state/a/log.json"
    end = time.monotonic() + DEADLINE_S
    while (
        not log.exists()
    ):  # written 5 s later, and then there is nothing to do until the heartbeat
        assert time.monotonic() < end, device.errors
        time.sleep(0.1)
    device.interrupt()
    assert device.exit_code() == 130 and "Traceback" not in device.errors
    assert not (ROOT / "board.txt").exists()
