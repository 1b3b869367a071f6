"""How an Agent's life begins and ends, also with a request slot that the application holds."""

import asyncio

import micropython

from tests.simulation.device import World, paired, sleep_s
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
