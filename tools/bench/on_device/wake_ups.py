"""main.py of a device whose event loop is watched for a minute, once it has been online for one."""

import sys

sys.path[:0] = [".", "lib"]

import asyncio
import gc
from asyncio import core

import started

_SETTLED_S = 70
_COUNTED_S = 60
_counted = {"wake_ups": 0}
_wait_io_event = core.IOQueue.wait_io_event


def wait_io_event(self, wait_ms):
    """asyncio's, which returns when the loop wakes; 0: it did not sleep."""
    _wait_io_event(self, wait_ms)
    if wait_ms:
        _counted["wake_ups"] += 1


async def measure(agent):
    """Count the wake-ups, and the bytes that are allocated meanwhile."""
    await started.until_online(agent)
    await asyncio.sleep(_SETTLED_S)
    gc.collect()
    gc.disable()
    begun, before = gc.mem_alloc(), _counted["wake_ups"]
    await asyncio.sleep(_COUNTED_S)
    garbage = gc.mem_alloc() - begun
    gc.enable()
    started.tell({"wake_ups": _counted["wake_ups"] - before, "garbage": garbage})


core.IOQueue.wait_io_event = wait_io_event
started.run(measure)
