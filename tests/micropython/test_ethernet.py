"""Ethernet in virtual time: the cable, the address, and a driver that fails."""

import asyncio
import sys

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware.network.ethernet import Ethernet
from firmware.strings import REASONS

ETH_STARTED, ETH_CONNECTED, ETH_DISCONNECTED, ETH_GOT_IP = 1, 3, 4, 5


class Lan:
    """network.LAN as on an ESP32. switched: what active() was told. broken: each call raises.

    looks: how often it was asked for its address.
    """

    def __init__(self):
        self.address = "192.168.4.2"
        self.looks = 0
        self.switched = []
        self.code = ETH_DISCONNECTED
        self.broken = False
        self.static = []

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

    def ifconfig(self, config):
        self._work()
        assert self.switched[-1:] == [True]
        self.static.append(config)

    def ipconfig(self, param):
        self._work()
        assert param == "addr4"
        self.looks += 1
        return self.address, "255.255.255.0"


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
    """For the observer: Ethernet goes on."""

    def short():
        raise MemoryError

    lan = Lan()
    network = Ethernet(lan, short)
    task = asyncio.create_task(network.run())
    lan.code = ETH_GOT_IP
    await asyncio.sleep(5)
    assert network.is_up() and not task.done() and lan.switched == [False, True]


async def test_a_fixed_address():
    """The driver is told each time that it is switched on; without one it is asked for nothing."""
    values = {"ethernet.address": "10.1.2.3/20", "ethernet.gateway": "10.1.0.1"}
    values["ethernet.dns"] = "9.9.9.9"
    lan = Lan()
    network = Ethernet.from_config(values, lan)
    asyncio.create_task(network.run())
    lan.code = ETH_GOT_IP
    await asyncio.sleep(1)
    assert network.is_up()
    assert lan.static == [("10.1.2.3", "255.255.240.0", "10.1.0.1", "9.9.9.9")]
    assert "firmware.network.static_address" not in sys.modules
    await network.restart()
    await asyncio.sleep(2)
    assert network.is_up() and len(lan.static) == 2
    values["ethernet.address"] = None
    other = Lan()
    asyncio.create_task(Ethernet.from_config(values, other).run())
    await asyncio.sleep(2)
    assert other.static == [] and other.switched == [False, True]


def connected():
    """(driver, Ethernet, its changes), with a cable and an address."""
    lan = Lan()
    lan.code = ETH_GOT_IP
    changes = []
    ethernet = Ethernet(lan)
    ethernet.on_change = lambda: changes.append((ethernet.is_up(), ethernet.reason))
    asyncio.create_task(ethernet.run())
    return lan, ethernet, changes


async def test_a_lease_that_ends():
    """isconnected() stays True: `no_address` after 20 s, and the driver begins again, once."""
    lan, ethernet, changes = connected()
    for age_s in (1, 60, 3600):
        await asyncio.sleep(age_s)
        assert ethernet.is_up()
        lan.address = "0.0.0.0"
        await asyncio.sleep(19)
        assert ethernet.is_up()
        await asyncio.sleep(6)
        assert not ethernet.is_up() and ethernet.reason == "no_address"
        lan.address = "192.168.4.2"
        await asyncio.sleep(3)
    assert lan.switched == [False, True] * 4 and changes == [
        (True, None),
        (False, "no_address"),
    ] * 3 + [(True, None)]


async def test_a_driver_that_begins_again_does_not_say_that_the_cable_is_gone():
    lan, ethernet, changes = connected()
    await asyncio.sleep(1)
    lan.address = "0.0.0.0"
    while ethernet.is_up():
        await asyncio.sleep(1)
    lan.code = ETH_STARTED
    await asyncio.sleep(3)
    lan.code = ETH_CONNECTED
    await asyncio.sleep(3600)
    assert changes == [(True, None), (False, "no_address")] and lan.switched == [False, True] * 2
    lan.code = ETH_STARTED
    await asyncio.sleep(2)
    assert ethernet.reason == "no_cable"


async def test_no_cable_from_the_start():
    """The driver says only that it has started."""
    lan = Lan()
    lan.code = ETH_STARTED
    ethernet = Ethernet(lan)
    asyncio.create_task(ethernet.run())
    await asyncio.sleep(4)
    assert ethernet.reason is None
    await asyncio.sleep(2)
    assert ethernet.reason == "no_cable"


async def test_a_lease_that_is_renewed_late():
    lan, _, changes = connected()
    await asyncio.sleep(1)
    for _ in range(10):
        lan.address = "0.0.0.0"
        await asyncio.sleep(17)
        lan.address = "192.168.4.2"
        await asyncio.sleep(30)
    assert changes == [(True, None)] and lan.switched == [False, True]


async def test_looks_at_the_address_are_rare():
    """Because each allocates. If there is no memory for one, the connection is kept."""
    lan, ethernet, changes = connected()
    await asyncio.sleep(3600)
    assert 600 <= lan.looks <= 721

    def short(param):
        raise MemoryError

    lan.ipconfig = short
    await asyncio.sleep(3600)
    assert changes == [(True, None)] and ethernet.is_up()
