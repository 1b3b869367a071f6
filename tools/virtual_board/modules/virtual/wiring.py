"""What is wired to which pin: one of the names in `KNOWN`, or a description like theirs.

VIRTUAL_BOARD_WIRING holds either, the latter as JSON.

{"buttons": [0], "pixels": [{"pin": 48, "count": 1}],
 "i2c": [{"scl": 9, "sda": 8,
          "chips": [{"chip": "ssd1306", "address": 60, "width": 128, "height": 64}]}]}

"name": "s3" takes from that one what is not given. "pressed": [0] and "unplugged": [60] say how
things are at power-on. LEDs need no entry: every output and every PWM reports its level.
"""

import json
import os

from chips.i2c_bus import Bus
from chips.ws2812 import Strip

from . import orders

_SSD1306 = {"chip": "ssd1306", "address": 0x3C, "width": 128, "height": 64}
KNOWN = {
    "devkit": {"buttons": [0], "i2c": [{"scl": 22, "sda": 21, "chips": [_SSD1306]}]},
    "s3": {
        "buttons": [0],
        "pixels": [{"pin": 48, "count": 1}],
        "i2c": [{"scl": 9, "sda": 8, "chips": [_SSD1306]}],
    },
    "bare": {},
}
DEFAULT_I2C_PINS = ((18, 19), (25, 26))  # scl, sda of the ESP32 port's I2C(0) and I2C(1)

_description = None
_buses = {}
_strips = {}


def use(description):
    """Wire the board again. Raises ValueError for a name that is not known."""
    global _description
    if isinstance(description, str):
        description = {"name": description}
    if "name" in description:
        if description["name"] not in KNOWN:
            raise ValueError("no wiring is called %s" % description["name"])
        named = KNOWN[description["name"]].copy()
        named.update(description)
        description = named
    _description = description
    from chips import button  # which imports machine, which would wire the board if it was not

    _buses.clear()
    _strips.clear()
    for pin in description.get("buttons", ()):
        button.wire(pin)
    for strip in description.get("pixels", ()):
        _strips[strip["pin"]] = Strip(strip["pin"], strip["count"])
    for pin in description.get("pressed", ()):
        orders.obey("press", pin=pin)
    for address in description.get("unplugged", ()):
        orders.obey("unplug", address=address)


def use_environment():
    """Wire it as the environment says, or as a devkit, unless it is wired."""
    if _description is not None:
        return
    text = os.getenv("VIRTUAL_BOARD_WIRING") or "devkit"
    use(json.loads(text) if text.startswith("{") else text)


def bus(scl, sda):
    """The I2C bus at these pins; one without chips if none is wired to them."""
    if (scl, sda) not in _buses:
        made = _buses[scl, sda] = Bus()
        for wires in _description.get("i2c", ()):
            if (wires["scl"], wires["sda"]) == (scl, sda):
                for chip in wires["chips"]:
                    made.attach(chip["address"], _chip(**chip))
    return _buses[scl, sda]


def strip(pin):
    """The strip of pixels at a pin, or None."""
    return _strips.get(pin)


def _chip(chip, address, **options):
    if chip == "ssd1306":
        from chips import screen

        return screen.wired(address, **options)
    raise ValueError("no chip is called %s" % chip)


def _chips_at(address):
    buses = [bus(wires["scl"], wires["sda"]) for wires in _description.get("i2c", ())]
    found = [each.attached(address) for each in buses if each.attached(address)]
    if not found:
        raise ValueError("no chip is wired at address %d" % address)
    return found


def _unplug(address):
    for chip in _chips_at(address):
        chip.unplug()


def _plug(address):
    for chip in _chips_at(address):
        chip.plug()


orders.register("unplug", _unplug)
orders.register("plug", _plug)
