"""Reads what a board has at which pin from its file in firmware/boards.

The file is run with stand-ins for `machine` and its like, which tell what it has made of which pin.
"""

import sys
from typing import Any
from unittest.mock import MagicMock, patch

from tools.on_cpython import device_module

# The board's pin, a GPIO or how a supply is marked → the end of the part, if it has a name.
Pins = dict[Any, str]
_COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "off": (0, 0, 0)}


class _Pin:
    """Stands in for a machine.Pin, a machine.PWM or a neopixel.NeoPixel."""

    bpp = 3
    write = fill = __setitem__ = MagicMock()

    def __init__(self, at: Any, *_: object, duty_u16: int = 0, **_options: object) -> None:
        self.gpio: int = at.gpio if isinstance(at, _Pin) else at
        self.level = duty_u16

    def value(self, level: int) -> None:
        """Write a level, or a duty cycle."""
        self.level = level

    duty_u16 = value


def parts_of(name: str) -> dict[str, Pins]:
    """What a board has, of "light", "button" and "screen"."""
    pins: list[_Pin] = []
    pixels: list[_Pin] = []

    def kept(those: list[_Pin]) -> MagicMock:
        def make(*arguments: Any, **options: Any) -> _Pin:
            those.append(_Pin(*arguments, **options))
            return those[-1]

        return MagicMock(side_effect=make)

    i2c = MagicMock(side_effect=lambda _, scl, sda, **__: {scl.gpio: "SCL", sda.gpio: "SDA"})
    stubs = {
        "machine": MagicMock(Pin=kept(pins), PWM=kept(pins), I2C=i2c),
        "neopixel": MagicMock(NeoPixel=kept(pixels)),
        "framebuf": MagicMock(FrameBuffer=type("FrameBuffer", (), {"__init__": MagicMock()})),
        "network": MagicMock(),
    }
    parts: dict[str, Pins] = {}
    with patch.dict(sys.modules, stubs):
        board = device_module(f"firmware.boards.{name}")
        if hasattr(board, "light"):
            light, levels = board.light(), {}
            for colour, rgb in _COLOURS.items():
                light.show("solid", rgb)
                levels[colour] = {pin.gpio: pin.level for pin in pins}
            dark = levels.pop("off")
            led = {g: c for c in levels for g in dark if levels[c][g] != dark[g]}
            ground = "3V3" if any(dark[gpio] for gpio in led) else "GND"
            parts["light"] = led | {ground: ""}
            if pixels:
                parts["light"] = {"GND": "GND", "5V": "5V", pixels[0].gpio: "DIN"}
        if hasattr(board, "button"):
            parts["button"] = {board.button().gpio: "", "GND": ""}
        if hasattr(board, "screen"):
            parts["screen"] = {"GND": "GND", "3V3": "VCC"} | board.screen(64).i2c
    return parts
