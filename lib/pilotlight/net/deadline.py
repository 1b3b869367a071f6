"""The one way to say a deadline: a supervisor that compares ticks and closes the link.

Cancelling a reader would orphan whoever waits on the same stream (asyncio of MicroPython), so a deadline never cancels:
it closes the transport, which wakes everybody who waits on it, and the block it guards ends with a timeout.
"""

import asyncio
import time

from .errors import NetError, Unreachable


class Deadline:
    """Guards a block:

        with Deadline(transport, "connecting", times):
            await transport.open()

    The block can end in these ways:
    1. It finishes in time: nothing happens.
    2. It raises by itself: the exception goes on.
    3. No byte moved for `times.stall_ms`, or `times.total_ms` went by: the transport is closed, which makes the block raise a
       NetError; that leaves as Unreachable("timeout").
    4. The block finished while the supervisor was closing: as 3, for the transport is gone.
    5. The task was cancelled: CancelledError goes on.

    transport: anything with `close()` and `progress_ms`, the ticks at which a byte last moved.
    times: anything with `stall_ms` and `total_ms`. total_ms: instead of times.total_ms.
    """

    def __init__(self, transport, what: str, times, total_ms: int = 0) -> None:
        self._transport = transport
        self._what = what
        self._times = times
        self._total_ms = total_ms or times.total_ms
        self._expired = False

    def __enter__(self) -> "Deadline":
        self._begun_ms = time.ticks_ms()
        self._transport.progress_ms = self._begun_ms
        self._task = asyncio.create_task(self._watch())
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self._task.cancel()
        if self._expired and (error is None or isinstance(error, NetError)):
            raise Unreachable("timeout", "no answer in time while %s" % self._what)

    async def _watch(self) -> None:
        while True:
            now_ms = time.ticks_ms()
            left_ms = min(
                self._times.stall_ms - time.ticks_diff(now_ms, self._transport.progress_ms),
                self._total_ms - time.ticks_diff(now_ms, self._begun_ms),
            )
            if left_ms <= 0:
                self._expired = True
                self._transport.close()
                return
            await asyncio.sleep_ms(left_ms)
