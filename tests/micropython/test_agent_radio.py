"""The agent on Wi-Fi and a cold clock, in virtual time.

What the user sees, and that nothing is sent before the time is known.
"""

import asyncio

from tests.simulation.device import World, sleep_s
from tests.support.radio import clock, ntptime, order, orders, rtc, seen, wifi
from tools.virtual_board.virtual_time import Clock

SECRET = "s3cret-passw0rd"
HOME = {"ssid": "Stage 5", "password": SECRET}


class Board:
    """What an Agent wants, made of Wifi and Clock as a board would."""

    def __init__(self, networks, build_s=0):
        self.records = {}
        self.log = []
        self.wifi = wifi.Wifi(networks, log=self.log.append)
        self.clock = clock.Clock("ntp.one", self, build_s, self.log.append)
        self.is_up, self.restart = self.wifi.is_up, self.wifi.restart
        self.now_s, self.ensure_set = self.clock.now_s, self.clock.ensure_set

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        self.records[name] = record


def power_on(networks=HOME):
    """A world whose device is on such a board."""
    rtc.set_us(0)
    world = World()
    world.host = world.storage = board = Board(networks)
    world.power_on()

    def changed():  # as firmware/app.py
        board.clock.network_changed()
        world.agent.network_changed()

    board.wifi.on_change = changed
    asyncio.create_task(board.wifi.run())
    asyncio.create_task(board.clock.run(world.agent.status))
    return world, board


async def test_from_a_cold_start_to_online():
    """No network, no time, online; then the access point goes and comes back."""
    orders.obey("ntp", action="silence")
    world, board = power_on()
    await world.until("no_network")
    assert board.wifi.reason in (None, "wifi_not_found")
    await sleep_s(60)
    order("add", **HOME)
    await world.until("no_backend", 30_000)
    await sleep_s(600)
    assert (world.agent.status.state, world.agent.status.reason) == ("no_backend", "clock")
    assert (
        not world.frameio.times("upgrade")
        and not world.frameio.times("identity")
        and not world.frameio.times("health")
    )
    orders.obey("ntp", action="answer")
    # NTP is asked every 2 min while no answer comes, when the session's backoff is over.
    assert await world.until("online", 190_000) > 0
    assert 0 <= ntptime.true_s() - board.now_s() <= 1  # NTP's whole seconds begin when they are set
    await sleep_s(1)
    assert 1 <= ntptime.true_s() - board.records["clock"]["good_s"] <= 2

    order("remove", ssid="Stage 5")
    world.network.dead_air = True
    assert await world.until("no_network", 12_000) <= 11_100
    await sleep_s(600)
    world.network.dead_air = False
    order("add", **HOME)
    assert await world.until("online", 40_000) > 0
    assert SECRET not in str(board.log) + str(world.log)


async def test_what_the_driver_does_not_see():
    """Dead air: the heartbeat tells within 30 s. `network_up` stays True, and it comes back."""
    order("add", **HOME)
    world, board = power_on()
    await world.until("online", 30_000)
    await sleep_s(100)
    order("dead_air")
    world.network.dead_air = True
    assert await world.until("no_backend", 31_000) <= 30_000
    assert board.is_up()
    order("dead_air", on=False)
    world.network.dead_air = False
    assert await world.until("online", 90_000) <= 85_000
    assert seen("off") == 0


async def test_restart_as_recovery_does():
    order("add", **HOME)
    world, board = power_on()
    await world.until("online", 30_000)
    begun_ms = Clock.now_ms
    await board.restart()
    assert world.agent.status.state == "no_network"
    await world.until("online", 30_000)
    assert Clock.now_ms - begun_ms <= 15_000 and seen("off") == 1
