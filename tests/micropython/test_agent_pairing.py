"""A paired device in virtual time: first power-on, refusals, removal, HTTP fallback, buttons."""

import asyncio

from pilotlight import NotAuthorized
from pilotlight.net.errors import NetError
from tests.simulation.device import LATENCY_MS, Times, World, gaps, no_secret, paired, sleep_s
from tests.simulation.failing import Failing, no_memory_to_import, no_memory_to_wait
from tests.simulation.frameio_tokens import MARK
from tests.simulation.invariants import Watch
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock

REQUEST_MS = 4 * LATENCY_MS
DAY_S = 24 * 3600


async def test_first_power_on():
    world = await paired()
    # The code takes a request, and is polled every 5 s. After the tokens come at once identity, the
    # socket and the join.
    states = [row[1] for row in world.shown]
    assert states[0] == "starting" and "pairing" in states and states[-1] == "online", states
    asked = [what for _, what in world.frameio.asked]
    assert asked == ["code", "token", "identity", "upgrade", "join"], asked
    token_ms, identity_ms = world.frameio.times("token")[0], world.frameio.times("identity")[0]
    assert token_ms - world.frameio.times("code")[0] == 5_000 + REQUEST_MS
    assert identity_ms - token_ms == REQUEST_MS
    assert len(world.frameio.tokens.client_ids) == 1
    no_secret(world)
    await world.power_off()


async def test_a_lost_answer_costs_two_uses_and_the_pairing():
    world = await paired()
    await sleep_s(100)
    world.frameio.tokens.loses_refresh_answers = 1
    with raises(NetError):
        await world.refresh()
    await world.until("unpaired")
    assert world.agent.status.reason == "refresh_lost"
    await sleep_s(1)
    assert not world.frameio.online
    assert list(world.frameio.tokens.uses.values()) == [2]
    asked = len(world.frameio.asked)
    await sleep_s(600)
    assert {what for _, what in world.frameio.asked[asked:]} == {"health"}, world.frameio.asked[
        asked:
    ]
    world.agent.start_pairing()
    await world.pair()
    await world.power_off()


async def test_a_removed_device():
    for status in (400, 401):
        world = await paired()
        await sleep_s(100)
        world.frameio.tokens.lost_status = status
        world.frameio.tokens.removed = True
        took_ms = await world.until("unpaired")
        # Found by the next poll, and believed as soon as the refresh has said so.
        assert took_ms <= 300_000 + 3 * REQUEST_MS
        assert world.agent.status.reason == "pairing_ended"
        assert (
            world.frameio.times("refresh")[-1] - world.frameio.times("identity")[-1] <= REQUEST_MS
        )
        assert world.agent.status.project is None and world.agent.status.paused is None
        with raises(NotAuthorized) as caught:
            await world.agent.access_token()
        assert caught.error.reason == "pairing_ended"
        await world.power_off()
        # A restart asks the user again; the unit is the same.
        world.power_on()
        await world.pair()
        assert len(world.frameio.tokens.client_ids) == 1
        await world.power_off()


async def test_the_end_of_the_authorization_is_noticed_when_it_comes():
    """Not at the next poll, up to 5 minutes later.

    Only Frame.io's word ends it: it may have been prolonged.
    """
    for prolonged in (False, True):
        world = await paired()
        ends_ms = Clock.now_ms + 1100_000  # well behind a poll: they are at 60, 360, 660, 960 s
        days, seconds = divmod(world.host.now_s() + 1100, DAY_S)
        assert (
            days == 20833 + (world.host.now_s() + 1100 - 1_800_000_000 + 8 * 3600) // DAY_S
        )  # 20833: 2027-01-15
        world.frameio.expires_at = "2027-01-%02dT%02d:%02d:%02d.000Z" % (
            15 + days - 20833,
            seconds // 3600,
            seconds // 60 % 60,
            seconds % 60,
        )
        await sleep_s(400)
        assert world.agent.status.expires_at == world.frameio.expires_at
        if prolonged:
            world.frameio.expires_at = None
        else:
            await sleep_s((ends_ms - Clock.now_ms) // 1000 - 1)
            world.frameio.tokens.removed = True
        identities = len(world.frameio.times("identity"))
        await sleep_s((ends_ms - Clock.now_ms) // 1000 + 2)
        asked = [ms - ends_ms for ms in world.frameio.times("identity")[identities:]]
        assert prolonged or (len(asked) == 1 and abs(asked[0]) <= 1_000 + REQUEST_MS), asked
        assert (world.agent.status.state == "unpaired") == (not prolonged)
        if not prolonged:
            assert (
                world.agent.status.reason == "authorization_expired"
                and world.agent.status.expires_at is None
            )
        await world.power_off()


async def test_removed_while_a_valid_token_is_refused():
    """Refused, refreshed, refused again: unpaired. The next refresh's verdict still ends it."""
    world = await paired()
    world.frameio.accepts = False
    await world.until("unpaired", 400_000)
    assert world.agent.status.reason == "token_refused"
    assert len(world.frameio.times("refresh")) == 1
    world.frameio.tokens.removed = True
    await sleep_s(8 * 3600)
    assert world.agent.status.reason == "pairing_ended"
    world.frameio.accepts = True
    world.agent.start_pairing()
    await world.pair()
    await world.power_off()


async def test_a_day_of_403s_is_one_refresh_an_hour_and_the_fallback():
    world = await paired()
    await sleep_s(1000)
    watch = Watch(world)
    watch.begin()
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    begun_ms = Clock.now_ms
    await world.until("joining")
    took_ms = await world.until("online")
    assert (
        world.agent.status.reason == "http_fallback"
        and world.agent.status.fallback
        and not world.agent.status.joined
    )
    assert 180_000 <= took_ms <= 180_000 + 25_000
    await sleep_s(DAY_S)
    posts = world.frameio.times("http_heartbeat")
    assert min(gaps(posts)) >= 60_000 and max(gaps(posts)) <= 120_000 + 25_000, (
        min(gaps(posts)),
        max(gaps(posts)),
    )
    refreshes = [ms - begun_ms for ms in world.frameio.times("refresh")]
    # At most one an hour for the refusals: they may come from a proxy.
    assert refreshes[0] <= 6_000 and 20 <= len(refreshes) <= 24, refreshes
    assert min(gaps(refreshes)) >= 3_600_000
    assert set(world.frameio.tokens.uses.values()) == {1}
    assert [row[1] for row in world.shown].count("unpaired") == 0
    # Paused is seen there too, by identity.
    world.frameio.paused = True
    assert await world.until("paused") <= 360_000 + 2 * REQUEST_MS
    world.frameio.paused = False
    world.frameio.forbids = False
    await world.until("online")
    while not world.agent.status.joined:
        await asyncio.sleep_ms(100)
        assert Clock.now_ms - begun_ms < (DAY_S + 1000) * 1000
    assert world.agent.status.reason is None
    posts = len(world.frameio.times("http_heartbeat"))
    await sleep_s(600)
    assert len(world.frameio.times("http_heartbeat")) == posts
    watch.end()
    watch.judge()
    await world.power_off()


async def test_the_hour_counts_from_the_end_of_a_refresh_that_had_to_wait():
    """Here for the application's request; it may be for the next try, too."""
    world = await paired()
    await sleep_s(1000)
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    async with world.agent.request_slot():
        await sleep_s(300)
    await sleep_s(3 * 3600)
    refreshes = world.frameio.times("refresh")
    assert len(refreshes) == 3 and min(gaps(refreshes)) >= 3_600_000, refreshes
    await world.power_off()


async def test_one_lost_http_heartbeat_is_not_the_end_of_the_fallback():
    world = await paired()
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await world.until("joining")
    await world.until("online")
    world.frameio.limits = True
    begun_ms = Clock.now_ms
    while world.agent.status.fallback:  # an answer that is no 204
        await sleep_s(1)
    assert Clock.now_ms - begun_ms <= 275_000
    world.frameio.limits = False
    assert await world.until("online") <= 200_000
    await world.power_off()


async def in_fallback():
    """A world whose device is kept online by HTTP, just after a heartbeat."""
    world = await paired()
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await world.until("joining")
    await world.until("online")
    assert world.agent.status.fallback
    return world


async def test_another_request_that_fails_does_not_end_the_fallback():
    world = await in_fallback()
    for what in ("health", "identity"):
        world.frameio.answered_with[what] = (503, {"error": "unavailable"})
    failed = len([line for _, line in world.log if "request failed" in line])
    for _ in range(600):
        await sleep_s(1)
        assert world.agent.status.fallback
    assert len([line for _, line in world.log if "request failed" in line]) > failed
    await world.power_off()


async def test_the_fallback_lasts_for_as_long_as_the_last_answered_heartbeat_counts():
    world = await in_fallback()
    begun_ms = Clock.now_ms
    world.network.dead_air = True
    while world.agent.status.fallback:
        await asyncio.sleep_ms(100)
    # A request may be under way when its time is over.
    assert 269_000 <= Clock.now_ms - begun_ms <= 291_000, Clock.now_ms - begun_ms
    await world.power_off()


async def test_the_user_s_buttons():
    world = World(pairs=True)
    world.power_on()
    await world.until("pairing")
    code = world.agent.status.user_code
    assert world.agent.status.verification_uri_complete.endswith("/" + code)
    world.agent.start_pairing()  # it is shown already
    world.agent.cancel_pairing()
    assert world.agent.status.state == "unpaired" and world.agent.status.user_code is None
    assert world.agent.status.reason == "cancelled"
    await sleep_s(3600)
    assert len(world.frameio.times("code")) == 1
    world.agent.start_pairing()
    await world.pair()
    world.agent.start_pairing()  # paired: nothing happens, nor later
    await sleep_s(100)
    await world.agent.unpair()
    assert (
        world.agent.status.state in ("unpaired", "no_backend")
        and world.agent.status.reason == "unpaired"
    )
    assert world.frameio.times("revoke") and not world.frameio.tokens.live
    await sleep_s(3600)
    assert not world.frameio.online and len(world.frameio.times("code")) == 2
    assert world.storage.records["authorization"] == {
        "client_id": next(iter(world.frameio.tokens.client_ids))
    }
    world.agent.start_pairing()
    await world.pair()
    await world.power_off()


async def test_unpairing_forgets_whatever_the_answer():
    world = await paired()
    world.network.dead_air = True
    begun_ms = Clock.now_ms
    await world.agent.unpair()
    assert world.agent.status.reason == "unpaired" and Clock.now_ms - begun_ms <= 20_000
    assert "access_token" not in world.storage.records["authorization"]
    world.network.dead_air = False
    await sleep_s(100)
    assert world.agent.status.state == "unpaired"
    await world.power_off()
    with raises(NotAuthorized):
        await world.agent.access_token()


async def test_why_there_is_no_code_yet():
    """Not "hold the button to pair": it pairs by itself, as soon as it can."""
    world = World(pairs=True)
    world.host.known_s = None
    world.network.dead_air = True
    world.power_on()
    await world.until("no_backend")
    assert world.agent.status.reason == "clock"
    world.host.known_s = 1_800_000_000
    await sleep_s(100)
    assert (world.agent.status.state, world.agent.status.reason) == ("no_backend", "timeout")
    world.network.dead_air = False
    await world.until("pairing")
    assert "not_paired" not in [row[4] for row in world.shown], world.shown
    await world.power_off()


async def test_paired_again_at_once():
    """While online, or unpaired because the token is refused: start_pairing is not enough then."""
    for accepts in (True, False):
        world = await paired()
        if not accepts:
            world.frameio.accepts = False
            await world.until("unpaired", 400_000)
            world.agent.start_pairing()
            await sleep_s(10)
            assert (
                world.agent.status.user_code is None
                and world.agent.status.reason == "token_refused"
            )
            world.frameio.accepts = True
        begun_ms = Clock.now_ms
        await world.agent.unpair(pair_again=True)
        await world.until("pairing")
        assert Clock.now_ms - begun_ms < 2_000 and len(world.frameio.times("revoke")) == 1
        await world.pair()
        await world.power_off()


async def test_an_identity_that_answers_after_the_end_is_not_believed():
    world = await paired()
    await sleep_s(61)
    world.frameio.delays_ms["identity"] = 5_000
    identities = len(world.frameio.times("identity"))
    world.frameio.push("status_updated", "paused")  # to be verified by identity
    while len(world.frameio.times("identity")) == identities:
        await asyncio.sleep_ms(10)
    await world.agent.unpair()  # asked and not answered yet
    await sleep_s(60)
    assert world.agent.status.state == "unpaired" and world.agent.status.project is None
    assert world.storage.records["identity"]["authorization"] != ""
    await world.power_off()


async def test_an_upgrade_refused_for_a_token_that_was_just_replaced():
    """The refresh overtakes the upgrade: no other refresh follows, the new token is tried."""
    for seed in range(8):
        world = World(seed, pairs=True)
        world.power_on()
        await world.pair()
        frameio = world.frameio
        await sleep_s(100)
        frameio.delays_ms["upgrade"] = 1_000
        frameio.close_sockets(1000)
        while len(frameio.times("upgrade")) < 2:
            await asyncio.sleep_ms(10)
        frameio.delays_ms.clear()
        await world.refresh()  # while the upgrade with the old token waits for its answer
        refused_ms = frameio.times("upgrade")[-1] + 1_000
        await world.until("online")
        assert Clock.now_ms - refused_ms <= 1_000 + 20 * LATENCY_MS
        assert len(frameio.times("refresh")) == 1 and len(frameio.times("upgrade")) == 3
        await world.power_off()


async def test_new_tokens_are_tried_at_once():
    world = World(pairs=True)
    world.frameio.tokens.access_s = 100
    world.power_on()
    await world.pair()
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)
    await sleep_s(3600)  # the backoff is at its cap
    for _ in range(5):
        refreshes = len(world.frameio.times("refresh"))
        while len(world.frameio.times("refresh")) == refreshes:
            await asyncio.sleep_ms(10)
        upgrades = len(world.frameio.times("upgrade"))
        await asyncio.sleep_ms(5 * LATENCY_MS)  # the answer, a connect, and the request's way
        assert len(world.frameio.times("upgrade")) > upgrades
    await world.power_off()


async def test_stop_finishes_a_refresh():
    world = await paired()
    await sleep_s(100)
    world.network.latency_ms = 1_000
    refreshing = asyncio.create_task(world.refresh())
    await asyncio.sleep_ms(3_500)  # the request has arrived, and the answer is on its way
    assert world.frameio.tokens.live == 2
    await world.power_off()
    assert MARK + "r00000002" in world.storage.records["authorization"]["refresh_token"]
    assert MARK + "a00000002" in await refreshing
    world.network.latency_ms = LATENCY_MS
    await world.online()
    await world.power_off()


async def test_pairing_without_network_at_first():
    world = World(pairs=True)
    world.host.up = False
    world.power_on()
    await world.until("no_network")
    await sleep_s(3600)
    assert not world.frameio.asked
    world.host.up = True
    await world.pair()
    await world.power_off()


async def test_a_pairing_for_which_there_is_no_memory_begins_again():
    """While its code is imported, or later: the user need not press the button."""
    world = World(pairs=True)
    imports = no_memory_to_import("pairing")
    world.frameio.answered_with["code"] = (503, {})
    world.power_on(Times(backoff_base_ms=0, backoff_cap_ms=0))
    while not world.frameio.times("code"):
        await asyncio.sleep_ms(1)
    waits = no_memory_to_wait(0)  # for the next try to get a code
    await sleep_s(1)
    assert not imports.left and not waits.left
    world.frameio.answered_with.clear()
    await world.pair()
    states = [row[1] for row in world.shown]
    assert "unpaired" not in states and "memory" in [row[4] for row in world.shown], world.shown
    await world.power_off()


async def test_a_pairing_that_its_user_cancelled_does_not_begin_again_for_want_of_memory():
    world = World(pairs=True)
    world.power_on()
    await world.until("pairing")
    fault = Failing(NotAuthorized, "__init__", which=lambda error, why, text: why == "cancelled")
    world.agent.cancel_pairing()
    await sleep_s(600)
    assert not fault.left and world.agent.status.state == "unpaired"
    assert world.agent.status.reason == "cancelled" and len(world.frameio.times("code")) == 1
    await world.power_off()
