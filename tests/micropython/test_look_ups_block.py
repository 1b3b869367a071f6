"""Dead air on a chip: a look-up without an answer blocks the whole event loop for seconds.

The whole agent in virtual time, over the real transport.
"""

import asyncio
import random

from tests.simulation.device import World, sleep_s

# isort: split
from firmware.guard.watchdog import Watchdog
from tools.virtual_board.virtual_time import Clock

BLOCKS_MS = 7_300  # a name server, on an ESP32
LONGEST_MS = 21_900  # three of them


class Sockets:
    """In the network's dead air, look-ups block the event loop and find nothing.

    blocks_ms: for how long. look_ups: when each began.
    """

    def __init__(self, network, blocks_ms):
        self.network = network
        self.blocks_ms = blocks_ms
        self.look_ups = []
        network.on_look_up = self._note

    def _note(self):
        self.look_ups.append(Clock.now_ms)
        network = self.network
        network.has_name = not network.dead_air
        network.look_up_ms = self.blocks_ms if network.dead_air else 0


class Turns:
    """A task that runs whenever it can. longest_ms: from one turn to the next."""

    def __init__(self):
        self.longest_ms = 0
        self.blocked_ms = 0
        self._task = asyncio.create_task(self._run())

    async def _run(self):
        while True:
            begun_ms = Clock.now_ms
            await asyncio.sleep_ms(20)
            late_ms = Clock.now_ms - begun_ms - 20
            self.longest_ms = max(self.longest_ms, late_ms)
            self.blocked_ms += late_ms

    def end(self):
        self._task.cancel()


async def online(blocks_ms=BLOCKS_MS):
    world = World()
    sockets = Sockets(world.network, blocks_ms)
    await world.online()
    return world, sockets


async def test_over_the_real_transport_it_comes_online_with_one_look_up():
    world, sockets = await online()
    await sleep_s(4 * 3600)
    assert world.agent.status.state == "online" and len(sockets.look_ups) == 1
    await world.power_off()


async def test_a_dead_link_shows_within_30_s():
    """At every second of the heartbeat's round; and each observer of the status has seen it."""
    for phase_s in range(1, 15, 2):
        world, sockets = await online()
        await sleep_s(60 + phase_s)
        world.network.dead_air = True
        dead_ms = Clock.now_ms
        sockets.look_ups.clear()
        await sleep_s(60)
        shown = [row for row in world.shown if row[0] > dead_ms and not row[2]]
        assert shown and shown[0][0] - dead_ms <= 30_000, (phase_s, shown)
        assert sockets.look_ups and sockets.look_ups[0] > shown[0][0], (phase_s, shown)
        world.network.dead_air = False
        await world.until("online")
        await world.power_off()


async def test_a_link_that_was_reset_first_shows_within_30_s():
    """The connect that follows fails, and then a look-up blocks while the last proof grows old."""
    for blocks_ms in (BLOCKS_MS, LONGEST_MS):
        for seed in range(12):
            world, sockets = await online(blocks_ms)
            random.seed(seed)
            await sleep_s(60)
            world.network.dead_air = True
            world.network.reset()
            dead_ms = Clock.now_ms
            sockets.look_ups.clear()
            await sleep_s(60)
            shown = [row for row in world.shown if row[0] > dead_ms and not row[2]]
            assert shown and shown[0][0] - dead_ms <= 30_000, (blocks_ms, seed, shown)
            assert sockets.look_ups
            world.network.dead_air = False
            await world.until("online")
            await world.power_off()


async def test_an_hour_without_a_name_server():
    """Most of the time the button is read, and the light blinks."""
    world, sockets = await online()
    world.network.dead_air = True
    turns = Turns()
    sockets.look_ups.clear()
    await sleep_s(3600)
    share = turns.blocked_ms / 3_600_000
    assert share < 0.2 and len(sockets.look_ups) <= 100, (share, len(sockets.look_ups))
    assert turns.longest_ms <= BLOCKS_MS + 100, turns.longest_ms
    turns.end()
    world.network.dead_air = False
    begun_ms = Clock.now_ms
    await world.until("online")
    assert Clock.now_ms - begun_ms <= 95_000, Clock.now_ms - begun_ms
    await world.power_off()


async def test_the_watchdog_is_fed_between_two_look_ups():
    class Dog:
        def __init__(self):
            self.fed = []

        def feed(self):
            self.fed.append(Clock.now_ms)

    world, _ = await online(LONGEST_MS)
    dog = Dog()
    watchdog = Watchdog(lambda timeout_ms: dog, print)
    running = asyncio.create_task(watchdog.run())
    await sleep_s(120)
    world.network.dead_air = True
    await sleep_s(3600)
    gaps = [dog.fed[i] - dog.fed[i - 1] for i in range(1, len(dog.fed))]
    assert max(gaps) <= LONGEST_MS + watchdog.step_ms + 100, max(gaps)
    assert max(gaps) < watchdog.timeout_ms
    running.cancel()
    world.network.dead_air = False
    await world.until("online")
    await world.power_off()
