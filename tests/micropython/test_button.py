"""The button: what is told, and when, in virtual time, with contacts that bounce."""

import asyncio

from tests import virtual_time

virtual_time.install()


class Flag:
    """Stands in for ThreadSafeFlag, which needs a real poller."""

    def __init__(self):
        self._event = asyncio.Event()

    def set(self):
        self._event.set()

    async def wait(self):
        await self._event.wait()
        self._event.clear()


asyncio.ThreadSafeFlag = Flag

from firmware.button import Button
from tests.virtual_time import Clock

BOUNCE = (1, 2, 4, 5, 7)  # ms after an edge at which the contact opens and closes again
SLACK_MS = 45  # three looks, 10 ms apart, and the bouncing


class Pin:
    """A button's pin, pulled up. looks: how often it was read."""

    IRQ_FALLING = 2
    IRQ_RISING = 1

    def __init__(self, level=1):
        self.level = level
        self.looks = 0
        self._handler = None

    def irq(self, handler, trigger):
        assert trigger == self.IRQ_FALLING | self.IRQ_RISING
        self._handler = handler

    def value(self):
        self.looks += 1
        return self.level

    def edge(self):
        self.level = 1 - self.level
        if self._handler:
            self._handler(self)


async def press(script, bounce=(), level=1):
    """Play (ms, …): the level changes after each. What was told: [(name, ms since the begin)]."""
    pin, told = Pin(level), []
    begun = Clock.now_ms

    def tell(name):
        return lambda: told.append((name, Clock.now_ms - begun))

    task = asyncio.create_task(Button(pin, tell("short"), tell("double"), tell("long")).run())
    await asyncio.sleep_ms(0)
    at = 0
    for ms in script:
        at += ms
        await asyncio.sleep_ms(begun + at - Clock.now_ms)
        pin.edge()
        for extra in bounce:
            await asyncio.sleep_ms(begun + at + extra - Clock.now_ms)
            pin.edge()
        if len(bounce) % 2:
            await asyncio.sleep_ms(2)
            pin.edge()
    await asyncio.sleep_ms(4000)
    looks = pin.looks
    await asyncio.sleep_ms(60_000)
    assert pin.looks == looks, "it looks while nothing happens"
    task.cancel()
    return told


async def check(script, *expected, level=1):
    """Each of the expected (name, ms) is told in time, whether the contacts bounce or not, and nothing else."""
    for bounce in ((), BOUNCE):
        told = await press(script, bounce, level)
        assert [name for name, _ in told] == [name for name, _ in expected], (script, bounce, told)
        for i in range(len(told)):
            assert 0 <= told[i][1] - expected[i][1] <= SLACK_MS, (script, bounce, told, expected)


async def test_short():
    await check((100, 80), ("short", 180 + 350))
    await check((100, 1400), ("short", 1500 + 350))
    await check((100, 40), ("short", 140 + 350))


async def test_double():
    await check((100, 80, 200, 80), ("double", 460))
    await check((100, 80, 300, 1400), ("double", 1880))
    await check((100, 80, 40, 80), ("double", 300))


async def test_two_that_are_apart_are_two():
    await check((100, 80, 420, 80), ("short", 180 + 350), ("short", 680 + 350))


async def test_a_third_one_is_a_press_of_its_own():
    await check((100, 80, 100, 80, 100, 80), ("double", 360), ("short", 540 + 350))
    await check((100, 80, 100, 80, 100, 80, 100, 80), ("double", 360), ("double", 720))


async def test_long_is_told_while_held_and_its_release_tells_nothing():
    await check((100, 5000), ("long", 1600))
    await check((100, 5000, 100, 80), ("long", 1600), ("short", 5280 + 350))
    await check((100, 1600, 200, 1600), ("long", 1600), ("long", 3400))


async def test_a_double_that_stays_down_is_a_long_one():
    await check((100, 80, 100, 3000), ("long", 280 + 1500))


async def test_a_button_that_is_held_for_days_costs_nothing():
    pin = Pin()
    task = asyncio.create_task(Button(pin, None, None, lambda: None).run())
    await asyncio.sleep_ms(100)
    pin.edge()
    await asyncio.sleep_ms(5000)
    looks = pin.looks
    await asyncio.sleep_ms(20 * 86_400_000)
    assert pin.looks == looks
    task.cancel()


async def test_held_at_the_start():
    await check((3000,), level=0)
    await check((3000, 200, 80), ("short", 3280 + 350), level=0)


async def test_a_spike_is_nothing():
    for ms in (1, 5, 9):
        assert await press((100, ms)) == []
        assert await press((100, ms, 50, ms, 300, ms)) == []


async def test_days_between_presses():
    """The ticks come round in between."""
    await check((6 * 86_400_000, 80), ("short", 6 * 86_400_000 + 80 + 350))
    await check((7 * 86_400_000, 1600), ("long", 7 * 86_400_000 + 1500))
