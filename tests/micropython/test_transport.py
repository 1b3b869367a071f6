"""Streams: how they fail, and that closing wakes the tasks that wait."""

import asyncio
import errno
import gc
import socket
import struct
import sys
import time

from pilotlight.net import transport as module
from pilotlight.net.deadline import Deadline
from pilotlight.net.errors import LinkClosed, Unreachable, Untrusted
from pilotlight.net.transport import Endpoint, tls_context
from tests.support import server
from tests.support.expect import raises


async def silent(reader, writer):
    await reader.read(1000)
    await reader.read(1000)
    await server.end(writer)


class Refusing:
    """Stands in for the `socket` module: connects fail at once with this errno."""

    SOCK_STREAM = 1

    def __init__(self, number):
        self._number = number

    def getaddrinfo(self, host, port, *_):
        return [(2, 1, 6, None, (host, port))]

    def socket(self, *_):
        return self

    def connect(self, address):
        raise OSError(self._number)

    def setblocking(self, blocking):
        pass

    def setsockopt(self, *_):
        pass

    def close(self):
        pass


def on_platform(name):
    """pilotlight.net.transport as it is where sys.platform has this name."""

    class System:
        platform = name

    name = "pilotlight.net.transport"
    ours = sys.modules.pop(name)
    sys.modules["sys"] = System
    try:
        return __import__(name, None, None, ("Endpoint",))
    finally:
        del sys.modules["sys"]
        sys.modules[name] = ours


async def connect_and_read(endpoint, what=b"hello", times=server.Times):
    transport = endpoint.open()
    try:
        with Deadline(transport, "testing", times):
            await transport.open()
            await transport.write(what, 0, len(what))
            buffer = bytearray(100)
            return bytes(buffer[: await transport.read(buffer)])
    finally:
        transport.close()


async def test_bytes_there_and_back():
    async def echo(reader, writer):
        writer.write(await reader.read(100))
        await writer.drain()
        await server.end(writer)

    _, endpoint = await server.start(echo)
    assert await connect_and_read(endpoint) == b"hello"


async def test_refused():
    listener, endpoint = await server.start(silent)
    listener.close()
    await listener.wait_closed()
    with raises(Unreachable) as caught:
        await connect_and_read(endpoint)
    assert caught.error.reason == "refused", caught.error


async def test_a_reset_after_the_first_write_is_no_refusal():
    async def reset(reader, writer):
        await reader.read(1)
        writer.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await server.end(writer)

    _, endpoint = await server.start(reset)
    on_board = on_platform("esp32").Endpoint(endpoint.host, endpoint.port)
    for one in (endpoint, on_board):
        with raises(Unreachable) as caught:
            await connect_and_read(one)
        assert caught.error.reason == "reset", caught.error


async def test_how_a_tls_handshake_is_refused():
    closed, broken = (LinkClosed, "closed"), (Untrusted, "tls")
    for answer, (kind, reason) in (
        (b"", closed),
        (b"\x16\x03\x03\x00\x50\x02\x00", closed),  # the beginning of a message
        (b"\x15\x03\x03\x00\x02\x01\x00", closed),  # the alert close_notify
        (b"\x15\x03\x03\x00\x02\x02\x28", broken),  # the alert handshake_failure
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", broken),
    ):

        async def refuse(reader, writer):
            await reader.read(2000)  # all of the client's first message
            writer.write(answer)
            await writer.drain()
            await server.end(writer)

        listener, plain = await server.start(refuse)
        with open("tests/micropython/root.der", "rb") as file:
            endpoint = Endpoint("127.0.0.1", plain.port, tls_context([file.read()]))
        with raises(kind) as caught:
            await connect_and_read(endpoint)
        assert caught.error.reason == reason, (answer, caught.error)
        listener.close()


def test_the_host_field_names_the_port_unless_it_is_the_scheme_s_own():
    tls = object()
    for port, context, wanted in (
        (443, tls, "host"),
        (80, tls, "host:80"),
        (80, None, "host"),
        (443, None, "host:443"),
    ):
        assert Endpoint("host", port, context).host_field == wanted


async def test_a_board_says_reset_where_a_connection_is_refused():
    """That is what lwIP says."""
    for platform, reason in (("linux", "reset"), ("esp32", "refused")):
        transport = on_platform(platform)
        transport.socket, kept = Refusing(errno.ECONNRESET), transport.socket
        try:
            with raises(Unreachable) as caught:
                await transport.Endpoint("127.0.0.1", 9).open().open()
        finally:
            transport.socket = kept
        assert caught.error.reason == reason, platform


async def test_a_name_that_is_not_found():
    with raises(Unreachable) as caught:
        await Endpoint("pilotlight.invalid", 443).open().open()
    assert caught.error.reason == "name"


async def test_everybody_has_a_turn_before_a_look_up_that_may_block():
    """A change of the status passes through several tasks, of which each takes its time."""
    steps = [asyncio.Event() for _ in range(6)]
    seen = []

    async def step(number):
        await steps[number].wait()
        time.sleep_ms(3)
        if number + 1 < len(steps):
            steps[number + 1].set()
        else:
            seen.append(number)

    class Recorded(Refusing):
        def getaddrinfo(self, *_):
            seen.append("look-up")
            raise OSError(-202)

    for number in range(len(steps)):
        asyncio.create_task(step(number))
    await asyncio.sleep_ms(5)
    module.socket, kept = Recorded(0), module.socket
    try:
        steps[0].set()
        with raises(Unreachable):
            await Endpoint("host", 9).open().open()
    finally:
        module.socket = kept
    assert seen == [5, "look-up"], seen


async def test_silence_ends_at_the_deadline():
    _, endpoint = await server.start(silent)
    with raises(Unreachable) as caught:
        await connect_and_read(endpoint, times=server.ShortTimes)
    assert caught.error.reason == "timeout"
    assert "while testing" in str(caught.error)


async def test_closing_wakes_reader_and_writer():
    async def deaf(reader, writer):
        await asyncio.sleep(30)

    _, endpoint = await server.start(deaf)
    transport = endpoint.open()
    await transport.open()
    ends = []

    async def read():
        try:
            await transport.read(bytearray(10))
        except LinkClosed as error:
            ends.append(error)

    async def write():
        block = bytes(65536)
        try:
            while True:
                await transport.write(block, 0, len(block))
        except LinkClosed as error:
            ends.append(error)

    tasks = [asyncio.create_task(read()), asyncio.create_task(write())]
    await asyncio.sleep_ms(50)
    assert not ends
    transport.close()
    # A new socket at once, which takes the freed descriptor: the old waiters must not wait for it.
    other = endpoint.open()
    for task in tasks:
        await task
    assert len(ends) == 2
    other.close()
    transport.close()  # may be repeated


async def test_a_reader_that_a_cancelled_writer_orphaned_is_woken_by_close():
    async def deaf(reader, writer):
        await asyncio.sleep(30)

    _, endpoint = await server.start(deaf)
    transport = endpoint.open()
    await transport.open()
    ends = []

    async def read():
        try:
            await transport.read(bytearray(10))
        except LinkClosed as error:
            ends.append(error)

    async def write():
        block = bytes(65536)
        while True:
            await transport.write(block, 0, len(block))

    reader, writer = asyncio.create_task(read()), asyncio.create_task(write())
    await asyncio.sleep_ms(50)
    writer.cancel()
    await asyncio.sleep_ms(10)
    transport.close()
    await reader
    assert len(ends) == 1


async def test_a_cancelled_reader_is_not_woken_where_it_waits_next():
    async def deaf(reader, writer):
        await asyncio.sleep(30)

    _, endpoint = await server.start(deaf)
    first, second = endpoint.open(), endpoint.open()
    await first.open()
    await second.open()
    woken = []

    async def read():
        try:
            await first.readable
        except asyncio.CancelledError:
            pass
        await second.readable
        woken.append(True)

    reader = asyncio.create_task(read())
    await asyncio.sleep_ms(10)
    reader.cancel()
    await asyncio.sleep_ms(10)
    first.close()
    await asyncio.sleep_ms(10)
    assert not woken
    second.close()


async def test_waiting_keeps_nothing():
    async def echo(reader, writer):
        while True:
            writer.write(await reader.read(100))
            await writer.drain()

    _, endpoint = await server.start(echo)
    transport = endpoint.open()
    await transport.open()
    buffer = bytearray(10)

    async def rounds(count):
        for _ in range(count):
            await transport.write(b"x", 0, 1)
            assert await transport.read(buffer) == 1
        gc.collect()
        return gc.mem_alloc()

    before = await rounds(100)
    assert await rounds(1000) - before < 500
    transport.close()
