"""What the agent asks and what it shows, in virtual time: poll spacing, proofs, refusals."""

import asyncio

from tests.simulation.device import LATENCY_MS, World, gaps, sleep_s
from tests.simulation.failing import Failing
from tests.simulation.frameio import DEVICE_ID
from tools.virtual_board.virtual_time import Clock

# isort: split
from pilotlight.net.transport import Transport


async def test_identity_polls():
    world = World()
    await world.online()
    await sleep_s(1800)
    polls = world.frameio.times("identity")
    # The first for the id, the second after the join, then every 4 to 6 minutes, at random.
    assert gaps(polls)[0] == 60_000 + 4 * LATENCY_MS, polls
    rest = gaps(polls)[1:]
    assert min(rest) >= 240_000 and max(rest) <= 360_000 + 4 * LATENCY_MS, polls
    assert max(rest) - min(rest) > 10_000, polls
    assert not world.frameio.times("health")
    await world.power_off()


async def test_a_network_that_is_gone_without_a_call_shows_within_30_s():
    """Also where requests are minutes apart: while unpaired, and in the HTTP fallback."""
    for begins in ("unpaired", "fallback"):
        world = World(pairs=True)
        world.power_on()
        await world.pair()
        if begins == "unpaired":
            await world.agent.unpair()
        else:
            world.frameio.forbids = True
            world.frameio.close_sockets(1000)
            await sleep_s(400)
        assert world.agent.status.fallback == (begins == "fallback")
        await sleep_s(200)
        for _ in range(5):
            await sleep_s(77)
            await world.until("unpaired" if begins == "unpaired" else "online")
            world.host.up = False
            await world.until("no_network", 30_000)
            assert not world.agent.status.connected
            world.host.up = True
        await world.power_off()


async def test_the_last_pause_known_is_kept_and_verified_after_a_reconnect():
    world = World()
    world.frameio.paused = True
    world.power_on()
    await world.until("paused")
    await sleep_s(400)
    world.network.dead_air = True
    await world.until("no_backend")
    world.frameio.paused = False
    world.network.dead_air = False
    world.shown.clear()
    back_ms = await world.until("paused")
    assert back_ms <= 85_000
    assert await world.until("online") <= 60_000 + 100
    assert [row[3] for row in world.shown if row[1] == "paused"] == [True]
    await world.power_off()


async def test_an_event_counts_at_once_and_is_verified_within_60_s():
    world = World()
    await world.online()
    await sleep_s(1000)
    polls = len(world.frameio.times("identity"))
    world.frameio.push("status_updated", "paused")  # a lie
    assert await world.until("paused") == LATENCY_MS
    assert await world.until("online") <= 60_000 + 4 * LATENCY_MS
    assert len(world.frameio.times("identity")) == polls + 1
    assert min(gaps(world.frameio.times("identity"))) >= 60_000
    await world.power_off()


async def test_a_lost_event_is_found_within_5_min():
    world = World()
    await world.online()
    await sleep_s(1000)
    world.frameio.paused = True
    assert await world.until("paused") <= 360_000 + 4 * LATENCY_MS
    await world.power_off()


async def test_health_is_asked_soon_after_the_socket_ends_and_then_every_15_to_25_s():
    world = World()
    await world.online()
    await sleep_s(400)
    world.frameio.asked.clear()
    world.frameio.forbids = True
    begun_ms = Clock.now_ms
    world.frameio.close_sockets(1000)
    await sleep_s(15)
    # At random: the server may have closed the links of all devices. Any answer counts.
    probes = sorted(world.frameio.times("health") + world.frameio.times("identity"))
    assert probes[0] - begun_ms <= 14_000 + 4 * LATENCY_MS, (begun_ms, world.frameio.asked)
    assert world.agent.status.connected
    await sleep_s(100)
    probes = sorted(world.frameio.times("health") + world.frameio.times("identity"))
    assert max(gaps(probes)) <= 25_000 + 4 * LATENCY_MS, gaps(probes)
    assert min(gaps(world.frameio.times("health"))) >= 15_000, gaps(world.frameio.times("health"))
    await world.power_off()


async def test_an_event_during_the_identity_request_is_verified_by_the_next_one():
    world = World()
    await world.online()
    polls = len(world.frameio.times("identity"))
    while len(world.frameio.times("identity")) == polls:
        await asyncio.sleep_ms(1)
    # The request has just arrived, and is answered `online`; the event overtakes the answer.
    world.frameio.push("status_updated", "paused")
    world.frameio.paused = True
    await sleep_s(5)
    assert world.agent.status.state == "paused"
    world.frameio.paused = False
    assert 54_000 <= await world.until("online") <= 60_000
    await world.power_off()


async def test_a_day_of_403s_from_a_proxy_is_no_verdict():
    world = World()
    await world.online()
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await sleep_s(24 * 3600)
    assert "unpaired" not in [row[1] for row in world.shown]
    assert min(gaps(world.frameio.times("identity"))) >= 60_000
    beats = gaps(world.frameio.times("http_heartbeat"))
    assert world.agent.status.fallback and not world.agent.status.joined
    assert min(beats) >= 60_000 and max(beats) <= 120_000 + 10 * LATENCY_MS, (
        min(beats),
        max(beats),
    )
    world.frameio.forbids = False
    await sleep_s(61)
    assert world.agent.status.joined
    await world.power_off()


async def test_a_refused_token_is_asked_about_once_a_minute():
    world = World()
    world.frameio.accepts = False
    world.power_on()
    await world.until("unpaired")
    await sleep_s(3600)
    # A minute from the end of one to the begin of the next.
    spacings_ms = gaps(world.frameio.times("identity"))
    assert min(spacings_ms) >= 60_000 and max(spacings_ms) <= 60_000 + 50 + 4 * LATENCY_MS
    assert not world.frameio.times("upgrade")
    world.frameio.accepts = True
    assert await world.until("online") <= 61_000
    await world.power_off()


async def test_memory_that_runs_out_in_a_request_is_no_crash():
    world = World()
    await world.online()
    opens = Failing(Transport, "open", times=2)  # the socket is open: both are of requests
    await sleep_s(460)
    assert not opens.left and world.agent.status.state == "online"
    assert len([line for _, line in world.log if "memory" in line]) == 2
    world.log.clear()
    writes = Failing(
        Transport, "write", times=100, which=lambda stream, data, *_: b"GET /v2/" in data
    )
    await sleep_s(1200)
    # It may not be online: identity says nothing, so it is not known whether it is paused.
    assert writes.left < 97 and world.running and not world.running.done()
    assert [line for _, line in world.log if "memory" in line]
    await world.power_off()
    assert world.network.open == 0


async def test_an_identity_that_is_no_identity():
    for bad in ('a"b', "", "x" * 65, "ä", "a/b", 7, None):
        world = World()
        world.frameio.device_id = bad
        world.power_on()
        await sleep_s(1)
        reason = "too_large" if bad == "x" * 65 else "protocol"
        status = world.agent.status
        assert (status.state, status.reason) == ("no_backend", reason), world.shown
        await world.power_off()
        world.frameio.device_id = DEVICE_ID
        await world.online()
        await world.power_off()
        world.host.records["identity"]["id"] = bad
        await world.online()
        assert world.host.records["identity"]["id"] == DEVICE_ID
        await world.power_off()


async def test_a_stray_401_hides_a_live_device_for_a_minute_only():
    world = World()
    await world.online()
    await sleep_s(100)
    world.frameio.accepts = False
    await world.until("unpaired")
    world.frameio.accepts = True
    assert await world.until("online") <= 60_000 + 4 * LATENCY_MS
    await world.power_off()


async def test_refused_joins_do_not_wear_the_flash():
    world = World()
    await world.online()
    saves = world.host.saves
    world.frameio.joins = "error"
    world.frameio.close_sockets(1000)
    await sleep_s(24 * 3600)
    assert world.host.saves == saves
    world.frameio.joins = "ok"
    await world.until("online")
    await world.power_off()


async def test_a_clock_that_is_not_set_keeps_the_device_off_the_net():
    world = World()
    world.host.known_s = None
    world.power_on()
    await world.until("no_backend")
    await sleep_s(100)
    assert world.agent.status.reason == "clock"
    assert not world.frameio.times("upgrade") and not world.frameio.times("identity")
    world.host.known_s = 1_800_000_000
    assert await world.until("online") <= 61_000
    await world.power_off()
