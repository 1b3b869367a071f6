"""A paired device over months of virtual time: alone, over outages, cut power, switched off."""

import asyncio
import random

from tests.simulation.device import LATENCY_MS, Times, World, gaps, no_secret, paired, sleep_s
from tests.simulation.link_faults import dead_air, refused
from tests.simulation.service_faults import forbidden, hanging, unavailable
from tests.simulation.trouble import heal
from tests.support.extent import WHOLE
from tools.virtual_board.virtual_time import Clock

REQUEST_MS = 4 * LATENCY_MS
DAY_S = 24 * 3600
# The socket's own heartbeats and polls are other tests'.
CALM = Times(
    heartbeat_ms=600_000,
    proof_ms=700_000,
    identity_ms=(3600_000, 3600_000),
)


async def calm():
    """A world whose device is paired and online, with little going on."""
    world = World(pairs=True)
    world.frameio.idle_ms = 1000_000
    world.power_on(CALM)
    await world.pair()
    return world


async def test_a_month_alone():
    """30 days, switched on: about 120 refreshes, each of a token that was used once, none seen."""
    world = await calm()
    shown = len(world.shown)
    begun_ms = Clock.now_ms
    await sleep_s(30 * DAY_S)
    refreshes = world.frameio.times("refresh")
    assert 110 <= len(refreshes) <= 126, len(refreshes)
    assert (
        min(gaps(refreshes)) >= 0.7 * 8 * 3600_000
        and max(gaps(refreshes)) <= 0.8 * 8 * 3600_000 + 1000 + REQUEST_MS
    )
    assert set(world.frameio.tokens.uses.values()) == {1}
    assert len(world.shown) == shown and len(world.frameio.times("upgrade")) == 1
    identities = world.frameio.times("identity")
    for refreshed_ms in refreshes:
        assert [ms for ms in identities if 0 < ms - refreshed_ms <= REQUEST_MS], refreshed_ms
    assert Clock.now_ms - begun_ms == 30 * DAY_S * 1000
    assert world.storage.saves <= len(refreshes) + 4
    no_secret(world)
    await world.power_off()


def without_power(world):
    world.lose_power()


async def test_sixty_days_of_bad_networks_and_cut_power():
    """Outages of every length up to half a day, also of the power. The user does nothing.

    Without WHOLE twenty days.
    """
    days = 60 if WHOLE else 20
    world = await calm()
    world.shown.clear()
    states = set()
    end_ms = Clock.now_ms + days * DAY_S * 1000
    while Clock.now_ms < end_ms:
        await sleep_s(random.randrange(1, DAY_S))
        fault = random.choice((dead_air, refused, unavailable, forbidden, hanging, without_power))
        fault(world)
        await sleep_s(random.randrange(1, random.choice((60, 3600, DAY_S // 2))))
        heal(world)
        states.update([row[1] for row in world.shown])
        world.shown.clear()
        if world.agent is None:
            world.power_on(CALM)
        waited_ms = 0
        while not (world.agent.status.joined and world.frameio.online):
            await asyncio.sleep_ms(500)
            waited_ms += 500
            assert waited_ms <= 90_000, (fault, world.log[-8:])
        no_secret(world)
        world.log.clear()
        world.frameio.asked.clear()
    uses = world.frameio.tokens.uses
    assert states == {"starting", "joining", "online", "no_backend"}, states
    # About four a day, were it always on and online.
    assert len(uses) > 3 * days and max(uses.values()) <= 2, uses
    await world.power_off()


async def test_the_clock_says_when_the_token_has_died():
    """Switched off for 10 hours: a refresh comes before the socket, which would be refused."""
    world = await paired()
    await world.power_off()
    await sleep_s(10 * 3600)
    world.frameio.asked.clear()
    world.power_on()
    await world.until("online")
    assert next(what for _, what in world.frameio.asked) == "refresh"
    assert len(world.frameio.times("upgrade")) == 1
    await world.power_off()


async def test_fourteen_days_off_are_too_many():
    for days, state in ((13, "online"), (15, "unpaired")):
        world = await paired()
        await world.power_off()
        await sleep_s(days * DAY_S)
        world.power_on()
        await world.until(state)
        assert (world.agent.status.reason == "pairing_ended") == (state == "unpaired")
        await world.power_off()
