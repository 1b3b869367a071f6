"""What the light does on the pins, in virtual time; run by the unix port: micropython record_lights.py (by tools.light_strips).

Arguments: how many ms, then brightnesses in percent. Prints a JSON line for each pattern, kind of lamp and brightness:
[pattern, kind, percent, [[t_ms, red, green, blue], …]], the light linear, 0..255.
"""

import json
import sys

ROOT = __file__.rpartition("/")[0] + "/.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

from tests import virtual_time

virtual_time.install()

from firmware.face import LIGHTS
from firmware.light import Light
from tests.micropython.recorded_light import KINDS, Eye, Timer, pass_time
from tests.virtual_time import Clock

_KINDS = ("led", "pwm", "rgb", "pixel")


def seen(pattern, rgb, kind, percent, ms):
    """What an eye sees of a pattern from its begin on."""
    eye, timer = Eye(), Timer()
    light = Light(KINDS[kind](eye), timer)
    light.set_brightness(percent)
    eye.shown.clear()
    begun = Clock.now_ms
    eye.shown.append((begun, 0, 0, 0))
    light.show(pattern, rgb)
    pass_time(timer, ms - 1)
    return [(t_ms - begun, red, green, blue) for t_ms, red, green, blue in eye.shown]


def main(ms, *percents):
    """Record everything that the ladder uses."""
    for pattern, rgb in sorted(LIGHTS.values()):
        for percent in percents:
            for kind in _KINDS:
                print(json.dumps((pattern, kind, percent, seen(pattern, rgb, kind, percent, ms))))


main(*[int(argument) for argument in sys.argv[1:]])
