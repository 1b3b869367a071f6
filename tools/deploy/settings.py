"""The questions of `make provision`, and the firmware's own checks of the answers."""

from __future__ import annotations

import contextlib
import copy
import getpass
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.command_line import Refused
from tools.mock_frameio.tls import ca_der_path, server_context
from tools.on_cpython import ROOT, device_module
from tools.romfs import boards, imports
from tools.run.mock_process import LAN_FOLDER, LAN_PORT, LAN_SECRET
from tools.run.readable import printable

CONFIG = "config.json"
BENCH_CA = "bench.der"
_FIRMWARE_CONFIG = device_module("firmware.config")
_VERSION = device_module("pilotlight").__version__
# What a board's own name holds, and the board file to propose; the first one that is found.
_PROPOSALS = (
    ("Nano ESP32", "arduino_nano_esp32"),
    ("ESP32S3", "esp32_s3_devkit"),
    ("ESP32", "esp32_devkit"),
)
_NOWHERE = ("192.0.2.1", 9)  # RFC 5737; nothing is sent there

_CREDENTIALS = ("client_secret", "access_token")

Values = dict[str, Any]


def wrong_with(values: Any, files: Mapping[str, bytes], has_secret: bool) -> str | None:
    """The firmware's sentence about a configuration, or None if it can be used.

    files: what else is on the board, for frameio.ca. has_secret: the client_secret or access_token
    comes from elsewhere, or later.
    """
    frameio = values.get("frameio") if isinstance(values, dict) else None
    if has_secret and isinstance(frameio, dict) and not {*_CREDENTIALS} & frameio.keys():
        values = {**values, "frameio": {**frameio, "client_secret": "elsewhere"}}
    with tempfile.TemporaryDirectory() as name, _inside(Path(name)):
        for path, data in {**files, CONFIG: encoded(values)}.items():
            if ".." not in path:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_bytes(data)
        try:
            _FIRMWARE_CONFIG.settings(_FIRMWARE_CONFIG.load(CONFIG), CONFIG)
        except _FIRMWARE_CONFIG.ConfigError as error:
            return str(error)
    return None


def named_files(values: Any, read: Callable[[str], bytes | None]) -> dict[str, bytes]:
    """The files that a configuration names in frameio.ca: path → content.

    Their paths in `values` lose a leading /: it is a board's working directory. read(path): a
    file's content, or None.
    """
    frameio = values.get("frameio") if isinstance(values, dict) else None
    if not isinstance(frameio, dict) or "ca" not in frameio:
        return {}
    given = frameio["ca"] if isinstance(frameio["ca"], list) else [frameio["ca"]]
    paths = [path.lstrip("/") for path in given if isinstance(path, str)]
    frameio["ca"] = paths or frameio["ca"]
    found = {path: read(path) for path in paths}
    return {path: content for path, content in found.items() if content is not None}


def encoded(values: Any) -> bytes:
    """As a file."""
    return json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"


def bench_host() -> str:
    """This computer's address in the local network. Raises Refused."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            route.connect(_NOWHERE)
        except OSError:
            raise Refused(
                "this computer has no address in a network: name one that boards reach with HOST=…"
            )
        return str(route.getsockname()[0])


class Questions:
    """Asks for a configuration, and again for what the firmware would refuse.

    old: the one that is on the board, whose other keys are kept. files: what it names there.
    facts: see on_board/facts.py. say(text): a line for the user.
    """

    def __init__(
        self,
        old: Values,
        files: Mapping[str, bytes],
        facts: Mapping[str, Any],
        say: Callable[[str], None],
    ) -> None:
        self._values: Values = {**old, "frameio": dict(old.get("frameio") or {})}
        self.files = dict(files)
        self._facts = facts
        self._say = say

    def answers(self, bench: str | None) -> Values:
        """Ask. bench: the mock's host; then nothing is asked about Frame.io. Raises Refused."""
        frameio = self._values["frameio"]
        if bench is None and BENCH_CA in self.files:
            frameio.clear()
            self._values.pop("console", None)
        self._ask_until_right(self._ask_board)
        self._ask_until_right(self._ask_wifi)
        if bench is None:
            self._ask_until_right(self._ask_version)
            if not self._facts["has_model_secret"]:
                self._ask_until_right(self._ask_credential)
            self._ask_until_right(self._ask_id)
        else:
            self._use_bench(bench)
        wrong = wrong_with(self._values, self.files, self._facts["has_model_secret"])
        if wrong:
            raise Refused(printable(wrong))
        return self._values

    def _use_bench(self, host: str) -> None:
        server_context(LAN_FOLDER, host)  # makes the CA if it does not exist
        self.files[BENCH_CA] = ca_der_path(LAN_FOLDER).read_bytes()
        self._values["frameio"] = {
            "url": f"https://{host}:{LAN_PORT}",
            "ca": BENCH_CA,
            "client_version": _VERSION,
            "client_secret": LAN_SECRET,
        }
        self._values["console"] = True

    def _ask_until_right(self, question: Callable[[], None]) -> None:
        """Ask until the firmware takes the answer, whatever is still to be asked."""
        before = copy.deepcopy(self._values)
        while True:
            question()
            frameio = {"client_version": "1.2.3", **self._values["frameio"]}
            wrong = wrong_with({**self._values, "frameio": frameio}, self.files, has_secret=True)
            if not wrong:
                return
            self._say(f"  {printable(wrong)}")
            self._values = copy.deepcopy(before)

    def _ask_board(self) -> None:
        proposals = [board for name, board in _PROPOSALS if name in self._facts["machine"]]
        default = self._values.get("board") or (proposals or [""])[0]
        while True:
            board = ask(f"Board ({', '.join(boards())})", default)
            if board in boards():
                self._values["board"] = board
                return
            self._say(f"  there is no firmware/boards/{printable(board)}.py for a board")

    def _ask_wifi(self) -> None:
        known = self._values.get("wifi") or []
        known = [known] if isinstance(known, dict) else known
        has_wifi = "firmware.network.wifi" in imports(
            f"firmware.boards.{self._values['board']}",
            ROOT / f"firmware/boards/{self._values['board']}.py",
        )
        if not has_wifi:
            return
        default = known[0]["ssid"] if known else ""
        ssid = ask("Wi-Fi network", default)
        if not ssid:  # by phone: setup mode
            self._values.pop("wifi", None)
            return
        old = [network for network in known if network["ssid"] == ssid]
        password = ask_secret("Wi-Fi password (empty: an open network)", bool(old))
        if password is None:
            return
        new = {"ssid": ssid, **({"password": password} if password else {})}
        self._values["wifi"] = [new, *(network for network in known if network["ssid"] != ssid)]

    def _ask_version(self) -> None:
        frameio = self._values["frameio"]
        frameio["client_version"] = ask(
            "Your product's version, as Frame.io sees it", frameio.get("client_version", "")
        )

    def _ask_credential(self) -> None:
        """One of both. An empty answer keeps what is there."""
        frameio = self._values["frameio"]
        given = [key for key in _CREDENTIALS if key in frameio]
        secret = ask_secret("Your model's client_secret (empty: a fixed access token)", bool(given))
        if secret is None:
            return
        key = "client_secret" if secret else "access_token"
        secret = secret or ask_secret("Access token", False)
        for old in given:
            del frameio[old]
        frameio[key] = secret

    def _ask_id(self) -> None:
        frameio = self._values["frameio"]
        if "access_token" in frameio:
            return
        unit = ask(
            "This unit's id, such as its serial number (empty: it makes one)",
            frameio.get("client_id", ""),
        )
        frameio.pop("client_id", None)
        if unit:
            frameio["client_id"] = unit


def ask(question: str, default: str) -> str:
    """The answer, or the default for an empty one. Raises Refused if there are no more answers."""
    shown = f" [{printable(default)}]" if default else ""
    try:
        answer = input(f"{question}{shown}: ").strip() or default
        _echo(answer)
        return answer
    except EOFError:
        _echo()
        raise Refused("an answer is missing: type it, or give one line for each question")


def ask_secret(question: str, may_keep: bool) -> str | None:
    """The answer, which a terminal does not show; None: what is there is kept."""
    shown = f"{question}{' [as it is]' if may_keep else ''}: "
    try:
        answer = getpass.getpass(shown) if sys.stdin.isatty() else input(shown)
        _echo()
    except EOFError:
        _echo()
        raise Refused("an answer is missing: type it, or give one line for each question")
    return answer if answer or not may_keep else None


def _echo(answer: str = "") -> None:
    """End the question's line, where no terminal does it: answers from a file are not seen."""
    if not sys.stdin.isatty():
        print(printable(answer), flush=True)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """With this working directory: the configuration's paths are found as on a board."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
