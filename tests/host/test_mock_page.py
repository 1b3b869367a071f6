"""The mock's bench page: who gets it, what its files may hold, and the feed behind it."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.test_mock_control import Client
from tests.host.test_mock_socket import joined
from tools.mock_frameio.board import ACTIONS, Board
from tools.mock_frameio.control_api import ORDERS
from tools.mock_frameio.feed import MASKED, MOST_ROWS, Feed, Ring
from tools.mock_frameio.page_feed import Reader
from tools.mock_frameio.service import Service
from tools.mock_frameio.tokens import MARK, Lives, Tokens
from tools.rig import CLIENT_SECRET, DEADLINE_S, TOKEN, Mock, Rig
from tools.run.board_link import BoardLink

PAGE = Path(__file__).parent.parent.parent / "tools/mock_frameio/page"
FILES = sorted(path.name for path in PAGE.iterdir())
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
_MOST_LINES = 300


@pytest.fixture
def mock(rig: Rig) -> Mock:
    """A mock."""
    return rig.mock()


def get(mock: Mock, path: str, **fields: str) -> tuple[int, dict[str, str], str]:
    """(status, header fields, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=DEADLINE_S)
    connection.request("GET", path, headers={n.replace("_", "-"): v for n, v in fields.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def test_the_page_and_its_files(mock: Mock) -> None:
    for path in ("/", *(f"/page/{name}" for name in FILES)):
        status, fields, text = get(mock, path)
        assert status == 200 and text
        policy = fields["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy and "*" not in policy and "http" not in policy
        assert fields["x-content-type-options"] == "nosniff"
    for path in ("/page/", "/page/x.js", "/page/../board.py", "/page/%2e%2e%2fboard.py", "/page"):
        assert get(mock, path)[0] == 404, path


def test_a_link_may_lead_to_it_and_nothing_else_is_for_other_sites(mock: Mock) -> None:
    told = {"Sec-Fetch-Site": "cross-site", **NAVIGATION}
    assert get(mock, "/", **told)[0] == 200
    assert get(mock, "/", **{**told, "Host": f"evil.example:{mock.port}"})[0] == 403
    assert get(mock, "/", **{**told, "Origin": "http://evil.example"})[0] == 403
    for changed in ({"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "no-cors"}):
        assert get(mock, "/", **{**told, **changed})[0] == 403
    for path in ("/feed", "/page/main.js", "/control/records", "/v2/devices/me", "/?x", "/x"):
        wanted = 200 if path == "/?x" else 403
        assert get(mock, path, **told)[0] == wanted, path
    assert Client(mock).refused(403, "/", b"", "POST", told)


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_may_hold(name: str) -> None:
    text = (PAGE / name).read_text()
    assert len(text.splitlines()) <= _MOST_LINES
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "new F",
    ):
        assert forbidden not in text
    if name.endswith(".html"):
        assert not re.search(r"\s(style|on\w+)=", text)
    for used in re.findall(r"/page/([\w.]+)", text):
        assert used in FILES


def test_every_order_and_action_has_its_place_on_the_page() -> None:
    text = "\n".join((PAGE / name).read_text() for name in FILES if name.endswith(".js"))
    text += (PAGE / "index.html").read_text()
    named = set(re.findall(r"\"(\w+)\"", text)) | {"resume"}
    assert set(ORDERS) <= named, set(ORDERS) - named
    assert set(ACTIONS) <= named
    assert all(hasattr(BoardLink, "_" + action) for action in ACTIONS)


class Stream:
    """The feed, read batch by batch."""

    def __init__(self, mock: Mock) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=DEADLINE_S)
        self._connection.request("GET", "/feed")
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200

    def batch(self) -> dict[str, Any]:
        """The next one."""
        while True:
            line = self._answer.readline().decode()
            assert line, "the feed has ended"
            if line.startswith("data: "):
                return dict(json.loads(line[6:]))

    def until(self, text: str) -> list[dict[str, Any]]:
        """The rows up to the one of this text."""
        rows: list[dict[str, Any]] = []
        while not any(row["text"] == text for row in rows):
            rows += self.batch()["rows"]
        return rows

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@pytest.fixture
def stream(mock: Mock) -> Iterator[Stream]:
    """Its feed."""
    stream = Stream(mock)
    yield stream
    stream.close()


def test_the_feed_tells_both_directions_and_no_secret(mock: Mock, stream: Stream) -> None:
    first = stream.batch()
    assert first["cards"] == [] and first["faults"]["refuse"] == {}
    with joined(mock):
        mock.control("pause")
        rows = stream.until("status_updated paused")
        told = [(row["sender"], row["text"]) for row in rows]
        wanted = [
            ("device", "GET /devices/websocket"),
            ("service", "101 /devices/websocket"),
            ("device", "phx_join"),
            ("service", "phx_reply ok"),
            ("user", "pause"),
            ("service", "status_updated paused"),
        ]
        assert [pair for pair in told if pair in wanted] == wanted
        mock.control("event", event=f"x {TOKEN}", payload=[f"Bearer {MARK}abc~+/=", CLIENT_SECRET])
        rows += stream.until(f"x {MASKED}")
    assert times(rows) == sorted(times(rows))
    text = json.dumps(rows, ensure_ascii=False)
    assert MASKED in text
    for secret in (TOKEN, CLIENT_SECRET, MARK):
        assert secret not in text


def times(rows: list[dict[str, Any]]) -> list[int]:
    return [row["t_ms"] for row in rows]


def test_a_card_is_told_when_it_changes_and_only_then(mock: Mock, stream: Stream) -> None:
    stream.batch()
    with joined(mock):
        cards: list[Any] = []
        while not cards or not cards[-1]["online"]:
            cards += stream.batch()["cards"]
        mock.control("slow", ms=1)
        batch = stream.batch()
        while "faults" not in batch:
            batch = stream.batch()
        assert batch["cards"] == [] and batch["faults"]["slow_ms"] == 1
        mock.control("device", project="<b>", device_id=cards[-1]["id"])
        while not (changed := stream.batch()["cards"]):
            pass
        assert changed[0]["project"] == "<b>"
    while not (batch := stream.batch())["gone"] and not any(
        not card["online"] for card in batch["cards"]
    ):
        pass


def test_a_removed_device_is_told_at_once(mock: Mock, stream: Stream) -> None:
    stream.batch()
    with joined(mock):
        mock.control("remove_device")
        cards: list[Any] = []
        while not cards or not cards[-1]["removed"]:
            cards += stream.batch()["cards"]
        assert not cards[-1]["online"]  # although the connection stands
        assert get(mock, "/v2/devices/me", Authorization=f"Bearer {TOKEN}")[0] == 401
        while not stream.batch()["gone"]:  # the device has learned it
            pass


@pytest.mark.parametrize("name", ["", "unit-2"])
def test_the_card_of_the_board(name: str) -> None:
    tokens = Tokens("fixed", Lives(), lambda: 0.0)
    service = Service(tokens, "secret", 60, 0)
    service.board = Board(lambda line: None, tokens.client_of_code)
    for unit in ("unit-1", "unit-2", "unit-3"):
        code = tokens.new_code(unit)
        line = {"state": "pairing", "user_code": code.user_code}
        if unit == name:
            service.board.heard(json.dumps({"facts": {"line": line}}), service.feed, int)
            service.board.heard(json.dumps({"facts": {"line": None}}), service.feed, int)
        service.devices.of_client(unit).seen()
    cards = Reader(service).batch()["cards"]
    assert [card["is_board"] for card in cards] == [False, bool(name), False]


def test_a_reader_that_reads_nothing_costs_no_memory(mock: Mock) -> None:
    with socket.create_connection(("127.0.0.1", mock.port)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /feed HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sock.recv(10)
        with joined(mock):
            for _ in range(30):
                mock.control("event", event="x", payload="y" * 1000, times=300)
            assert mock.status()["online"]
    ahead = Stream(mock)
    rows: list[Any] = []
    while len(rows) < MOST_ROWS:
        batch = ahead.batch()
        assert len(batch["rows"]) <= 400
        rows += batch["rows"]
    ahead.close()


def test_a_ring_forgets_the_oldest() -> None:
    ring = Ring(3)
    assert ring.after(0, 10) == ([], 0)
    for item in range(5):
        ring.add(item)
    assert len(ring) == 3
    assert ring.after(0, 10) == ([2, 3, 4], 5)
    assert ring.after(3, 1) == ([3], 4)
    assert ring.after(4, 10) == ([4], 5)
    assert ring.after(5, 10) == ([], 5)


def test_the_feed_does_not_grow() -> None:
    async def fill() -> None:
        feed = Feed(lambda text: text)
        for i in range(3 * MOST_ROWS):
            feed.add(i, "device", "frame", "x" * 100_000, "y" * 100_000)
        rows, last = feed.rows.after(0, MOST_ROWS)
        assert (len(feed.rows), len(rows), last) == (MOST_ROWS, MOST_ROWS, 3 * MOST_ROWS)
        assert max(len(row["text"]) + len(row["detail"]) for row in rows) < 2300

    asyncio.run(fill())


def test_beyond_loopback_it_needs_the_key(tmp_path: Path, lan_port: int) -> None:
    command = [sys.executable, "-m", "tools.mock_frameio", "--tls", "--tls-dir", str(tmp_path)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.2", "--port", str(lan_port), "--end-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        found = re.search(r"https://127.0.0.2:\d+/\?key=(\S+)", process.stdout.readline())
        assert found and len(found.group(1)) > 20
        key = found.group(1)
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))

        def ask(path: str, method: str = "GET", **fields: str) -> http.client.HTTPResponse:
            connection = http.client.HTTPSConnection(
                "127.0.0.2", lan_port, context=context, timeout=DEADLINE_S
            )
            connection.request(method, path, headers={"Host": f"127.0.0.2:{lan_port}", **fields})
            return connection.getresponse()

        assert ask("/health").status == 200  # a device has no key
        for path in ("/", "/feed", "/page/main.js", "/control/status", "/?key=", "/?key=x"):
            assert ask(path).status == 403, path
        assert ask("/control/pause", "POST", Cookie="bench_key=x").status == 403
        assert ask(f"/control/status?key={key}").status == 403
        assert ask(f"/?key={key}", Host="evil.example").status == 403
        opened = ask(f"/?key={key}")
        cookie = str(opened.getheader("Set-Cookie"))
        assert (opened.status, opened.getheader("Location")) == (303, "/")
        assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Strict"))
        assert ask("/", Cookie=cookie.partition(";")[0]).status == 200
        assert ask("/control/pause", "POST", **{"X-Bench-Key": key}).status == 200
    finally:
        process.communicate()


@pytest.mark.parametrize(
    "arguments",
    [
        "--host bench.lan",
        "--tls --host bench.lan --port 0",
        "--host 0.0.0.0 --tls",
        "--host localhost --tls",
    ],
)
def test_how_it_can_t_be_opened(arguments: str) -> None:
    command = [sys.executable, "-m", "tools.mock_frameio", *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 2 and "--host" in done.stderr.splitlines()[-1]
