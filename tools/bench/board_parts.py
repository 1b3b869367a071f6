"""What the parts of a fully equipped board keep of the GC heap.

Run on the unix port with the virtual board's modules, by `make bench`: micropython board_parts.py
ROOT. ROOT holds firmware/ and lib/. Prints a JSON object: part → bytes.
"""

import asyncio
import gc
import json
import sys

sys.path[:0] = [
    __file__.rpartition("/")[0] + "/../virtual_board/modules",
    sys.argv[1],
    sys.argv[1] + "/lib",
]
for name in ("machine", "select", "time"):
    sys.modules.pop(name, None)

# The virtual ones, and the agent, come first: they are not counted, nor is the pool of names, which
# doubles somewhere on the way.
import machine as machine
import neopixel as neopixel
import network as network
import ntptime as ntptime

from firmware.indication import Indication
from firmware.storage import FileStorage
from pilotlight import agent as agent
from pilotlight.net import deadline as deadline
from pilotlight.status import DeviceStatus

_VALUES = {
    "wifi": [{"ssid": "a", "password": "password"}],
    "country": None,
    "hostname": None,
    "ntp": None,
}
_COUNTED: dict = {}


def count(part, make):
    """Make it, and note what it keeps; it is handed back."""
    gc.collect()
    before = gc.mem_alloc()
    made = make()
    gc.collect()
    _COUNTED[part] = gc.mem_alloc() - before
    return made


async def main():
    """Each part as firmware/app.py makes it, in an order that counts what they share once."""
    machine.I2C(
        0, scl=machine.Pin(22), sda=machine.Pin(21)
    )  # what the virtual board wants for its chips
    board = count("drivers, Wi-Fi and clock: code", board_of)
    storage = FileStorage("/tmp/none")
    kept = count(
        "Wi-Fi and clock: objects",
        lambda: (board.network(_VALUES, None), board.clock(_VALUES, storage, None)),
    )
    light = count("light", board.light)
    screen = count("screen", lambda: screen_of(board))
    panel = count("panel and button", lambda: panel_of(board, light, screen, storage))
    panel.show(Indication(DeviceStatus()))
    _COUNTED["all"] = sum(_COUNTED.values())
    del kept
    print(json.dumps(_COUNTED))


def board_of():
    """The board's file, and with it all drivers."""
    return __import__("firmware.boards.esp32_devkit").boards.esp32_devkit


def screen_of(board):
    """A screen of 128x64."""
    from firmware.screen.screen import Screen

    return Screen(board.screen(64))


def panel_of(board, light, screen, storage):
    """The panel of both, with a button."""
    from firmware.panel.button import Button
    from firmware.panel.front_panel import FrontPanel

    panel = FrontPanel(light, screen, board.button(), storage, 100, print)
    panel.kept = Button(board.button(), panel.press, panel.double_press, panel.press)
    return panel


asyncio.run(main())
