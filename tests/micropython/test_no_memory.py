"""No memory while a connection is made: a named error; nothing stays open or waits for ever."""

import asyncio
import gc

import micropython

from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import LinkClosed, Unreachable, no_memory
from pilotlight.net.phoenix import PhoenixSocket
from pilotlight.net.websocket_client import WebSocketClient
from tests.support import server
from tests.support.expect import raises

HEAP = "256k"


def full_heap():
    """Fill the heap to its last block; keep the result as long as it shall be so."""
    gc.collect()
    ballast = None
    for size in (1024, 256, 64):
        try:
            while True:
                ballast = (bytearray(size), ballast)
        except MemoryError:
            pass
    try:
        while True:
            ballast = (ballast,)
    except MemoryError:
        pass
    return ballast


async def connect(endpoint, small, large, large_bytes):
    """Open a stream when so many blocks of 32 bytes and so many larger pieces are free.

    True if it worked.
    """
    blocks = [bytearray(1) for _ in range(2 * small)]
    pieces = [bytearray(large_bytes) for _ in range(large)]
    stream = None
    ballast = full_heap()
    for number in range(0, 2 * small, 2):
        blocks[number] = None
    for number in range(large):
        pieces[number] = None
    try:
        stream = endpoint.open()
        await stream.open()
        return True
    except (Unreachable, MemoryError):
        return False
    finally:
        del ballast
        if stream is not None:
            stream.close()


async def test_a_stream_that_finds_no_memory_leaves_no_file_open():
    endpoint = Endpoint("127.0.0.1", 9)
    worked = failed = 0
    for large_bytes in (65, 129, 193, 257):
        for large in range(6):
            for small in range(0, 40, 4):
                before = server.open_files()
                if await connect(endpoint, small, large, large_bytes):
                    worked += 1
                else:
                    failed += 1
                assert server.open_files() == before, (large_bytes, large, small)
    assert worked > 20 and failed > 20, (worked, failed)


def test_what_a_lack_of_memory_becomes_needs_none_and_does_not_grow():
    micropython.heap_lock()
    first, second = no_memory(), no_memory()
    micropython.heap_unlock()
    assert first.reason == second.reason == "memory"
    used = []
    for _ in range(2):
        for _ in range(500):
            with raises(Unreachable):
                raise no_memory()
        gc.collect()
        used.append(gc.mem_alloc())
    assert used[1] - used[0] < 500, used


async def test_closing_needs_no_memory():
    async def silent(reader, writer):
        await reader.read(1)

    _, endpoint = await server.start(silent)
    transport = endpoint.open()
    await transport.open()
    reader = asyncio.create_task(transport.read(bytearray(10)))
    await asyncio.sleep_ms(10)
    micropython.heap_lock()
    transport.close()
    micropython.heap_unlock()
    with raises(LinkClosed):
        await reader


async def test_a_phoenix_socket_that_finds_no_memory_for_its_tasks():
    async def script(reader, writer):
        await server.upgrade(reader, writer)
        await reader.read(1)
        await server.end(writer)

    class Times(server.Times):
        heartbeat_ms = first_heartbeat_ms = 60_000
        reply_ms = 60_000

    class Proof:
        def prove(self):
            pass

    class Recorded:
        """The endpoint, and the last transport that it has opened."""

        host_field = "test"

        def open(self):
            self.transport = endpoint.open()
            return self.transport

    def create_task(job):
        tasks_left[0] -= 1
        if not tasks_left[0]:
            raise MemoryError
        return kept(job)

    tasks_left = [0]
    kept = asyncio.create_task
    _, endpoint = await server.start(script)
    recorded = Recorded()
    websocket = WebSocketClient(1024, 512)
    phoenix = PhoenixSocket(websocket, recorded, "join", "heartbeat", Times, Proof())
    for tasks in (2, 3):  # behind the deadline's: the reader's, the heartbeat's
        tasks_left[0] = tasks
        asyncio.create_task = create_task
        with raises(Unreachable) as caught:
            await phoenix.open("/")
        assert caught.error.reason == "memory" and recorded.transport.closed
        asyncio.create_task = kept
        await phoenix.close()
    await phoenix.open("/")
    await phoenix.close()
