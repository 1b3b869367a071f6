"""The mock's control API: what is no order is refused with a sentence, whatever is wrong with it."""

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.host.test_mock_socket import HEARTBEAT, JOIN, dial, joined
from tests.host.test_mock_wire import HEALTH, call, read_all, upgraded
from tools.mock_frameio.control_api import ORDERS, VIEWS
from tools.mock_frameio.parts import PARTS
from tools.mock_frameio.strict_json import parse
from tools.rig import TOKEN, Mock, Rig

# A body that is accepted; an order that is not named here needs none.
BODIES: dict[str, dict[str, Any]] = {
    "event": {"event": "status_updated"},
    "refuse": {"status": 503},
    "slow": {"ms": 0},
    "next_user_code": {"user_code": "000042"},
    "lost_status": {"status": 401},
    "error_body": {"shape": "errors"},
    "storage": {"what": "busy"},
    "storage_rate": {"bytes_per_s": 0},
    "fragment": {"bytes": 0},
    "raw": {"hex": ""},
    "garbage": {"seed": 1},
    "endless": {"what": "frame"},
}
# Accepted only while something waits for it, or a virtual board is there.
LATER = ("approve", "deny", "board", "certificate")
TEXTS = {
    "not JSON": b"{",
    "empty text": b" ",
    "two values": b"{} {}",
    "null": b"null",
    "list": b"[]",
    "text": b'"pause"',
    "number": b"1",
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": -Infinity}',
    "out of range": b'{"x": 1e999}',
    "many digits": b'{"x": ' + b"9" * 5000 + b"}",
    "deep": b'{"x":' + b"[" * 500 + b"]" * 500 + b"}",
    "very deep": b"[" * 100_000,
    "not UTF-8": b'{"x": "\xff"}',
    "UTF-16": '{"x": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "half of a pair": b'{"x": "\\ud800"}',
    "unknown key": b'{"unheard_of": 1}',
    "key of Python's": b'{"__class__": 1}',
    "key of 100 kB": json.dumps({"x" * 100_000: 1}).encode(),
    "key of bidi": json.dumps({"\u202e\x1b[2J": 1}, ensure_ascii=False).encode(),
}
VALUES: list[Any] = [None, True, -1, -2, 0.5, 10**30, -(10**30), 1e300, "", "x", "9" * 100_000]
VALUES += [[], {}, [1], {"a": {"b": []}}]


class Client:
    """One connection to the control API."""

    def __init__(self, mock: Mock) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=60)

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        method: str = "POST",
        fields: Mapping[str, str] = {},
    ) -> tuple[int, Any]:
        """(status, JSON)."""
        headers = {"Content-Type": "application/json", **fields}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def refused(self, status: int, path: str, *arguments: Any) -> str:
        """The sentence with which it is refused."""
        seen, answer = self.ask(path, *arguments)
        assert (seen, answer["ok"]) == (status, False), (path, arguments, answer)
        sentence = str(answer["error"])
        assert re.fullmatch(r"[ -~…]{10,500}", sentence), sentence
        return sentence


@pytest.fixture
def mock(rig: Rig) -> Iterator[Mock]:
    """A mock that answers, and is as it was, at the end, too."""
    mock = rig.mock()
    yield mock
    mock.control("clear")
    assert mock.status()["online"] in (True, False)


def test_every_order_takes_its_plain_body(mock: Mock) -> None:
    client = Client(mock)
    for name in ORDERS:
        if name not in LATER:
            body = json.dumps(BODIES[name]).encode() if name in BODIES else None
            assert client.ask(f"/control/{name}", body) == (200, {"ok": True}), name
    accepted = [record["action"] for record in mock.records(kind="control")]
    assert accepted == [name for name in ORDERS if name not in LATER]


def test_a_body_that_is_no_order(mock: Mock) -> None:
    client = Client(mock)
    for name in ORDERS:
        for text in TEXTS.values():
            client.refused(400, f"/control/{name}", text)
    assert mock.records(kind="control") == []


def test_a_key_twice(mock: Mock) -> None:
    client = Client(mock)
    for name, order in ORDERS.items():
        for key in order.keys:
            sentence = client.refused(
                400, f"/control/{name}", f'{{"{key}": 1, "{key}": 1}}'.encode()
            )
            assert "twice" in sentence


def test_a_key_that_is_missing(mock: Mock) -> None:
    client = Client(mock)
    for name, body in BODIES.items():
        for key in body:
            less = {other: value for other, value in body.items() if other != key}
            assert key in client.refused(400, f"/control/{name}", json.dumps(less).encode())


def test_values_of_any_kind_are_carried_out_or_refused_with_a_sentence(mock: Mock) -> None:
    client = Client(mock)
    refused = 0
    for name, order in ORDERS.items():
        for key in order.keys:
            for value in VALUES:
                text = json.dumps({**BODIES.get(name, {}), key: value}).encode()
                status, answer = client.ask(f"/control/{name}", text)
                refused += status == 400
                if status == 400:
                    assert answer["error"].isprintable(), (name, key, value)
                    assert len(answer["error"]) < 500
                else:
                    assert (status, answer) == (200, {"ok": True}), (name, key, value)
        client.ask("/control/clear")
    assert refused > 300


SENSELESS: list[tuple[str, dict[str, Any]]] = [
    ("refuse", {"part": "helth", "status": 503}),
    ("refuse", {"part": "live", "status": 503}),
    ("refuse", {"status": 101}),
    ("refuse", {"status": 600}),
    ("garbage", {"part": "helth", "seed": 1}),
    ("garbage", {"seed": 1, "times": 2}),
    ("reset", {"part": "sockets"}),
    ("endless", {"what": "frame", "part": "health"}),
    ("endless", {"what": "tail"}),
    ("raw", {"hex": "8"}),
    ("raw", {"hex": "", "again": "00" * 1000, "times": 1_000_000}),
    ("event", {"event": "x", "payload": "x" * 100_000, "times": 10_000}),
    ("channel", {"event": "phx_reply"}),
    ("drop", {"code": 65_536}),
    ("drop", {"code": None, "reason": "x"}),
    ("drop", {"reason": "ü" * 100}),
    ("pause", {"push": "no"}),
    ("lives", {"acces_s": 1}),
    ("lives", {"access_s": None}),
    ("approve", {"user_code": "123456"}),
    ("approve", {}),
    ("deny", {"user_code": None}),
    ("pause", {"device_id": "unheard of"}),
    ("remove_device", {"device_id": 1}),
    ("board", {"action": "explode"}),
    ("board", {"action": "press"}),
    ("certificate", {"expired": True}),
]


def test_what_makes_no_sense(mock: Mock) -> None:
    client = Client(mock)
    for name, body in SENSELESS:
        sentence = client.refused(400, f"/control/{name}", json.dumps(body).encode())
        assert name in sentence or name in LATER or "device_id" in body


def test_how_it_is_asked(mock: Mock) -> None:
    client = Client(mock)
    for path in ("", "unheard_of", "pause/", "Pause", "__init__", "%00", "../health", "pause%2f"):
        assert "known: " in client.refused(400, f"/control/{path}", b"{}")
    for name in ORDERS:
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert "POST" in client.refused(405, f"/control/{name}", None, method)
        client.refused(400, f"/control/{name}?push=false")
        for content_type in (
            "text/plain",
            "multipart/form-data; boundary=x",
            "text/html",
            "nonsense",
        ):
            client.refused(400, f"/control/{name}", b"{}", "POST", {"Content-Type": content_type})
        client.refused(413, f"/control/{name}", b" " * (1 << 20) + b"{}")
    for name in VIEWS:
        assert "GET" in client.refused(405, f"/control/{name}", b"{}")
        assert client.ask(f"/control/{name}", None, "GET")[0] == 200
    for body, head_fields in (
        (b"zz\r\n", "Transfer-Encoding: chunked"),
        (b"abcde", "Content-Encoding: gzip\r\nContent-Length: 5"),
        (b"abcde", "Content-Encoding: unheard-of\r\nContent-Length: 5"),
        (b"{}", "Content-Length: two"),
        (b"{}", "Content-Length: -2"),
        (b"{}", "Expect: the unexpected\r\nContent-Length: 2"),
        (b"{}", "Host: elsewhere\r\nContent-Length: 2"),
    ):
        head = f"POST /control/pause HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head_fields}\r\n\r\n"
        with call(mock, head + body.decode()) as sock:
            assert re.match(rb"HTTP/1.[01] 4", read_all(sock)), head_fields
    for content_type in ("application/json; charset=utf-8", "application/x-www-form-urlencoded"):
        fields = {"Content-Type": content_type}
        assert client.ask("/control/pause", b'{"push": false}', "POST", fields)[0] == 200


FOREIGN: list[dict[str, str]] = [
    *(
        {"Host": host}
        for host in (
            "evil.example",
            "evil.example:{port}",
            "localhost.evil.example:{port}",
            "localhost@evil.example",
            "127.0.0.1.evil.example",
            "localhost:port",
            "localhost, evil.example",
            "192.168.1.2:{port}",
            "0.0.0.0:{port}",
            "[::]:{port}",
            " ",
        )
    ),
    *(
        {"Origin": origin}
        for origin in (
            "http://evil.example",
            "http://evil.example:{port}",
            "https://localhost:{port}",
            "http://127.0.0.1:{port}",
            "http://localhost",
            "http://localhost:1",
            "http://localhost:{port}/",
            "http://[",
            "null",
            "file://",
            " ",
        )
    ),
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"},  # DNS rebinding
    {"Host": "evil.example:{port}", "Sec-Fetch-Site": "same-origin"},
]


def test_pages_of_other_sites(mock: Mock) -> None:
    client = Client(mock)
    for fields in FOREIGN:
        told = {"Host": f"localhost:{mock.port}"}
        told |= {name: value.replace("{port}", str(mock.port)) for name, value in fields.items()}
        paths = [("GET", f"/control/{name}") for name in VIEWS]
        paths += [("POST", f"/control/{name}") for name in ORDERS]
        paths += [("OPTIONS", "/control/pause"), ("POST", "/control/unheard_of")]
        paths += [("GET", "/"), ("GET", "/unheard_of")]
        if fields.keys() != {"Host"}:  # a device may know the mock by any name
            paths += [(method, path) for path in PARTS for method in ("GET", "POST")]
        for method, path in paths:
            if path != "/devices/websocket":
                client.refused(403, path, None, method, told)
    assert mock.records() == []


OWN = [
    {"Host": "localhost:{port}"},
    {"Host": "LOCALHOST:{port}"},
    {"Host": "127.0.0.1:{port}"},
    {"Host": "localhost:9"},  # through a forwarded port
    {"Host": "localhost"},
    {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"},
    {"Host": "localhost:{port}", "Sec-Fetch-Site": "same-origin"},
    {"Host": "localhost:{port}", "Sec-Fetch-Site": "none"},
]


def test_its_own_page_and_programs(mock: Mock) -> None:
    client = Client(mock)
    for fields in OWN:
        told = {name: value.replace("{port}", str(mock.port)) for name, value in fields.items()}
        assert client.ask("/control/pause", None, "POST", told) == (200, {"ok": True})
        assert client.ask("/control/status", None, "GET", told)[0] == 200
        assert client.ask("/health", None, "GET", told)[0] == 200


def test_a_device_may_know_it_by_any_name(mock: Mock) -> None:
    with call(mock, HEALTH.replace("Host: x", "Host: bench.lan:8080")) as sock:
        assert read_all(sock).startswith(b"HTTP/1.1 200 ")


FOREIGN_SOCKETS = [
    ("http://evil.example", "localhost:{port}"),
    ("http://evil.example:{port}", "evil.example:{port}"),  # DNS rebinding
    ("null", "localhost:{port}"),
    ("http://[", "localhost:{port}"),
    ("https://localhost:{port}", "localhost:{port}"),
    ("http://localhost:3000", "localhost:{port}"),
]


def test_the_device_socket_and_pages(mock: Mock) -> None:
    def try_socket(origin: str, host: str) -> int:
        url = f"ws://{host}/devices/websocket?Authorization=Bearer%20{TOKEN}"
        url, origin = (text.replace("{port}", str(mock.port)) for text in (url, origin))
        sock = socket.create_connection(("127.0.0.1", mock.port), timeout=60)
        try:
            with dial(mock, url=url, origin=origin, sock=sock):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    assert try_socket("http://localhost:{port}", "localhost:{port}") == 101
    assert {pair: try_socket(*pair) for pair in FOREIGN_SOCKETS} == dict.fromkeys(
        FOREIGN_SOCKETS, 403
    )


def test_no_order_waits_for_a_client_that_reads_nothing(mock: Mock) -> None:
    with upgraded(mock) as sock, joined(mock) as living:
        join = JOIN.replace("YOUR_DEVICE_ID", mock.status()["device_id"]).encode()
        sock.sendall(b"\x81" + bytes([0x80 | len(join)]) + bytes(4) + join)
        mock.wait(lambda mock: len(mock.records(event="phx_join")) == 2)
        mock.control("event", event="x", payload="x" * 700_000, times=10)
        mock.control("pause")
        assert [json.loads(living.recv(60))["event"] for _ in range(11)][-1] == "status_updated"


def test_orders_for_sockets_that_are_about_to_end(mock: Mock) -> None:
    client = Client(mock)
    for first in ("kill", "drop", "reset"):
        for name in ("kill", "drop", "reset", "pause", "channel", "raw", "endless", "event"):
            with joined(mock):
                body = json.dumps(BODIES.get(name, {})).encode()
                assert client.ask(f"/control/{first}") == (200, {"ok": True})
                assert client.ask(f"/control/{name}", body) == (200, {"ok": True}), name
            mock.wait(lambda mock: mock.status()["sockets"] == 0)


def test_orders_for_a_socket_that_ends_once_all_is_sent(mock: Mock) -> None:
    client = Client(mock)
    with joined(mock):
        mock.control("dribble", pause_ms=100)
        mock.control("event", event="x", payload="x" * 1000)  # takes more than a minute
        for name in ("kill", "pause", "channel", "drop", "kill", "reset", "resume"):
            assert client.ask(f"/control/{name}") == (200, {"ok": True}), name
        mock.control("clear")


CRASHING = {
    "surrogate": '{"topic":"\\ud800","event":"phx_join","payload":"","ref":1}',
    "deep": "[" * 100_000,
    "NaN": '{"topic":"phoenix","event":"heartbeat","payload":NaN,"ref":1}',
    "digits": '{"topic":"phoenix","event":"heartbeat","payload":"","ref":' + "9" * 5000 + "}",
    "topic": '{"topic":1,"event":"heartbeat","payload":"","ref":1}',
}


def test_messages_that_crash_the_socket_end_it_with_1011(mock: Mock) -> None:
    for what, message in CRASHING.items():
        with dial(mock) as client:
            client.send(message)
            with pytest.raises(ConnectionClosed):
                client.recv(60)
            assert client.close_code == 1011, what
    with dial(mock) as client:
        client.send(HEARTBEAT)
        assert client.recv(60)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", []),
        (
            '{"a": 1, "b": [null, true, -0.5, "ü\\ud83d\\ude00"]}',
            {"a": 1, "b": [None, True, -0.5, "ü😀"]},
        ),
        ("[" * 100 + "]" * 100, None),
    ],
)
def test_strict_json_takes_json(text: str, value: Any) -> None:
    assert parse(text, unique_keys=True) == (value if value is not None else json.loads(text))


def test_keys_that_are_doubled_are_a_matter_of_the_caller() -> None:
    assert parse('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(ValueError, match="twice"):
        parse('[{"a": 1, "a": 2}]', unique_keys=True)
