"""A board's prompt and what it prints, by mpremote; whatever runs there is left alone.

python -m tools.deploy.repl PORT
"""

from __future__ import annotations

import os
import sys

from tools.command_line import CommandLine, Refused, exit_code, say

from .connection import Connection


def main() -> int:
    """Do it; the exit code."""
    parser = CommandLine("tools.deploy.repl", __doc__, "repl")
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyUSB0")
    port = parser.parse_args().port

    def repl() -> None:
        if not sys.stdin.isatty():
            raise Refused(
                "it needs a terminal; `.venv/bin/mpremote connect PORT resume exec …` does not"
            )
        Connection(port, say).check()
        say(
            "Ctrl-C stops the firmware, Ctrl-D starts it, Ctrl-] leaves; while it runs, it says "
            "something when something changes"
        )
        os.execv(
            sys.executable,
            [sys.executable, "-m", "mpremote", "connect", port, "resume", "repl"],
        )

    return exit_code("repl", repl)


if __name__ == "__main__":
    sys.exit(main())
