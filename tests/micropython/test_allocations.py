"""What a heartbeat trip allocates in our own code: nothing. The heap is locked while it runs."""

import asyncio
import asyncio.core
import gc
import json

import micropython

from firmware.guard.watchdog import Watchdog
from pilotlight import Agent, Settings, Times
from pilotlight.net.errors import ProtocolError
from pilotlight.net.websocket_frames import NONE, TEXT, FrameReader
from tests.support import server
from tests.support.expect import raises

DEVICE_ID = "a7e95254-8cd6-4d59-b54d-28c58570a8de"
BEAT_MS = 500  # from one heartbeat to the next
MASKS = 64  # frames for which a pool of masks lasts; os.urandom fills it, and that allocates
CLOSE = 0x88


class Host:
    """Network, storage and clock for an Agent."""

    def is_up(self):
        return True

    def load(self, name):
        return None

    def save(self, name, record):
        pass

    def now_s(self):
        return 1_800_000_000

    async def ensure_set(self):
        return True


class Parking:
    """Stands in for asyncio's poller, which makes objects at each registration.

    task: the one that waits to read.
    """

    def __init__(self, task):
        self.task = task

    def queue_read(self, stream):
        self.task = asyncio.core.cur_task
        self.task.data = self


class Frameio:
    """Just enough of the service: identity and the device's socket.

    peer: the socket's raw end, once the device has joined. frames: how many it has received.
    streams: what it waits on, by id.
    """

    def __init__(self):
        self.peer = None
        self.frames = 0
        self.streams = set()

    async def serve(self, reader, writer):
        """Serve one connection."""
        self.streams.add(id(reader.s))
        lines = await server.read_head(reader)
        if lines[0].startswith(b"GET /devices/websocket"):
            writer.write(server.upgraded(lines))
            await writer.drain()
            frame = await server.read_frame(reader)
            while frame and frame[0] != CLOSE:
                self._reply(reader.s, json.loads(frame[1]))
                frame = await server.read_frame(reader)
        else:
            body = json.dumps({"id": DEVICE_ID, "status": "online"}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        await server.end(writer)

    def answer(self):
        """Read one heartbeat, which has arrived, and answer it."""
        frame = self.peer.read(200)
        assert frame[0] == 0x81 and len(frame) == 6 + (frame[1] & 0x7F), frame
        text = bytes([frame[6 + i] ^ frame[2 + i % 4] for i in range(len(frame) - 6)])
        message = json.loads(text)
        assert message["event"] == "heartbeat", message
        self._reply(self.peer, message)

    def _reply(self, peer, message):
        self.frames += 1
        if message["event"] == "phx_join":
            self.peer = peer
        reply = {
            "event": "phx_reply",
            "payload": {"response": {}, "status": "ok"},
            "ref": message["ref"],
            "topic": message["topic"],
        }
        data = json.dumps(reply).encode()
        head = bytes((0x81, len(data))) if len(data) < 126 else bytes((0x81, 126, 0, len(data)))
        peer.write(head + data)


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


async def joined():
    """An Agent whose device is joined, the task that runs it, and the service."""
    service = Frameio()
    _, endpoint = await server.start(service.serve)
    await asyncio.sleep_ms(0)
    service.streams.update(asyncio.core._io_queue.map)  # it listens
    settings = Settings("http://127.0.0.1:%d" % endpoint.port, "1.2.3", access_token="token")
    times = Times(heartbeat_ms=0, reply_ms=BEAT_MS, starting_ms=1)
    agent = Agent(settings, Host(), Host(), Host(), times)
    running = asyncio.create_task(agent.run())
    while agent.status.state != "online":
        await asyncio.sleep_ms(1)
    return agent, running, service


async def between_heartbeats(service, poller):
    """Wait until a heartbeat was answered; (task that reads the device's socket, its stream)."""
    before = service.frames
    while service.frames == before:
        await asyncio.sleep_ms(1)
    while True:
        await asyncio.sleep_ms(BEAT_MS // 10)
        for task, _, stream in poller.map.values():
            if id(stream) not in service.streams and task is not None:
                return task, stream


async def test_a_heartbeat_trip_makes_no_object():
    """The agent's tasks are driven by hand, in the place of asyncio, which makes objects itself."""
    agent, running, service = await joined()
    queue, poller = asyncio.core._task_queue, asyncio.core._io_queue
    reader, stream = await between_heartbeats(service, poller)
    poller.remove(reader)
    parking = Parking(reader)
    kept = asyncio.core.cur_task

    def turn(guard):
        """Run the next task until it waits again."""
        task = asyncio.core.cur_task = queue.pop()
        with guard:
            task.coro.send(None)

    def trip(guard):
        turn(guard)  # looks at the last reply, sends a heartbeat, sleeps
        service.answer()
        queue.push(parking.task)
        turn(guard)  # reads, compares, proves, waits

    asyncio.core._io_queue = parking
    try:
        while service.frames % MASKS:
            trip(Unlocked())
        trip(Unlocked())  # new masks
        for _ in range(MASKS - 1):
            trip(Locked())
        asyncio.core.cur_task = parking.task
        poller.queue_read(stream)
    finally:
        asyncio.core.cur_task, asyncio.core._io_queue = kept, poller
    assert agent.status.state == "online"
    await agent.stop()
    await running


def test_watching_the_tasks_makes_no_object():
    class Dog:
        fed = 0

        def feed(self):
            Dog.fed += 1

    watchdog = Watchdog(lambda timeout_ms: Dog(), None)
    watchdog.grace_ms = watchdog.step_ms = 0
    for name in ("light", "screen", "network"):
        watchdog.check_in(name, 60_000)
    sleeper = asyncio.core.Task(None, asyncio.core.__dict__)
    kept = asyncio.core.cur_task
    asyncio.core.cur_task = sleeper
    running = watchdog.run()
    try:
        running.send(None)
        for _ in range(10):
            asyncio.core._task_queue.remove(sleeper)
            with Locked() if Dog.fed else Unlocked():  # the first look makes the dog
                watchdog.check_in("light", 60_000)
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


def test_a_text_of_1000_bytes_makes_no_object():
    reader = FrameReader(4096)
    frame = b"\x81\x7e\x03\xe8" + b"x" * 1000
    for guard in (Unlocked(), Locked()):
        at = 0
        for count in (512, 492):
            room, piece = reader.room(), frame[at : at + count]
            room[:count] = piece
            at += count
            with guard:
                reader.received(count)
                assert reader.next() == TEXT and reader.next() == NONE
        assert reader.is_last
