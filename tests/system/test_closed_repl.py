"""`"repl": false`: neither Ctrl-C nor a crash nor the end of main.py leads to the REPL.

What is true of an open one is in test_safe_mode.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.safe_mode_board import GUARDED, SAFE_MODE, Board
from tools.virtual_board.session import HARD_RESET, PWRON_RESET, ROOT

MAIN = ROOT / "main.py"
MakeBoard = Callable[[Path], Board]


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[MakeBoard]:
    """Makes the board with this main.py and a closed REPL, not switched on yet.

    At the end, there has been no REPL.
    """
    boards: list[Board] = []

    def make(main: Path) -> Board:
        boards.append(Board(tmp_path, main))
        boards[-1].configure(repl=False)
        return boards[-1]

    yield make
    boards[0].cut_power()
    assert not [event for event in boards[0].events if event["kind"] == "repl"]


def test_ctrl_c_is_not_heard(closed: MakeBoard) -> None:
    board = closed(GUARDED)
    board.power_on()
    board.wait_line(state="no_backend")
    board.interrupt()
    board.wait_log("request failed", len(board.errors))  # it goes on
    assert board.boots() == [PWRON_RESET]


def test_a_crash_restarts_and_the_safe_mode_does_not_open_it(closed: MakeBoard) -> None:
    board = closed(GUARDED)
    board.sabotage("crash")
    board.power_on()
    board.wait_line(**SAFE_MODE)
    board.interrupt()
    board.sabotage()
    seen = len(board.lines)
    board.wait_line(after=seen, state="no_backend")
    assert board.boots() == [PWRON_RESET] + [HARD_RESET] * 4


ENDS = {
    "interrupted before the configuration is known": "raise KeyboardInterrupt",
    "a module is lost": "import lost",
    "it returns": "def run(): pass",
    "it exits": "def run(): raise SystemExit",
    "it is cancelled": "import asyncio\ndef run(): raise asyncio.CancelledError",
}


@pytest.mark.parametrize("source", ENDS.values(), ids=ENDS.keys())
def test_the_end_of_main_py_is_a_reset(closed: MakeBoard, source: str) -> None:
    board = closed(MAIN)
    (board.code / "firmware/guard/supervisor.py").write_text(source)
    board.power_on()
    board.wait_boots(3)
    assert board.boots()[:3] == [PWRON_RESET, HARD_RESET, HARD_RESET]
