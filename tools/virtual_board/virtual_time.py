"""MicroPython's asyncio on a virtual clock: days run in seconds, and times can be asserted exactly.

Runs on the unix port. Call `install()` before the firmware is imported, then `run(job)`. With
`install(board=True)` the firmware gets the virtual board's modules too, and its timers, buttons and
watchdog use the same clock.

What is replaced: the clock of asyncio; its poller, which lets the time pass instead of waiting for
sockets; and the `time` that the firmware imports, whose ticks wrap at 2**30 as on a board.
asyncio's own clock does not wrap: its queue is C code for the unix port's wider ticks. It starts
high, because Event.set and others queue tasks by the real clock, which must lie in the past.
"""

import asyncio
import asyncio.core
import sys
from time import gmtime as _gmtime

from tools.virtual_board import module_path

_START_MS = 1 << 40
_PERIOD = 1 << 30
_HALF = 1 << 29
_POLL = 3  # the ioctl by which a stream is asked what it is ready for
_IN = 1
_OUT = 4


class Clock:
    """now_ms: virtual milliseconds since `install`.

    wrap_in_ms: when the firmware's ticks first wrap.
    before_wait(ms): called when no task can run for so long, before the time passes, or None.
    """

    now_ms = 0
    wrap_in_ms = 20_000
    before_wait = None


class _NoBoard:
    """Stands in for the virtual board's interrupts: nothing interrupts."""

    NEVER_US = 1 << 60

    def next_due_us(self):
        return self.NEVER_US

    def serve(self):
        pass

    def forget(self):
        pass


_NO_BOARD = _NoBoard()
_interrupts = _NO_BOARD


def _next_interrupt(end_ms):
    """Let the time pass up to the next interrupt and serve it, or up to end_ms (None: no end).

    True if there was an interrupt.
    """
    due_us = _interrupts.next_due_us()
    due_ms = -(-due_us // 1000)
    if due_us == _interrupts.NEVER_US or (end_ms is not None and due_ms > end_ms):
        if end_ms is not None:
            Clock.now_ms = end_ms
        return False
    Clock.now_ms = max(Clock.now_ms, due_ms)
    _interrupts.serve()
    return True


class Waiter:
    """The task that waits for one direction of a simulated socket. The socket has `reader` and
    `writer`, which it wakes.
    """

    def __init__(self):
        self.task = None

    def wake(self):
        """The socket is ready: its task runs after all whose time has come, as on a board."""
        task, self.task = self.task, None
        if task is not None and asyncio.core._io_queue.waiters.pop(id(task), None) is self:
            asyncio.core._task_queue.push(task, asyncio.core.ticks())


class _Poller:
    """Replaces asyncio's poller: time passes.

    Streams written in Python (ThreadSafeFlag) work, and simulated sockets, which have Waiters.
    """

    def __init__(self):
        self.map = {}
        self.waiters = {}  # of each task that waits for a simulated socket

    def wait_io_event(self, dt):
        if dt > 0 and Clock.before_wait:
            Clock.before_wait(dt)
        if dt >= 0 and not self.map and _interrupts is _NO_BOARD:  # as in millions of turns
            Clock.now_ms += dt
            return
        end_ms = Clock.now_ms + dt if asyncio.core._task_queue.peek() else None
        while not self._wake():
            if not _next_interrupt(end_ms):
                if end_ms is None:
                    raise RuntimeError("every task waits for something that can't come any more")
                return

    def queue_read(self, stream):
        if not hasattr(stream, "reader"):
            self._queue(stream, _IN)
            return
        self._wait(stream.reader)
        if stream.is_readable():
            stream.reader.wake()

    def queue_write(self, stream):
        if not hasattr(stream, "writer"):
            self._queue(stream, _OUT)
            return
        self._wait(stream.writer)
        if stream.is_writable():
            stream.writer.wake()

    def _queue(self, stream, event):
        self.map[id(stream), event] = stream, asyncio.core.cur_task
        asyncio.core.cur_task.data = self

    def _wait(self, waiter):
        waiter.task = task = asyncio.core.cur_task
        self.waiters[id(task)] = waiter
        task.data = self

    def remove(self, task):
        waiter = self.waiters.pop(id(task), None)
        if waiter is not None:
            waiter.task = None
            return
        for key, (_, waiting) in self.map.items():
            if waiting is task:
                del self.map[key]
                return
        raise RuntimeError("no task waits for a socket here")

    def _wake(self):
        for key, (stream, waiting) in self.map.items():
            if stream.ioctl(_POLL, key[1]):
                del self.map[key]
                asyncio.core._task_queue.push(waiting)
                return True
        return False


class _Time:
    """The `time` module as the firmware sees it."""

    def ticks_ms(self):
        return (Clock.now_ms - Clock.wrap_in_ms) % _PERIOD

    def ticks_us(self):
        return self.ticks_ms() * 1000 % _PERIOD

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % _PERIOD

    def ticks_diff(self, one, other):
        return (one - other + _HALF) % _PERIOD - _HALF

    def gmtime(self, seconds):
        return _gmtime(seconds)

    def time(self):
        return 1_800_000_000 + Clock.now_ms // 1000

    def sleep_ms(self, ms):
        pass_ms(ms)


_time = _Time()


def install(board=False):
    """Replace clock, poller and `time`; board: install the virtual board's modules too.

    Call it before anything has begun to wait.
    """
    for name, module in sys.modules.items():
        if name.startswith(("pilotlight", "firmware")) and hasattr(module, "time"):
            module.time = _time
    asyncio.core.ticks = lambda: _START_MS + Clock.now_ms
    if board:
        module_path.install()
        _use_board()
    asyncio.core._io_queue = _Poller()
    sys.modules["time"] = _time


def _use_board():
    global _interrupts
    from virtual import clock

    clock.use(lambda: Clock.now_ms * 1000)
    from virtual import interrupts as _interrupts
    from virtual import rtc

    for name in ("time", "time_ns", "gmtime", "mktime"):
        setattr(_Time, name, staticmethod(getattr(rtc, name)))


def pass_ms(ms):
    """Let the time pass; no task runs, but interrupts are served."""
    end_ms = Clock.now_ms + ms
    while _next_interrupt(end_ms):
        pass


def run(job):
    """Run a coroutine to its end; its result."""
    return asyncio.core.run_until_complete(asyncio.create_task(job))


def forget_tasks():
    """Drop all other tasks, timers and the watchdog, as a power cut does: no `finally` runs."""
    asyncio.core._task_queue = asyncio.core.TaskQueue()
    asyncio.core._io_queue.map.clear()
    asyncio.core._io_queue.waiters.clear()
    _interrupts.forget()


def drop_tasks(which):
    """Drop the waiting tasks for whose coroutine which(coroutine) is true: no `finally` runs."""
    queue, kept = asyncio.core._task_queue, []
    while queue.peek():
        task = queue.pop()
        if not which(task.coro):
            kept.append((task, task.data))
    for task, data in kept:
        queue.push(task, task.ph_key)
        task.data = data  # `push` has undone a cancellation
    waiters = asyncio.core._io_queue.waiters
    for waiter in list(waiters.values()):
        if which(waiter.task.coro):
            asyncio.core._io_queue.remove(waiter.task)
