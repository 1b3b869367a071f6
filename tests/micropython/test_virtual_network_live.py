"""The virtual board's network and time in real time: what `VirtualBoard` runs on."""

import asyncio
import time as host_time

from tools.virtual_board import module_path

module_path.install()

import time

import machine
import network
from virtual import orders

from firmware.network.clock import Clock
from firmware.network.wifi import Wifi

HOST_NOW_S = host_time.time()


class NoStorage:
    def load(self, name):
        return None


async def test_wifi_and_clock():
    """The default air has one access point; the default time server knows the host's time, and sets the board's."""
    assert time.gmtime()[0] == 2000
    changes = []
    wifi = Wifi(
        {"ssid": "Stage 5", "password": "pilotlight"}, on_change=lambda: changes.append(wifi.reason)
    )
    asyncio.create_task(wifi.run())
    for _ in range(100):
        if wifi.is_up():
            break
        await asyncio.sleep_ms(50)
    assert wifi.is_up() and network.WLAN().isconnected() and changes == [None]
    clock = Clock(None, NoStorage())
    assert clock.now_s() is None and await clock.ensure_set()
    assert abs(clock.now_s() - HOST_NOW_S) < 60 and machine.RTC().datetime()[0] >= 2025
    orders.obey("wifi", action="drop", reason=4)
    for _ in range(100):
        if changes[1:]:
            break
        await asyncio.sleep_ms(50)
    assert changes[1:] == ["wifi_lost"]
