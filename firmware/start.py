"""Starts the firmware: guarded on a board, as any other program on a computer."""

import sys

import machine
from micropython import const

from .guard import repl

_INTERRUPTED_EXIT = const(130)


def run(times=None) -> None:
    """Run the firmware. times: a pilotlight.times.Times, for tests. On a computer Ctrl-C ends it with exit code 130."""
    repl.settle()
    if hasattr(machine, "reset_cause"):  # it is a board, which can be reset
        from .guard import supervisor

        supervisor.run(times)
        return
    from . import app

    try:
        app.run(times)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED_EXIT)
