"""Two ways to limit a wait: Deadline for what waits on a stream, TimedEvent for an event.

MicroPython's asyncio loses the writer of a stream when its reader is cancelled, and the reverse. So
a Deadline cancels no task: it closes the transport, which wakes all tasks that wait on it.
"""

import asyncio
import time

from micropython import const

from .errors import NetError, Unreachable

_LATE_MS = const(500)  # the event loop was blocked, or the chip suspended
_GRACE_MS = const(1_000)
_DAY_MS = const(86_400_000)


class Deadline:
    """Limits how long a block may take:

        with Deadline(transport, "connecting", times):
            await transport.open()

    The block can end in these ways:
    1. It finishes in time: nothing happens.
    2. It raises in time: the exception goes on.
    3. No byte moved for `times.stall_ms`, or `times.total_ms` have passed: the transport is closed,
       which makes the block raise a NetError; it becomes Unreachable("timeout").
    4. It finishes after the transport was closed so: Unreachable("timeout") too.
    5. Its task is cancelled: CancelledError goes on.

    The time for which something else blocks the event loop counts, but then the block has another
    second: what has come meanwhile is read first.

    transport: has `close()`. Its `begun_ms` and `progress_ms` are set here, to ticks; it sets
    begun_ms again when a look-up is over, and progress_ms when a byte moves. If its `is_tls` is
    true, the limit is times.tls_total_ms.
    what: what the block does; for the error's text.
    times: has `stall_ms`, `total_ms` and, where there is TLS, `tls_total_ms`. With total_ms only
    `stall_ms` is needed; None: no bytes need move.
    total_ms: if not 0, the limit in place of those two totals.
    """

    def __init__(self, transport, what: str, times, total_ms: int = 0) -> None:
        self._transport = transport
        self._what = what
        self._stall_ms: int = total_ms if times is None else times.stall_ms
        is_tls = getattr(transport, "is_tls", False)
        self._total_ms = total_ms or (times.tls_total_ms if is_tls else times.total_ms)
        self._expired = False

    def __enter__(self) -> "Deadline":
        self._transport.begun_ms = self._transport.progress_ms = time.ticks_ms()
        self._task = asyncio.create_task(self._watch())
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self._task.cancel()
        if self._expired and (error is None or isinstance(error, NetError)):
            raise Unreachable("timeout", "no answer in time while %s" % self._what)

    async def _watch(self) -> None:
        transport = self._transport
        late_ms = 0
        while True:
            now_ms = time.ticks_ms()
            left_ms = min(
                self._stall_ms - time.ticks_diff(now_ms, transport.progress_ms),
                self._total_ms - time.ticks_diff(now_ms, transport.begun_ms),
            )
            if left_ms <= 0:
                if late_ms < _LATE_MS:
                    self._expired = True
                    transport.close()
                    return
                left_ms = _GRACE_MS
            await asyncio.sleep_ms(left_ms)
            late_ms = time.ticks_diff(time.ticks_ms(), now_ms) - left_ms


class TimedEvent:
    """An event whose `wait` has a limit. As asyncio.Event, it wakes all who wait.

    is_set: it was set, and not cleared since.

    asyncio.wait_for needs 400 bytes for each wait, in two tasks and their frames. This needs a
    frame: the task that waits sleeps, and `set` ends its sleep as Task.cancel does.
    """

    def __init__(self) -> None:
        self.is_set = False
        self._waiting: list = []  # tasks

    def set(self) -> None:
        """Wake all who wait. Needs no memory."""
        self.is_set = True
        while self._waiting:
            task = self._waiting.pop(0)
            if task.data is None:  # else it was cancelled, which `push` would undo
                queue = asyncio.core._task_queue  # private
                queue.remove(task)
                queue.push(task)

    def clear(self) -> None:
        """A `wait` from now on waits for the next `set`."""
        self.is_set = False

    async def wait(self, wait_ms: int = _DAY_MS) -> bool:
        """Wait for at most wait_ms; True if it was set by then, perhaps cleared since."""
        if self.is_set:
            return True
        task = asyncio.current_task()
        waiting = self._waiting
        waiting.append(task)
        try:
            await asyncio.sleep_ms(wait_ms)
            return task not in waiting
        finally:
            if task in waiting:
                waiting.remove(task)
