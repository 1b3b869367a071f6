"""Lamps of each kind on the virtual board, and an eye that sees their light by nothing but what its
pins do.

`virtual_time.install(board=True)` comes before this is imported.
"""

from machine import PWM, Pin
from neopixel import NeoPixel
from virtual import events, wiring

from firmware.light.fading_leds import Pixel, PwmLed, RgbLed
from firmware.light.status_light import Led

_WHITE_PIN = 2
_RGB_PINS = (4, 5, 6)
_STRIP_PIN = 48
_STRIP_PIXELS = 3

wiring.use({"pixels": [{"pin": _STRIP_PIN, "count": _STRIP_PIXELS}]})


def _pwms(duty):
    return [PWM(Pin(pin), freq=1000, duty_u16=duty) for pin in _RGB_PINS]


def _strip(n, bpp=3):
    return NeoPixel(Pin(_STRIP_PIN, Pin.OUT), n, bpp)


# name → (makes the lamp, does it shine while its pins are low?, which pixel is looked at)
KINDS = {
    "led": (lambda: Led(Pin(_WHITE_PIN, Pin.OUT, value=0)), False, 0),
    "led, active low": (lambda: Led(Pin(_WHITE_PIN, Pin.OUT, value=1), active_low=True), True, 0),
    "pwm": (lambda: PwmLed(PWM(Pin(_WHITE_PIN), freq=1000, duty_u16=0)), False, 0),
    "pwm, active low": (
        lambda: PwmLed(PWM(Pin(_WHITE_PIN), freq=1000, duty_u16=65535), active_low=True),
        True,
        0,
    ),
    "rgb": (lambda: RgbLed(*_pwms(0)), False, 0),
    "rgb, common anode": (lambda: RgbLed(*_pwms(65535), common_anode=True), True, 0),
    "pixel": (lambda: Pixel(_strip(1)), False, 0),
    "strip": (lambda: Pixel(_strip(_STRIP_PIXELS)), False, 2),
    "second pixel": (lambda: Pixel(_strip(_STRIP_PIXELS), 1), False, 1),
    "rgbw pixel": (lambda: Pixel(_strip(1, bpp=4), 0), False, 0),
}


class Eye:
    """`with Eye(kind) as eye:` sees the light of `eye.lamp`.

    shown: (t_ms, red, green, blue), linear light, of all that was visible.
    """

    def __init__(self, kind):
        make, self._is_inverted, self._pixel = KINDS[kind]
        self.lamp = make()
        self.lamp.show(0, 0, 0)
        self.shown = []
        self._rgb = [0, 0, 0]

    def __enter__(self):
        events.listen(self._on_event)
        return self

    def __exit__(self, kind, error, traceback):
        events.ignore(self._on_event)

    def _on_event(self, event):
        if event["kind"] == "neopixel":
            self._rgb = event["pixels"][self._pixel]
        elif event["kind"] in ("pin", "pwm"):
            light = event["level"] * 255 if event["kind"] == "pin" else event["duty_u16"] // 257
            light = 255 - light if self._is_inverted else light
            pin = event["pin"]
            for part in range(3):
                if pin in (_WHITE_PIN, _RGB_PINS[part]):
                    self._rgb[part] = light
        t_ms = event["t_us"] // 1000
        if self.shown and self.shown[-1][0] == t_ms:
            self.shown.pop()  # the parts of a colour follow each other at once
        self.shown.append((t_ms,) + tuple(self._rgb))
