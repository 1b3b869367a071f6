"""How an Agent's life begins and ends, and what its application may do to it.

It may hold the request slot, run the agent twice, and bring a clock that forgets the time or a
network time that never comes.
"""

import asyncio

import micropython

from tests.simulation.device import World, gaps, paired, sleep_s
from tests.simulation.failing import Failing

# isort: split
from pilotlight.requests import Slot
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock

ONE_REQUEST_MS = 20_000 + 2_000  # Times.total_ms and a close handshake


async def hold(slot, seconds):
    async with slot:
        await sleep_s(seconds)


async def test_an_agent_runs_once():
    world = World()
    await world.online()
    with raises(RuntimeError):
        await world.agent.run()
    await sleep_s(60)
    assert world.agent.status.state == "online" and len(world.frameio.times("upgrade")) == 1
    await world.power_off()
    with raises(RuntimeError):
        await world.agent.run()
    await world.agent.stop()  # again: nothing to do
    assert not world.network.open


async def test_run_after_stop_returns_at_once():
    world = World()
    world.power_on()
    world.running.cancel()  # before its first step
    await world.agent.stop()
    begun_ms = Clock.now_ms
    await world.agent.run()
    assert Clock.now_ms == begun_ms and not world.frameio.asked and not world.network.opened


async def test_stop_while_the_application_holds_the_slot():
    world = await paired()
    asyncio.create_task(hold(world.agent.request_slot(), 100_000))
    refresh = asyncio.create_task(world.refresh())  # waits for the slot
    await sleep_s(1)
    begun_ms = Clock.now_ms
    await asyncio.wait_for_ms(world.power_off(), ONE_REQUEST_MS)
    assert Clock.now_ms - begun_ms <= ONE_REQUEST_MS
    assert not world.network.open and not world.frameio.online
    assert not world.frameio.times("refresh")
    refresh.cancel()


async def test_a_crash_while_the_application_holds_the_slot():
    world = await paired()
    asyncio.create_task(hold(world.agent.request_slot(), 100_000))
    refresh = asyncio.create_task(world.refresh())
    await sleep_s(1)
    crash = Failing(world.host, "is_up", KeyError("unforeseen"))
    begun_ms = Clock.now_ms
    world.frameio.push("status_updated", "paused")  # wakes the poller
    with raises(KeyError):
        await world.running
    assert Clock.now_ms - begun_ms <= ONE_REQUEST_MS
    assert not crash.left and not world.network.open
    refresh.cancel()


def forget_time(world):
    """The clock forgets the time until `ensure_set` is called; the virtual ms of those calls."""
    known_s, world.host.known_s = world.host.known_s, None
    calls_ms = []

    async def ensure_set():
        calls_ms.append(Clock.now_ms)
        world.host.known_s = known_s
        return True

    world.host.ensure_set = ensure_set
    return calls_ms


async def test_a_clock_that_forgets_the_time_while_identity_is_wanted():
    """The session waits for identity, which can't be asked: it sets the clock again."""
    world = World()
    world.frameio.answers = False
    world.power_on()
    await sleep_s(20)  # the first one has failed, the next one is due in 40 s
    world.frameio.answers = True
    calls_ms = forget_time(world)
    await world.until("online", 95_000)
    assert len(calls_ms) == 1
    await world.power_off()


async def test_a_clock_that_forgets_the_time_while_the_token_is_refused():
    world = World()
    world.frameio.accepts = False
    world.power_on()
    await world.until("unpaired")
    await sleep_s(90)
    calls_ms = forget_time(world)
    await sleep_s(300)  # identity was due meanwhile
    assert len(calls_ms) == 1
    world.frameio.accepts = True
    await world.until("online", 301_000)
    await world.power_off()


async def test_a_clock_that_forgets_the_time_before_or_while_a_code_is_shown():
    world = World(pairs=True)
    world.frameio.delays_ms["code"] = 2_000
    world.frameio.answered_with["code"] = (503, b"")
    world.power_on()
    await sleep_s(10)
    calls_ms = forget_time(world)
    await sleep_s(5)
    del world.frameio.answered_with["code"]
    await world.until("pairing")
    assert len(calls_ms) == 1
    code = world.agent.status.user_code
    calls_ms = forget_time(world)
    await sleep_s(60)
    assert len(calls_ms) == 1 and world.agent.status.user_code == code
    world.frameio.tokens.enter(code)
    await world.until("online")
    assert "unpaired" not in [row[1] for row in world.shown]
    await world.power_off()


async def test_a_clock_that_forgets_the_time_leaves_a_live_socket_alone():
    world = await paired()
    await sleep_s(120)
    identities = len(world.frameio.times("identity"))
    calls_ms = forget_time(world)
    await sleep_s(1_800)
    assert world.agent.status.joined and not calls_ms
    assert len(world.frameio.times("identity")) == identities
    world.frameio.close_sockets(1000)
    await sleep_s(95)
    assert world.agent.status.state == "online" and len(calls_ms) == 1
    await world.power_off()


async def test_a_time_that_never_comes():
    """`ensure_set` is cancelled and called again, and `stop` does not wait for it."""
    world = World()
    calls_ms = []
    world.host.known_s = None

    async def ensure_set():
        calls_ms.append(Clock.now_ms)
        await asyncio.Event().wait()

    world.host.ensure_set = ensure_set
    world.power_on()
    await sleep_s(1_200)
    assert (world.agent.status.state, world.agent.status.reason) == ("no_backend", "clock")
    waits_ms = gaps(calls_ms)
    assert min(waits_ms) >= 120_000 and max(waits_ms) <= 181_000, waits_ms
    begun_ms = Clock.now_ms
    await world.power_off()
    assert Clock.now_ms - begun_ms <= 10 and not world.network.opened


async def test_without_a_time_a_device_that_is_to_be_paired_waits_between_its_tries():
    world = World(pairs=True)
    world.host.known_s = None
    calls_ms = []

    async def ensure_set():
        calls_ms.append(Clock.now_ms)
        assert len(calls_ms) < 200
        return False

    world.host.ensure_set = ensure_set
    world.power_on()
    await sleep_s(600)
    assert (world.agent.status.state, world.agent.status.reason) == ("no_backend", "clock")
    assert 10 <= len(calls_ms) <= 60, len(calls_ms)
    await world.power_off()


async def test_a_slot_is_released_without_memory():
    slot = Slot()
    with raises(KeyError):
        async with slot:
            micropython.heap_lock()
            raise _ERROR
    micropython.heap_unlock()
    assert not slot.locked()
    async with slot:
        micropython.heap_lock()
    micropython.heap_unlock()
    assert not slot.locked()


_ERROR = KeyError("x")


async def test_a_pair_that_there_is_no_memory_to_store_is_stored_later():
    world = await paired()
    scarce = Failing(world.host, "save", which=lambda name, record: name == "authorization")
    await world.refresh()
    assert not scarce.left
    assert "00000001" in world.host.records["authorization"]["access_token"]
    await sleep_s(61)
    assert "00000002" in world.host.records["authorization"]["access_token"]
    await world.power_off()
