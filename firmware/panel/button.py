"""A push button: short, double and long presses.

An interrupt notes the time of each edge and wakes the task. It then reads the pin every 10 ms until
the press is over, and ignores contact bounce.

A name look-up may block the event loop for seconds. What happened meanwhile is then read from the
noted edges instead of the pin. Where the interrupts were late too (an ESP32 runs them between two
bytecodes), only this is known: a press that began and ended meanwhile is told as a short one. A
hold by mistake would do more harm.
"""

import asyncio
import asyncio.core  # type: ignore[import-not-found]  # private: see _on_edge
import time

from micropython import const

_READ_MS = const(10)
_STEADY_READS = const(3)  # equal ones in a row: contacts bounce for a few ms
_BOUNCE_MS = const(20)  # edges that lie so close together are noted as one
_DOUBLE_MS = const(350)  # from a release to the next press
_LONG_MS = const(1500)
_EDGES = const(16)  # that are noted, a power of 2
_BLOCKED_MS = const(200)  # what comes so late shows that the event loop was blocked
_ASSUMED_MS = const(100)  # how long a press was if that is not known


class Button:
    """Reports presses.

    pin: a machine.Pin, an input, low while pressed. on_short(), on_double(), on_long(): called in
    the event loop. Their MemoryError is dropped; they must raise nothing else. A short press is
    reported once it can't become a double one, a long one while the button is still held. A button
    that is held at the start reports nothing until it is released.
    """

    def __init__(self, pin, on_short, on_double, on_long) -> None:
        self._pin = pin
        self._on_short = on_short
        self._on_double = on_double
        self._on_long = on_long
        self._edge = asyncio.ThreadSafeFlag()
        self._edges = [0] * _EDGES  # their ticks; ~ticks where it is released then
        self._noted = 0  # edges
        self._read_up_to = 0  # of these
        self._is_blocked = False  # the event loop was, when the last edge was noted
        self._at_ms = 0  # the reading: what is looked at is the pin at this time
        self._is_low = False  # at that time, bouncing or not
        self._is_pressed = False
        self._since_ms = 0  # ticks of its last change

    async def run(self) -> None:
        """Report presses for ever."""
        self._at_ms = time.ticks_ms()
        self._pin.irq(handler=self._on_edge, trigger=self._pin.IRQ_FALLING | self._pin.IRQ_RISING)
        await self._read()
        while True:
            await self._released()
            await self._next_edge()
            if self._is_pressed:
                try:
                    await self._press()
                except MemoryError:
                    pass  # for the log's lines, for example: the user will press again

    def _on_edge(self, _pin) -> None:
        now_ms = time.ticks_ms()
        last = self._noted - 1
        if last < self._read_up_to or time.ticks_diff(now_ms, self._time_of(last)) > _BOUNCE_MS:
            last += 1
            self._noted += 1
            self._read_up_to = max(self._read_up_to, self._noted - _EDGES)
        else:
            now_ms = self._time_of(last)
        self._edges[last & (_EDGES - 1)] = ~now_ms if self._pin.value() else now_ms
        # The firmware has something to do at least every second, so a task is overdue then.
        task = asyncio.core._task_queue.peek()
        self._is_blocked = (
            task is not None and time.ticks_diff(asyncio.core.ticks(), task.ph_key) > _BLOCKED_MS
        )
        self._edge.set()

    async def _next_edge(self) -> None:
        if self._read_up_to == self._noted:
            await self._edge.wait()
        self._at_ms = time.ticks_ms()
        if self._read_up_to != self._noted:
            first_ms = self._at_ms = self._time_of(self._read_up_to)
            if self._is_blocked and not self._is_pressed and self._is_release(self._read_up_to):
                self._at_ms = time.ticks_add(first_ms, -_ASSUMED_MS)
                self._assume(self._at_ms, first_ms)
        await self._read()

    async def _released(self) -> None:
        """Wait until it is released; by interrupts, because it may be held for days."""
        while self._is_pressed:
            await self._next_edge()

    async def _press(self) -> None:
        """Report which kind a press that has begun is."""
        if await self._becomes(False, _LONG_MS):
            if not await self._becomes(True, _DOUBLE_MS):
                self._on_short()
                return
            if await self._becomes(False, _LONG_MS):
                self._on_double()
                return
        self._on_long()

    async def _becomes(self, is_pressed: bool, within_ms: int) -> bool:
        """Whether it is pressed (or released) within a time, counted from its last change."""
        while time.ticks_diff(self._at_ms, self._since_ms) < within_ms:
            await self._read()
            if self._is_pressed == is_pressed:
                return True
        return False

    async def _read(self) -> None:
        """Read the pin until it is steady."""
        is_pressed = self._is_pressed
        since_ms = self._since_ms
        reads = 0
        while True:
            if is_pressed != self._is_low_then():
                is_pressed = not is_pressed
                since_ms = self._at_ms
                reads = 0
            reads += 1
            if reads == _STEADY_READS:
                break
            # On by 10 ms; at once if that time has passed already.
            self._at_ms = time.ticks_add(self._at_ms, _READ_MS)
            wait_ms = time.ticks_diff(self._at_ms, time.ticks_ms())
            if wait_ms > 0:
                await asyncio.sleep_ms(wait_ms)
                self._turn_came()
        if is_pressed != self._is_pressed:
            self._is_pressed = is_pressed
            self._since_ms = since_ms

    def _turn_came(self) -> None:
        """Go on with the present, unless the event loop was blocked: then with what was noted."""
        now_ms = time.ticks_ms()
        if time.ticks_diff(now_ms, self._at_ms) < _BLOCKED_MS:
            self._at_ms = now_ms
            return
        edge = self._read_up_to
        if edge == self._noted or time.ticks_diff(now_ms, self._time_of(edge)) > _BOUNCE_MS:
            return
        # It was noted late.
        if self._is_low:
            self._assume(None, self._at_ms)
        elif self._is_release(edge):
            self._assume(time.ticks_add(now_ms, -_ASSUMED_MS), now_ms)

    def _is_low_then(self) -> bool:
        """Whether the pin is low at the time of the reading."""
        while self._read_up_to != self._noted:
            if time.ticks_diff(self._time_of(self._read_up_to), self._at_ms) > 0:
                break
            self._is_low = not self._is_release(self._read_up_to)
            self._read_up_to += 1
        if time.ticks_diff(time.ticks_ms(), self._at_ms) < _READ_MS:
            self._is_low = not self._pin.value()
        return self._is_low

    def _time_of(self, edge: int) -> int:
        ticks_ms = self._edges[edge & (_EDGES - 1)]
        return ticks_ms if ticks_ms >= 0 else ~ticks_ms

    def _is_release(self, edge: int) -> bool:
        return self._edges[edge & (_EDGES - 1)] < 0

    def _assume(self, pressed_ms: int | None, released_ms: int) -> None:
        """Put these in place of the edges that were noted late."""
        self._read_up_to = self._noted = 0
        if pressed_ms is not None:
            self._edges[0] = pressed_ms
            self._noted = 1
        self._edges[self._noted] = ~released_ms
        self._noted += 1
