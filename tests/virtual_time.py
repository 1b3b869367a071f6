"""MicroPython's own asyncio on a virtual clock: days run in seconds, and every time can be asserted to the millisecond.

Runs on the unix port. `install()` before the firmware is imported, then `run(job)`.

What is replaced: the clock by which asyncio sleeps, its poller (which, instead of waiting for sockets, lets the time go on), and the
`time` that the firmware imports, whose ticks wrap at 2**30 as on a board. asyncio's own clock does not wrap: its queue is C code for
the unix port's wider ticks. It starts high, for Event.set and the like put tasks in the queue by the real clock, which must lie in
the past.
"""

import asyncio
import asyncio.core
import sys
from time import gmtime as _gmtime

_START_MS = 1 << 40
_PERIOD = 1 << 30
_HALF = 1 << 29


class Clock:
    """now_ms: virtual milliseconds since `install`. wrap_in_ms: when the firmware's ticks first wrap."""

    now_ms = 0
    wrap_in_ms = 20_000


class _Poller:
    """Stands in for asyncio's poller: nothing is ever polled, time just passes."""

    map: dict = {}

    def wait_io_event(self, dt):
        if dt < 0:
            raise RuntimeError("every task waits for something that can't come any more")
        Clock.now_ms += dt

    def remove(self, task):
        raise RuntimeError("nobody waits for a socket here")


class _Time:
    """The `time` module as the firmware sees it."""

    def ticks_ms(self):
        return (Clock.now_ms - Clock.wrap_in_ms) % _PERIOD

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % _PERIOD

    def ticks_diff(self, one, other):
        return (one - other + _HALF) % _PERIOD - _HALF

    def gmtime(self, seconds):
        return _gmtime(seconds)

    def time(self):
        return 1_800_000_000 + Clock.now_ms // 1000


def install():
    """Replace clock, poller and `time`. Before the firmware is imported."""
    asyncio.core.ticks = lambda: _START_MS + Clock.now_ms
    asyncio.core._io_queue = _Poller()
    sys.modules["time"] = _Time()


def run(job):
    """Run a coroutine to its end; its result."""
    return asyncio.core.run_until_complete(asyncio.create_task(job))


def forget_tasks():
    """All other tasks are gone without a last word, as when the power goes: no `finally` of theirs runs."""
    asyncio.core._task_queue = asyncio.core.TaskQueue()
