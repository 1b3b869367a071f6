"""A push button: short, double and long presses.

An interrupt wakes it at an edge; it then looks at the pin every 10 ms until the press is over. Contacts that bounce tell nothing.
"""

import asyncio
import time

from micropython import const

_LOOK_MS = const(10)
_STEADY_LOOKS = const(3)  # that must agree: contacts bounce for a few ms
_DOUBLE_MS = const(350)  # from a release to the next press
_LONG_MS = const(1500)


class Button:
    """Tells presses.

    pin: a machine.Pin, an input, low while pressed. on_short, on_double, on_long: called in the event loop, without arguments;
    a MemoryError of theirs is dropped, and they must raise nothing else. A short press is told once it can't become a double one,
    a long one while the button is still held. A button that is held at the start tells nothing until it was released.
    """

    def __init__(self, pin, on_short, on_double, on_long) -> None:
        self._pin = pin
        self._on_short = on_short
        self._on_double = on_double
        self._on_long = on_long
        self._edge = asyncio.ThreadSafeFlag()
        self._is_pressed = False
        self._since_ms = 0  # ticks at which it was first seen so

    async def run(self) -> None:
        """Tell presses for ever."""
        self._pin.irq(handler=self._on_edge, trigger=self._pin.IRQ_FALLING | self._pin.IRQ_RISING)
        await self._look()
        while True:
            await self._released()
            await self._next_edge()
            if self._is_pressed:
                try:
                    await self._press()
                except MemoryError:
                    pass  # for the log's lines, say: the user will press again

    def _on_edge(self, _pin) -> None:
        self._edge.set()

    async def _next_edge(self) -> None:
        await self._edge.wait()
        await self._look()

    async def _released(self) -> None:
        """Until it is not held; by interrupts, for it may be held for days."""
        while self._is_pressed:
            await self._next_edge()

    async def _press(self) -> None:
        """Tell what a press that has begun becomes."""
        if await self._becomes(False, _LONG_MS):
            if not await self._becomes(True, _DOUBLE_MS):
                self._on_short()
                return
            if await self._becomes(False, _LONG_MS):
                self._on_double()
                return
        self._on_long()

    async def _becomes(self, is_pressed: bool, within_ms: int) -> bool:
        """Whether the button is pressed, or released, in time; counted from when it was released, or pressed."""
        while time.ticks_diff(time.ticks_ms(), self._since_ms) < within_ms:
            await self._look()
            if self._is_pressed == is_pressed:
                return True
        return False

    async def _look(self) -> None:
        """Look at the pin until it is steady."""
        is_pressed = self._is_pressed
        since_ms = self._since_ms
        looks = 0
        while True:
            if is_pressed == bool(self._pin.value()):
                is_pressed = not is_pressed
                since_ms = time.ticks_ms()
                looks = 0
            looks += 1
            if looks == _STEADY_LOOKS:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        if is_pressed != self._is_pressed:
            self._is_pressed = is_pressed
            self._since_ms = since_ms
