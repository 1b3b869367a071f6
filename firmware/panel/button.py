"""A push button: short, double and long presses.

An interrupt wakes it at an edge. It then reads the pin every 10 ms until the press is over, and
ignores contact bounce.
"""

import asyncio
import time

from micropython import const

_READ_MS = const(10)
_STEADY_READS = const(3)  # equal ones in a row: contacts bounce for a few ms
_DOUBLE_MS = const(350)  # from a release to the next press
_LONG_MS = const(1500)


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
        self._is_pressed = False
        self._since_ms = 0  # ticks of its last change

    async def run(self) -> None:
        """Report presses for ever."""
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
        self._edge.set()

    async def _next_edge(self) -> None:
        await self._edge.wait()
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
        while time.ticks_diff(time.ticks_ms(), self._since_ms) < within_ms:
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
            if is_pressed == bool(self._pin.value()):
                is_pressed = not is_pressed
                since_ms = time.ticks_ms()
                reads = 0
            reads += 1
            if reads == _STEADY_READS:
                break
            await asyncio.sleep_ms(_READ_MS)
        if is_pressed != self._is_pressed:
            self._is_pressed = is_pressed
            self._since_ms = since_ms
