"""What a heartbeat trip allocates in our own code: nothing. The heap is locked while it runs."""

import asyncio
import asyncio.core
import gc

import micropython

from firmware.watchdog import Watchdog
from pilotlight.agent import Agent
from pilotlight.net.errors import ProtocolError
from pilotlight.net.websocket_frames import FrameReader
from pilotlight.settings import Settings
from pilotlight.times import Times
from tests.support import server
from tests.support.expect import raises

REPLY = b'{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"heartbeat","topic":"phoenix"}'
TRIPS = 60  # a pool of masks lasts 64 frames; only os.urandom itself can fill it, and it allocates


class Host:
    def is_up(self):
        return True

    def load(self, name):
        return None

    def save(self, name, record):
        pass

    def now_s(self):
        return 1_800_000_000


class NoPoller:
    """Stands in for asyncio's poller, which makes objects at each registration."""

    def queue_read(self, stream):
        pass


class Locked:
    """`with Locked():` no object can be made in the block."""

    def __enter__(self):
        micropython.heap_lock()

    def __exit__(self, kind, error, traceback):
        micropython.heap_unlock()


class Unlocked:
    """In the place of Locked, where objects may be made."""

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        pass


async def test_a_heartbeat_trip_makes_no_object():
    peers = []

    async def script(reader, writer):
        await server.upgrade(reader, writer)
        peers.append(reader.s)
        await asyncio.sleep(30)

    _, endpoint = await server.start(script)
    agent = Agent(
        Settings("http://127.0.0.1:1", "1.2.3", access_token="token"),
        Host(),
        Host(),
        Host(),
        Times(heartbeat_ms=0),
    )
    phoenix, websocket = agent._session._phoenix, agent._session._phoenix._websocket
    agent._proof.prove()  # the first one is news
    transport = endpoint.open()
    await websocket.open(transport, "test", "/")
    while not peers:
        await asyncio.sleep_ms(1)
    peer = peers[0]
    frame = bytearray(bytes((0x81, len(REPLY))) + REPLY)
    seen = bytearray(200)
    reading, beating = websocket.run(phoenix._on_message), phoenix._beat(at_once=True)

    def trip(locked):
        """Both tasks are driven by hand, in the places where asyncio would."""
        with locked:
            beating.send(None)  # looks at the last reply, sends a heartbeat, sleeps
        asyncio.core._task_queue.remove(sleeper)
        assert peer.readinto(seen) == len(phoenix._heartbeat) + 6
        peer.write(frame)
        with locked:
            reading.send(None)  # reads, compares, proves, waits
        assert phoenix._heartbeat_answered

    sleeper = asyncio.core.Task(None, asyncio.core.__dict__)
    kept = asyncio.core.cur_task, asyncio.core._io_queue
    asyncio.core.cur_task, asyncio.core._io_queue = sleeper, NoPoller()
    try:
        reading.send(None)
        trip(Unlocked())  # the first reply is decoded and remembered
        locked = Locked()
        for _ in range(TRIPS):
            trip(locked)
    finally:
        asyncio.core.cur_task, asyncio.core._io_queue = kept
        transport.close()


def test_watching_the_tasks_makes_no_object():
    class Dog:
        fed = 0

        def feed(self):
            Dog.fed += 1

    watchdog = Watchdog(lambda timeout_ms: Dog(), None)
    watchdog.grace_ms = watchdog.step_ms = 0
    for name in ("light", "screen", "network"):
        watchdog.due(name, 60_000)
    sleeper = asyncio.core.Task(None, asyncio.core.__dict__)
    kept = asyncio.core.cur_task
    asyncio.core.cur_task = sleeper
    running = watchdog.run()
    try:
        running.send(None)
        for _ in range(10):
            asyncio.core._task_queue.remove(sleeper)
            with Locked() if Dog.fed else Unlocked():  # the first look makes the dog
                watchdog.due("light", 60_000)
                running.send(None)
        asyncio.core._task_queue.remove(sleeper)
    finally:
        asyncio.core.cur_task = kept
    assert Dog.fed == 10


def test_the_lock_bites():
    with raises(MemoryError):
        with Locked():
            bytearray(10)


def test_an_announced_length_makes_no_object_of_that_length():
    reader = FrameReader(4096)
    for length in (
        b"\x7e\xff\xff",
        b"\x7f\x7f" + b"\xff" * 7,
        b"\x7f\x80" + b"\x00" * 7,
        b"\x7f\x00\x00\x00\x01" + b"\x00" * 4,
    ):
        reader.reset()
        wire = b"\x81" + length
        reader.room()[: len(wire)] = wire
        reader.received(len(wire))
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        with raises(ProtocolError) as caught:
            reader.next()
        made = gc.mem_alloc() - before
        gc.enable()
        assert caught.error.code == 1009
        assert made < 1000, made  # the error and its text
