"""Recovery in virtual time.

A wedged device gets its network restarted, then its reset. Another one does not.
"""

import asyncio

from tests.simulation.device import LATENCY_MS, Host, World, gaps, sleep_s
from tools.virtual_board.virtual_time import Clock

MINUTE_MS = 60_000
HOUR_S = 3600
# A proof is good for 29 s, and what follows is looked at every 20 s.
LATE_MS = 29_000 + 20_000
DOWN_MS = 3_000


class Driver(Host):
    """A network with `restart`.

    mends: a restart makes a wedged driver well. hangs, fails: what a restart does instead.
    restarts: virtual ms of each.
    """

    def __init__(self, world):
        super().__init__()
        self._world = world
        self.restarts = []
        self.mends = self.hangs = self.fails = False

    async def restart(self):
        self.restarts.append(Clock.now_ms)
        if self.fails:
            raise OSError(5)
        if self.hangs:
            await asyncio.Event().wait()
        self.up = False
        await asyncio.sleep_ms(DOWN_MS)
        self.up = True
        if self.mends:
            self._world.network.dead_air = False


class Board:
    """A board with an embedding application.

    resets: virtual ms of each reset that was asked for. refuses: the application says no.
    """

    def __init__(self, world):
        self.resets = []
        self.refuses = False
        self.asked = asyncio.Event()
        self.powered_ms = Clock.now_ms
        world.reset = self.reset

    def reset(self):
        self.resets.append(Clock.now_ms)
        self.asked.set()
        return not self.refuses


def begin_outage(world):
    """Frame.io does not answer; a proxy's word is no answer."""
    world.frameio.answers = False
    world.frameio.forbids = True
    world.frameio.close_sockets(1011)


def end_outage(world):
    world.frameio.answers = True
    world.frameio.forbids = False


async def online(pairs=False):
    """A world whose device has been online for two hours, its driver and its board."""
    world = World(pairs=pairs)
    world.host = Driver(world)
    world.storage = world.host
    board = Board(world)
    world.power_on()
    if pairs:
        await world.pair()
    await world.until("online")
    await sleep_s(2 * HOUR_S + 5)
    assert not world.host.restarts and not board.resets
    return world, board


async def test_a_wedged_driver_is_restarted_after_10_min():
    world, board = await online()
    world.host.mends = True
    proof_ms = world.frameio.times("heartbeat")[-1] + LATENCY_MS
    world.network.dead_air = True
    await sleep_s(570)
    assert not world.host.restarts
    await world.until("online", 5 * MINUTE_MS)
    late_ms = world.host.restarts[0] - proof_ms - 10 * MINUTE_MS
    assert -20_000 <= late_ms <= LATE_MS, late_ms  # it counts in steps of 20 s
    # Told at once, so backoff's cap is not waited for.
    assert Clock.now_ms - world.host.restarts[0] <= DOWN_MS + 2_000
    await sleep_s(2 * HOUR_S)
    assert len(world.host.restarts) == 1 and not board.resets
    await world.power_off()


async def test_a_driver_that_fails_for_good_and_never_is_up_gets_its_reset_too():
    world, board = await online()
    begun_ms = Clock.now_ms
    world.host.up, world.host.wedged, world.host.fails = False, True, True
    world.network.dead_air = True
    world.agent.network_changed()
    await board.asked.wait()
    assert world.agent.status.state == "no_network"
    late_ms = Clock.now_ms - begun_ms - 30 * MINUTE_MS
    assert -20_000 <= late_ms <= LATE_MS, late_ms  # it counts in steps of 20 s
    assert len(world.host.restarts) == 2
    world.host.wedged = False  # no network is in reach: a reset would not help
    asked = len(board.resets)
    await sleep_s(3 * HOUR_S)
    assert len(board.resets) == asked
    await world.power_off()


async def test_a_heap_in_pieces_gets_its_reset_after_30_min():
    for seconds in (1, 2 * HOUR_S):  # between power-on and the trouble
        world = World()
        world.host = Driver(world)
        world.storage = world.host
        board = Board(world)
        world.power_on()
        await sleep_s(seconds)
        begun_ms = Clock.now_ms
        world.network.no_memory = True
        world.network.reset()
        await board.asked.wait()
        if seconds == 1:  # not in the first hour: the power-on may have been such a reset
            assert 0 <= Clock.now_ms - board.powered_ms - 60 * MINUTE_MS <= 10 * MINUTE_MS + LATE_MS
            assert len(world.host.restarts) >= 4
        else:
            assert 0 <= Clock.now_ms - begun_ms - 30 * MINUTE_MS <= LATE_MS
            assert len(world.host.restarts) == 2
        assert world.agent.status.reason == "memory"
        world.lose_power()  # which is what a reset is; the new network has memory
        world.power_on()
        await world.until("online")
        await world.power_off()


async def test_an_outage_of_many_hours_is_a_reset_an_hour_at_most():
    world, board = await online(pairs=True)
    begin_outage(world)
    begun_ms = Clock.now_ms
    restarts = 0
    while Clock.now_ms - begun_ms < 8 * HOUR_S * 1000:
        board.asked.clear()
        await board.asked.wait()
        restarts += len(world.host.restarts)
        world.lose_power()
        world.host = Driver(world)
        world.host.records = world.storage.records
        world.storage = world.host
        world.power_on()
    assert 0 <= board.resets[0] - begun_ms - 30 * MINUTE_MS <= LATE_MS
    spacings = gaps(board.resets)
    assert len(spacings) >= 7 and min(spacings) >= HOUR_S * 1000, spacings
    assert max(spacings) <= HOUR_S * 1000 + LATE_MS, spacings
    assert restarts == 2 + 5 * len(spacings)
    end_outage(world)
    await world.until("online", 90_000)
    await world.power_off()


async def test_a_reset_that_does_not_come_is_asked_for_once_an_hour():
    """The application has accepted, and takes its time."""
    world, board = await online()
    world.network.dead_air = True
    await sleep_s(5 * HOUR_S)
    assert len(board.resets) == 5 and min(gaps(board.resets)) >= HOUR_S * 1000
    await world.power_off()


async def test_an_application_that_refuses_is_asked_again_and_its_network_is_restarted():
    world, board = await online()
    board.refuses = True
    world.network.dead_air = True
    await sleep_s(HOUR_S + 60)
    assert len(board.resets) == 4 and len(world.host.restarts) == 6
    assert set(gaps(board.resets)) == {10 * MINUTE_MS + DOWN_MS}, board.resets
    assert board.resets == world.host.restarts[2:]
    board.refuses = False
    await sleep_s(10 * 60)
    assert len(board.resets) == 5 and len(world.host.restarts) == 6
    await world.power_off()


async def test_a_restart_that_fails_or_hangs_keeps_nothing_back():
    for word in ("fails", "hangs"):
        world, board = await online()
        setattr(world.host, word, True)
        world.network.dead_air = True
        await sleep_s(HOUR_S + 60)
        assert len(board.resets) == 1 and len(world.host.restarts) >= 2, (
            word,
            board.resets,
            world.host.restarts,
        )
        assert [line for _, line in world.log if line == "recovery: failed"], word
        world.network.dead_air = False
        await world.until("online", 90_000)
        await world.power_off()


async def test_no_memory_for_a_restart_is_no_crash():
    world, board = await online()

    def restart():
        raise MemoryError

    world.host.restart = restart
    world.network.no_memory = True
    world.network.reset()
    await sleep_s(HOUR_S)
    assert len(board.resets) == 1 and world.agent.status.state == "no_backend"
    await world.power_off()


async def test_an_embedder_without_restart_or_without_both():
    for resets in (False, True):
        world = World()
        board = Board(world)
        if not resets:
            world.reset = None
        await world.online()
        world.network.dead_air = True
        await sleep_s(3 * HOUR_S)
        assert (
            bool(board.resets)
            == bool([line for _, line in world.log if "recovery: " in line])
            == resets
        ), world.log
        world.network.dead_air = False
        await world.until("online", 90_000)
        await world.power_off()


def network_down(world):
    world.host.up = False
    world.network.dead_air = True


async def unpair(world):
    await world.agent.unpair()


async def show_codes(world):
    """Codes for ten minutes, and the user types none in."""
    await world.agent.unpair()
    world.agent.start_pairing()


def refuse_the_socket(world):
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)


def pause(world):
    world.frameio.paused = True
    world.frameio.push("status_updated", "paused")


async def test_what_is_not_wedged_is_left_alone():
    for trouble, state in (
        (network_down, "no_network"),
        (unpair, "unpaired"),
        (show_codes, "unpaired"),
        (refuse_the_socket, "online"),
        (pause, "paused"),
    ):
        world, board = await online(pairs=True)
        done = trouble(world)
        if done is not None:
            await done
        await sleep_s(5 * HOUR_S)
        assert world.agent.status.state == state, (trouble, world.shown[-3:])
        assert not world.host.restarts and not board.resets, trouble
        await world.power_off()


async def test_an_answer_now_and_then_is_enough():
    """Silence for so many minutes at a time, and in between one answer."""
    for minutes, times, restarts in ((9, 12, 0), (29, 4, 8)):
        world, board = await online()
        for _ in range(times):
            begin_outage(world)
            await sleep_s(minutes * 60)
            world.frameio.answers = True  # the socket stays refused
            while not world.agent.status.connected:
                await sleep_s(1)
        assert len(world.host.restarts) == restarts and not board.resets
        await world.power_off()


async def test_time_without_network_does_not_count_and_ends_no_count():
    world, board = await online()
    begin_outage(world)
    await sleep_s(5 * 60)
    for _ in range(4):
        world.host.up = False
        await sleep_s(HOUR_S)
        assert not world.host.restarts
        world.host.up = True
        await sleep_s(60)
    await sleep_s(3 * 60)
    assert len(world.host.restarts) == 1 and not board.resets
    await world.power_off()


async def test_a_stop_in_the_middle_of_a_restart():
    world, board = await online()
    world.network.dead_air = True
    while not world.host.restarts:
        await asyncio.sleep_ms(1_000)
    await world.power_off()
    assert world.network.open == 0
    await sleep_s(2 * HOUR_S)
    assert len(world.host.restarts) == 1 and not board.resets


async def test_the_poller_checks_in_and_a_slot_held_for_too_long_looks_stuck():
    """That no task is late is asserted in every simulated world."""
    world = World()
    await world.online()
    await sleep_s(HOUR_S)
    assert Clock.now_ms < world.due_ms["poller"] <= Clock.now_ms + 300_000 + 600_000
    async with world.agent.request_slot():
        await sleep_s(20 * 60)
        assert world.due_ms["poller"] < Clock.now_ms  # a watchdog would have bitten
        world.due_ms.clear()
    await sleep_s(60)
    await world.power_off()
