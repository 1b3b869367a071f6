"""The watchdog in virtual time: when it starts, and what starves it. The ticks wrap after 20 s."""

import asyncio

from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock

virtual_time.install()

from firmware import timestamps
from firmware.guard.watchdog import Watchdog

GRACE_MS = 60_000
TIMEOUT_MS = 60_000
STEP_MS = 4_000


class Dog:
    """Stands in for machine.WDT. fed: virtual ms of its start and of each feeding."""

    def __init__(self):
        self.begun_ms = Clock.now_ms
        self.fed = []
        self.timeout_ms = None

    def make(self, timeout_ms):
        assert self.timeout_ms is None, "started twice"
        self.timeout_ms = timeout_ms
        self.feed()
        return self

    def feed(self):
        self.fed.append(Clock.now_ms - self.begun_ms)


class Kennel:
    """A watchdog that runs, its dog, what it has noted and when it called the board healthy."""

    def __init__(self):
        timestamps.begin_beats(Clock.now_ms)
        self.dog = Dog()
        self.lines = []
        self.healthy = []
        self.watchdog = Watchdog(self.dog.make, self.lines.append, self.note_healthy)
        self.running = asyncio.create_task(self.watchdog.run())

    def note_healthy(self):
        self.healthy.append(Clock.now_ms - self.dog.begun_ms)

    def end(self):
        self.running.cancel()


def gaps(times):
    return [times[i] - times[i - 1] for i in range(1, len(times))]


async def beat(watchdog, name, each_ms, within_ms):
    while True:
        watchdog.check_in(name, within_ms)
        await asyncio.sleep_ms(each_ms)


async def test_it_starts_after_the_grace_and_is_fed_from_then_on():
    kennel = Kennel()
    beating = asyncio.create_task(beat(kennel.watchdog, "light", 1_000, 2_000))
    await asyncio.sleep_ms(GRACE_MS - 1)
    assert kennel.dog.timeout_ms is None
    await asyncio.sleep_ms(3600_000)
    assert kennel.dog.timeout_ms == TIMEOUT_MS
    fed = kennel.dog.fed
    assert fed[0] == fed[1] == GRACE_MS
    assert set(gaps(fed[1:])) == {STEP_MS} and len(fed) > 700 and not kennel.lines
    beating.cancel()
    kennel.end()


async def test_an_overdue_task_starves_it_until_it_is_back():
    kennel = Kennel()
    beating = asyncio.create_task(beat(kennel.watchdog, "light", 1_000, 2_000))
    other = asyncio.create_task(beat(kennel.watchdog, "screen", 20_000, 25_000))
    await asyncio.sleep_ms(100_500)
    assert kennel.dog.fed[-1] == 100_000 and kennel.watchdog.overdue() is None
    beating.cancel()  # due last at 101 s
    await asyncio.sleep_ms(40_000)
    assert kennel.dog.fed[-1] == 100_000
    assert kennel.watchdog.overdue() == "light" and kennel.lines == [
        "watchdog: the task light is overdue"
    ]
    beating = asyncio.create_task(beat(kennel.watchdog, "light", 1_000, 2_000))
    await asyncio.sleep_ms(5_000)
    assert kennel.dog.fed[-1] == 144_000
    beating.cancel()
    await asyncio.sleep_ms(TIMEOUT_MS * 2)
    assert kennel.dog.fed[-1] == 144_000 and len(kennel.lines) == 2, (
        kennel.dog.fed[-3:],
        kennel.lines,
    )
    other.cancel()
    kennel.end()


async def test_due_to_the_millisecond():
    watchdog = Watchdog(None, None)
    watchdog.check_in("light", 2_000)
    await asyncio.sleep_ms(2_000)
    assert watchdog.overdue() is None
    await asyncio.sleep_ms(1)
    assert watchdog.overdue() == "light"
    watchdog.check_in("light", 0)
    assert watchdog.overdue() is None


async def test_a_task_that_hangs_in_the_grace_window_is_punished_after_it():
    kennel = Kennel()
    kennel.watchdog.check_in("light", 10_000)
    await asyncio.sleep_ms(600_000)
    assert kennel.dog.timeout_ms == TIMEOUT_MS and kennel.dog.fed == [GRACE_MS]
    assert not kennel.healthy
    kennel.end()


async def test_a_blocked_loop_starves_it():
    kennel = Kennel()
    await asyncio.sleep_ms(100_000)
    Clock.now_ms += 50_000  # a look-up that holds the loop: not long enough
    await asyncio.sleep_ms(10_000)
    fed = kennel.dog.fed
    assert 50_000 <= max(gaps(fed)) < TIMEOUT_MS, gaps(fed)
    kennel.end()


async def test_two_minutes_with_nothing_overdue_are_health_and_are_told_once():
    kennel = Kennel()
    await asyncio.sleep_ms(3600_000)
    assert kennel.healthy == [120_000]
    kennel.end()
    kennel = Kennel()
    await asyncio.sleep_ms(80_500)
    kennel.watchdog.check_in("light", 1_000)
    await asyncio.sleep_ms(10_000)  # overdue
    kennel.watchdog.check_in("light", 4_000_000)
    await asyncio.sleep_ms(3600_000)
    assert kennel.healthy == [88_000 + 120_000], kennel.healthy
    kennel.end()


async def test_without_a_dog_and_without_anybody_to_tell():
    watchdog = Watchdog(None, None)
    running = asyncio.create_task(watchdog.run())
    await asyncio.sleep_ms(600_000)
    assert not running.done()
    running.cancel()
