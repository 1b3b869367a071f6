"""Records what the light does on the virtual board's pins; run on the unix port by light_strips.py.

Arguments: how many ms, then brightnesses in percent. Prints a JSON line for each pattern, kind of
lamp and brightness: [pattern, kind, percent, [[t_ms, red, green, blue], …]], linear light, 0..255,
in virtual time.
"""

import json
import sys

ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

import asyncio

from machine import Timer

from firmware.application import UPLOADING
from firmware.indication import LIGHTS
from firmware.light.status_light import StatusLight
from tools.virtual_board.lamps import Eye
from tools.virtual_board.virtual_time import Clock

_KINDS = ("led", "pwm", "rgb", "pixel")


async def seen(pattern, rgb, kind, percent, ms):
    """What an eye sees of a pattern from its begin on."""
    begun = Clock.now_ms
    with Eye(kind) as eye:
        light = StatusLight(eye.lamp, Timer(0))
        light.set_brightness(percent)
        light.show(pattern, rgb)
        await asyncio.sleep_ms(ms - 1)
    light.show("off", rgb)
    return [(0, 0, 0, 0)] + [
        (t_ms - begun, red, green, blue) for t_ms, red, green, blue in eye.shown
    ]


async def main(ms, *percents):
    """Record everything that the ladder uses, and what an application shows."""
    for pattern, rgb in sorted(list(LIGHTS.values()) + [UPLOADING]):
        for percent in percents:
            for kind in _KINDS:
                print(
                    json.dumps(
                        (pattern, kind, percent, await seen(pattern, rgb, kind, percent, ms))
                    )
                )


virtual_time.run(main(*[int(argument) for argument in sys.argv[1:]]))
