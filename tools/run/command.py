"""`make run`: the firmware on the virtual board, against the mock. Ctrl-C or q ends it all.

Prints a line for each change, and the address of a page that shows both sides.

python -m tools.run
    starts the mock (TLS) and the firmware. At a terminal the code that the device shows is yours
    to type on the page for 45 s; then, or without a terminal at once, it is typed in by itself
python -m tools.run --pair auto, --pair page
    types it in at once, or never
python -m tools.run --screen
    the same, and shows the display
python -m tools.run --setup
    a device that knows no network: it is in setup mode, and its page is for a browser here
python -m tools.run --host NAME
    boards and browsers in the local network reach the mock, too, at this computer's name or
    address; prints what a board's configuration needs
python -m tools.run --url https://api.frame.io
    the same firmware against the real service

For the real service the environment holds SECRET, the model's client_secret (you pair the device;
it stays paired, in state/), or TOKEN, a fixed access token.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import secrets
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.command_line import CommandLine
from tools.mock_frameio.lan_host import lan_host
from tools.on_cpython import ROOT, device_module
from tools.virtual_board.session import NoMicroPython, VirtualBoard, check_micropython

from .board_link import NETWORK, BoardLink
from .ending import Ending
from .keys import Keys
from .mock_process import LAN_FOLDER, LAN_PORT, LAN_SECRET, MockProcess
from .private_folder import PrivateFolder
from .readable import Changes, printable
from .setup_page import SetupPage
from .terminal import OutputLost, Terminal

_CLIENT_VERSION = device_module("pilotlight").__version__
_BOARD, _WIRING = "esp32_s3_devkit", "s3"
_END_S = 5
_TYPED_FOR_YOU_S = 45
_KEPT_ROWS = 500
_MOST_NEWS = 10_000  # that wait for a terminal which takes nothing
_ACTIONS = {" ": "press", "h": "hold", "d": "double_press"}
_TOGGLES = {
    "p": ("power_on", "power_off"),
    "w": ("wifi_in_range", "wifi_out_of_range"),
    "s": ("plug_display", "unplug_display"),
}


@dataclass
class Run:
    """What one run is made of.

    news: what the main thread is to do, as (what, value). pair_s: after so long the code is typed
    in; None: never. host: (name, port) for boards in the local network. url: of the real service.
    idle_s: the mock's. is_blank: the board knows no network.
    """

    ending: Ending
    terminal: Terminal
    pair_s: float | None
    host: tuple[str, int] | None
    url: str | None
    idle_s: float
    is_blank: bool
    credential: dict[str, str]
    # SimpleQueue, because an exception of a signal handler leaves none of its locks held.
    news: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)

    def tell(self, what: str, value: Any) -> None:
        """Have the main thread do it; from any thread."""
        if self.news.qsize() < _MOST_NEWS:
            self.news.put((what, value))


def _write_config(made: Run, path: Path, url: str, folder: Path, ca: Path | None) -> None:
    """The firmware's configuration, in a folder that only its owner can read: it holds a secret.

    A real pairing is kept.
    """
    frameio = {"url": url, "client_version": _CLIENT_VERSION, **made.credential}
    if ca:
        frameio["ca"] = str(ca)
    state_dir = (folder if ca else ROOT) / "state"
    state_dir.mkdir(mode=0o700, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "board": _BOARD,
                "console": True,
                "frameio": frameio,
                "wifi": [] if made.is_blank else NETWORK,
                "state_dir": str(state_dir),
            }
        )
    )


def _arguments() -> argparse.Namespace:
    parser = CommandLine("tools.run", __doc__, "run")
    parser.add_argument("--url", help="a real service instead of the mock; see above")
    parser.add_argument(
        "--screen",
        action="store_true",
        help="show the display, too",
    )
    parser.add_argument(
        "--setup", action="store_true", help="a device that knows no network, in setup mode"
    )
    parser.add_argument(
        "--pair", choices=("auto", "page"), help="type the code in at once, or never; see above"
    )
    parser.add_argument(
        "--host",
        type=lan_host,
        help="this computer's name or address, for boards in the local network",
    )
    parser.add_argument(
        "--idle-s",
        type=float,
        default=60,
        help="the mock closes a connection after so many silent seconds",
    )
    parser.add_argument(
        "--host-port", type=int, default=LAN_PORT, help="its port, kept between runs"
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
    if arguments.url and (arguments.host or arguments.setup):
        name = "HOST" if arguments.host else "SETUP"
        print(f"make run: {name}=… is for the mock, URL=… for the real service", file=sys.stderr)
        return 2
    if arguments.url and len(credential) != 1:
        print(
            "make run URL=… also needs SECRET=… (the model's client_secret) or TOKEN=… (a fixed "
            "access token)",
            file=sys.stderr,
        )
        return 2
    try:
        check_micropython()
    except NoMicroPython as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    if sys.stdout is None:
        return 0
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    ending = Ending()
    ending.install()
    try:
        ending.watch(parent if arguments.end_with_parent else None)
        folder = PrivateFolder()
        with folder as path:
            run(_run_of(arguments, credential, ending), path, folder.fds)
    except KeyboardInterrupt:
        pass
    except OutputLost as error:
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


def _run_of(arguments: argparse.Namespace, credential: dict[str, str], ending: Ending) -> Run:
    is_interactive = os.isatty(1)
    pair_s = {"auto": 0, "page": None}.get(arguments.pair, _TYPED_FOR_YOU_S * is_interactive)
    terminal = Terminal(arguments.screen, is_interactive, ending.interruptible)
    host = (arguments.host, arguments.host_port) if arguments.host else None
    url, idle_s, is_blank = arguments.url, arguments.idle_s, arguments.setup
    return Run(ending, terminal, pair_s, host, url, idle_s, is_blank, credential)


def run(made: Run, folder: Path, fds: tuple[int, ...]) -> None:
    """Start the mock (unless there is a URL), switch the board on, print what it says, end both.

    fds: what their processes inherit. Raises KeyboardInterrupt, OutputLost.
    """
    mock, ending, setup_page = None, made.ending, SetupPage()
    board = VirtualBoard(
        folder / "board",
        code=ROOT,
        wiring=_WIRING,
        environment={"SECRET": "", "TOKEN": "", **setup_page.environment},
        fds=fds,
        most_rows=_KEPT_ROWS,
    )
    ending.hurry.append(board.kill)
    try:
        if not made.url:
            mock = _start_mock(made, folder, fds)
        link = BoardLink(board, mock.tell if mock else lambda line: None)

        def log(text: str) -> None:
            made.tell("log", text)
            link.log(text)

        board.echo = log
        board.listen(made.tell)
        if mock:
            mock.follow_orders(link.do)
        ca = (LAN_FOLDER if made.host else folder) / "ca.der" if mock else None
        url = mock.url if mock else made.url
        assert url
        _write_config(made, board.flash / "config.json", url, folder, ca)
        with Keys(lambda key: made.tell("key", key)):
            try:
                board.power_on()
            except AssertionError:
                if not ending.has_begun:  # else the second signal has killed the board
                    last = board.errors.strip().rpartition("\n")[2] or "it says nothing"
                    ending.reason = f"the board does not start: {printable(last)}"
                    return
            follow(made, link, mock, setup_page.url)
        ending.reason = "the board went off"
    finally:
        ending.settle()
        board.echo = None  # what is at the REPL after Ctrl-C is not shown
        limit = threading.Timer(_END_S, board.kill)
        limit.daemon = True
        limit.start()
        with contextlib.suppress(OutputLost):
            made.terminal.close()
        with contextlib.suppress(AssertionError, OSError, ValueError):
            board.interrupt()
            board.wait("repl", deadline_s=_END_S)
        board.cut_power()
        limit.cancel()
        setup_page.close()
        if mock:
            mock.stop()


def _start_mock(made: Run, folder: Path, fds: tuple[int, ...]) -> MockProcess:
    """Start it and say where it is."""
    secret = LAN_SECRET if made.host else secrets.token_hex(24)
    made.credential = {"client_secret": secret}
    with made.ending.interruptible():
        mock = MockProcess(secret, LAN_FOLDER if made.host else folder, fds, made.host, made.idle_s)
    made.ending.hurry.append(mock.kill)
    mock.when_it_ends(lambda: made.ending.begin("the mock has ended"))
    if not mock.lan_url:
        pause = f"pause the device: curl -kX POST {mock.url}/control/pause"
        made.terminal.say(f"mock Frame.io at {mock.url} ({pause})")
        made.terminal.say(f"open {mock.page} to see both sides and to pair, pause and break things")
        return mock
    made.terminal.say(f"mock Frame.io at {mock.lan_url}")
    made.terminal.say(f"open {mock.page}")
    made.terminal.say(
        "WARNING: the local network reaches this mock. The key in that address controls it; "
        "the browser warns of its certificate, as only this computer vouches for it."
    )
    frameio = {"url": mock.lan_url, "ca": "ca.der", "client_version": _CLIENT_VERSION}
    frameio["client_secret"] = secret
    wifi = {"ssid": "YOUR NETWORK", "password": "ITS PASSWORD"}
    snippet = {"board": _BOARD, "frameio": frameio, "wifi": wifi}
    made.terminal.say(f"for a board: copy {LAN_FOLDER / 'ca.der'} (its CA) to it, and")
    made.terminal.say(f"config.json: {json.dumps(snippet)}")
    return mock


def follow(made: Run, link: BoardLink, mock: MockProcess | None, setup_url: str) -> None:
    """Print what happens until the board goes off for another reason than the user's.

    setup_url: of the page of setup mode.
    """
    terminal, codes, changes = made.terminal, set(), Changes()
    while True:
        with made.ending.interruptible():
            what, value = made.news.get()
        if what == "line":
            if text := changes.readable(value):
                terminal.say(text)
            terminal.show_state(value["state"])
            code = value["user_code"]
            if code and mock and code not in codes:
                codes.add(code)
                _pair(made, mock, code)
        elif what == "enter" and mock:
            terminal.say(f"{'':13}{printable(mock.enter_code(value))}")
        elif what == "log":
            _echo(made, value)
        elif what == "key":
            _key(made, link, mock, value)
        elif what == "event" and value["kind"] == "access_point":
            if value["on"] and value["key"]:
                _tell_setup(terminal, value["ssid"], setup_url)
        elif what == "event" and not _shown(made, value) and not link.is_switched_off:
            return


def _tell_setup(terminal: Terminal, ssid: str, url: str) -> None:
    """What a user does now, here and with a real device."""
    name, password = NETWORK["ssid"], NETWORK["password"]
    terminal.say(f"{'':13}open {url}, which a phone opens on the Wi-Fi {printable(ssid)};")
    terminal.say(f"{'':13}the Wi-Fi in range is {name}, with the password {password}")


def _pair(made: Run, mock: MockProcess, code: str) -> None:
    if made.pair_s == 0:
        made.terminal.say(f"{'':13}{printable(mock.enter_code(code))}")
        return
    words = f"type {printable(code)} on the page, as you would in Frame.io"
    if made.pair_s is not None:
        words += f"; in {made.pair_s:g} s it is typed in for you"
        timer = threading.Timer(made.pair_s, made.tell, ("enter", code))
        timer.daemon = True
        timer.start()
    made.terminal.say(f"{'':13}{words}")


def _shown(made: Run, event: dict[str, Any]) -> bool:
    """Show an event; False if the board went off."""
    if event["kind"] == "neopixel":
        made.terminal.show_light(event["pixels"][0])
    elif event["kind"] == "screen":
        made.terminal.show_screen(event)
    elif event["kind"] in ("off", "reset"):
        made.terminal.show_light((0, 0, 0))
        made.terminal.show_screen(None)
        made.terminal.show_state("off" if event["kind"] == "off" else "starting")
    elif event["kind"] == "order" and event["order"] == "unplug":
        made.terminal.show_screen(None)
    return event["kind"] != "off"


def _key(made: Run, link: BoardLink, mock: MockProcess | None, key: str) -> None:
    """Do what a key of the terminal says."""
    if key == "q":
        made.ending.begin()
    elif key in _ACTIONS:
        link.do(_ACTIONS[key])
    elif key in _TOGGLES:
        action = link.other(*_TOGGLES[key])
        if not mock or mock.control("board", action=action):
            link.do(action)
    elif key == "z" and mock:
        mock.control("resume" if mock.is_paused() else "pause")
    elif key == "r" and mock:
        mock.control("remove_device")


def _echo(made: Run, text: str) -> None:
    """Print what the board logs on stderr; the board goes on if that is closed."""
    line = printable(text.rstrip("\n"))
    if os.isatty(1) and os.isatty(2):
        made.terminal.say(line)  # above the status line
        return
    with contextlib.suppress(OSError), made.ending.interruptible():
        print(line, file=sys.stderr, flush=True)
