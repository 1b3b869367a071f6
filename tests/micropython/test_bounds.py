"""Hostile input of any size ends in a named error, never in MemoryError or RuntimeError.

16 KiB of heap are left when it comes.
"""

import asyncio
import gc

from pilotlight.net.errors import LinkClosed, NetError, ProtocolError
from pilotlight.net.http_client import HttpClient
from pilotlight.net.json_pick import MISSING
from pilotlight.net.phoenix import MessageReader
from pilotlight.net.websocket_client import WebSocketClient
from tests.support import server
from tests.support.expect import raises
from tests.support.extent import share

HEAP = "300k"
LEFT_BYTES = 16 * 1024
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Now:
    """Deadlines that do not matter here, however slow the machine is: a bound ends each flood."""

    stall_ms = total_ms = close_ms = 24 * 3600 * 1000


class Readable:
    def __iter__(self):
        return asyncio.sleep_ms(0)


class Flood:
    """What a transport reads: `first`, then `again` for ever, or nothing more if that is empty.

    upgrades: an upgrade is answered before.
    """

    def __init__(self, first, again, upgrades=False):
        self.upgrades = upgrades
        self.first = memoryview(first)
        self.again = memoryview(again * (512 // len(again) + 1) if again else b"")
        self.at = 0
        self.closed = False
        self.progress_ms = 0
        self.readable = Readable()

    def read_into(self, buffer):
        if self.closed:
            raise LinkClosed(1006, "closed")
        count = 0
        while count < len(buffer):
            source, start = (self.first, self.at) if self.at < len(self.first) else (self.again, 0)
            if self.at >= len(self.first):
                if not len(source):
                    break
                start = (self.at - len(self.first)) % len(source)
            piece = min(len(source) - start, len(buffer) - count)
            buffer[count : count + piece] = source[start : start + piece]
            count += piece
            self.at += piece
        return count

    async def read(self, buffer):
        await asyncio.sleep_ms(0)
        return self.read_into(buffer)

    async def write(self, buffer, start, end):
        if self.upgrades:
            head = server.upgraded(bytes(buffer[start:end]).split(b"\r\n"))
            self.first = memoryview(head + bytes(self.first))

    def write_now(self, buffer, start, end):
        return end - start

    def close(self):
        self.closed = True


class Endpoint:
    host_field = "test"

    def __init__(self, flood):
        self.flood = flood

    def open(self):
        return Transport(self.flood)


class Transport:
    """A Flood whose `open` is the transport's."""

    def __init__(self, flood):
        self.flood = flood
        self.readable = flood.readable
        self.read = flood.read
        self.read_into = flood.read_into
        self.write = flood.write
        self.write_now = flood.write_now
        self.close = flood.close
        self.progress_ms = 0

    @property
    def closed(self):
        return self.flood.closed

    async def open(self):
        pass


def squeeze():
    """Fill the heap but for LEFT_BYTES in one piece; keep the result as long as it shall be so."""
    gc.collect()
    reserve = bytearray(LEFT_BYTES)
    ballast = None
    for size in (1024, 256, 64):
        try:
            while True:
                ballast = (bytearray(size), ballast)
        except MemoryError:
            pass
    del reserve
    gc.collect()
    return ballast


async def ask(first, again=b""):
    """The response to this flood, asked for in a full heap."""
    client = HttpClient(Endpoint(Flood(first, again)), Now)
    ballast = squeeze()
    try:
        return await client.request("GET", "/", (), ("id",))
    finally:
        del ballast


async def floods(*rows):
    """Each of these (first, again) ends in a ProtocolError."""
    for first, again in rows:
        with raises(ProtocolError):
            await ask(first, again)


async def test_floods_of_heads():
    await floods(
        (OK, b"X-Header: value\r\n"),
        (OK + b"X: ", b"y"),
        (b"", b"y"),
        (b"HTTP/1.1 ", b"2"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    )


async def test_floods_of_framing():
    await floods(
        (OK + b"Content-Length: 999999999999999999999999\r\n\r\n", b"x"),
        (CHUNKED, b"0"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED + b"0\r\n", b"Trailer: x\r\n"),
    )


BODIES = (  # each reads 256 KiB, the bound of a body, and takes a second or more
    (CHUNKED, b"1\r\n \r\n"),
    (OK + b"\r\n", b" "),
    (OK + b'\r\n{"', b"k"),
    (OK + b'\r\n{"id":"', b"v"),
    (OK + b'\r\n{"id":"', b"\\u00e9"),
    (OK + b'\r\n{"id":[', b"1,"),
    (OK + b"\r\n{", b'"id":1,"id":{"id":2},'),
)


async def test_floods_of_bodies():
    await floods(*share(BODIES, 3))


async def test_json_bombs_are_not_json():
    for body in (
        b"[" * 4000,
        b'{"id":' * 4000,
        b"-" * 4000,
        b'["' + b"\\" * 3999,
        b"[" * 30 + b"]" * 4000,
    ):
        response = await ask(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert response.fields is None, body[:10]
    digits = b'{"id":%s}' % (b"1" * 4000)
    assert (await ask(OK + b"\r\n" + digits)).fields == {"id": MISSING}


async def talk(first, again=b""):
    """How a WebSocket that is flooded after the upgrade ends, in a full heap."""
    websocket = WebSocketClient(4096, 512)
    await websocket.open(Transport(Flood(first, again, upgrades=True)), "test", "/")
    ballast = squeeze()
    try:
        await websocket.run(lambda opcode, start, end: None)
    except NetError as error:
        return error
    finally:
        del ballast


async def test_websocket_floods():
    for first, again, code in (
        (b"\x81\x7f\x7f" + b"\xff" * 7, b"x", 1009),
        (b"\x82\x7f\x80" + b"\x00" * 7, b"x", 1009),
        (b"\x81\x7e\x10\x01", b"x", 1009),
        (b"\x01\x7d" + b"x" * 125, b"\x00\x7d" + b"x" * 125, 1009),
        (b"\x01\x00", b"\x00\x00", 1009),
        (b"\x01\x00", b"\x00\x00\x89\x00", 1009),
        (b"\x00", b"\x00", 1002),
        (b"\xff", b"\xff", 1002),
        (b"\x81\x7d", b"\xff", 1007),
        (b"\x89\x7e", b"\xff", 1002),
    ):
        error = await talk(first, again)
        assert isinstance(error, ProtocolError) and error.code == code, (first, error)


async def test_endless_heads_of_an_upgrade():
    for first, again in (
        (b"HTTP/1.1 101 X\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 101 X\r\nUpgrade: ", b"y"),
        (b"", b"\x00"),
    ):
        websocket = WebSocketClient(4096, 512)
        ballast = squeeze()
        with raises(ProtocolError):
            await websocket.open(Transport(Flood(first, again)), "test", "/")
        del ballast


def test_phoenix_messages_of_4_kib():
    reader = MessageReader()
    for text in (
        b"[" * 4096,
        b'{"topic":"' + b"t" * 4000 + b'","event":"e"}',
        b'{"payload":' * 370,
        b'{"topic":"\\ud83d' * 200,
    ):
        data = bytearray(text)
        ballast = squeeze()
        try:
            reader.read(data, 0, len(data))
        except ProtocolError:
            pass
        del ballast
