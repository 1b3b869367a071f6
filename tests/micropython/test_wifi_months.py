"""Wi-Fi in virtual time: a driver that fails, long troubles, and what they cost."""

import asyncio
import gc
import random

import micropython

from tests.support.extent import WHOLE
from tests.support.radio import Clock, Counts, Device, chip, forget_seen, order, seen

SECRET = "s3cret-passw0rd"
HOME = {"ssid": "Stage 5", "password": SECRET}
AWAY = {"ssid": "Truck", "password": SECRET}
DAY_S = 24 * 3600
HOURS_S = 2 * 3600


def air(*ssids):
    for ssid in ssids:
        order("add", ssid=ssid, password=SECRET)


async def test_a_wedged_driver():
    """Each call raises until it is switched off and on: which is done, whenever it happens."""
    air("Stage 5")
    device = Device(HOME)
    for wait_ms in (0, 500, 1_000, 1_500, 2_000, 40_000):
        await asyncio.sleep_ms(wait_ms)
        order("wedge")
        await device.until(lambda: not chip.station.wedged, 20)
        await device.up()
        assert not chip.station.wedged and not device.wifi.wedged


async def test_a_driver_that_wedges_again_and_again():
    """No exception reaches the top, nothing spins, and it comes back when the driver does."""
    air("Stage 5", "Truck")
    device = Device([HOME, AWAY])
    end_ms = Clock.now_ms + 3600_000
    wakes = Counts.wakes
    while Clock.now_ms < end_ms:
        order("wedge")
        await asyncio.sleep_ms(random.randrange(1_000))
    assert Counts.wakes - wakes <= 3600 * 25, Counts.wakes - wakes
    assert not device.task.done() and device.wifi.wedged
    await device.up(40)
    assert not device.wifi.wedged
    chip.air.access_points.clear()
    await device.fails("wifi_not_found")
    assert not device.wifi.wedged  # the driver is not to blame


async def test_a_driver_that_is_stuck():
    """No attempt ends and nothing raises: after some rounds it is switched off and on."""
    air("Stage 5")
    device = Device(HOME)
    await device.up()
    order("stick")
    order("drop")
    await device.fails("wifi_failed")
    assert await device.up(180) > 40_000
    assert seen("off") == 1


async def test_a_day_of_flapping():
    """24 hours in which nothing lasts: it is always back in time, and the heap does not grow.

    Without WHOLE eight hours.
    """
    hours = 24 if WHOLE else 8
    air("Stage 5", "Truck")
    device = Device([HOME, AWAY])
    random.seed(5)
    times = early = late = 0
    end_ms = Clock.now_ms + hours * 3600_000
    while Clock.now_ms < end_ms:
        await device.up(40)
        await asyncio.sleep(random.randrange(90))
        if random.randrange(3):
            order("drop", reason=random.choice((2, 4, 8, 200)))
        else:
            gone = list(chip.air.access_points)
            chip.air.access_points.clear()
            await asyncio.sleep(random.randrange(60))
            chip.air.access_points.extend(gone)
        device.changes.clear()
        device.log.clear()
        forget_seen()
        gc.collect()
        times += 1
        if times <= 50:
            early = max(early, gc.mem_alloc())
        late = gc.mem_alloc()
    assert times > 20 * hours and late <= early, (times, early, late)


async def test_memory_that_runs_out():
    """For a line of log, or for the observer: Wi-Fi goes on."""
    air("Stage 5")
    device = Device(HOME)
    device.shortages = 2
    await device.up(60)
    await asyncio.sleep(60)
    assert not device.shortages and device.wifi.is_up() and not device.task.done()


async def test_no_busy_waiting():
    """Connected: one poll a second. Not found: ten a second, but only while the driver tries."""
    air("Stage 5")
    device = Device(HOME)
    await device.up()
    begun_ms, wakes, calls = Clock.now_ms, Counts.wakes, chip.station.calls
    await asyncio.sleep(HOURS_S)
    assert (Clock.now_ms - begun_ms) // 1000 == HOURS_S
    assert Counts.wakes - wakes <= HOURS_S + 2 and chip.station.calls - calls <= HOURS_S + 2
    chip.air.access_points.clear()
    await device.fails("wifi_not_found")
    wakes, tries = Counts.wakes, seen("connecting")
    await asyncio.sleep(HOURS_S)
    assert Counts.wakes - wakes <= HOURS_S * 8, Counts.wakes - wakes
    assert HOURS_S // 20 <= seen("connecting") - tries <= HOURS_S // 13, seen("connecting") - tries
    assert len(device.log) < 5, device.log


async def test_a_wrong_password_is_known_at_once_each_time():
    """The same status again is a new failure, as it went away in between, and ends its attempt."""
    order("add", ssid="Stage 5", password="another passw0rd")
    device = Device(HOME)
    await device.fails("wifi_password")
    tries = seen("connecting")
    await asyncio.sleep(3600)
    assert 265 <= seen("connecting") - tries <= 330, seen("connecting") - tries


async def test_connected_allocates_nothing():
    """The heap is locked over a minute of looks, but while the virtual time passes."""
    air("Stage 5")
    device = Device(HOME)
    await device.up()
    await asyncio.sleep(20)
    poller = asyncio.core._io_queue
    wait = poller.wait_io_event

    def unlocked(dt):
        micropython.heap_unlock()
        wait(dt)
        micropython.heap_lock()

    poller.wait_io_event = unlocked
    calls = chip.station.calls
    micropython.heap_lock()
    await asyncio.sleep(60)
    micropython.heap_unlock()
    assert chip.station.calls - calls >= 14 and device.wifi.is_up() and not device.task.done()


async def test_scans_are_rare():
    """A scan blocks the loop, so two missing networks cost at most a fifth of the time."""
    device = Device([HOME, AWAY])
    await device.fails("wifi_not_found")
    Counts.blocked_ms = 0
    await asyncio.sleep(3600)
    assert Counts.blocked_ms <= 3600_000 // 5, Counts.blocked_ms
