"""Runs this working tree on a board without copying it: the board reads each file over the cable.

python -m tools.deploy.mount PORT

Settings and state are the board's own. Ctrl-C ends it: the board restarts with what is on it.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable

from tools.command_line import CommandLine, exit_code, say
from tools.on_cpython import ROOT
from tools.run.readable import Changes, printable

from .connection import Connection, shown
from .serial_board import Lost, SerialBoard

# The working directory is the board's, so that all it writes stays there.
_PROGRAM = """
import os, sys
os.chdir("/")
sys.path[:0] = ["/remote", "/remote/lib"]
import main
"""
_PRESSES, _PRESS_S = 10, 1.0


def main() -> int:
    """Run it; the exit code."""
    parser = CommandLine("tools.deploy.mount", __doc__, "mount")
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyUSB0")
    arguments = parser.parse_args()

    def mount() -> None:
        with Connection(arguments.port, say) as connection:
            # After a reset of the chip no watchdog of an earlier run is on.
            connection.run(lambda board: _run(connection.restarted()))

    return exit_code("mount", mount)


def _run(board: SerialBoard) -> None:
    say(f"the board runs {printable(str(ROOT))}; its start takes a while (Ctrl-C ends this):")
    board.start_mounted(ROOT, _PROGRAM)
    stopped = threading.Event()
    # No exception: one in the middle of an answer to the board would leave it without the rest.
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        _tell(board, stopped.is_set)
        if stopped.is_set():
            _stop(board)
        else:
            board.reset()
    finally:
        signal.signal(signal.SIGINT, before)
    say("the board restarts with what is on it")


def _stop(board: SerialBoard) -> None:
    """Interrupt the program, and restart the board; that is all the same if it is gone."""
    with contextlib.suppress(Lost):
        for _ in range(_PRESSES):  # while it asks for a file, the board does not hear it
            board.interrupt()
            if _ends(board, _after(_PRESS_S)):
                break
        board.reset()


def _after(seconds: float) -> Callable[[], bool]:
    """A function that is True then."""
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() > end_s


def _tell(board: SerialBoard, is_over: Callable[[], bool]) -> None:
    """Print what the program says until it ends, or this is over."""
    changes = Changes()
    for line in board.lines():
        if text := shown(line, changes):
            say(text)
        if is_over():
            return


def _ends(board: SerialBoard, is_over: Callable[[], bool]) -> bool:
    """Whether the program ends before this is over. What it says of the interrupt is not shown."""
    return not any(is_over() for _ in board.lines())


if __name__ == "__main__":
    sys.exit(main())
