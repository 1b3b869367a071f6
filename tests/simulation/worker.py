"""Runs simulated histories on the unix port; `make simulate` starts one of these a core.

MICROPYPATH=.:lib:.frozen .venv/bin/micropython -X heapsize=64m -m tests.simulation.worker …
    pairs KIND PART PARTS
    again HISTORY
    scarcity PART PARTS
"""

import json
import sys

from tests.simulation import fleets, modes, scarcity
from tests.simulation.pairs import Summary, live, named, part_of
from tools.virtual_board import virtual_time


async def pairs(kind, part, parts):
    """Live through a part of the pairs; the last line printed is the summary, as JSON."""
    summary = Summary()
    for history in part_of(kind, int(part), int(parts)):
        await summary.live(history)
    print(
        json.dumps(
            {
                "histories": summary.count,
                "failed": len(summary.failures),
                "known": summary.known,
                "worst_ms": summary.worst_ms,
                "virtual_ms": summary.virtual_ms,
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
    """Live through one history, which raises what is broken."""
    back_ms, watch = await live(named(" ".join(words)))
    print("back after %d ms; expected to fail: %s" % (back_ms, watch.known))


async def no_memory(part, parts):
    """Try a part of the places without memory; the last line printed is the summary, as JSON."""
    scarcity.install()
    summary = await scarcity.try_part(int(part), int(parts))
    print(json.dumps({"tried": summary.tried, "failed": len(summary.failures)}))


async def count_modes():
    """How many modes there are."""
    print(len(modes.MODES))


_JOBS = {
    "pairs": pairs,
    "again": again,
    "modes": count_modes,
    "mode": mode,
    "fleet": fleet,
    "scarcity": no_memory,
}
virtual_time.run(_JOBS[sys.argv[1]](*sys.argv[2:]))
