"""The built-in `select`, which also serves interrupts while it waits.

The unix port itself runs nothing there that was scheduled.
"""

import uselect
import utime
from uselect import POLLERR as POLLERR
from uselect import POLLHUP as POLLHUP
from uselect import POLLIN, POLLOUT
from virtual import clock, interrupts

_ROOM = 32  # file descriptors


class poll:
    """As the built-in one."""

    def __init__(self):
        self._poller = uselect.poll()
        # When its table grows, the unix port (1.28) damages the entries of what has no file
        # descriptor, such as a ThreadSafeFlag, and crashes. So it grows before there are any.
        for descriptor in range(_ROOM):
            self._poller.register(descriptor, POLLIN)
        for descriptor in range(_ROOM):
            self._poller.unregister(descriptor)
        self._line = interrupts.line()
        if self._line:
            self._poller.register(self._line, POLLIN)
        self._ready = None
        self._until_ms = None
        self._is_told = False

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        """Watch a stream."""
        self._poller.register(stream, eventmask)

    def unregister(self, stream):
        """Not any more."""
        self._poller.unregister(stream)

    def modify(self, stream, eventmask):
        """Watch it for something else."""
        self._poller.modify(stream, eventmask)

    def poll(self, timeout=-1):
        """A list of (stream, events)."""
        return [tuple(ready) for ready in self.ipoll(timeout)]

    def ipoll(self, timeout=-1, flags=0):
        """The same, one by one, in a tuple that is used again.

        timeout: milliseconds; less than 0: forever.
        """
        if flags:
            raise NotImplementedError("ipoll with flags")
        self._until_ms = (
            None if timeout is None or timeout < 0 else utime.ticks_add(utime.ticks_ms(), timeout)
        )
        self._is_told = False
        self._ready = None
        return self

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            ready = self._next_ready()
            if ready:
                if ready[0] is self._line:
                    continue
                self._is_told = True
                return ready
            self._ready = None
            interrupts.serve()
            interrupts.raise_ctrl_c()
            if self._is_told or self._left_ms() == 0:
                raise StopIteration

    def _next_ready(self):
        """The next (stream, events) of the built-in poller, which waits first; None at the end."""
        if self._ready is None:
            interrupts.polling(True)
            try:
                interrupts.raise_ctrl_c()  # it may have come while the program ran
                self._ready = self._poller.ipoll(self._slice_ms())
            finally:
                interrupts.polling(False)
        return next(self._ready, None)

    def _left_ms(self):
        """Until the time is over; -1 if it never is."""
        return (
            -1
            if self._until_ms is None
            else max(0, utime.ticks_diff(self._until_ms, utime.ticks_ms()))
        )

    def _slice_ms(self):
        """Until the time is over or the next alarm is due."""
        left_ms = self._left_ms()
        due_us = interrupts.next_due_us()
        if due_us == interrupts.NEVER_US:
            return left_ms
        due_ms = max(0, due_us - clock.now_us() + 999) // 1000
        return due_ms if left_ms < 0 else min(due_ms, left_ms)
