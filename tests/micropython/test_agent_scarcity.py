"""No memory at one place of a day's story: the device comes back. Each commit tries another part.

`make simulate ONLY=scarcity` tries all places.
"""

import os

from tests.simulation import scarcity

HEAP = "64m"


async def test_no_memory_at_one_place():
    scarcity.install()
    part = int(os.getenv("SIMULATION_COMMIT") or "0", 16) % scarcity.PARTS
    summary = await scarcity.try_part(part)
    print("part %d of %d: %d places" % (part, scarcity.PARTS, summary.tried))
    assert summary.tried > 20
    assert not summary.failures, summary.failures
