"""Prints a board's event log, also what it had not stored yet: the firmware stops for that.

python -m tools.deploy.log [--restart] PORT

The log goes to stdout, all else to stderr.
"""

from __future__ import annotations

import sys

from tools.command_line import CommandLine, Refused, exit_code, say
from tools.run.readable import printable

from .connection import Connection
from .serial_board import Way

_STOPPED = (
    "the firmware has stopped for this: add RESTART=1 to start it again, or press the board's "
    "reset button (if it has run for more than a minute, its watchdog does that within one)"
)


def main() -> int:
    """Do it; the exit code."""
    parser = CommandLine("tools.deploy.log", __doc__, "log")
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyUSB0")
    parser.add_argument("--restart", action="store_true", help="start the firmware again")
    arguments = parser.parse_args()

    def log() -> None:
        with Connection(arguments.port, _tell, Way.INTERRUPTED) as connection:
            lines = connection.run(lambda board: board.event_log())
            if lines is None:
                raise Refused("the board has no Pilotlight: make deploy PORT=… puts it there")
            for line in lines:
                say(printable(line))
            if not lines:
                _tell("the event log is empty")
            if arguments.restart:
                connection.run(lambda board: board.reset())
                _tell("the board restarts")
            else:
                _tell(_STOPPED)

    return exit_code("log", log)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
