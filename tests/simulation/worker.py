"""Runs simulated histories on the unix port; `make simulate` starts one of these a core.

MICROPYPATH=.:lib:.frozen .venv/bin/micropython -X heapsize=64m -m tests.simulation.worker …
    pairs KIND DEPTH PART PARTS
    seeds FIRST COUNT DAYS
    again HISTORY
    scarcity PART PARTS
"""

import json
import sys
from time import clock  # before the virtual one replaces it

from tests.simulation import fleets, modes, scarcity, seeds
from tests.simulation.device import keep_loaded
from tests.simulation.histories import live, named
from tests.simulation.pairs import Summary, count, part_of, variants
from tools.virtual_board import virtual_time


async def pairs(kind, depth, part, parts):
    """Live through a part of the pairs; the last line printed is the summary, as JSON."""
    keep_loaded()
    summary = Summary()
    for history in part_of(kind, int(depth), int(part), int(parts)):
        await summary.live(history)
    _print_summary(summary)


async def months(first, count, days):
    """Live through these seeds; the last line printed is the summary, as JSON."""
    summary = Summary()
    for seed in range(int(first), int(first) + int(count)):
        failed = len(summary.failures)
        await summary.live(seeds.drawn(seed, int(days)), "seed %d %s" % (seed, days))
        if len(summary.failures) > failed:
            await _shrink(summary.failures[-1][0])
    _print_summary(summary)


async def _fails(history):
    try:
        await live(history)
    except Exception as error:
        return seeds.cause(error)


async def _shrink(history):
    short = await seeds.shrunk(history, _fails)
    print("failed in the same way: %s" % short)


def _print_summary(summary):
    print(
        json.dumps(
            {
                "histories": summary.count,
                "failed": len(summary.failures),
                "known": summary.known,
                "worst_ms": summary.worst_ms,
                "virtual_ms": summary.virtual_ms,
                "cpu_ms": round(clock() * 1000),
            }
        )
    )


async def mode(number):
    """Live through a mode; what came of it, as JSON."""
    print(json.dumps(await modes.live(*modes.MODES[int(number)])))


async def fleet(event, seed):
    """Count what a fleet asks after an event, as JSON."""
    print(json.dumps(await fleets.live(event, int(seed))))


async def again(*words):
    """Live through one history, which raises what is broken; a seed's is shrunk before."""
    is_seed = words[0] == "seed"
    history = seeds.drawn(int(words[1]), int(words[2])) if is_seed else named(" ".join(words))
    if is_seed and await _fails(history):
        await _shrink(history)
    back_ms, watch = await live(history)
    print("back after %d ms; expected to fail: %s" % (back_ms, watch.known))


async def no_memory(part, parts):
    """Try a part of the places without memory; the last line printed is the summary, as JSON."""
    scarcity.install()
    summary = await scarcity.try_part(int(part), int(parts))
    print(json.dumps({"tried": summary.tried, "failed": len(summary.failures)}))


async def count_pairs(kind, depth):
    """How many pairs or triples there are of a kind."""
    print(count(kind, int(depth)))


async def count_variants(depth):
    """How many histories there are of the same faults in the same order."""
    print(variants(int(depth)))


async def count_modes():
    """How many modes there are."""
    print(len(modes.MODES))


_JOBS = {
    "pairs": pairs,
    "seeds": months,
    "again": again,
    "count": count_pairs,
    "variants": count_variants,
    "modes": count_modes,
    "mode": mode,
    "fleet": fleet,
    "scarcity": no_memory,
}
virtual_time.run(_JOBS[sys.argv[1]](*sys.argv[2:]))
