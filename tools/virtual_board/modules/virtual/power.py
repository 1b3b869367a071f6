"""How the power ends, and how it came.

In a process of its own the process ends at once, without another bytecode, as a chip does: by a signal that says why (session.py
knows them). In a test's process PowerEnded is raised, which nothing but the test may catch.
"""

import os
import time

from . import clock, events

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_SIGNALS = {HARD_RESET: "VTALRM", WDT_RESET: "ALRM", PWRON_RESET: "KILL"}  # none of those that the unix port uses itself
SOFT_RESET_EXIT = 85  # exit code


class PowerEnded(BaseException):
    """The board is off or resets; args[0] is the next reset_cause()."""


def cause():
    """Why the board came up: one of machine's constants."""
    return int(os.getenv("VIRTUAL_BOARD_RESET_CAUSE") or PWRON_RESET)


def end(cause):
    """Reset, or for PWRON_RESET switch off: does not return."""
    events.emit("reset", cause=cause)
    if clock.is_virtual() or not is_board():
        raise PowerEnded(cause)
    os.system("kill -%s $PPID" % _SIGNALS[cause])
    while True:
        time.sleep(1)


def is_board():
    """Is this process a board, not a test with some of its modules?"""
    return bool(os.getenv("VIRTUAL_BOARD_FLASH"))
