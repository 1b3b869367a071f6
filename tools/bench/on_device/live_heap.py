"""main.py of a device whose live heap is measured once it is online.

With BENCH_LIVES in the environment nothing is measured: tools/bench/memory.py then sees whether it
lives in a small heap.
"""

import rom

# isort: split
import asyncio
import gc
import os
import sys

import started


async def measure(agent):
    """Tell what lives on the heap, and what is loaded."""
    if os.getenv("BENCH_LIVES"):
        return
    await started.until_online(agent)
    await asyncio.sleep_ms(1500)
    gc.collect()
    gc.collect()
    live = gc.mem_alloc() - rom.image_bytes
    started.tell({"live": live, "modules": list(sys.modules)})


started.run(measure)
