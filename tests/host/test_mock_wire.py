"""The mock's faults of the wire, seen by another project's WebSocket client and plain sockets."""

import json
import random
import socket
import ssl
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection

from tools.rig import Mock, Rig

from .test_mock_socket import BEATEN, HEARTBEAT, JOIN, joined, url_of

EVENT = {"event": "status_updated", "payload": "ü€😀"}
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 section 1.3
HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def call(mock: Mock, head: str, tls: bool = False) -> socket.socket:
    """A plain socket that has sent this head."""
    sock = socket.create_connection(("127.0.0.1", mock.port), timeout=60)
    if tls:
        context = ssl.create_default_context(cafile=str(mock.ca.parent / "ca.pem"))
        sock = context.wrap_socket(sock, server_hostname="localhost")
    sock.sendall(head.encode())
    return sock


def upgrade_head(mock: Mock) -> str:
    """The head of an upgrade."""
    target = url_of(mock).removeprefix(mock.url.replace("http", "ws"))
    fields = f"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}"
    return f"GET {target} HTTP/1.1\r\n{fields}\r\n\r\n"


def upgraded(mock: Mock) -> socket.socket:
    """A plain socket behind its upgrade."""
    sock = call(mock, upgrade_head(mock))
    head = b"".join(read_to(sock, b"\r\n\r\n"))
    assert head.startswith(b"HTTP/1.1 101 "), head
    return sock


def read_to(sock: socket.socket, mark: bytes) -> list[bytes]:
    """The pieces up to this mark."""
    pieces: list[bytes] = []
    while mark not in b"".join(pieces):
        pieces.append(sock.recv(65536))
        assert pieces[-1], "it ended"
    return pieces


def read(sock: socket.socket, count: int) -> bytes:
    """So many bytes."""
    with sock.makefile("rb") as file:
        return file.read(count)


def read_all(sock: socket.socket) -> bytes:
    """Everything up to the end."""
    return read(sock, -1)


def beat(client: Connection) -> None:
    """A heartbeat, and its reply."""
    client.send(HEARTBEAT)
    assert client.recv(60) == BEATEN


def end_of(mock: Mock, number: int) -> int:
    """The code with which the socket of this number ended."""
    mock.wait(lambda mock: len(mock.records(kind="socket_end")) > number)
    return int(mock.records(kind="socket_end")[number]["code"])


@pytest.mark.parametrize("size", [1, 7])
def test_fragments_with_pings_between(rig: Rig, size: int) -> None:
    mock = rig.mock()
    with joined(mock) as client:
        mock.control("fragment", bytes=size)
        mock.control("event", **EVENT)
        pieces = list(client.recv_streaming(decode=False))
        assert all(len(piece) <= size for piece in pieces)
        assert json.loads(b"".join(pieces))["payload"] == EVENT["payload"]
        assert (
            any(piece.strip(b"\x80\xbf") != piece for piece in pieces[1:]) or size > 1
        )  # characters were cut
        mock.wait(lambda mock: len(mock.records(kind="pong")) >= len(pieces) - 1)
        bodies = [record["body"] for record in mock.records(kind="pong")]
        assert bodies == [f"after {at}" for at in range(size, len(b"".join(pieces)), size)]
        beat(client)  # and it is a text
        pongs = len(mock.records(kind="pong"))
        mock.control("clear")
        beat(client)
        assert len(mock.records(kind="pong")) == pongs


def test_dribble_over_tls_is_a_record_a_byte(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    mock.control("dribble")
    for head in (HEALTH, upgrade_head(mock)):
        with call(mock, head, tls=True) as sock:
            assert {len(piece) for piece in read_to(sock, b"\r\n\r\n")} == {1}
    mock.control("clear")
    with call(mock, HEALTH, tls=True) as sock:
        assert len(read_to(sock, b"\r\n\r\n")) < 5


def test_dribble(rig: Rig) -> None:
    mock = rig.mock()
    mock.control("dribble")
    with call(mock, HEALTH) as sock:
        assert read_all(sock).endswith(b'{"ok": true}')
    with joined(mock) as client:
        beat(client)
        mock.control("dribble", pause_ms=5)
        begun = time.monotonic()
        beat(client)
        assert time.monotonic() - begun >= 0.005 * len(BEATEN)


def test_raw_bytes_and_the_code_that_comes_back(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock) as client:
        mock.control("raw", hex="8102686a")
        assert client.recv(60) == "hj"
        mock.control("raw", hex="0101", again="61" + "0001", times=2)
        mock.control("raw", hex="618000")
        assert client.recv(60) == "aaa"
        mock.control("raw", hex="818000000000")  # masked
        with pytest.raises(ConnectionClosed):
            client.recv(60)
    assert end_of(mock, 0) == 1002
    with joined(mock) as client:
        mock.control("raw", hex="8101ff")
        with pytest.raises(ConnectionClosed):
            client.recv(60)
    assert end_of(mock, 1) == 1007


def test_garbage(rig: Rig) -> None:
    mock = rig.mock()
    with upgraded(mock) as sock:
        mock.control("garbage", seed=7, bytes=300)
        assert read(sock, 300) == random.Random(7).randbytes(300)
    for part, head in (("health", HEALTH), ("socket", upgrade_head(mock)), ("all", HEALTH)):
        mock.control("garbage", seed=8, part=part, bytes=5000, times=1)
        with call(mock, head) as sock:
            assert read_all(sock) == random.Random(8).randbytes(5000)
    assert [record["path"] for record in mock.records(kind="spoilt")] == [
        "/health",
        "/devices/websocket",
        "/health",
    ]
    with call(mock, HEALTH) as sock:
        assert sock.recv(17) == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("what", "begin"),
    [("head", b"HTTP/1.1 200 OK\r\nx-more: and more\r\nx-more"), ("body", b"HTTP/1.1 200 OK\r\n")],
    ids=["head", "body"],
)
def test_an_endless_answer_is_cut(rig: Rig, what: str, begin: bytes) -> None:
    mock = rig.mock()
    mock.control("endless", what=what)
    with call(mock, HEALTH) as sock:
        data = read_all(sock)
    assert data.startswith(begin)
    assert (7 << 20) < len(data) < (9 << 20)
    assert (b"\r\n\r\n" in data) == (what == "body")
    mock.control("clear")
    with call(mock, HEALTH) as sock:
        assert read_all(sock).endswith(b'{"ok": true}')


@pytest.mark.parametrize(
    ("what", "begin"),
    [("frame", b"\x81\x7f\x40" + bytes(7) + b"xxx"), ("message", b"\x01\x01x" + bytes(10))],
    ids=["frame", "message"],
)
def test_endless_on_the_live_socket_ends_with_the_client(rig: Rig, what: str, begin: bytes) -> None:
    mock = rig.mock()
    with upgraded(mock) as sock:
        order = threading.Thread(target=lambda: mock.control("endless", what=what))
        order.start()
        assert read(sock, 1 << 20).startswith(begin)
    order.join(60)
    assert not order.is_alive()
    assert end_of(mock, 0) == 1006


def test_resets(rig: Rig) -> None:
    mock = rig.mock()
    with upgraded(mock) as sock:
        mock.control("reset")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert end_of(mock, 0) == 1006
    for part, head in (("health", HEALTH), ("socket", upgrade_head(mock)), ("all", HEALTH)):
        mock.control("reset", part=part, times=1)
        with call(mock, head) as sock, pytest.raises(ConnectionResetError):
            sock.recv(1)
    mock.control("reset", part="all")
    mock.control("clear")
    with call(mock, HEALTH) as sock:
        assert read_all(sock).endswith(b'{"ok": true}')


def test_half_open(rig: Rig) -> None:
    mock = rig.mock("--idle-s", "2")
    with joined(mock) as dead:
        mock.control("half_open")
        mock.control("pause")
        dead.send(HEARTBEAT)
        pong = dead.ping()
        mock.control("kill")
        with joined(mock) as living:
            beat(living)
            with pytest.raises(TimeoutError):
                dead.recv(3)  # not even the idle close
            assert not pong.is_set()
            assert len(mock.records(event="heartbeat")) == 1
        mock.control("clear")
        with pytest.raises(ConnectionClosed):
            dead.recv(60)


def test_closes_of_any_code(rig: Rig) -> None:
    mock = rig.mock()
    for number, code in enumerate(
        [1000, 1001, 1002, 1007, 1009, 1011, 1012, 1013, 3000, 4999, None]
    ):
        with joined(mock) as client:
            mock.control("drop", code=code, reason="" if code is None else "Ende ü")
            with pytest.raises(ConnectionClosed):
                client.recv(60)
            assert (client.close_code, client.close_reason) == (
                (1005, "") if code is None else (code, "Ende ü")
            )
        assert end_of(mock, number) == (code or 1005)


def test_a_close_that_is_not_answered_ends_too(rig: Rig) -> None:
    mock = rig.mock()
    with upgraded(mock) as sock:
        join = JOIN.replace("YOUR_DEVICE_ID", mock.status()["device_id"]).encode()
        sock.sendall(b"\x81" + bytes([0x80 | len(join)]) + bytes(4) + join)  # masked, with nothing
        mock.wait(lambda mock: mock.status()["online"])
        mock.control("drop", code=1001)
        mock.control("pause")  # nothing goes out behind a close frame
        assert read_all(sock).endswith(b"}\x88\x02\x03\xe9")
    assert end_of(mock, 0) == 1006


def test_late_doubled_and_reordered_events(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock) as client:
        begun = time.monotonic()
        mock.control("event", event="late", delay_ms=1500)
        mock.control("event", event="twice", times=2)
        assert [json.loads(client.recv(60))["event"] for _ in range(3)] == [
            "twice",
            "twice",
            "late",
        ]
        assert time.monotonic() - begun >= 1.5
        mock.control("event", event="never", delay_ms=1500)
        mock.control("clear")
        with pytest.raises(TimeoutError):
            client.recv(1.8)
