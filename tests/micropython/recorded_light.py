"""A light in virtual time, without an event loop: pins that keep what they showed, a timer that fires when the time is let pass.

`install()` of tests/virtual_time.py comes before this is imported.
"""

from firmware.lamps import Led, Pixel, PwmLed, RgbLed
from tests.virtual_time import Clock


class Lamp:
    """Keeps (t_ms, red, green, blue) of all that it was told."""

    def __init__(self, fades=True):
        self.fades = fades
        self.shown = []

    def show(self, red, green, blue):
        self.shown.append((Clock.now_ms, red, green, blue))


class Timer:
    """machine.Timer, one-shots only. late_ms: how late it calls. loses: how many calls get lost. wakes: how often it called."""

    ONE_SHOT = 0

    def __init__(self):
        self.due_ms = None
        self.late_ms = self.loses = self.wakes = 0
        self._callback = None

    def init(self, mode=1, period=-1, callback=None):
        assert mode == self.ONE_SHOT and period > 0 and callback
        self.due_ms = Clock.now_ms + period
        self._callback = callback

    def deinit(self):
        self.due_ms = None

    def fire(self):
        """Call, as the interrupt does."""
        self.due_ms = None
        self.wakes += 1
        if self.loses:
            self.loses -= 1
        else:
            self._callback(self)


def pass_time(timer, ms):
    """Let the time go on by so much, and the timer fire."""
    end_ms = Clock.now_ms + ms
    while timer.due_ms is not None and timer.due_ms + timer.late_ms <= end_ms:
        Clock.now_ms = max(Clock.now_ms, timer.due_ms + timer.late_ms)
        timer.fire()
    Clock.now_ms = end_ms


def edges(shown, from_ms=0):
    """Where it becomes light and dark: [(t_ms, is it light?)], at half of the most that it shows as the eye sees it."""
    most = max([max(row[1:]) for row in shown]) if shown else 0
    found = []
    for t_ms, red, green, blue in shown:
        is_light = max(red, green, blue) * 4 >= most > 0
        if not found or found[-1][1] != is_light:
            found.append((t_ms - from_ms, is_light))
    return found


class Pin:
    """An output; `seen` is told each level."""

    def __init__(self, seen):
        self.seen = seen

    def value(self, level):
        assert level in (0, 1)
        self.seen(level * 255)


class Pwm:
    """A machine.PWM; `seen` is told each duty, 0..255."""

    def __init__(self, seen):
        self.seen = seen

    def duty_u16(self, duty):
        assert 0 <= duty <= 65535 and duty % 257 == 0
        self.seen(duty // 257)


class Pixels:
    """A strip as the stock neopixel has it; `seen` is told the bytes."""

    def __init__(self, seen, n=1, bpp=3):
        self.seen, self.n, self.bpp = seen, n, bpp
        self.buf = bytearray(n * bpp)

    def __setitem__(self, i, v):
        for part in range(self.bpp):
            self.buf[i * self.bpp + (1, 0, 2, 3)[part]] = v[part]

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        self.seen(self.buf)


class Eye:
    """Sees the light that comes of what is on the pins: (t_ms, red, green, blue)."""

    def __init__(self):
        self.rgb = [0, 0, 0]
        self.shown = []

    def part(self, i, inverted=False):
        def seen(light):
            self.rgb[i] = 255 - light if inverted else light
            if self.shown and self.shown[-1][0] == Clock.now_ms:
                self.shown.pop()
            self.shown.append((Clock.now_ms,) + tuple(self.rgb))

        return seen

    def grb(self, data, at=0):
        self.shown.append((Clock.now_ms, data[at + 1], data[at], data[at + 2]))


KINDS = {
    "led": lambda eye: Led(Pin(eye.part(1))),
    "led, active low": lambda eye: Led(Pin(eye.part(1, inverted=True)), active_low=True),
    "pwm": lambda eye: PwmLed(Pwm(eye.part(1))),
    "pwm, active low": lambda eye: PwmLed(Pwm(eye.part(1, inverted=True)), active_low=True),
    "rgb": lambda eye: RgbLed(Pwm(eye.part(0)), Pwm(eye.part(1)), Pwm(eye.part(2))),
    "rgb, common anode": lambda eye: RgbLed(
        Pwm(eye.part(0, inverted=True)), Pwm(eye.part(1, inverted=True)), Pwm(eye.part(2, inverted=True)), common_anode=True
    ),
    "pixel": lambda eye: Pixel(Pixels(eye.grb)),
    "strip": lambda eye: Pixel(Pixels(eye.grb, n=8)),
    "second pixel": lambda eye: Pixel(Pixels(lambda data: eye.grb(data, 3), n=3), 1),
    "rgbw pixel": lambda eye: Pixel(Pixels(eye.grb, bpp=4), 0),
}
