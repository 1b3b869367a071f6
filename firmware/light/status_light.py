"""The status light: a pattern of indication.PATTERNS in a colour, on an LED.

A one-shot timer wakes it at each change and at no other time. On an ESP32 that is a
`machine.Timer`, whose callback runs between two bytecodes of the running code, so the light goes on
while the event loop is busy. The level depends only on the time since the pattern began: a late
callback shifts nothing, and the next `show` repairs a lost one.
"""

import time

from micropython import const

from ..indication import PATTERNS

# The least time from rise to rise: 3 Hz (WCAG 2.3.1), also when patterns change quickly.
_FLASH_MS = const(334)
_RETRY_MS = const(1000)  # after an LED that could not be written
# Below this brightness too few steps are left between dark and light for breathing to keep its
# timing.
_FADES_FROM_PERCENT = const(25)
_FULL = const(10000)  # level times brightness, in percent each
_UNKNOWN = const(-1)


class Led:
    """One LED of one colour at a pin, on or off. fading_leds.py has others.

    Each has `show(red, green, blue)`, 0..255 each, linear in light, and `fades`: whether it can
    show levels between on and off. `show` allocates nothing.

    pin: a machine.Pin, an output. active_low: it is lit while the pin is low.
    """

    fades = False

    def __init__(self, pin, active_low: bool = False) -> None:
        self._pin = pin
        self._on = 0 if active_low else 1

    def show(self, red: int, green: int, blue: int) -> None:
        """On for every colour but black."""
        self._pin.value(self._on if red or green or blue else 1 - self._on)


class StatusLight:
    """Shows patterns.

    led: a Led, or one of fading_leds.py. timer: a machine.Timer for its use alone; None: an asyncio
    task instead.
    brightness: percent, as the eye sees it; 0 is dark.

    Call it from the event loop; only the timer's callback may interrupt. It never raises an
    Exception of the LED: the write is tried again.
    """

    def __init__(self, led, timer=None) -> None:
        if timer is None:
            from .asyncio_timer import AsyncioTimer

            timer = AsyncioTimer()
        self._fading: dict = {}
        if led.fades:
            from .breathing import BREATHING

            self._fading = BREATHING
        self._led = led
        self._timer = timer
        self._callback = self._step  # made once: a bound method is an object
        self._is_changing = False
        self.brightness = 100
        self._pattern = "off"
        self._steps = PATTERNS["off"]
        self._period_ms = self._wait_ms = 0
        self._begun_ms = 0  # ticks at which the pattern began, or will begin
        self._rgb = (0, 0, 0)
        self._least_scale = 0
        self._shown = _UNKNOWN  # 0xRRGGBB as last written
        self._rose_ms = 0  # ticks at which the LED last became light

    def show(self, pattern: str, rgb) -> None:
        """Show a pattern in a colour. The pattern that is already shown goes on without a restart.

        pattern: a key of indication.PATTERNS; else KeyError. rgb: (red, green, blue), 0..255
        each.
        """
        PATTERNS[pattern]
        least_scale = _least_scale(rgb)
        self._is_changing = True
        if pattern != self._pattern:
            self._pattern = pattern
            self._begun_ms = time.ticks_ms()
            if self._shown == 0 and 0 <= time.ticks_diff(self._begun_ms, self._rose_ms) < _FLASH_MS:
                self._begun_ms = time.ticks_add(self._rose_ms, _FLASH_MS)
        self._rgb = rgb
        self._least_scale = least_scale
        self._update()

    def set_brightness(self, percent: int) -> None:
        """Set the brightness in percent; 0 is dark."""
        self._is_changing = True
        self.brightness = max(0, min(100, percent))
        self._update()

    def _update(self) -> None:
        """Show what is due now, at the end of a change."""
        self._steps = PATTERNS[self._pattern]
        if self.brightness >= _FADES_FROM_PERCENT:
            self._steps = self._fading.get(self._pattern, self._steps)
        self._period_ms = 0
        for ms, _ in self._steps:
            self._period_ms += ms
        self._step()

    def _step(self, timer=None) -> None:
        """Write the LED if it must change, and arm the timer. Allocates nothing.

        timer: the one that calls. During a change it does nothing, as the change ends with a step.
        """
        if timer is not None and self._is_changing:
            return
        now = time.ticks_ms()
        try:
            value = self._colour_of(self._level_at(now))
            if value != self._shown:
                if value and self._shown <= 0:
                    self._rose_ms = now
                self._led.show(value >> 16, value >> 8 & 255, value & 255)
                self._shown = value
        except Exception:
            self._shown = _UNKNOWN
            self._wait_ms = self._wait_ms or _RETRY_MS
        finally:
            self._is_changing = False
            if self._wait_ms:
                self._timer.init(
                    mode=self._timer.ONE_SHOT, period=self._wait_ms, callback=self._callback
                )
            else:
                self._timer.deinit()

    def _level_at(self, now: int) -> int:
        """The level at these ticks. _wait_ms is then how long it lasts; 0: for ever."""
        at_ms = time.ticks_diff(now, self._begun_ms)
        self._wait_ms = 0
        if not self.brightness:
            return 0
        if -_FLASH_MS <= at_ms < 0:
            self._wait_ms = -at_ms
            return 0
        if len(self._steps) == 1:
            self._begun_ms = now  # else it would seem to lie ahead after 12.4 days
            return self._steps[0][1]
        self._begun_ms = time.ticks_add(self._begun_ms, at_ms // self._period_ms * self._period_ms)
        at_ms %= self._period_ms
        for ms, level in self._steps:
            at_ms -= ms
            if at_ms < 0:
                self._wait_ms = -at_ms
                return level
        return 0

    def _colour_of(self, level: int) -> int:
        """The light of a level: 0xRRGGBB, linear. Dark only for level or brightness 0."""
        if not self._led.fades:
            level = 100 if level >= 50 else 0
        scale = level * self.brightness
        if not scale:
            return 0
        scale = max(scale, self._least_scale)
        value = 0
        for part in self._rgb:
            value <<= 8
            if part:
                # Gamma is 2: close to the eye's, and exact in small integers.
                root = part * scale // 625  # 0..4080, as scale is at most _FULL
                value |= max(1, (root * root + 32640) // 65280)
        return value


def _least_scale(rgb) -> int:
    """The scale at which the weakest component still gives 1. Below it the hue would change.

    A component weaker than a third of the strongest does not count: else nothing could be dimmed.
    """
    strongest = max(rgb)
    weakest = strongest
    for part in rgb:
        if part:
            weakest = min(weakest, part)
    if not weakest:
        return 0
    return min(_FULL, 160000 // max(weakest, strongest // 3) + 1)
