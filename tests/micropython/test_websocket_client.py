"""The WebSocket client against a scripted server: handshake, reading, pongs, closing, senders."""

import asyncio

from pilotlight.net.deadline import Deadline
from pilotlight.net.errors import LinkClosed, NetError, ProtocolError, UpgradeRefused
from pilotlight.net.websocket_client import WebSocketClient
from pilotlight.net.websocket_frames import CLOSE, CONTINUATION, PING, PONG, TEXT
from tests.support import server
from tests.support.expect import raises

FINAL = 0x80


def frame(opcode, payload=b"", first=FINAL):
    return bytes((first | opcode, len(payload))) + payload


class Client:
    """A WebSocketClient, its messages, put together from their pieces, and how it ended."""

    def __init__(self):
        self.websocket = WebSocketClient(1024, 600)
        self.messages = []
        self.end = None

    async def open(self, endpoint):
        transport = endpoint.open()
        with Deadline(transport, "connecting", server.Times):
            await self.websocket.open(transport, "test", "/socket")

    async def run(self):
        try:
            await self.websocket.run(self.received)
        except NetError as error:
            self.end = error

    def received(self, opcode, start, end):
        frames = self.websocket.frames
        self.message = (b"" if frames.is_first else self.message) + bytes(frames.buffer[start:end])
        if frames.is_last:
            self.messages.append((opcode, self.message))


async def talk(script):
    """Connect to a server that upgrades and goes on with `script`; the client after its end."""
    failures = []
    done = asyncio.Event()

    async def serve(reader, writer):
        try:
            await script(reader, writer)
        except Exception as error:
            failures.append(error)
        await server.end(writer)
        done.set()

    _, endpoint = await server.start(serve)
    client = Client()
    await client.open(endpoint)
    await client.run()
    await done.wait()
    if failures:
        raise failures[0]
    return client


async def refused(answer):
    """How the client refuses this answer to its upgrade."""

    async def script(reader, writer):
        await server.read_head(reader)
        writer.write(answer)
        await writer.drain()
        await server.end(writer)

    _, endpoint = await server.start(script)
    with raises(NetError) as caught:
        await Client().open(endpoint)
    return caught.error


async def test_the_request():
    heads = []

    async def script(reader, writer):
        heads.extend(await server.read_head(reader))
        await server.end(writer)

    _, endpoint = await server.start(script)
    with raises(LinkClosed):
        await Client().open(endpoint)
    assert heads[0] == b"GET /socket HTTP/1.1"
    names = [line.split(b":")[0].lower() for line in heads[1:]]
    assert sorted(names) == [
        b"accept-encoding",
        b"connection",
        b"host",
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"upgrade",
        b"user-agent",
    ]


async def test_refused_upgrades_keep_their_status():
    for status in (403, 404, 429, 503, 200, 301):
        error = await refused(b"HTTP/1.1 %d Error 101\r\nContent-Length: 0\r\n\r\n" % status)
        assert isinstance(error, UpgradeRefused) and error.status == status, error


async def test_answers_that_are_no_upgrade():
    good = (
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: keep-alive, upgrade\r\n"
        b"Sec-WebSocket-Accept: "
    )
    for answer in (
        b"403 Error 101\r\n\r\n",
        b"HTTP/1.1 101 X\r\n\r\n",
        good + b"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"HTTP/1.1 101 X\r\n" + b"X: y\r\n" * 4000,
    ):
        error = await refused(answer)
        assert isinstance(error, (ProtocolError, LinkClosed)), error


async def test_extensions_and_subprotocols_that_were_not_offered():
    for field in (b"Sec-WebSocket-Extensions: permessage-deflate", b"Sec-WebSocket-Protocol: chat"):

        async def script(reader, writer):
            class Writer:
                def write(self, data):
                    writer.write(data.replace(b"\r\nUpgrade", b"\r\n" + field + b"\r\nUpgrade"))

                async def drain(self):
                    await writer.drain()

            await server.upgrade(reader, Writer())
            await reader.read(1)

        _, endpoint = await server.start(script)
        with raises(ProtocolError):
            await Client().open(endpoint)


async def test_an_upgrade_that_lacks_one_header_of_it():
    """RFC 6455 section 4.1. All else of the answer is right."""
    for field in (b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Sec-WebSocket-Accept: "):

        async def script(reader, writer):
            answer = server.upgraded(await server.read_head(reader))
            assert field in answer
            writer.write(answer.replace(field, b"X: " if field.endswith(b" ") else b""))
            await writer.drain()
            await reader.read(1)

        _, endpoint = await server.start(script)
        with raises(ProtocolError):
            await Client().open(endpoint)


async def test_frames_in_the_same_segment_as_the_101():
    async def script(reader, writer):
        await server.upgrade(reader, writer, frame(TEXT, b"one") + frame(TEXT, b"two")[:2])
        writer.write(b"two" + frame(CLOSE, b"\x03\xe8bye"))
        await writer.drain()
        assert await server.read_frame(reader) == (FINAL | CLOSE, b"\x03\xe8")

    client = await talk(script)
    assert client.messages == [(TEXT, b"one"), (TEXT, b"two")]
    assert isinstance(client.end, LinkClosed)
    assert (client.end.code, client.end.close_reason) == (1000, "bye")


async def test_pings_are_answered_also_inside_a_message():
    async def script(reader, writer):
        await server.upgrade(reader, writer)
        for byte in (
            frame(TEXT, b"a", 0) + frame(PING, b"here?") + frame(PONG) + frame(CONTINUATION, b"b")
        ):
            writer.write(bytes((byte,)))
            await writer.drain()
        assert await server.read_frame(reader) == (FINAL | PONG, b"here?")

    client = await talk(script)
    assert client.messages == [(TEXT, b"ab")]
    assert isinstance(client.end, LinkClosed) and client.end.code == 1006


async def test_a_broken_rule_is_told_with_its_code():
    for wire, code in (
        (bytes((FINAL | TEXT, 0x80)), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (bytes((FINAL | TEXT, 126, 8, 0)), 1009),
    ):
        got = []

        async def script(reader, writer):
            await server.upgrade(reader, writer, wire)
            got.append(await server.read_frame(reader))

        client = await talk(script)
        assert isinstance(client.end, ProtocolError) and client.end.code == code, (client.end, code)
        assert got == [(FINAL | CLOSE, bytes((code >> 8, code & 0xFF)))]


async def test_our_close_waits_for_the_peer():
    async def script(reader, writer):
        await server.upgrade(reader, writer)
        assert await server.read_frame(reader) == (FINAL | CLOSE, b"\x03\xe8")
        writer.write(frame(TEXT, b"last words") + frame(CLOSE, b"\x03\xe8"))
        await writer.drain()

    _, endpoint = await server.start(script)
    client = Client()
    client.websocket = WebSocketClient()
    await client.websocket.close()  # nothing is open yet
    await client.open(endpoint)
    reader = asyncio.create_task(client.run())
    await client.websocket.close()
    await reader
    assert client.messages == [(TEXT, b"last words")], (client.end, client.messages)
    assert client.end.code == 1000, (client.end, client.messages)


async def test_our_close_does_not_wait_for_ever():
    async def script(reader, writer):
        await server.upgrade(reader, writer)
        await reader.read(1000)
        await asyncio.sleep(30)

    _, endpoint = await server.start(script)
    client = Client()
    await client.open(endpoint)
    reader = asyncio.create_task(client.run())
    await client.websocket.close(1000, server.ShortTimes.close_ms)
    await reader
    assert isinstance(client.end, LinkClosed)


async def test_two_senders_and_a_ping_at_once():
    """A peer that reads late: every message arrives whole, and so does the pong."""
    many = 2000
    got = []

    async def script(reader, writer):
        await server.upgrade(reader, writer)
        await asyncio.sleep_ms(200)  # long enough for the senders to fill the socket's buffers
        writer.write(frame(PING, b"now"))
        await writer.drain()
        while True:
            read = await server.read_frame(reader)
            if read is None or read[0] == FINAL | CLOSE:
                return
            got.append(read)

    _, endpoint = await server.start(script)
    client = Client()
    await client.open(endpoint)
    reader = asyncio.create_task(client.run())

    async def send(letter):
        for _ in range(many):
            await client.websocket.send(letter * 500, 0, 500)

    senders = [asyncio.create_task(send(letter)) for letter in (b"a", b"b")]
    for sender in senders:
        await sender
    while len(got) < 2 * many + 1:
        await asyncio.sleep_ms(5)
    assert got.count((FINAL | TEXT, b"a" * 500)) == many
    assert got.count((FINAL | TEXT, b"b" * 500)) == many
    assert got.count((FINAL | PONG, b"now")) == 1
    await client.websocket.close(1000, server.ShortTimes.close_ms)  # the peer leaves it unanswered
    await reader


async def test_one_client_many_connections():
    async def script(reader, writer):
        await server.upgrade(
            reader, writer, frame(TEXT, b"half", 0) + b"\x81"
        )  # ends inside a message, and inside a header
        await server.end(writer)

    _, endpoint = await server.start(script)
    client = Client()
    for _ in range(3):
        await client.open(endpoint)
        await client.run()
        assert isinstance(client.end, LinkClosed)
    assert client.messages == []


class Narrow:
    """A transport that answers the upgrade; then it takes one byte and has no memory to wait."""

    def __init__(self):
        self.closed = False
        self._answer = b""

    async def open(self):
        pass

    async def read(self, buffer):
        buffer[: len(self._answer)] = self._answer
        return len(self._answer)

    def write_now(self, buffer, start, end):
        return 1

    async def write(self, buffer, start, end):
        if self._answer:
            raise MemoryError
        self._answer = server.upgraded(bytes(buffer[start:end]).split(b"\r\n"))

    def close(self):
        self.closed = True


async def narrow():
    """A WebSocketClient that is open on such a transport, and the transport."""
    websocket, transport = WebSocketClient(1024, 600), Narrow()
    await websocket.open(transport, "test", "/")
    return websocket, transport


async def test_a_frame_for_whose_rest_there_is_no_memory_ends_the_link_and_nothing_else():
    """Half of it is on the wire. No task awaits the one that writes the rest: it must not raise."""
    raised = []
    asyncio.get_event_loop().set_exception_handler(lambda _loop, context: raised.append(context))
    websocket, transport = await narrow()
    assert websocket.send_now(b"text", 0, 4)
    await asyncio.sleep_ms(10)
    assert transport.closed and not raised
    websocket, transport = await narrow()
    with raises(LinkClosed):
        await websocket.send(b"text", 0, 4)
    asyncio.get_event_loop().set_exception_handler(None)
    assert transport.closed and not raised


async def test_half_a_frame_with_no_memory_for_a_task_ends_the_link():
    websocket, transport = await narrow()
    kept = asyncio.create_task

    def no_memory(job):
        raise MemoryError

    asyncio.create_task = no_memory
    try:
        with raises(MemoryError):
            websocket.send_now(b"text", 0, 4)
    finally:
        asyncio.create_task = kept
    assert transport.closed


async def test_nothing_follows_a_close_frame():
    """RFC 6455 section 5.5.1."""
    got = []

    async def script(reader, writer):
        await server.upgrade(reader, writer)
        for _ in range(2):
            got.append(await server.read_frame(reader))
            await asyncio.sleep_ms(50)
        await server.end(writer)

    _, endpoint = await server.start(script)
    client = Client()
    await client.open(endpoint)
    reader = asyncio.create_task(client.run())
    closing = asyncio.create_task(client.websocket.close(1000, server.ShortTimes.close_ms))
    while not got:
        await asyncio.sleep_ms(1)
    assert client.websocket.send_now(b"x", 0, 1) is False
    with raises(LinkClosed):
        await client.websocket.send(b"x", 0, 1)
    await closing
    await reader
    while len(got) < 2:
        await asyncio.sleep_ms(1)
    assert [frame and frame[0] for frame in got] == [FINAL | CLOSE, None]
