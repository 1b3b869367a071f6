"""Asks for a board's settings, checks them as the firmware does, and writes its config.json.

python -m tools.deploy.provision [--bench [--host NAME]] PORT

An empty answer takes what is in brackets; other settings of the board are kept. Answers may also
come from a file, a line each. --bench: for this computer's mock, which `make run HOST=NAME` starts;
NAME is this computer's address if it is left out.
"""

from __future__ import annotations

import sys

from tools.command_line import CommandLine, Refused, exit_code, say
from tools.mock_frameio.lan_host import lan_host
from tools.on_cpython import device_module
from tools.run.readable import printable

from .connection import Connection
from .serial_board import SerialBoard
from .settings import (
    BENCH_CA,
    CONFIG,
    Questions,
    Values,
    bench_host,
    encoded,
    named_files,
    wrong_with,
)

_STRICT_JSON = device_module("firmware.strict_json")


def main() -> int:
    """Do it; the exit code."""
    parser = CommandLine("tools.deploy.provision", __doc__, "provision")
    parser.add_argument("port", help="the board's serial port, such as /dev/ttyUSB0")
    parser.add_argument("--bench", action="store_true", help="for the mock on this computer")
    parser.add_argument("--host", type=lan_host, help="this computer's name or address")
    arguments = parser.parse_args()
    if arguments.host and not arguments.bench:
        parser.error("--host is for the mock on this computer: add BENCH=1")

    def provision() -> None:
        bench = (arguments.host or bench_host()) if arguments.bench else None
        with Connection(arguments.port, say) as connection:
            _provision(connection, bench)

    return exit_code("provision", provision, "the board has its old settings")


def _provision(connection: Connection, bench: str | None) -> None:
    # After a reset of the chip no watchdog runs, which would end a long answer.
    old, files = connection.run(lambda board: _old(connection.restarted()))
    facts = connection.run(lambda board: board.facts())
    questions = Questions(old, files, facts, say)
    values = questions.answers(bench)
    wanted = {CONFIG: encoded(values)}
    if bench:
        wanted = {BENCH_CA: questions.files[BENCH_CA], **wanted}
    connection.run(lambda board: write(board, wanted))
    say(f"written: {', '.join(wanted)}; the board restarts")
    if bench:
        say(f"on this computer: make run HOST={bench}")


def _old(board: SerialBoard) -> tuple[Values, dict[str, bytes]]:
    """The configuration that is on the board, and the files that it names.

    An empty one if the firmware would refuse it.
    """
    data = board.read(CONFIG)
    if data is None:
        return {}, {}
    try:
        values = _STRICT_JSON.loads(data)
    except _STRICT_JSON.JsonError as error:
        say(f"{CONFIG} on the board {printable(str(error))}; it is replaced")
        return {}, {}
    files = named_files(values, board.read)
    wrong = wrong_with(values, files, has_secret=True)
    if wrong:
        say(f"on the board: {printable(wrong)}; it is replaced")
        return {}, {}
    return values, files


def write(board: SerialBoard, wanted: dict[str, bytes]) -> None:
    """Write what differs, config.json last, and restart."""
    for path, data in wanted.items():
        if board.read(path) != data:
            board.replace(path, data, lambda done, size: None)
        if board.read(path) != data:
            raise Refused(
                f"the board does not hold what was written to {path}: its flash may be worn or its "
                "file system damaged; erase it (docs/hardware.md), deploy, and provision again"
            )
    board.reset()


if __name__ == "__main__":
    sys.exit(main())
