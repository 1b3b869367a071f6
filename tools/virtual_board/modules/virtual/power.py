"""How the power ends, and how it came.

On a board the process ends at once, without another bytecode, as a chip does: by a signal that says
why (session.py knows them). In a test's process PowerEnded is raised instead.
"""

import os
import time

from . import events

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_SIGNALS = {
    HARD_RESET: "VTALRM",
    WDT_RESET: "ALRM",
    PWRON_RESET: "KILL",
}  # none of those that the unix port uses itself
SOFT_RESET_EXIT = 85  # the exit code of a process that is to start again

is_board = False  # power_on.py says that this process is one


class PowerEnded(BaseException):
    """The board is off, or resets: args[0] is the next reset_cause().

    In virtual time it leaves virtual_time.run().
    """


def cause():
    """Why the board came up: one of machine's constants."""
    return int(os.getenv("VIRTUAL_BOARD_RESET_CAUSE") or PWRON_RESET)


def end(cause):
    """Reset, or for PWRON_RESET switch off. Does not return."""
    if not is_board:
        events.emit("reset", cause=cause)
        raise PowerEnded(cause)
    os.system("kill -%s $PPID" % _SIGNALS[cause])
    while True:
        time.sleep(1)
