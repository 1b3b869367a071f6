"""Streams: how they fail, and that closing wakes the tasks that wait."""

import asyncio
import errno
import gc
import socket
import struct
import sys
import time

from firmware.stored_roots import StoredRoots
from pilotlight.net import transport as module
from pilotlight.net.deadline import Deadline
from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import LinkClosed, Unreachable, Untrusted
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
    """pilotlight.net.transport and .endpoint as they are where sys.platform has this name."""

    class System:
        platform = name

    names = ("pilotlight.net.transport", "pilotlight.net.endpoint")
    ours = {name: sys.modules.pop(name) for name in names}
    sys.modules["sys"] = System
    try:
        return [__import__(name, None, None, ("Endpoint",)) for name in names]
    finally:
        del sys.modules["sys"]
        sys.modules.update(ours)


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
    on_board = on_platform("esp32")[1].Endpoint(endpoint.host, endpoint.port)
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
            endpoint = Endpoint("127.0.0.1", plain.port, [file.read()])
        with raises(kind) as caught:
            await connect_and_read(endpoint)
        assert caught.error.reason == reason, (answer, caught.error)
        listener.close()


class Tls:
    """Stands in for the `tls` module. trusted: the root that the server's certificate leads to.

    loaded: the roots, in the order in which they were loaded. fails: for each of the next ones the
    exception with which it fails, or None.
    """

    PROTOCOL_TLS_CLIENT = CERT_REQUIRED = 1

    def __init__(self, trusted):
        self.trusted = trusted
        self.loaded = []
        self.fails = []
        module.tls = self

    def SSLContext(self, _):
        return Context(self)


class Context:
    def __init__(self, tls):
        self._tls = tls

    def load_verify_locations(self, root):
        failure = self._tls.fails.pop(0) if self._tls.fails else None
        if failure is not None:
            raise failure
        self._root = root
        self._tls.loaded.append(root)

    def wrap_socket(self, raw, **_):
        assert self.verify_mode == 1
        return raw if self._root == self._tls.trusted else Distrusting(raw)


class Distrusting:
    """A TLS stream that refuses the server's certificate."""

    def __init__(self, raw):
        self._raw = raw

    def write(self, *_):
        raise ValueError("The certificate is not correctly signed by the trusted CA")

    def close(self):
        self._raw.close()


async def echo_once(reader, writer):
    data = await reader.read(100)
    if data:
        writer.write(data)
        await writer.drain()
    await server.end(writer)


async def test_one_root_at_a_time_and_the_one_that_verified_last_first():
    real = module.tls
    try:
        tls = Tls(b"c")
        _, plain = await server.start(echo_once)
        endpoint = Endpoint("127.0.0.1", plain.port, (b"a", b"b", b"c", b"d"))
        assert tls.loaded == [b"d", b"c", b"b", b"a"]  # all can be used
        for trusted, loaded in ((b"c", [b"b", b"c"]), (b"c", []), (b"b", [b"d", b"a", b"b"])):
            tls.trusted = trusted
            tls.loaded = []
            assert await connect_and_read(endpoint) == b"hello"
            assert tls.loaded == loaded
        tls.trusted = b"x"
        tls.loaded = []
        with raises(Untrusted) as caught:
            await connect_and_read(endpoint)
        assert caught.error.reason == "certificate"
        assert tls.loaded == [b"c", b"d", b"a", b"b"]  # the last one is what verified last
    finally:
        module.tls = real


def test_stored_roots_are_not_kept():
    stored = StoredRoots()
    assert "pilotlight.trust_roots" not in sys.modules
    assert len(stored) == 5 and stored[4][:2] == b"\x30\x82" and stored[0] != stored[1]
    assert "pilotlight.trust_roots" not in sys.modules
    assert "trust_roots" not in sys.modules["pilotlight"].__dict__
    from pilotlight.trust_roots import ROOTS

    for _ in range(2):
        assert tuple([stored[at] for at in range(len(stored))]) == ROOTS
        stored.forget()


async def test_two_streams_do_not_skip_a_root():
    real = module.tls
    try:
        tls = Tls(b"a")
        _, plain = await server.start(echo_once)
        endpoint = Endpoint("127.0.0.1", plain.port, [b"a", b"b", b"c"])
        tls.trusted = b"b"
        got = await asyncio.gather(connect_and_read(endpoint), connect_and_read(endpoint))
        assert got == [b"hello", b"hello"] and tls.loaded == [b"c", b"b", b"a", b"b"]
    finally:
        module.tls = real


async def test_no_memory_for_a_root_is_said_and_tried_again():
    real = module.tls
    try:
        for failure in (OSError(12), OSError(52), OSError(-0x7F00), ValueError("invalid cert")):
            short = isinstance(failure, ValueError)  # then only the system tells why
            tls = Tls(b"a")
            _, plain = await server.start(echo_once)
            tls.fails = [failure]
            with system_block(4095 if short else 4096):
                endpoint = Endpoint("127.0.0.1", plain.port, [b"a"])
                tls.fails = [failure]
                with raises(Unreachable) as caught:
                    await connect_and_read(endpoint)
            assert caught.error.reason == "memory", failure
            assert await connect_and_read(endpoint) == b"hello"
        tls.fails = [ValueError("invalid cert")]
        with system_block(4096), raises(Untrusted):
            Endpoint("127.0.0.1", 9, [b"a"])
        with raises(Untrusted):
            Endpoint("127.0.0.1", 9, [])
    finally:
        module.tls = real


class Esp32:
    """Stands in for the `esp32` module: the largest free block is in the second region."""

    HEAP_DATA = 4

    def __init__(self, largest):
        self.largest = largest

    def idf_heap_info(self, capabilities):
        assert capabilities == 4
        return [(100_000, 2_000, 1_000, 0), (50_000, 9_000, self.largest, 0)]


class system_block:
    """While the system's largest free block is so large."""

    def __init__(self, largest):
        self._esp32 = Esp32(largest)

    def __enter__(self):
        sys.modules["esp32"] = self._esp32

    def __exit__(self, *_):
        del sys.modules["esp32"]


async def test_without_memory_in_the_system_no_name_is_to_blame():
    endpoint = Endpoint("pilotlight.invalid", 443)
    for largest, reason in ((4095, "memory"), (4095, "memory"), (4096, "name"), (4095, "name")):
        with system_block(largest), raises(Unreachable) as caught:
            await endpoint.open().open()
        assert caught.error.reason == reason


async def test_without_memory_in_the_system_no_connection_is_to_blame():
    kept = module.socket
    module.socket = Refusing(errno.ECONNREFUSED)
    try:
        for largest, reason in ((4095, "memory"), (4096, "refused")):
            with system_block(largest), raises(Unreachable) as caught:
                await Endpoint("127.0.0.1", 9).open().open()
            assert caught.error.reason == reason
    finally:
        module.socket = kept


def test_the_host_field_names_the_port_unless_it_is_the_scheme_s_own():
    with open("tests/micropython/root.der", "rb") as file:
        roots = (file.read(),)
    for port, context, wanted in (
        (443, roots, "host"),
        (80, roots, "host:80"),
        (80, None, "host"),
        (443, None, "host:443"),
    ):
        assert Endpoint("host", port, context).host_field == wanted


async def test_a_board_says_reset_where_a_connection_is_refused():
    """That is what lwIP says."""
    for platform, reason in (("linux", "reset"), ("esp32", "refused")):
        transport, endpoint = on_platform(platform)
        transport.socket, kept = Refusing(errno.ECONNRESET), transport.socket
        try:
            with raises(Unreachable) as caught:
                await endpoint.Endpoint("127.0.0.1", 9).open().open()
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
