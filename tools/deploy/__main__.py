"""Puts the firmware on a board as bytecode, restarts it, and shows what it says.

python -m tools.deploy [--follow SECONDS] PORT

What is equal on the board is not written. The same command goes on where an earlier one was ended.
"""

from __future__ import annotations

import contextlib
import sys

from tools.command_line import CommandLine, exit_code, say, seconds

from .connection import Connection
from .deploy import Deployment, build


def main() -> int:
    """Do it; the exit code."""
    parser = CommandLine("tools.deploy", __doc__, "deploy")
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyUSB0")
    parser.add_argument(
        "--follow",
        type=seconds,
        metavar="SECONDS",
        default=None if sys.stdout.isatty() else 0,
        help="how long to show what the board says (default: until Ctrl-C at a terminal, else 0)",
    )
    arguments = parser.parse_args()

    def deploy() -> None:
        built = build()
        size = sum(len(data) for data in built.files.values())
        say(f"built: {len(built.files)} files, {size:,} bytes, .mpy version {built.mpy}")
        with Connection(arguments.port, say) as connection:
            Deployment(connection, say).run(built)
            if arguments.follow == 0:
                say("restarted")
                return  # also if a chip's own USB is gone until it is up again
            say("restarted; what it says (Ctrl-C ends this):")
            with contextlib.suppress(KeyboardInterrupt):
                connection.follow(arguments.follow)

    return exit_code("deploy", deploy, "the same command goes on where it was")


if __name__ == "__main__":
    sys.exit(main())
