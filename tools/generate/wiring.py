"""Draws docs/wiring/BOARD.svg: what to wire to which pin, read from the board's own file.

Only what that can't know is written here: how the pins are marked, and what is soldered to it.
On the left of a picture is the board, on the right what is wired to it, with a row for each wire.
"""

import sys
import textwrap
from html import escape
from pathlib import Path
from typing import Any

from tools.generate.board_parts import Pins, parts_of
from tools.generate.files import main
from tools.on_cpython import ROOT

FOLDER = ROOT / "docs/wiring"
# Board → its name; how its pins are marked ("IO{0}" of the GPIO, but for `marks`); what is soldered
# to it; a note for each part; and how a computer is connected, where there is no USB.
BOARDS: dict[str, dict[str, Any]] = {
    "arduino_nano_esp32": {
        "name": "Arduino Nano ESP32",
        "marks": {5: "D2", 11: "A4", 12: "A5", "3V3": "3.3V"},
        "on board": {"light": "RGB LED"},
        "notes": {"button": "the board's own is its reset"},
    },
    "esp32_devkit": {
        "name": "ESP32-DevKitC, and alike",
        "mark": "{0}, IO{0} or D{0}",
        "on board": {"button": "button BOOT"},
        "notes": {"light": "many boards have it, a DevKitC has none"},
    },
    "esp32_s3_devkit": {
        "name": "ESP32-S3-DevKitC-1",
        "mark": "{0}",
        "marks": {"GND": "G or GND"},
        "on board": {"light": "NeoPixel", "button": "button BOOT"},
        "notes": {"light": "board v1.0; v1.1: GPIO 38"},
    },
    "wt32_eth01": {
        "name": "WT32-ETH01 v1.4",
        "marks": {32: "CFG", 33: "485_EN"},
        "on board": {"ethernet": "Ethernet socket"},
        "notes": {"serial": "levels of 3.3 V. IO0 to GND at power-on: for esptool"},
        "serial": {"TX0": "RX", "RX0": "TX", "GND": "GND", "5V": "5V"},
    },
}
_WIRES = {"GND": "#222222", "3V3": "#c62828", "5V": "#c62828", "SCL": "#8a6d00", "SDA": "#1565c0"}
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{height}" viewBox="0 0 800 {height}" \
role="img" font-family="Helvetica, Arial, sans-serif" font-size="15" fill="none" stroke="#222222" \
stroke-width="2">
  <title>{title}</title>
  <style>text {{ fill: #222222; stroke: none }} .note {{ font-size: 13px; fill: #555555 }}</style>
  <rect x="1" y="1" width="798" height="{frame}" rx="10" fill="#ffffff" stroke="#b0b8c0"/>
  <rect x="20" y="20" width="260" height="{board}" rx="8" fill="#eef2f6"/>
  {marks}
</svg>
"""


class _Drawing:
    """One board's picture, drawn row by row; y: of the last row."""

    def __init__(self, name: str) -> None:
        self.board = {"name": name, "on board": {}, "notes": {}, "marks": {}} | BOARDS.get(name, {})
        self.marks: list[str] = []
        self.y = 48
        self.text(36, self.y, self.board["name"], 'font-size="18" font-weight="bold"')

    def text(self, x: int, y: int, text: str, style: str = 'font-weight="bold"') -> None:
        self.marks.append(f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>')

    def note(self, x: int, y: int, text: str, columns: int = 30) -> None:
        for number, line in enumerate(textwrap.wrap(text, columns)):
            self.text(x, y + 17 * number, line, 'class="note"')

    def path(self, path: str, colour: str = "#222222", fill: str = "none") -> None:
        self.marks.append(f'<path d="{path}" stroke="{colour}" fill="{fill}"/>')

    def name(self, part: str, name: str, x: int, y: int) -> None:
        self.text(x, y, name)
        self.note(x, y + 17, self.board["notes"].get(part, ""))

    def soldered(self, part: str, name: str, pins: Pins) -> None:
        """Name a part that is on the board."""
        self.y += 44
        self.path(f"M40 {self.y - 11}h12v12h-12z", fill="#ffffff")
        gpios = ", ".join(str(pin) for pin in pins if isinstance(pin, int))
        self.name(part, f"{name}: GPIO {gpios}" if gpios else name, 62, self.y)

    def wire(self, pin: Any, path: str, end: str = "") -> int:
        """A pin of the board in a new row, and the wire from it; the row's y."""
        self.y += 32
        mark = self.board.get("mark", "IO{0}").format(pin) if isinstance(pin, int) else pin
        style = 'font-weight="bold" text-anchor="end"'
        self.text(266, self.y + 5, self.board["marks"].get(pin, mark), style)
        self.note(36, self.y + 5, f"GPIO {pin}" if isinstance(pin, int) else "")
        self.path(f"M280 {self.y}{path}", _WIRES.get(end) or _WIRES.get(pin, "#2e7d32"))
        self.path(f"M275 {self.y - 5}h10v10h-10z", fill="#ffffff")
        return self.y

    def light(self, pins: Pins) -> None:
        """An LED, or several with their other ends joined, each with a resistor; or a NeoPixel."""
        if "DIN" in pins.values():
            self.module("light", "NeoPixel", pins)
            return
        top = self.y = self.y + 22
        *leds, common = pins
        for gpio in leds:
            y = self.wire(gpio, "H500")
            self.path(f"M330 {y - 7}h60v14h-60z", fill="#ffffff")
            self.note(342, y - 11, "330 Ω")
            way = -24 if common == "3V3" else 24
            self.path(f"M{444 - way // 2} {y - 10}v20l{way} -10zm{way} 0v20", fill="#ffffff")
            self.path(f"M446 {y - 14}l8 -9m-5 0h5v5M456 {y - 12}l8 -9m-5 0h5v5")
            self.note(470, y - 8, pins[gpio] if len(leds) > 1 else "")
        self.wire(common, f"H500V{top + 32}")
        self.name("light", "RGB LED" if len(leds) > 1 else "LED", 520, top + 44)

    def button(self, pins: Pins) -> None:
        """A push button between the two."""
        self.y += 22
        gpio, ground = pins
        y = self.wire(gpio, "H420m40 0H500")
        self.path(f"M420 {y}L458 {y - 14}M440 {y - 8}v-12m-8 0h16")
        for x in (420, 460):
            self.path(f"M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", fill="#ffffff")
        self.wire(ground, f"H500V{y}")
        self.name("button", "push button", 520, y + 12)

    def screen(self, pins: Pins) -> None:
        """A display's module, with pull-ups from the supply to both lines of the bus."""
        rows = self.module("screen", "SSD1306 or SH1106", pins)
        y = rows["VCC"]
        for x, line in ((320, "SCL"), (350, "SDA")):
            self.path(f"M{x} {y}v14", _WIRES["3V3"])
            self.path(f"M{x} {y + 40}V{rows[line]}", _WIRES[line])
            self.path(f"M{x - 6} {y + 14}h12v26h-12z", fill="#ffffff")
            for at, colour in ((y, _WIRES["3V3"]), (rows[line], _WIRES[line])):
                self.path(f"M{x - 2} {at - 2}h4v4h-4z", colour, colour)
        self.note(368, y + 25, "4.7 kΩ each, where the module has none", 22)

    def module(self, part: str, name: str, pins: Pins) -> dict[str, int]:
        """A box with terminals; the y of each."""
        self.y += 22
        top, rows = self.y + 14, {}
        for pin, terminal in pins.items():
            self.y += 22 if terminal == "SCL" else 0  # room for the pull-ups
            rows[terminal] = self.wire(pin, "H520", terminal)
            self.text(530, self.y + 5, terminal)
        self.path(f"M520 {top}h260v{self.y + 18 - top}h-260z")
        self.name(part, name, 590, top + 23)
        return rows


def picture(name: str, parts: dict[str, Pins]) -> str:
    """A board with its parts as an SVG."""
    drawing = _Drawing(name)
    board = drawing.board
    for part, text in board["on board"].items():
        drawing.soldered(part, text, parts.get(part, {}))
    for part, pins in parts.items():
        if part not in board["on board"]:
            getattr(drawing, part)(pins)
    if "serial" in board:
        drawing.module("serial", "serial adapter", board["serial"])
    height = drawing.y + 42
    return _PICTURE.format(
        height=height,
        frame=height - 2,
        board=height - 40,
        title=escape(f"{board['name']}: what is wired to which pin"),
        marks="\n  ".join(drawing.marks),
    )


def files(folder: Path = FOLDER) -> dict[Path, str | None]:
    """Path → picture of each board that has parts; None for any other picture in the folder."""
    found: dict[Path, str | None] = dict.fromkeys(folder.glob("*.svg"))
    for source in sorted((ROOT / "firmware/boards").glob("*.py")):
        if parts := parts_of(source.stem):
            found[folder / f"{source.stem}.svg"] = picture(source.stem, parts)
    return found


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
