"""The light: a pattern of blink_patterns.py in a colour, on a lamp of leds.py.

A one-shot timer wakes it when something changes and at no other time. On ESP32 that is a `machine.Timer`, whose callback runs
between two bytecodes of whatever runs just then: so the light lives while the event loop is busy. What is to be seen follows from
the time since the pattern's begin alone: a late callback shifts nothing, and one that got lost is made good by the next `show`.
"""

import time

from micropython import const

from .blink_patterns import BREATHING, PATTERNS

_FLASH_MS = const(
    334
)  # from rise to rise at least: 3 Hz (WCAG 2.3.1), also when patterns change quickly
_RETRY_MS = const(1000)  # after a lamp that could not be written
_FADES_FROM_PERCENT = const(
    25
)  # below, too few steps are left between dark and light for breathing to keep its timing
_FULL = const(10000)  # level times brightness, in percent each
_UNKNOWN = const(-1)


class StatusLight:
    """Shows patterns.

    lamp: one of leds.py. timer: a machine.Timer that nobody else uses; None: an asyncio task instead.
    brightness: percent, as the eye sees it; 0 is dark.

    For the event loop; only the timer's callback may come in between. An Exception of the lamp's never leaves: it is tried again.
    """

    def __init__(self, lamp, timer=None) -> None:
        if timer is None:
            from .asyncio_timer import AsyncioTimer

            timer = AsyncioTimer()
        self._lamp = lamp
        self._timer = timer
        self._callback = self._on_timer  # once: a bound method is an object
        self._is_armed = False
        self._is_changing = False
        self._was_missed = False
        self.brightness = 100
        self._pattern = "off"
        self._steps = PATTERNS["off"]
        self._period_ms = 0
        self._level = 0
        self._wait_ms = 0
        self._begun_ms = 0  # ticks at which the pattern began, or will
        self._rgb = (0, 0, 0)
        self._least = 0
        self._shown = _UNKNOWN  # 0xRRGGBB as last written
        self._rose_ms = 0  # ticks at which the lamp last became light

    def show(self, pattern: str, rgb) -> None:
        """Show a pattern, a key of PATTERNS, in a colour, 0..255 each. The pattern that is shown already goes on as it was."""
        PATTERNS[pattern]
        least = _least(rgb)
        self._is_changing = True
        if pattern != self._pattern:
            self._pattern = pattern
            self._begin()
        self._rgb = rgb
        self._least = least
        self._update()

    def set_brightness(self, percent: int) -> None:
        """From now on, in percent; 0 is dark."""
        self._is_changing = True
        self.brightness = max(0, min(100, percent))
        self._update()

    def _begin(self) -> None:
        self._begun_ms = time.ticks_ms()
        if self._shown == 0 and 0 <= time.ticks_diff(self._begun_ms, self._rose_ms) < _FLASH_MS:
            self._begun_ms = time.ticks_add(self._rose_ms, _FLASH_MS)

    def _update(self) -> None:
        """Show what is to be seen now. A callback that comes meanwhile only leaves word."""
        if self._lamp.fades and self.brightness >= _FADES_FROM_PERCENT:
            self._steps = BREATHING.get(self._pattern, PATTERNS[self._pattern])
        else:
            self._steps = PATTERNS[self._pattern]
        self._period_ms = 0
        for ms, _ in self._steps:
            self._period_ms += ms
        self._was_missed = True
        while self._was_missed:
            self._is_changing = True
            self._was_missed = False
            try:
                self._step()
            finally:
                self._is_changing = False

    def _on_timer(self, _timer) -> None:
        if self._is_changing:
            self._was_missed = True
        else:
            self._step()

    def _step(self) -> None:
        """Write the lamp if it is to change, and arm the timer for the next change. Makes no object."""
        now = time.ticks_ms()
        self._find(now)
        try:
            self._write(self._seen(self._level), now)
        except Exception:
            self._shown = _UNKNOWN
            self._wait_ms = self._wait_ms or _RETRY_MS
        finally:
            self._arm(self._wait_ms)

    def _find(self, now: int) -> None:
        """Where in the pattern this is: the level now, and for how long; 0 ms: for good."""
        at_ms = time.ticks_diff(now, self._begun_ms)
        self._level = 0
        self._wait_ms = 0
        if not self.brightness:
            return
        if -_FLASH_MS <= at_ms < 0:
            self._wait_ms = -at_ms
            return
        if len(self._steps) == 1:
            self._level = self._steps[0][1]
            self._begun_ms = now  # in 12.4 days it would seem to lie ahead
            return
        self._begun_ms = time.ticks_add(self._begun_ms, at_ms // self._period_ms * self._period_ms)
        at_ms %= self._period_ms
        for ms, level in self._steps:
            at_ms -= ms
            if at_ms < 0:
                self._level = level
                self._wait_ms = -at_ms
                return

    def _arm(self, wait_ms: int) -> None:
        if wait_ms:
            self._is_armed = True
            self._timer.init(mode=self._timer.ONE_SHOT, period=wait_ms, callback=self._callback)
        elif self._is_armed:
            self._is_armed = False
            self._timer.deinit()

    def _write(self, value: int, now: int) -> None:
        if value == self._shown:
            return
        if value and self._shown <= 0:
            self._rose_ms = now
        self._lamp.show(value >> 16, value >> 8 & 255, value & 255)
        self._shown = value

    def _seen(self, level: int) -> int:
        """The light of a level: 0xRRGGBB, linear. Never dark but for level or brightness 0, and the hue is kept."""
        if not self._lamp.fades:
            level = 100 if level >= 50 else 0
        scale = level * self.brightness
        if not scale:
            return 0
        scale = max(scale, self._least)
        rgb = self._rgb
        return _linear(rgb[0], scale) << 16 | _linear(rgb[1], scale) << 8 | _linear(rgb[2], scale)


def _linear(part: int, scale: int) -> int:
    """Light, 0..255, of a part of a colour, scaled by up to _FULL. Gamma is 2: near the eye's, and exact in small integers."""
    if not part:
        return 0
    root = part * scale // 625  # 0..4080
    return max(1, (root * root + 32640) // 65280)


def _least(rgb) -> int:
    """The scale at which the weakest part of a colour still gives 1: below it, the hue would change.

    A part that is weaker than a third of the strongest does not count: for its sake, nothing could be dimmed.
    """
    strongest = max(rgb)
    weakest = strongest
    for part in rgb:
        if part:
            weakest = min(weakest, part)
    if not weakest:
        return 0
    return min(_FULL, 160000 // max(weakest, strongest // 3) + 1)
