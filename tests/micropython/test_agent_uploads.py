"""What goes on while the application uploads a part, in virtual time: with memory for two TLS
sessions, and for three.

The upload is a stand-in: it holds the slot, and says that bytes move.
"""

import asyncio

from pilotlight import NotAuthorized
from tests.simulation.device import World, gaps, paired, sleep_s
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock

PART_S = 30 * 60
HEARTBEAT_MS = 15_000 + 1_000


async def send_part(world, seconds, moves_s=1):
    """Upload one part; bytes move every so many seconds."""
    async with world.agent.upload_slot() as slot:
        for _ in range(seconds // moves_s):
            await sleep_s(moves_s)
            slot.moved(4096)


async def send_parts(world, count, seconds):
    """Upload a file: the next part begins when the last one has ended."""
    for _ in range(count):
        await send_part(world, seconds, 5)


async def refused(world):
    """Have the tokens refreshed, in vain."""
    with raises(NotAuthorized):
        await world.refresh()


def since(world, what, begun_ms):
    """When that was asked from then on."""
    return [ms for ms in world.frameio.times(what) if ms >= begun_ms]


async def uploading(sessions=2, seconds=PART_S):
    """A paired world that has just begun to upload a part, and the upload's task."""
    world = World(pairs=True)
    world.tls_sessions = sessions
    world.power_on()
    await world.pair()
    await sleep_s(600)
    upload = asyncio.create_task(send_part(world, seconds))
    await sleep_s(1)
    world.shown.clear()
    return world, upload


async def test_a_part_of_30_min_keeps_the_device_online():
    world, upload = await uploading()
    begun_ms = Clock.now_ms
    await sleep_s(300)
    world.frameio.paused = True
    world.frameio.push("status_updated", "paused")
    await asyncio.sleep_ms(100)
    assert world.agent.status.state == "paused"  # an event counts at once
    await upload
    ended_ms = Clock.now_ms
    assert max(gaps(since(world, "heartbeat", begun_ms))) <= HEARTBEAT_MS
    assert not [ms for ms in since(world, "identity", begun_ms) if ms < ended_ms - 100]
    assert [row[1] for row in world.shown] == ["paused"], world.shown
    await sleep_s(1)
    assert since(world, "identity", ended_ms - 100)  # at once, behind the part
    await world.power_off()


async def test_between_short_parts_all_that_waits_gets_its_turn():
    world = await paired()
    begun_ms = Clock.now_ms
    upload = asyncio.create_task(send_parts(world, 60, 120))
    await sleep_s(3600)
    polls = since(world, "identity", begun_ms)
    assert max(gaps(polls)) <= 360_000 + 120_000 + 1_000, gaps(polls)
    world.frameio.tokens.expire()
    asked_ms = Clock.now_ms
    await world.refresh()
    assert Clock.now_ms - asked_ms <= 120_000 + 1_000
    await sleep_s(2000)
    assert {row[1] for row in world.shown if row[0] > begun_ms} <= {"online"}
    asked_ms = Clock.now_ms
    await world.agent.unpair()
    assert Clock.now_ms - asked_ms <= 120_000 + 1_000
    assert world.frameio.times("revoke") and not upload.done()
    upload.cancel()
    await world.power_off()


async def test_two_uploads_at_once_let_the_polls_through():
    world = await paired()
    begun_ms = Clock.now_ms
    uploads = [asyncio.create_task(send_parts(world, 20, 120)) for _ in range(2)]
    await sleep_s(3600)
    assert max(gaps(since(world, "identity", begun_ms))) <= 360_000 + 240_000 + 1_000
    for upload in uploads:
        upload.cancel()
    await world.power_off()


async def test_the_socket_is_lost_in_the_middle_of_a_part():
    """It comes back beside the part; whether paused is unknown after 3 min, and says so."""
    world, upload = await uploading()
    lost_ms = Clock.now_ms
    world.frameio.close_sockets(1000)
    world.frameio.paused = True
    await sleep_s(10)
    status = world.agent.status
    assert status.joined and status.state == "online"
    await sleep_s(200)
    unknown = [row for row in world.shown if row[1:] == (status.state, True, None, status.reason)]
    assert (status.state, status.reason) == ("joining", "paused_unknown"), world.shown
    assert 180_000 <= unknown[0][0] - lost_ms <= 182_000, world.shown
    await upload
    assert await world.until("paused") <= 1_000
    assert status.reason is None
    await world.power_off()


async def test_a_socket_that_dies_in_the_middle_of_a_part_shows_within_30_s():
    world, upload = await uploading()
    world.frameio.forbids = True
    world.network.dead_air = True
    await sleep_s(30)
    assert world.agent.status.state == "no_backend"
    world.network.dead_air = False
    world.frameio.forbids = False
    await world.until("online", 95_000)
    assert not upload.done()
    upload.cancel()
    await world.power_off()


async def test_stop_and_a_crash_do_not_wait_for_the_part():
    world, upload = await uploading()
    refresh = asyncio.create_task(world.refresh())
    await sleep_s(1)
    begun_ms = Clock.now_ms
    await world.power_off()
    assert Clock.now_ms - begun_ms <= 22_000 and not upload.done()
    assert not world.network.open
    await upload  # the application's own
    refresh.cancel()


async def test_unpaired_in_the_middle_of_a_part():
    """It is forgotten at once, although a refresh waits; and it stays forgotten."""
    world, upload = await uploading()
    refreshes = len(world.frameio.times("refresh"))
    world.frameio.tokens.expire()
    refresh = asyncio.create_task(refused(world))
    await sleep_s(1)
    unpairing = asyncio.create_task(world.agent.unpair())
    await asyncio.sleep_ms(100)
    assert world.agent.status.state == "unpaired" and not world.agent.status.joined
    assert not unpairing.done()
    await upload
    await unpairing
    assert world.frameio.times("revoke") and len(world.frameio.times("refresh")) == refreshes
    await sleep_s(60)
    assert world.agent.status.state == "unpaired"
    await refresh
    await world.power_off()


async def test_a_refresh_that_is_due_waits_for_the_part():
    world = await paired()
    await sleep_s(5 * 3600)
    upload = asyncio.create_task(send_part(world, 2 * 3600, 10))
    await sleep_s(2 * 3600 - 60)
    assert not world.frameio.times("refresh")
    await upload
    await sleep_s(30)
    assert len(world.frameio.times("refresh")) == 1 and world.agent.status.state == "online"
    await world.power_off()


async def test_a_part_that_does_not_move_for_10_min_looks_stuck():
    world = await paired()
    async with world.agent.upload_slot() as slot:
        await sleep_s(9 * 60)
        slot.moved(1)
        await sleep_s(9 * 60)
        assert Clock.now_ms <= world.due_ms["poller"]
        await sleep_s(2 * 60)
        assert Clock.now_ms > world.due_ms["poller"]
        world.due_ms.clear()
    await world.power_off()


async def test_http_heartbeats_wait_for_the_part_and_recovery_does_not_end_it():
    world = await paired()
    restarts = []

    async def restart():
        restarts.append(Clock.now_ms)

    await world.power_off()
    world.host.restart = restart
    world.frameio.forbids = True
    world.power_on()
    await world.until("joining")
    await world.until("online")
    begun_ms = Clock.now_ms
    upload = asyncio.create_task(send_part(world, PART_S))
    await world.until("no_backend", 131_000)
    await sleep_s(150)
    assert not world.agent.status.fallback
    await upload
    assert not restarts, restarts
    ended_ms = Clock.now_ms
    assert not [ms for ms in since(world, "http_heartbeat", begun_ms) if ms < ended_ms - 100]
    await world.until("online", 1_000)
    await world.power_off()


async def test_with_memory_for_three_all_goes_on_beside_the_part():
    world, upload = await uploading(sessions=3)
    begun_ms = Clock.now_ms
    others = [asyncio.create_task(send_part(world, 1)) for _ in range(2)]
    await sleep_s(10)
    assert not [other for other in others if other.done()]  # one part at a time
    await world.refresh()
    assert Clock.now_ms - begun_ms <= 11_000
    world.frameio.paused = True
    world.frameio.close_sockets(1000)
    await world.until("paused", 65_000)
    await sleep_s(1200)
    assert max(gaps(since(world, "identity", begun_ms))) <= 361_000
    assert not upload.done()
    await world.agent.unpair()
    assert world.frameio.times("revoke") and not upload.done()
    await upload
    for other in others:
        await other
    await world.power_off()
