"""What a WebSocket writes, frame by frame, on a transport that takes no byte before it is told to.

Masks, pongs behind a stuck write, and what a new connection keeps of the one before.
"""

import asyncio

from pilotlight.net.errors import LinkClosed
from pilotlight.net.websocket_client import WebSocketClient
from pilotlight.net.websocket_frames import CLOSE, PING, PONG, TEXT
from tests.support import server
from tests.support.expect import raises

FINAL = 0x80
MASKS = 64  # frames for which the client draws masks at once


class Wire:
    """A transport in memory. It answers the upgrade.

    stuck: it takes only the first byte of what is written, and the rest when `release` is called.
    writes: all bytes that were written. reads: what is still to be read.
    """

    def __init__(self):
        self.closed = False
        self.stuck = False
        self.writes = b""
        self.reads = b""
        self._is_upgraded = False
        self._news = asyncio.Event()

    async def open(self):
        pass

    @property
    def readable(self):
        return self._until_readable()

    async def _until_readable(self):
        while not self.reads and not self.closed:
            await self._wait()
        if self.closed:
            raise LinkClosed(1006, "closed")

    async def read(self, buffer):
        await self._until_readable()
        return self.read_into(buffer)

    def read_into(self, buffer):
        count = min(len(buffer), len(self.reads))
        buffer[:count] = self.reads[:count]
        self.reads = self.reads[count:]
        return count

    def receive(self, data):
        """The server sends this."""
        self.reads += data
        self._news.set()

    def release(self):
        """Take what is written from now on."""
        self.stuck = False
        self._news.set()

    def write_now(self, buffer, start, end):
        if self.stuck:
            end = start + 1
        self.writes += bytes(buffer[start:end])
        return end - start

    async def write(self, buffer, start, end):
        if not self._is_upgraded:
            self._is_upgraded = True
            self.receive(server.upgraded(bytes(buffer[start:end]).split(b"\r\n")))
            return
        while self.stuck and not self.closed:
            await self._wait()
        if self.closed:
            raise LinkClosed(1006, "closed")
        self.writes += bytes(buffer[start:end])

    def close(self):
        self.closed = True
        self._news.set()

    async def _wait(self):
        self._news.clear()
        await self._news.wait()


def frames_of(data, masks=None):
    """(opcode, payload) of each frame in these bytes. masks: a list to add their masks to."""
    found = []
    while data:
        assert data[0] & FINAL and data[1] & 0x80 and data[1] & 0x7F < 126, data
        end = 6 + (data[1] & 0x7F)
        mask, body = data[2:6], data[6:end]
        payload = bytes([body[i] ^ mask[i & 3] for i in range(len(body))])
        found.append((data[0] & 0x0F, payload))
        if masks is not None:
            masks.append(mask)
        data = data[end:]
    return found


def ping(payload):
    """A server's ping."""
    return bytes((FINAL | PING, len(payload))) + payload


class Client:
    """A WebSocketClient that is open on a Wire, and reads."""

    def __init__(self):
        self.websocket = WebSocketClient(1024, 600)
        self.wire = None
        self.end = None
        self._running = None

    async def open(self):
        self.wire = Wire()
        await self.websocket.open(self.wire, "test", "/")
        self._running = asyncio.create_task(self._run())

    async def _run(self):
        try:
            await self.websocket.run(lambda opcode, start, end: None)
        except LinkClosed as error:
            self.end = error

    async def over(self):
        """Wait until the reader has ended."""
        await self._running


async def opened():
    """A Client."""
    client = Client()
    await client.open()
    return client


async def turns():
    """Let every task go on until it waits."""
    for _ in range(20):
        await asyncio.sleep_ms(0)


async def test_each_frame_has_a_mask_of_its_own():
    """RFC 6455 section 5.3. Over a second connection and a second draw of masks, too."""
    client = await opened()
    masks = []
    for _ in range(2):
        for _ in range(MASKS + MASKS // 2):
            assert client.websocket.send_now(b"text", 0, 4)
        assert set(frames_of(client.wire.writes, masks)) == {(TEXT, b"text")}
        client.wire.close()
        await client.over()
        await client.open()
    assert len(masks) == 3 * MASKS == len(set(masks))


async def test_a_ping_during_a_stuck_write_gets_its_pong_behind_it():
    """RFC 6455 section 5.5.3: of several, the latest must be answered."""
    client = await opened()
    wire = client.wire
    for payload in (b"", b"x" * 125):
        wire.writes = b""
        wire.stuck = True
        assert client.websocket.send_now(b"text", 0, 4)
        wire.receive(ping(b"first") + ping(payload))
        await turns()
        assert len(wire.writes) == 1 and not client.websocket.send_now(b"none", 0, 4)
        wire.release()
        await turns()
        assert frames_of(wire.writes) == [(TEXT, b"text"), (PONG, payload)]
    # Each ping is answered once: a later write has no pong behind it.
    wire.writes = b""
    wire.stuck = True
    sending = asyncio.create_task(client.websocket.send(b"more", 0, 4))
    await turns()
    wire.release()
    await sending
    assert frames_of(wire.writes) == [(TEXT, b"more")]


async def test_a_new_connection_owes_nothing_of_the_one_before():
    """Neither its pong, nor its close frame, nor the end of its write."""
    client = await opened()
    client.wire.stuck = True
    assert client.websocket.send_now(b"text", 0, 4)
    client.wire.receive(ping(b"old"))
    await turns()
    client.wire.close()
    await client.over()
    await client.open()  # the write of before is still stuck
    assert client.websocket.send_now(b"new", 0, 3)
    client.wire.stuck = True
    sending = asyncio.create_task(client.websocket.send(b"more", 0, 4))
    await turns()
    client.wire.release()
    await sending
    assert frames_of(client.wire.writes) == [
        (TEXT, b"new"),
        (TEXT, b"more"),
    ]
    client.wire.receive(bytes((FINAL | CLOSE, 2, 3, 0xE8)))
    await client.over()
    await client.open()
    assert client.websocket.send_now(b"new", 0, 3)
    client.wire.receive(ping(b"here?"))
    await turns()
    assert frames_of(client.wire.writes) == [
        (TEXT, b"new"),
        (PONG, b"here?"),
    ]


async def test_nothing_follows_our_close_frame():
    """RFC 6455 section 5.5.1: no text, and no pong."""
    client = await opened()
    closing = asyncio.create_task(client.websocket.close(1000, 60_000))
    await turns()
    client.wire.receive(ping(b"here?"))
    await turns()
    assert client.websocket.send_now(b"text", 0, 4) is False
    with raises(LinkClosed):
        await client.websocket.send(b"text", 0, 4)
    client.wire.receive(bytes((FINAL | CLOSE, 2, 3, 0xE8)))
    await closing
    await client.over()
    assert frames_of(client.wire.writes) == [(CLOSE, b"\x03\xe8")]


async def test_a_close_frame_without_a_code_is_answered_with_1000():
    """RFC 6455 section 7.4.1: 1005 must not be sent."""
    client = await opened()
    client.wire.receive(bytes((FINAL | CLOSE, 0)))
    await client.over()
    assert client.end.code == 1005
    assert frames_of(client.wire.writes) == [(CLOSE, b"\x03\xe8")]
