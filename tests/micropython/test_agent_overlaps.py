"""What happens while something else is under way, in virtual time.

Joins, ends and button presses in the middle of requests and connects.
"""

import asyncio

from pilotlight import NotAuthorized
from tests.simulation.device import Times, World, paired, sleep_s
from tests.support.expect import raises
from tests.support.extent import share
from tools.virtual_board.virtual_time import Clock

DAY_S = 24 * 3600


async def in_fallback(world):
    """The socket is blocked, and HTTP heartbeats keep the device online."""
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await world.until("joining")
    await world.until("online")


async def asked_next(world, what):
    """Wait until that has been asked once more."""
    count = len(world.frameio.times(what))
    while len(world.frameio.times(what)) == count:
        await asyncio.sleep_ms(10)


async def test_an_http_heartbeat_answered_after_the_join():
    world = World()
    await world.online()
    await in_fallback(world)
    world.frameio.delays_ms = {"http_heartbeat": 5_000}
    await asked_next(world, "http_heartbeat")
    world.frameio.forbids = False
    world.agent.network_changed()
    await sleep_s(60)
    status = world.agent.status
    assert status.joined and not status.fallback and status.reason is None
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await world.until("joining", 1000)
    await world.power_off()


async def test_an_http_heartbeat_answered_after_the_end_of_the_pairing():
    world = await paired()
    await in_fallback(world)
    world.frameio.delays_ms = {"http_heartbeat": 5_000}
    await asked_next(world, "http_heartbeat")
    await world.agent.unpair()
    await sleep_s(10)
    assert world.agent.status.state == "unpaired" and not world.agent.status.fallback
    world.frameio.delays_ms = {}
    world.frameio.forbids = False
    world.agent.start_pairing()
    await world.until("pairing")
    world.shown.clear()
    world.frameio.tokens.enter(world.agent.status.user_code)
    await world.until("online")
    # Online only when joined and verified, and with nothing of the old pairing on it.
    assert not [row for row in world.shown if row[1] == "online" and row[3] is None], world.shown
    assert not [row for row in world.shown if row[4] == "unpaired"], world.shown
    await world.power_off()


async def test_an_identity_under_way_at_a_join_does_not_settle_what_the_join_asks():
    world = World()
    await world.online()
    await sleep_s(400)
    world.frameio.delays_ms = {"identity": 8_000}
    await asked_next(world, "identity")
    world.frameio.close_sockets(1000)
    await asyncio.sleep_ms(25)
    world.frameio.paused = True  # while there is no socket: no event comes
    while not world.agent.status.joined:
        await asyncio.sleep_ms(10)
    world.frameio.delays_ms = {}
    # A minute after the end of the one that was under way.
    assert await world.until("paused") <= 8_000 + 60_000 + 200
    await world.power_off()


async def test_a_refresh_that_failed_a_week_ago_waits_for_nothing():
    """Longer than ticks can count between the failure and the network's return."""
    world = World(pairs=True)
    world.power_on(
        Times(network_check_ms=600_000)
    )  # a week of looking every second would be the whole test
    await world.pair()
    world.network.refused = True
    world.network.reset()
    await sleep_s(9 * 3600)
    world.host.up = False
    world.agent.network_changed()
    await sleep_s(7 * DAY_S)
    world.network.refused = False
    world.host.up = True
    world.agent.network_changed()
    assert await world.until("online") <= 85_000
    await world.power_off()


async def test_a_new_network_is_tried_by_the_refresh_at_once():
    for seed in share(range(10), 3):
        world = World(seed, pairs=True)
        world.power_on()
        await world.pair()
        world.network.refused = True
        world.network.reset()
        await sleep_s(8 * 3600 + 700)
        assert not world.frameio.tokens.accepts(await world.agent.access_token())
        world.network.refused = False
        world.agent.network_changed()
        back_ms = await world.until("online")
        assert back_ms <= 1_500, back_ms
        await world.power_off()


async def test_health_that_waits_for_its_turn_is_not_asked_beside_the_socket():
    world = await paired()
    await sleep_s(700)
    await world.agent.request_slot().acquire()  # by the application, for a long request
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await sleep_s(40)  # health is due
    world.frameio.forbids = False
    while not world.agent.status.joined:
        await asyncio.sleep_ms(100)
    count = len(world.frameio.times("health"))
    await sleep_s(20)
    world.agent.request_slot().release()
    await sleep_s(30)
    assert len(world.frameio.times("health")) == count
    await world.power_off()


async def test_a_network_that_flaps_does_not_multiply_the_refreshes():
    """Everything is answered with 500, the token has expired, and the network changes every 5 s."""
    world = await paired()
    world.frameio.answers = False
    world.frameio.upgrade_status = 503
    world.network.reset()
    await sleep_s(9 * 3600)
    assert not world.frameio.tokens.accepts(await world.agent.access_token())
    before = len(world.frameio.times("refresh"))
    for _ in range(720):
        world.agent.network_changed()
        await sleep_s(5)
    count = len(world.frameio.times("refresh")) - before
    assert 1 <= count <= 70, count  # once a minute for the network, else up to 15 min apart
    await world.power_off()


async def test_401s_that_are_not_identity_s_cause_no_refreshes():
    world = await paired()
    await sleep_s(61)
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    world.frameio.answered_with["http_heartbeat"] = (401, {"error": "unauthorized"})
    await sleep_s(DAY_S)
    # One an hour for the upgrades' 403s; the rest come in their time.
    assert len(world.frameio.times("refresh")) <= 24, len(world.frameio.times("refresh"))
    # An application whose own calls are refused, once a second.
    refreshes = len(world.frameio.times("refresh"))
    for _ in range(600):
        token = await world.agent.access_token()
        try:
            await world.agent.access_token(token)
        except NotAuthorized:
            pass
        await sleep_s(1)
    more = world.frameio.times("refresh")[refreshes:]
    assert len(more) <= 3, more  # one of them for the upgrades
    await world.power_off()


async def test_a_code_typed_in_late_is_followed_by_the_socket():
    """The time in which there was nothing to keep online does not count for the fallback."""
    world = World(pairs=True)
    world.power_on()
    await world.until("pairing")
    await sleep_s(300)
    world.frameio.tokens.enter(world.agent.status.user_code)
    await world.until("online")
    await sleep_s(10)
    assert not world.frameio.times("http_heartbeat")
    assert "http_fallback" not in [row[4] for row in world.shown]
    await world.power_off()


async def test_unpaired_while_connecting_and_the_button_pressed_at_once():
    world = await paired()
    await sleep_s(100)
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await sleep_s(600)  # the backoff is at its cap
    world.frameio.forbids = False
    world.network.latency_ms = 1_000
    await asked_next(world, "upgrade")
    joins = len(world.frameio.times("join"))
    begun_ms = Clock.now_ms
    unpairing = asyncio.create_task(world.agent.unpair())
    await asyncio.sleep_ms(100)
    world.agent.start_pairing()
    await world.until("pairing")
    assert Clock.now_ms - begun_ms <= 20_000
    assert len(world.frameio.times("join")) == joins  # no join with the forgotten authorization
    await unpairing
    world.frameio.tokens.enter(world.agent.status.user_code)
    await world.until("online")
    await world.power_off()


async def test_a_week_without_network_ends_the_pairing():
    world = World(pairs=True)
    world.power_on(Times(network_check_ms=600_000))
    await world.until("pairing")
    world.host.up = False
    world.agent.network_changed()
    await sleep_s(7 * DAY_S)
    world.host.up = True
    world.agent.network_changed()
    await world.until("unpaired")
    assert world.agent.status.reason == "pairing_timeout"
    await sleep_s(DAY_S)
    assert len(world.frameio.times("code")) == 1
    await world.power_off()


async def test_cancelled_while_the_code_is_on_its_way():
    world = World(pairs=True)
    world.network.latency_ms = 500
    world.power_on()
    shown = []

    async def look():
        version = 0
        while True:
            version = await world.agent.status.wait(version)
            shown.append(world.agent.status.user_code)

    looking = asyncio.create_task(look())
    await asked_next(world, "code")
    world.agent.cancel_pairing()
    await sleep_s(10)
    looking.cancel()
    assert set(shown) == {None} and world.agent.status.state == "unpaired"
    with raises(ValueError):
        world.frameio.tokens.enter(shown[-1] or "000000")
    await world.power_off()


async def test_why_the_network_is_down_is_the_reason():
    """Announced or not; and a network without a reason has none, whatever was lost by it."""
    world = World()
    world.host.reason = None
    world.host.up = False
    world.power_on()
    await sleep_s(1)
    assert world.agent.status.state == "starting"  # a radio comes up in a second or two
    world.host.reason = "wifi_not_found"
    assert await world.until("no_network") <= 1_000
    assert world.agent.status.reason == "wifi_not_found"
    world.host.reason = "wifi_password"
    await sleep_s(2)
    assert world.agent.status.reason == "wifi_password"
    world.host.reason, world.host.up = None, True
    await world.until("online")
    assert world.agent.status.reason is None
    await sleep_s(100)
    world.host.reason, world.host.up = "wifi_lost", False
    world.agent.network_changed()
    assert (world.agent.status.state, world.agent.status.reason) == ("no_network", "wifi_lost")
    del world.host.reason
    world.agent.network_changed()
    world.network.dead_air = True
    await sleep_s(100)
    assert (world.agent.status.state, world.agent.status.reason) == ("no_network", None)
    await world.power_off()
