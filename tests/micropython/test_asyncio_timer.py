"""A light without a machine.Timer: an asyncio task, in virtual time."""

import asyncio

import micropython

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware.indication import PATTERNS
from firmware.light.asyncio_timer import AsyncioTimer
from firmware.light.status_light import StatusLight
from tests.support.recorded_light import Lamp, Timer, pass_time
from tools.virtual_board.virtual_time import Clock

BLUE = (0, 0, 255)


async def test_the_same_light_as_by_a_timer():
    for pattern in sorted(PATTERNS):
        lamps = []
        for timer in (Timer(), None):
            lamp, begun = Lamp(), Clock.now_ms
            lamps.append(lamp)
            light = StatusLight(lamp, timer)
            light.show(pattern, BLUE)
            if timer:
                pass_time(timer, 10_270)
            else:
                await asyncio.sleep_ms(10_270)
            light.show("off", BLUE)  # and ends the task
            lamp.shown = [(row[0] - begun, row[3]) for row in lamp.shown]
        assert lamps[0].shown == lamps[1].shown, (pattern, lamps[0].shown, lamps[1].shown)


async def test_a_change_interrupts_the_wait():
    lamp, begun = Lamp(), Clock.now_ms
    light = StatusLight(lamp)
    light.show("wink", BLUE)
    await asyncio.sleep_ms(100)
    light.show("fast", BLUE)
    await asyncio.sleep_ms(650)
    light.show("solid", BLUE)
    await asyncio.sleep_ms(5000)
    assert [row[0] - begun for row in lamp.shown] == [0, 300, 500, 700, 834]


async def test_steady_patterns_have_no_task():
    light = StatusLight(Lamp())
    for pattern in ("off", "fast", "solid", "slow", "off"):
        light.show(pattern, BLUE)
        await asyncio.sleep_ms(500)
    before = len_of_queue()
    await asyncio.sleep_ms(5000)
    assert before == len_of_queue() == 0


def len_of_queue():
    """How many tasks wait; only to be asked by the one that runs."""
    return 1 if asyncio.core._task_queue.peek() else 0


async def test_running_makes_no_object():
    class Quiet:
        fades = True

        def show(self, red, green, blue):
            pass

    timer = AsyncioTimer()
    light = StatusLight(Quiet(), timer)
    light.show("slow", BLUE)
    poller = asyncio.core._io_queue
    wait, waits = poller.wait_io_event, []

    def unlocked(dt):
        """The heap is locked all the time, except while the virtual time passes."""
        micropython.heap_unlock()
        wait(dt)
        waits.append(dt)
        micropython.heap_lock()

    poller.wait_io_event = unlocked
    micropython.heap_lock()
    await asyncio.sleep_ms(60_000)
    micropython.heap_unlock()
    poller.wait_io_event = wait
    assert len(waits) > 700 and light.brightness == 100


async def test_arming_from_outside_replaces_what_was_armed():
    timer, calls = AsyncioTimer(), []

    def call(given):
        assert given is timer
        calls.append(Clock.now_ms - begun)
        if len(calls) == 1:
            timer.init(mode=timer.ONE_SHOT, period=50, callback=call)

    begun = Clock.now_ms
    timer.init(mode=timer.ONE_SHOT, period=1000, callback=call)
    timer.init(mode=timer.ONE_SHOT, period=200, callback=call)
    await asyncio.sleep_ms(100)
    timer.init(mode=timer.ONE_SHOT, period=20, callback=call)
    await asyncio.sleep_ms(2000)
    assert calls == [120, 170]
    timer.init(mode=timer.ONE_SHOT, period=20, callback=call)
    timer.deinit()
    await asyncio.sleep_ms(100)
    assert len(calls) == 2

    def arm_and_end(given):
        given.init(mode=given.ONE_SHOT, period=50, callback=call)
        given.deinit()

    timer.init(mode=timer.ONE_SHOT, period=20, callback=arm_and_end)
    await asyncio.sleep_ms(100)
    timer.init(mode=timer.ONE_SHOT, period=20, callback=call)
    await asyncio.sleep_ms(100)
    assert len(calls) == 3
