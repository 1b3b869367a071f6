"""Two things at once that the agent must survive: no memory, or the user, at an awkward moment."""

import asyncio

from pilotlight import NotAuthorized
from pilotlight.net.errors import LinkClosed
from tests.simulation.device import Times, World, sleep_s
from tests.simulation.failing import Failing
from tests.support.expect import raises

DAY_S = 24 * 3600


async def paired():
    """A world whose device is paired and online, and may ask identity again."""
    world = World(pairs=True)
    world.power_on()
    await world.pair()
    await sleep_s(70)
    return world


def no_memory_to_write(world, which):
    """The next update of the status for which which(facts) holds finds no memory."""
    status = world.agent.status
    update = status.update
    left = [1]

    def scarce(**facts):
        if left[0] and which(facts):
            left[0] = 0
            raise MemoryError("allocating")
        update(**facts)

    status.update = scarce
    return left


async def test_nothing_that_needs_memory_is_between_a_refresh_answer_and_its_storing():
    world = await paired()
    stored = dict(world.host.records["authorization"])

    def answered(facts):
        asked = world.frameio.times("refresh")
        return asked and world.host.records["authorization"] == stored

    no_memory_to_write(world, answered)
    token = await world.agent.access_token()
    assert await world.agent.access_token(token) != token
    assert world.host.records["authorization"] != stored
    await world.power_off()


async def test_no_memory_to_say_that_identity_failed_keeps_no_request_waiting():
    world = World()
    world.network.refused = True
    world.power_on()
    left = no_memory_to_write(world, lambda facts: list(facts) == ["identity_failed"])
    await sleep_s(30)
    assert not left[0]
    world.network.refused = False
    world.frameio.answered_with["http_heartbeat"] = (503, {})
    await world.until("online", 200_000)
    await world.power_off()


async def test_no_memory_when_a_pairing_begins_does_not_end_it():
    world = World(pairs=True)
    world.power_on()
    left = no_memory_to_write(world, lambda facts: list(facts) == ["link_reason"])
    await world.until("pairing", 200_000)
    assert not left[0]
    await world.power_off()


async def test_no_memory_to_leave_another_devices_channel_is_tried_again():
    world = World()
    await world.online()
    await sleep_s(100)

    def moved(error, code, text, reason="closed", *_):
        return reason == "device_changed"

    fault = Failing(LinkClosed, "__init__", which=moved)
    world.frameio.device_id = "b7e95254-8cd6-4d59-b54d-28c58570a8de"
    joins = len(world.frameio.times("join"))
    await sleep_s(600)
    assert not fault.left and len(world.frameio.times("join")) > joins
    await world.power_off()


async def test_a_network_that_stays_away_writes_nothing():
    world = World()
    await world.online()
    world.host.up = False
    world.network.dead_air = True
    world.agent.network_changed()
    await sleep_s(40)
    left = no_memory_to_write(world, lambda facts: True)
    await sleep_s(10)
    assert left[0]
    left[0] = 0
    await world.power_off()


async def test_the_reason_in_the_fallback_while_nothing_answers():
    world = World()
    await world.online()
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await sleep_s(400)
    assert world.agent.status.reason == "http_fallback"
    world.network.refused = True
    await world.until("no_backend")
    await sleep_s(60)
    assert (world.agent.status.state, world.agent.status.reason) == ("no_backend", "refused")
    await world.power_off()


async def test_a_run_that_is_cancelled_twice_has_nothing_joined():
    world = await paired()
    world.frameio.delays_ms["refresh"] = 5_000
    token = await world.agent.access_token()
    asyncio.create_task(world.agent.access_token(token))
    await asyncio.sleep_ms(500)
    for _ in range(2):
        world.running.cancel()
        await asyncio.sleep_ms(100)
    assert not world.agent.status.joined


async def test_a_failed_refresh_and_a_week_without_time():
    """Ticks of a week ago look as if they were to come."""
    world = World(pairs=True)
    world.power_on(Times(network_check_ms=100_000, heartbeat_ms=600_000, proof_ms=700_000))
    world.frameio.idle_ms = 1000_000
    await world.pair()
    await sleep_s(70)
    world.frameio.answers = False
    token = await world.agent.access_token()
    for _ in range(8):
        try:
            await world.agent.access_token(token)
        except Exception:
            pass
        await sleep_s(20)
    known_s = world.host.known_s
    asked = len(world.frameio.times("refresh"))
    world.host.known_s = None
    await sleep_s(7 * DAY_S)
    world.host.known_s = known_s
    world.frameio.answers = True
    await sleep_s(3600)
    assert len(world.frameio.times("refresh")) > asked
    await world.power_off()


async def test_unpairing_while_the_token_is_refused_shows_a_code():
    world = await paired()
    world.frameio.accepts = False
    world.frameio.close_sockets(1000)
    await world.until("unpaired")
    await sleep_s(70)
    asked = len(world.frameio.times("identity"))
    while len(world.frameio.times("identity")) == asked:
        await sleep_s(1)
    await sleep_s(5)  # the session waits for the next identity
    await world.agent.unpair(True)
    world.frameio.accepts = True
    await world.until("pairing", 5_000)
    await world.pair()
    await world.power_off()


async def test_a_401_to_the_http_heartbeat_asks_identity():
    world = World()
    await world.online()
    world.frameio.silent = True
    world.frameio.close_sockets(1000)
    await sleep_s(400)
    assert world.agent.status.fallback
    asked = len(world.frameio.times("identity"))
    beats = len(world.frameio.times("http_heartbeat"))
    world.frameio.answered_with["http_heartbeat"] = (401, {"error": "invalid_token"})
    while len(world.frameio.times("http_heartbeat")) == beats:
        await asyncio.sleep_ms(100)
    await sleep_s(62)
    assert len(world.frameio.times("identity")) > asked
    await world.power_off()


async def test_an_event_is_verified_though_identity_says_nothing_for_a_while():
    world = World()
    await world.online()
    await sleep_s(400)
    world.frameio.push("status_updated", "paused")  # a lie
    odd = {"id": world.frameio.device_id, "status": "resumed"}
    world.frameio.answered_with["identity"] = (200, odd)
    await sleep_s(130)
    world.frameio.answered_with.pop("identity")
    assert await world.until("online") <= 61_000
    await world.power_off()


async def test_a_client_that_is_accepted_again_is_no_reason_any_more():
    world = await paired()
    world.frameio.answered_with["refresh"] = (400, {"error": "invalid_client"})
    with raises(NotAuthorized) as caught:
        await world.refresh()
    assert caught.error.reason == "client_refused"
    world.frameio.answered_with.pop("refresh")
    await sleep_s(70)
    world.frameio.joins = "error"
    world.frameio.close_sockets(1000)
    await sleep_s(10)
    assert world.agent.status.reason == "join_refused"
    await world.power_off()
