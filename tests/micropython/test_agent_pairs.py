"""Ordered pairs of the simulated faults; each commit runs another part of those that are judged.

`make simulate` runs them all. A failure names its history, which can be run again:

    make simulate HISTORY="paired reset 17 keep dead_air 45"
"""

import os

from tests.simulation.pairs import Summary, part_of

PARTS = 256
# Each part below this number has been run whole, and nothing failed: so a failure in `make test`
# comes from a later change, not from where the commit's hash has led. `make simulate` runs the rest.
JUDGED_PARTS = 89


async def _live_part(kind):
    part = int(os.getenv("SIMULATION_COMMIT") or "0", 16) % JUDGED_PARTS
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
