"""A paired device that finds no memory around a request, in virtual time."""

import asyncio
import sys

from pilotlight.net.errors import LinkClosed, NetError
from tests.simulation.device import World, paired, sleep_s
from tests.simulation.failing import Failing, no_memory_to_import
from tests.support.expect import raises

# isort: split
from pilotlight.net.http_message import BodyFraming, ResponseHead
from pilotlight.net.json_pick import JsonPick


def is_for_tokens(method, target, *_):
    return target.startswith("/v2/auth/")


async def test_memory_that_runs_out_around_a_request_for_tokens_is_no_crash():
    world = World(pairs=True)
    world.power_on()
    http = world.agent.http
    scarce = Failing(http, "request", times=2, which=is_for_tokens)  # no code yet …
    await world.until("pairing")
    assert not scarce.left
    scarce.left = 2  # … no answer to a poll …
    await sleep_s(12)
    assert not scarce.left and world.agent.status.state == "pairing"
    await world.pair()
    await sleep_s(1)
    scarce.left = 1  # … and no refresh
    with raises(NetError) as caught:
        await world.refresh()
    assert caught.error.reason == "memory"
    await sleep_s(60)
    assert world.frameio.tokens.live == 2 and world.agent.status.state == "online"
    await world.power_off()


async def test_what_only_a_pairing_or_a_refresh_needs_is_loaded_for_it_alone():
    modules = {"pilotlight." + name for name in ("pairing", "refresh", "oauth_api")}
    world = World(pairs=True)
    world.power_on()
    await world.until("pairing")
    assert modules - set(sys.modules) == {"pilotlight.refresh"}
    await world.pair()
    await world.refresh()
    assert not (modules | {"pilotlight.stored_tokens"}) & set(sys.modules)
    world.agent.cancel_pairing()
    await world.agent.unpair(pair_again=True)
    await world.until("pairing")
    world.agent.cancel_pairing()
    await sleep_s(1)
    assert not modules & set(sys.modules)
    await world.power_off()


async def test_no_memory_to_load_what_asks_for_a_refresh():
    for module in ("refresh", "oauth_api", "token_text"):
        world = await paired()
        scarce = no_memory_to_import(module)
        with raises(NetError) as caught:
            await world.refresh()
        assert caught.error.reason == "memory" and not scarce.left
        await sleep_s(2)
        assert "00000002" in await world.agent.access_token()
        assert world.frameio.tokens.live == 2 and world.agent.status.state == "online"
        await world.power_off()


async def test_no_memory_to_load_what_upgrades_a_connection():
    """It costs one try to connect, and it is loaded for connects alone."""
    world = await paired()
    assert "pilotlight.net.websocket_upgrade" not in sys.modules
    scarce = no_memory_to_import("websocket_upgrade")
    upgrades, joins = world.frameio.times("upgrade"), len(world.frameio.times("join"))
    world.frameio.close_sockets(1001)
    while scarce.left:
        await sleep_s(1)
    assert world.frameio.times("upgrade") == upgrades
    await sleep_s(10)
    assert len(world.frameio.times("join")) == joins + 1
    assert world.agent.status.state == "online"
    assert "pilotlight.net.websocket_upgrade" not in sys.modules
    await world.power_off()


async def test_no_memory_for_the_answer_to_a_refresh():
    """It is parsed again: the token that was sent for it is used up."""
    for owner, name, times in (
        (ResponseHead, "feed", 1),
        (BodyFraming, "__init__", 3),
        (JsonPick, "feed", 6),
        (JsonPick, "finish", 1),
        (None, "__init__", 3),  # a TokenPair
    ):
        world = await paired()
        tokens = world.frameio.tokens
        world.frameio.delays_ms["refresh"] = 100
        refresh = asyncio.create_task(world.refresh())
        await asyncio.sleep_ms(60)  # it has been sent, so the code for it is loaded
        owner = owner or sys.modules["pilotlight.oauth_api"].TokenPair
        scarce = Failing(owner, name, times=times)
        assert "00000002" in await refresh
        assert not scarce.left and tokens.live == 2 and tokens.uses == {1: 1}
        await sleep_s(61)
        assert world.agent.status.state == "online"
        await world.power_off()


async def test_polls_for_which_there_is_no_memory_beside_the_socket():
    """After three, the socket is closed for one poll and joined again, at most once an hour.

    So the first pause is known although its event was lost: at the latest when identity is next
    due, within 6 min, and three failed polls later: 1, 1 and 2 min.
    """
    world = World(pairs=True)
    world.network.one_only = True
    world.power_on()
    await world.pair()
    world.frameio.delays_ms["identity"] = 3_000  # the socket waits for it
    for paused, longest_ms in ((True, 11 * 60_000), (False, 71 * 60_000), (True, 71 * 60_000)):
        world.frameio.paused = paused
        seen = len(world.shown)
        await world.until("paused" if paused else "online", longest_ms)
        states = [row[1] for row in world.shown[seen:]]
        assert "no_backend" not in states and "unpaired" not in states, states
    assert world.network.most_open == 2
    joins = len(world.frameio.times("join"))
    await sleep_s(5 * 3600)
    assert 4 <= len(world.frameio.times("join")) - joins <= 5, world.frameio.times("join")
    assert (
        min([after - before for before, after in pairs(world.frameio.times("identity"))]) >= 60_000
    ), world.frameio.times("identity")
    assert not [
        line
        for _, line in world.log
        if line.startswith("memory: there is no memory for this connection")
    ]
    world.network.one_only = False
    await sleep_s(600)
    joins = len(world.frameio.times("join"))
    await sleep_s(3600)
    assert len(world.frameio.times("join")) == joins
    await world.power_off()


async def test_what_was_read_while_the_socket_made_room_counts_for_the_join():
    """And where only a rejoin has made the pause unknown, room is made sooner than in an hour."""
    world = World(pairs=True)
    world.network.one_only = True
    world.power_on()
    await world.pair()
    world.frameio.paused = True
    await world.until("paused", 11 * 60_000)  # room was made
    seen = len(world.shown)
    await sleep_s(1800)
    assert len(world.shown) == seen, world.shown[seen:]
    world.frameio.push("phx_error", {})  # after the rejoin the pause must be confirmed
    await sleep_s(10)
    assert world.agent.status.state == "paused"
    await world.until("joining", 4 * 60_000)
    await world.until("paused", 6 * 60_000)
    joins = len(world.frameio.times("join"))
    await sleep_s(3000)
    assert len(world.frameio.times("join")) == joins
    await world.power_off()


async def test_no_memory_to_say_why_the_socket_is_dropped():
    """It is dropped all the same, and joined again after the poll."""
    world = World(pairs=True)
    world.power_on()
    await world.pair()
    world.network.one_only = True
    drop = Failing(
        LinkClosed, "__init__", which=lambda error, code, text, why="", *_: why == "memory"
    )
    world.frameio.paused = True
    await world.until("paused", 900_000)
    assert not drop.left
    await world.power_off()


def pairs(times):
    return [(times[i - 1], times[i]) for i in range(1, len(times))]
