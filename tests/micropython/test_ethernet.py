"""Ethernet in virtual time: the cable, the address, and a driver that fails."""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware.network.ethernet import Ethernet
from firmware.strings import REASONS

ETH_CONNECTED, ETH_DISCONNECTED, ETH_GOT_IP = 3, 4, 5


class Lan:
    """network.LAN as on an ESP32. switched: what active() was told. broken: each call raises."""

    def __init__(self):
        self.switched = []
        self.code = ETH_DISCONNECTED
        self.broken = False

    def _work(self):
        if self.broken:
            raise OSError("ethernet enable failed")

    def active(self, on):
        self._work()
        self.switched.append(on)

    def isconnected(self):
        self._work()
        return self.code == ETH_GOT_IP

    def status(self):
        self._work()
        return self.code


async def test_ethernet():
    lan = Lan()
    changes = []
    network = Ethernet(lan)
    network.on_change = lambda: changes.append((network.is_up(), network.reason))
    assert not network.is_up() and network.reason is None
    asyncio.create_task(network.run())
    await asyncio.sleep(1)
    assert lan.switched == [False, True] and changes == [(False, "no_cable")]
    lan.code = ETH_CONNECTED
    await asyncio.sleep(18)
    assert changes == [(False, "no_cable")]
    await asyncio.sleep(4)
    assert changes[1:] == [(False, "no_address")]
    lan.code = ETH_GOT_IP
    await asyncio.sleep_ms(1100)
    assert changes[2:] == [(True, None)] and network.is_up()
    lan.code = ETH_DISCONNECTED
    await asyncio.sleep_ms(1100)
    lan.code = ETH_GOT_IP
    await asyncio.sleep_ms(1100)
    assert changes[3:] == [(False, "no_cable"), (True, None)]
    await network.restart()
    assert not network.is_up() or lan.switched == [False, True, False, True]
    await asyncio.sleep(2)
    assert network.is_up() and lan.switched == [False, True, False, True]
    lan.broken = True
    await asyncio.sleep(3)
    assert not network.is_up() and network.reason == "no_cable"
    lan.broken = False
    await asyncio.sleep(2)
    assert network.is_up() and lan.switched[4:] == [False, True]
    assert {reason for _, reason in changes if reason} <= set(REASONS)


async def test_memory_that_runs_out():
    """For whoever is told: Ethernet goes on."""

    def short():
        raise MemoryError

    lan = Lan()
    network = Ethernet(lan, short)
    task = asyncio.create_task(network.run())
    lan.code = ETH_GOT_IP
    await asyncio.sleep(5)
    assert network.is_up() and not task.done() and lan.switched == [False, True]
