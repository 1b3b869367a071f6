"""Every ordered pair of the simulated faults; each commit runs another part of them.

`make simulate` runs them all. A failure names its history, which can be run again:

    make simulate HISTORY="paired reset 17 keep dead_air 45"
"""

import os

from tests.simulation.pairs import Summary, part_of

PARTS = 256


async def _live_part(kind):
    part = int(os.getenv("SIMULATION_COMMIT") or "0", 16) % PARTS
    summary = Summary()
    for history in part_of(kind, 2, part, PARTS):
        await summary.live(history)
    print("part %d of %d, %s: %d histories" % (part, PARTS, kind, summary.count))
    assert summary.count
    assert not summary.failures, "%d of %d failed" % (len(summary.failures), summary.count)


async def test_pairs_with_a_fixed_token():
    await _live_part("fixed")


async def test_pairs_of_a_paired_device():
    await _live_part("paired")
