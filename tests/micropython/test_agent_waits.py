"""What the agent waits for, how long, and what ends a wait, in virtual time."""

import asyncio

from tests.simulation.device import World, gaps, paired, sleep_s
from tools.virtual_board.virtual_time import Clock

DOWN = (503, {"error": "unavailable"})


async def test_after_a_join_the_last_known_pause_is_shown_for_3_min_without_identity():
    """Also if identity has answered while the socket was down: an event after that is lost."""
    world = World()
    await world.online()
    world.frameio.upgrade_status = 503
    world.frameio.close_sockets(1000)
    polls = len(world.frameio.times("identity"))
    while len(world.frameio.times("identity")) == polls:
        await sleep_s(1)
    await sleep_s(1)
    world.frameio.answered_with["identity"] = DOWN
    world.frameio.upgrade_status = 0
    await world.until("online")
    joined_ms = Clock.now_ms
    await sleep_s(175)
    assert world.agent.status.state == "online"
    await world.until("joining")
    assert Clock.now_ms - joined_ms <= 181_000
    assert world.agent.status.joined and world.agent.status.reason == "paused_unknown"
    await world.power_off()


async def test_after_a_socket_s_end_the_last_known_pause_is_shown_for_3_min_without_identity():
    """So the HTTP fallback, which begins after that time, does not show what is not known."""
    world = World()
    await world.online()
    await sleep_s(100)  # identity has confirmed it
    world.frameio.upgrade_status = 503
    world.frameio.answered_with["identity"] = DOWN
    world.frameio.close_sockets(1000)
    await sleep_s(360)
    assert world.agent.status.fallback and world.agent.status.paused is None
    assert "online" not in [row[1] for row in world.shown[3:]], world.shown
    await world.power_off()


async def fallback(seed=1):
    """A world whose device is online by HTTP heartbeats."""
    world = World(seed)
    await world.online()
    world.frameio.upgrade_status = 503
    world.frameio.close_sockets(1000)
    while not world.agent.status.fallback:
        await sleep_s(1)
    await sleep_s(1)
    return world


async def test_an_answer_that_is_no_204_ends_the_fallback_at_once():
    world = await fallback()
    world.frameio.answered_with["http_heartbeat"] = (403, {})
    beats = len(world.frameio.times("http_heartbeat"))
    while len(world.frameio.times("http_heartbeat")) == beats:
        assert world.agent.status.fallback
        await asyncio.sleep_ms(100)
    await sleep_s(1)
    assert not world.agent.status.fallback
    await world.power_off()


async def test_without_an_answer_the_last_204_keeps_the_fallback():
    world = await fallback()
    last_ms = world.frameio.times("http_heartbeat")[-1]
    world.frameio.unanswered = ("http_heartbeat",)
    while world.agent.status.fallback:
        await asyncio.sleep_ms(100)
    assert 270_000 <= Clock.now_ms - last_ms <= 271_000
    await world.power_off()


async def test_a_refused_token_s_proof_outlasts_the_fallback():
    """Its probes are a minute apart, and none has failed."""
    for seed in range(3):
        world = await fallback(seed)
        world.frameio.answered_with["identity"] = 401, {"error": "invalid_token"}
        await world.until("unpaired")
        assert world.agent.status.fallback
        world.shown.clear()
        while world.agent.status.fallback:
            await sleep_s(1)
        await sleep_s(70)
        assert "no_backend" not in [row[1] for row in world.shown], (seed, world.shown)
        await world.power_off()


async def test_without_an_authorization_a_failed_probe_shows_that_nothing_answers():
    world = World()
    world.frameio.accepts = False
    world.power_on()
    await world.until("unpaired")
    await sleep_s(1_000)
    assert world.agent.status.connected
    world.network.refused = True
    await sleep_s(300)  # the longest from one probe to the next
    await sleep_s(1)
    assert world.agent.status.state == "no_backend"
    world.network.refused = False
    await world.until("unpaired", 301_000)
    await world.power_off()


async def test_identity_is_asked_when_the_authorization_ends():
    """Once, because the answer may still be that it is good; and not before its spacing is over."""
    for end_s, minute in ((170, "02:50"), (80, "01:20")):
        world = World()
        world.host.known_s = 1_800_000_000 - Clock.now_ms // 1000
        world.frameio.expires_at = "2027-01-15T08:%sZ" % minute
        begun_ms = Clock.now_ms
        await world.online()
        await sleep_s(75)
        polls = world.frameio.times("identity")
        assert len(polls) == 2  # at first, and after the join; the next would come 4 min later
        await sleep_s(285 - 75)
        due_ms = max(begun_ms + end_s * 1000, polls[1] + 60_000)
        polls = world.frameio.times("identity")
        assert len(polls) == 3 and due_ms - 1_000 <= polls[2] <= due_ms + 2_000, (polls, due_ms)
        await world.power_off()


async def worn():
    """A world in which nothing answers, and whose device's backoff is at its cap."""
    world = World()
    await world.online()
    world.network.refused = True
    world.frameio.close_sockets(1000)
    await sleep_s(3_600)
    return world


async def test_a_network_that_comes_and_goes_multiplies_no_tries():
    world = await worn()
    opened = world.network.opened
    for _ in range(50):
        world.agent.network_changed()
        await sleep_s(1)
    assert 1 <= world.network.opened - opened <= 8, world.network.opened - opened
    await world.power_off()


async def test_a_network_that_has_lasted_for_a_minute_begins_the_backoff_at_its_base():
    world = await worn()
    tries = []
    world.network.on_connect = lambda: tries.append(Clock.now_ms)
    world.agent.network_changed()
    await sleep_s(300)
    between_ms = gaps([ms for ms in tries if ms])
    sums_ms = [sum(between_ms[i : i + 4]) for i in range(len(between_ms) - 3)]
    assert min(sums_ms) <= 15_000, between_ms  # 1 + 2 + 4 + 8 s at most
    await world.power_off()


async def first_waits(end, joined_s=100):
    """In ms: how long devices wait after end(frameio) until their next upgrade or join, sorted."""
    waits_ms = []
    for seed in range(12):
        world = World(seed)
        await world.online()
        await sleep_s(joined_s)
        asked = len(world.frameio.asked)
        begun_ms = Clock.now_ms
        end(world.frameio)
        found = []
        while not found:
            await asyncio.sleep_ms(50)
            found = [ms for ms, what in world.frameio.asked[asked:] if what in ("upgrade", "join")]
        waits_ms.append(found[0] - begun_ms)
        await world.power_off()
    return sorted(waits_ms)


async def test_a_fleet_whose_links_the_server_ends_comes_back_over_5_s():
    waits_ms = await first_waits(lambda frameio: frameio.close_sockets(1000))
    assert waits_ms[-1] <= 5_100 and waits_ms[-1] - waits_ms[0] > 1_500, waits_ms


async def test_a_fleet_whose_channels_crash_does_not_rejoin_in_step():
    waits_ms = await first_waits(lambda frameio: frameio.push("phx_error", {}))
    assert waits_ms[0] >= 800 and waits_ms[-1] <= 1_240, waits_ms
    assert waits_ms[-1] - waits_ms[0] > 80, waits_ms


async def test_a_channel_that_ends_just_after_a_rejoin_gets_a_new_socket():
    """Which of the two channels has ended can't be told."""
    world = World()
    await world.online()
    await sleep_s(100)
    world.frameio.stray_closes = True
    world.frameio.push("phx_error", {})
    await sleep_s(10)
    steps = [what for _, what in world.frameio.asked if what in ("upgrade", "join")]
    assert steps == ["upgrade", "join", "join", "upgrade", "join"], steps
    assert world.agent.status.state == "online"
    await world.power_off()


async def test_a_channel_that_ends_just_after_the_first_join_is_joined_again_on_its_socket():
    world = World()
    await world.online()
    await asyncio.sleep_ms(300)
    world.frameio.push("phx_close", {})
    await sleep_s(10)
    assert len(world.frameio.times("join")) == 2 and len(world.frameio.times("upgrade")) == 1
    assert world.agent.status.state == "online"
    await world.power_off()


async def test_only_a_403_to_the_upgrade_is_worth_a_refresh():
    """Every other status may come from anything in between."""
    for status, refreshes in ((401, 0), (404, 0), (503, 0), (403, 1)):
        world = await paired()
        await sleep_s(100)
        world.frameio.upgrade_status = status
        world.frameio.close_sockets(1000)
        await sleep_s(600)
        assert len(world.frameio.times("refresh")) == refreshes, status
        await world.power_off()


async def test_a_refused_upgrade_and_a_refused_join_ask_identity():
    """It decides whether the token, or the device's id, is still good."""
    for attribute, refusal, well in (("upgrade_status", 403, 0), ("joins", "error", "ok")):
        world = World()
        await world.online()
        await sleep_s(100)
        polls = len(world.frameio.times("identity"))
        setattr(world.frameio, attribute, refusal)
        world.frameio.close_sockets(1000)
        await sleep_s(75)
        assert len(world.frameio.times("identity")) == polls + 1, attribute
        setattr(world.frameio, attribute, well)
        await world.until("online")
        await world.power_off()


async def test_after_a_missed_heartbeat_health_is_asked_at_once():
    """Else `connected` would be wrong for up to 14 s more. Nothing ends the links of a fleet so."""
    for seed in range(5):
        world = World(seed)
        await world.online()
        await sleep_s(100)
        world.frameio.silent = True
        probes = len(world.frameio.times("health"))
        while world.agent.status.joined:
            await asyncio.sleep_ms(10)
        await asyncio.sleep_ms(200)
        assert len(world.frameio.times("health")) == probes + 1
        world.frameio.silent = False
        await world.until("online")
        await world.power_off()


async def test_what_an_upgrade_s_answer_asks_to_wait_is_waited_whatever_happens():
    """A new network, or new tokens, must not multiply what the service wants less of."""
    world = await paired()
    await sleep_s(100)
    world.frameio.upgrade_status = 503
    world.frameio.header = b"Retry-After: 200\r\n"
    world.frameio.close_sockets(1000)
    await sleep_s(10)
    upgrades = len(world.frameio.times("upgrade"))
    for _ in range(17):
        await sleep_s(10)
        world.agent.network_changed()
    await world.refresh()
    assert len(world.frameio.times("upgrade")) == upgrades
    await sleep_s(140)  # 200 to 300 s
    assert len(world.frameio.times("upgrade")) > upgrades
    await world.power_off()


async def test_a_lying_event_is_corrected_within_its_spacing():
    world = World()
    await world.online()
    await sleep_s(62)  # identity has followed the join
    for word, wrong in (("paused", "paused"), ("resumed", "online")):
        world.frameio.paused = word == "resumed"
        if world.frameio.paused:
            await world.until("paused")
        world.frameio.push("status_updated", word)
        await sleep_s(1)
        assert world.agent.status.state == wrong
        await sleep_s(61)
        assert world.agent.status.paused is world.frameio.paused
    await world.power_off()
