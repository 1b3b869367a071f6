"""The agent over random faults, delays and orders. A seed decides them all and can be run again.

`SEEDS` is what `make test` runs; a failure names its seed.
"""

import asyncio
import random

from tests.simulation.device import World, sleep_s
from tests.simulation.faults import FAULTS
from tests.simulation.invariants import Watch
from tests.simulation.recovery import until_right
from tests.simulation.trouble import heal, pause_or_resume

SEEDS = 24
JITTER_MS = 400
ROUNDS = 12


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
