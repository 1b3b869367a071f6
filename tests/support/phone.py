"""A board in setup mode, and the phone that is on its Wi-Fi: HTTP and DNS at its virtual ports."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tools.rig import CLIENT_SECRET, CLIENT_VERSION
from tools.virtual_board.ports import BoardPorts
from tools.virtual_board.session import DEADLINE_S, ROOT, VirtualBoard

ADDRESS = "192.168.4.1"
STAGE, TRUCK = "Stage 5", 'The <b>"Truck"</b> & co'
PASSWORD = "a w1fi password"
AIR: list[dict[str, Any]] = [
    {"ssid": STAGE, "password": PASSWORD, "rssi": -55},
    {"ssid": TRUCK, "password": PASSWORD, "rssi": -80, "dhcp": False},
    {"ssid": "Vault", "password": PASSWORD, "hidden": True},
    {"ssid": "Cafe", "rssi": -70},
]
_AT_ONCE = {"associate_ms": 0, "address_ms": 0}


class Answer(NamedTuple):
    """An HTTP answer, its body as text."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class BlankBoard(VirtualBoard):
    """A board that knows no network. config: more keys of its config.json.

    is_quick: its radio takes no time; else about as long as a real one.
    port, dns_port: at which its access point's clients find it.
    """

    def __init__(
        self, folder: Path, url: str = "http://127.0.0.1:9", is_quick: bool = True, **config: Any
    ) -> None:
        self._ports = BoardPorts({80: socket.SOCK_STREAM, 53: socket.SOCK_DGRAM})
        self.port, self.dns_port = self._ports.at[80], self._ports.at[53]
        air = [{**one, **_AT_ONCE} for one in AIR] if is_quick else AIR
        environment = {"VIRTUAL_AIR": json.dumps(air), **self._ports.environment}
        if is_quick:
            environment["VIRTUAL_SCAN_MS"] = "10"
        super().__init__(folder, ROOT, littlefs=True, environment=environment)
        frameio = {"url": url, "client_version": CLIENT_VERSION, "client_secret": CLIENT_SECRET}
        values = {"board": "esp32_devkit", "console": True, "frameio": frameio, **config}
        self.write_file("config.json", json.dumps(values))

    def __enter__(self) -> BlankBoard:
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._ports.close()

    def wait_setup(self, after: int = 0) -> str:
        """Wait until its access point is there; its password. after: events to leave out."""
        made = self.wait(lambda event: event["kind"] == "access_point" and event["key"], after)
        assert (made["on"], made["security"]) == (True, 3)
        end_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.ask("/state")
                return str(made["key"])
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < end_s, self.errors
                time.sleep(0.05)

    def ask(
        self, path: str = "/", form: dict[str, str] | None = None, host: str = ADDRESS
    ) -> Answer:
        """One request: a GET, or the POST of a form."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        headers = {"Host": host}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            method = "GET" if form is None else "POST"
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def page(self) -> str:
        """The page."""
        answer = self.ask()
        assert answer.status == 200
        return answer.text

    def token(self) -> str:
        """The token in its forms."""
        found = re.search('name="token" value="([0-9a-f]{32})"', self.page())
        assert found
        return found[1]

    def try_network(self, **fields: str) -> str:
        """Send the page's form; the page when it has been tried."""
        answer = self.ask("/", {"token": self.token(), **fields})
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        return self.when_idle()

    def when_idle(self) -> str:
        """The page once it is not busy."""
        end_s = time.monotonic() + DEADLINE_S
        while self.ask("/state").text == "busy":
            assert time.monotonic() < end_s
            time.sleep(0.05)
        return self.page()
