"""The agent over random faults, delays and orders. A seed decides them all and can be run again.

`SEEDS` is what `make test` runs; a failure names its seed.
"""

import asyncio
import random

from tests.simulation.device import World, sleep_s
from tests.simulation.faults import FAULTS, heal
from tests.simulation.invariants import Watch
from tools.virtual_board.virtual_time import Clock

SEEDS = 24
JITTER_MS = 400
ROUNDS = 12
BACK_MS = 85_000  # joined again after everything is well (design, invariant 3)
SETTLED_S = 62 + 2  # identity's spacing, and two requests
REFRESHED_S = 62  # a token that died in the trouble: the refresh's backoff comes first


def pause_or_resume(world):
    """The truth changes; of its event come none, one or two, and perhaps an old one behind it."""
    frameio = world.frameio
    frameio.paused = not frameio.paused
    word, old = ("paused", "resumed") if frameio.paused else ("resumed", "paused")
    for event in random.choice(((), (word,), (word, word), (word, old), (old, word, old))):
        frameio.push("status_updated", event)


async def pair_again(world):
    """The user pairs it again.

    A pairing ends only if an answer to a refresh was lost, so that the token was used twice.
    """
    tokens = world.frameio.tokens
    assert world.agent.status.reason in ("refresh_lost", "pairing_ended"), world.shown[-3:]
    assert tokens.uses.get(tokens.live - 1, 0) == 2, (tokens.live, tokens.uses)
    world.agent.start_pairing()
    await world.until("pairing")
    tokens.enter(world.agent.status.user_code)
    while not world.agent.status.authorized:
        await asyncio.sleep_ms(100)


async def until_right(world):
    """Online again, and what is shown is the truth."""
    begun = world.shown[-3:]
    state = "paused" if world.frameio.paused else "online"
    waited_ms = 0
    while not (world.agent.status.joined and world.frameio.online):
        await asyncio.sleep_ms(100)
        waited_ms += 100
        if world.agent.status.state == "unpaired":
            await pair_again(world)
        assert waited_ms <= BACK_MS + 4 * JITTER_MS, (begun, world.shown[-8:], world.log[-8:])
    if not waited_ms:  # no join that would ask for a verification: an event does, be it true or not
        world.frameio.push("status_updated", random.choice(("paused", "resumed")))
    await sleep_s(SETTLED_S + (REFRESHED_S if world.frameio.tokens else 0))
    assert world.agent.status.state == state, (
        state,
        Clock.now_ms,
        world.frameio.paused,
        world.shown[-4:],
        world.frameio.asked[-12:],
    )
    return waited_ms


async def live(seed, pairs=False):
    """A few virtual hours of one device; the longest way back in ms.

    pairs: it is paired, and its tokens live 15 minutes.
    """
    world = World(seed, JITTER_MS, pairs)
    watch = Watch(world)
    world.power_on()
    watch.begin()
    longest_ms = 0
    try:
        if pairs:
            world.frameio.tokens.access_s = 900
            await world.pair()
        await until_right(world)
        for _ in range(ROUNDS):
            for _ in range(random.randrange(1, 4)):
                random.choice(FAULTS)(world)
                await asyncio.sleep_ms(random.randrange(1, random.choice((1_000, 30_000, 300_000))))
                if not random.randrange(3):
                    pause_or_resume(world)
            heal(world)
            longest_ms = max(longest_ms, await until_right(world))
            for _ in range(random.randrange(3)):
                pause_or_resume(world)
                await asyncio.sleep_ms(random.randrange(1, 90_000))
            await until_right(world)
        watch.end()
        await world.power_off()
    except Exception as error:
        print("seed", seed)
        raise error
    return longest_ms


async def test_seeds():
    longest_ms = 0
    for seed in range(SEEDS):
        longest_ms = max(longest_ms, await live(seed, pairs=seed % 2 == 1))
    assert longest_ms > 10_000  # there was something to come back from


async def test_a_seed_is_the_same_day_again():
    days = []
    for seed in (1, 1, 2):
        world = World(seed, JITTER_MS)
        world.power_on()
        begun_ms = world.network.heard_ms
        for _ in range(5):
            random.choice(FAULTS)(world)
            await sleep_s(100)
            heal(world)
            await sleep_s(100)
        days.append([(row[0] - begun_ms, row[1:]) for row in world.shown])
        await world.power_off()
    assert days[0] == days[1] != days[2]
