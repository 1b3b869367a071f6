"""A board in virtual time whose Wi-Fi is the virtual board's. Import it before the firmware."""

import asyncio
import asyncio.core
import sys

from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock

virtual_time.install(board=True)
time = sys.modules["time"]


class Counts:
    """wakes: how often the loop went to sleep. blocked_ms: how long it was blocked."""

    wakes = 0
    blocked_ms = 0


def _blocking(ms):
    Counts.blocked_ms += ms
    _sleep_ms(ms)


def _counting(dt):
    Counts.wakes += dt > 0
    _wait(dt)


_sleep_ms = time.sleep_ms
time.sleep_ms = _blocking
_poller = asyncio.core._io_queue
_wait = _poller.wait_io_event
_poller.wait_io_event = _counting

import network as network
import ntptime as ntptime
from chips import wifi as chip
from virtual import events, orders
from virtual import rtc as rtc

from firmware.network import clock as clock
from firmware.network import wifi as wifi

_seen: list = []  # the Wi-Fi's events
events.listen(lambda event: event["kind"] == "wifi" and _seen.append(event))
chip.air.access_points.clear()


def order(action, **fields):
    """Do something to the air or the driver: see chips/wifi.py."""
    orders.obey("wifi", action=action, **fields)


def seen(event):
    """How often the model said so."""
    return len([one for one in _seen if one["event"] == event])


def forget_seen():
    """Count from 0."""
    _seen.clear()


class Device:
    """Wi-Fi under test. log: its lines.

    changes: (seconds since power-on, is it up, reason) at each call of on_change.
    shortages: how many of the next calls of log and on_change raise MemoryError.
    """

    def __init__(self, networks=(), **others):
        self.changes = []
        self.log = []
        self.shortages = 0
        self.wifi = wifi.Wifi(networks, on_change=self._changed, log=self._logged, **others)
        self.task = asyncio.create_task(self.wifi.run())

    def _logged(self, line):
        self._run_short()
        self.log.append(line)

    def _run_short(self):
        if self.shortages:
            self.shortages -= 1
            raise MemoryError

    def _changed(self):
        self._run_short()
        self.changes.append((Clock.now_ms // 1000, self.wifi.is_up(), self.wifi.reason))

    async def end(self):
        """Its power is cut, and its radio is off."""
        self.task.cancel()
        await asyncio.sleep_ms(0)
        chip.station.start(False)

    async def until(self, test, within_s):
        """Wait until it holds; how many milliseconds that took. Fails after within_s."""
        begun_ms = Clock.now_ms
        while not test():
            assert Clock.now_ms - begun_ms <= within_s * 1000, (self.changes[-5:], self.log[-5:])
            await asyncio.sleep_ms(100)
        return Clock.now_ms - begun_ms

    async def up(self, within_s=30):
        """Wait for a connection; how many milliseconds that took."""
        return await self.until(self.wifi.is_up, within_s)

    async def fails(self, reason, within_s=60):
        """Wait until it is down for this reason; how many milliseconds that took."""
        return await self.until(
            lambda: not self.wifi.is_up() and self.wifi.reason == reason, within_s
        )
