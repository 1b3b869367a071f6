"""`make run`: the firmware on the virtual board, against the mock. Ctrl-C ends it all.

Prints a line for each change.

python -m tools.run
    starts the mock (TLS) and the firmware, and types in the code that it shows
python -m tools.run --screen
    the same, and prints what the display shows
python -m tools.run --url https://api.frame.io
    the same firmware against the real service

For the real service the environment holds SECRET, the model's client_secret (you pair the device;
it stays paired, in state/), or TOKEN, a fixed access token.
"""

import argparse
import contextlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tools.on_cpython import ROOT, device_module
from tools.virtual_board.session import VirtualBoard

from .ending import Ending
from .mock_process import MockProcess
from .private_folder import PrivateFolder
from .readable import picture, printable, readable

_CLIENT_VERSION = device_module("pilotlight").__version__
_BOARD, _WIRING = "esp32_s3_devkit", "s3"
_END_S = 5


class NobodyReads(Exception):
    """stdout takes no more: args[0] is the OSError."""


def say(text: str) -> None:
    """Print a line. Raises NobodyReads."""
    try:
        print(text, flush=True)
    except OSError as error:
        raise NobodyReads(error) from error


def _echo(text: str) -> None:
    """Print what the board logs, on stderr; the board goes on if that is closed."""
    with contextlib.suppress(OSError):
        print(printable(text.rstrip("\n")), file=sys.stderr, flush=True)


def _write_config(
    path: Path, url: str, credential: dict[str, str], folder: Path, mocked: bool
) -> None:
    """The firmware's configuration, in a folder that only its owner can read: it holds a secret.

    A real pairing is kept.
    """
    frameio = {"url": url, "client_version": _CLIENT_VERSION, **credential}
    if mocked:
        frameio["ca"] = str(folder / "ca.der")
    state_dir = (folder if mocked else ROOT) / "state"
    state_dir.mkdir(mode=0o700, exist_ok=True)
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}  # the one that is in the virtual air
    path.write_text(
        json.dumps(
            {
                "board": _BOARD,
                "console": True,
                "frameio": frameio,
                "wifi": wifi,
                "state_dir": str(state_dir),
            }
        )
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", help="a real service instead of the mock; see above")
    parser.add_argument(
        "--screen",
        action="store_true",
        help="print what the display shows, too (wants 128 columns)",
    )
    parser.add_argument(
        "--end-with-parent",
        action="store_true",
        help="end when the process that started this one has ended, as make does by SIGKILL",
    )
    return parser.parse_args()


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    parent = os.getppid()
    arguments = _arguments()
    credential = {}
    for variable, key in (("SECRET", "client_secret"), ("TOKEN", "access_token")):
        if arguments.url and os.environ.get(variable):
            credential[key] = os.environ[variable]
    if arguments.url and len(credential) != 1:
        print(
            "make run URL=… also needs SECRET=… (the model's client_secret) or TOKEN=… (a fixed "
            "access token)",
            file=sys.stderr,
        )
        return 2
    if sys.stdout is None:
        return 0
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    ending = Ending()
    ending.install()
    try:
        ending.watch(parent if arguments.end_with_parent else None)
        folder = PrivateFolder()
        with folder as path:
            run(path, folder.fds, arguments.url, credential, arguments.screen, ending)
    except KeyboardInterrupt:
        pass
    except NobodyReads as error:
        if not isinstance(error.args[0], BrokenPipeError):
            ending.reason = f"stdout takes no more: {error.args[0]}"
    ending.ignore_signals()
    # What is still to be flushed at the exit can't raise there.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if ending.reason:
        with contextlib.suppress(OSError):
            print(ending.reason, file=sys.stderr, flush=True)
        return 1
    return 0


def run(
    folder: Path,
    fds: tuple[int, ...],
    url: str | None,
    credential: dict[str, str],
    draws: bool,
    ending: Ending,
) -> None:
    """Start the mock (unless there is a URL), switch the board on, print what it says, end both.

    fds: what their processes inherit. Raises KeyboardInterrupt, NobodyReads.
    """
    mock = None
    board = VirtualBoard(
        folder / "board",
        code=ROOT,
        wiring=_WIRING,
        environment={"SECRET": "", "TOKEN": ""},
        echo=_echo,
        fds=fds,
    )
    ending.hurry.append(board.kill)
    try:
        if not url:
            credential = {"client_secret": secrets.token_hex(24)}
            mock = MockProcess(credential["client_secret"], folder, fds)
            ending.hurry.append(mock.kill)
            mock.when_it_ends(lambda: ending.begin("the mock has ended"))
            url = mock.url
            say(f"mock Frame.io at {url} (pause the device: curl -kX POST {url}/control/pause)")
        _write_config(board.flash / "config.json", url, credential, folder, mocked=bool(mock))
        board.power_on()
        follow(board, draws, mock.enter_code if mock else None)
        ending.reason = "the board went off"
    finally:
        ending.settle()
        board.echo = None  # what is at the REPL after Ctrl-C is nobody's
        limit = threading.Timer(_END_S, board.kill)
        limit.daemon = True
        limit.start()
        with contextlib.suppress(AssertionError, OSError, ValueError):
            board.interrupt()
            board.wait("repl", deadline_s=_END_S)
        board.cut_power()
        limit.cancel()
        if mock:
            mock.stop()


def follow(board: VirtualBoard, draws: bool, enter: Callable[[str], str] | None) -> None:
    """Print each change until the board goes off.

    draws: the display's pictures, too. enter(user_code): called for each code; what it did.
    """
    lines = events = 0
    while True:
        board.wait_news(lines, events)
        for line in board.lines[lines:]:
            lines += 1
            say(readable(line))
            if line["user_code"] and enter:
                say(f"{'':13}{printable(enter(line['user_code']))}")
        for event in board.events[events:]:
            events += 1
            if draws and event["kind"] == "screen":
                say(picture(event))
            if event["kind"] == "off":
                return
