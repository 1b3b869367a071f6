"""Deadline in virtual time: when it ends what waits on a stream, to the millisecond."""

import asyncio

from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock, Waiter

virtual_time.install()

from pilotlight.net import transport as module
from pilotlight.net.deadline import Deadline, TimedEvent
from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import LinkClosed, Unreachable
from tests.support.expect import raises


class Times:
    stall_ms = 300
    total_ms = 1_000
    tls_total_ms = 3_000


class Sockets:
    """Stands in for the `socket` module, and is its one socket: connected at once.

    left: how many bytes can be read.
    """

    SOCK_STREAM = 1

    def __init__(self):
        self.left = 0
        self.closed = False
        self.reader, self.writer = Waiter(), Waiter()

    def getaddrinfo(self, host, port, *_):
        return [(2, 1, 6, None, (host, port))]

    def socket(self, *_):
        return self

    def connect(self, address):
        pass

    def setblocking(self, blocking):
        pass

    def setsockopt(self, *_):
        pass

    def is_readable(self):
        return self.left > 0

    def is_writable(self):
        return True

    def readinto(self, buffer):
        count = min(self.left, len(buffer))
        self.left -= count
        return count or None

    def close(self):
        self.closed = True

    async def dribble(self, each_ms):
        """A byte comes, again and again."""
        while not self.closed:
            await asyncio.sleep_ms(each_ms)
            self.left += 1
            self.reader.wake()


async def opened():
    """A Sockets, and a stream over it that is open."""
    sockets = Sockets()
    module.socket = sockets
    stream = Endpoint("host", 9).open()
    await stream.open()
    return sockets, stream


async def reads(stream, begun_ms, total_ms=0):
    """Read under a Deadline until it ends; (bytes that came, after how many ms it ended)."""
    count = 0
    with raises(Unreachable) as caught:
        with Deadline(stream, "reading", Times, total_ms):
            while True:
                count += await stream.read(bytearray(10))
    assert caught.error.reason == "timeout" and "while reading" in str(caught.error)
    return count, Clock.now_ms - begun_ms


async def test_silence_ends_at_the_stall_s_deadline():
    sockets, stream = await opened()
    assert await reads(stream, Clock.now_ms) == (0, 300)
    assert sockets.closed


async def test_dribble_ends_at_the_total_deadline():
    """The stall's deadline alone would let it go on for ever."""
    for is_tls, total_ms, ends_ms in ((False, 0, 1_000), (True, 0, 3_000), (False, 1_500, 1_500)):
        sockets, stream = await opened()
        stream.is_tls = is_tls
        task = asyncio.create_task(sockets.dribble(20))
        assert await reads(stream, Clock.now_ms, total_ms) == (ends_ms // 20 - 1, ends_ms)
        await task


async def test_without_times_silence_may_last_until_the_total_deadline():
    sockets, stream = await opened()
    begun_ms = Clock.now_ms
    with raises(Unreachable):
        with Deadline(stream, "closing", None, 2_000):
            await stream.read(bytearray(10))
    assert Clock.now_ms - begun_ms == 2_000 and sockets.closed


async def test_a_pause_shorter_than_the_stall_s_deadline_is_none():
    for each_ms, ends_ms in ((299, 1_000), (301, 300)):
        sockets, stream = await opened()
        task = asyncio.create_task(sockets.dribble(each_ms))
        assert (await reads(stream, Clock.now_ms))[1] == ends_ms
        await task


async def test_what_came_while_the_loop_was_blocked_is_read_first():
    """The block has another second after each such time, and no more."""
    sockets, stream = await opened()
    begun_ms = Clock.now_ms

    async def block():
        await asyncio.sleep_ms(100)
        Clock.now_ms += 2_000
        sockets.left += 5
        sockets.reader.wake()

    asyncio.create_task(block())
    buffer = bytearray(10)
    with Deadline(stream, "reading", Times, 60_000):
        assert await stream.read(buffer) == 5
    assert Clock.now_ms - begun_ms == 2_100
    asyncio.create_task(block())
    begun_ms = Clock.now_ms
    assert await reads(stream, begun_ms, 60_000) == (5, 3_100)
    sockets, stream = await opened()

    async def blocks_only():
        await asyncio.sleep_ms(100)
        Clock.now_ms += 2_000

    asyncio.create_task(blocks_only())
    assert await reads(stream, Clock.now_ms) == (0, 3_100)


async def test_in_time_it_does_nothing():
    _, stream = await opened()
    with Deadline(stream, "waiting", Times):
        await asyncio.sleep_ms(299)
    await asyncio.sleep_ms(10_000)
    assert not stream.closed
    with raises(LinkClosed):  # what else ends it in time goes on
        with Deadline(stream, "waiting", Times):
            raise LinkClosed(1006, "closed")
    stream.close()


async def test_what_ends_after_the_deadline_has_closed_the_stream_is_a_timeout_too():
    _, stream = await opened()
    with raises(Unreachable) as caught:
        with Deadline(stream, "waiting", Times):
            await asyncio.sleep_ms(301)
    assert caught.error.reason == "timeout" and stream.closed


async def test_an_event_wakes_all_who_wait_until_then():
    event = TimedEvent()
    begun_ms = Clock.now_ms
    told = []

    async def wait(wait_ms):
        told.append((wait_ms, await event.wait(wait_ms), Clock.now_ms - begun_ms))

    tasks = [asyncio.create_task(wait(wait_ms)) for wait_ms in (300, 100, 200, 400)]
    await asyncio.sleep_ms(150)
    tasks[3].cancel()
    event.set()
    event.set()
    event.clear()
    await asyncio.sleep_ms(1_000)
    assert sorted(told) == [(100, False, 100), (200, True, 150), (300, True, 150)], told
    event.set()
    assert await event.wait(100) and Clock.now_ms - begun_ms == 1_150
    event.clear()
    assert not await event.wait(100) and Clock.now_ms - begun_ms == 1_250


async def test_an_event_that_is_set_as_the_wait_ends():
    """Whichever is first, the task that waits goes on once."""
    event = TimedEvent()
    for late_ms in (-1, 0, 1):
        begun_ms = Clock.now_ms
        task = asyncio.create_task(event.wait(100))
        await asyncio.sleep_ms(100 + late_ms)
        event.set()
        event.clear()
        was_set = await task
        assert was_set or late_ms >= 0
        assert Clock.now_ms - begun_ms == 100 + late_ms
        await asyncio.sleep_ms(500)
