"""Each board's file makes its parts, on the virtual board's modules."""

import os
import sys

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

import network
from virtual import events, wiring

from firmware.network.ethernet import Ethernet

SCREENS = {"esp32_devkit": (22, 21), "esp32_s3_devkit": (9, 8), "arduino_nano_esp32": (12, 11)}
SCREENS["wt32_eth01"] = (32, 33)
VALUES = {"wifi": None, "country": None, "hostname": "camera-1", "ntp": None}
VALUES.update({"ethernet." + key: None for key in ("address", "gateway", "dns")})


class Lan:
    """Stands in for network.LAN, which the virtual board lacks."""

    def __init__(self, **pins_and_phy):
        self.arguments = pins_and_phy


class Storage:
    def load(self, name):
        return None


network.LAN = Lan
network.PHY_LAN8720 = 1


def board_of(name):
    """Import a board's file; its display, if it has one, is wired to the pins of SCREENS."""
    description = {"pixels": [{"pin": 48, "count": 1}]}
    if name in SCREENS:
        scl, sda = SCREENS[name]
        chip = {"chip": "ssd1306", "address": 0x3C, "width": 128, "height": 64}
        description["i2c"] = [{"scl": scl, "sda": sda, "chips": [chip]}]
    wiring.use(description)
    return getattr(__import__("firmware.boards." + name).boards, name)


def names():
    return [name[:-3] for name in os.listdir("firmware/boards") if name.endswith(".py")]


def test_every_board_has_a_network_and_a_clock():
    assert set(SCREENS) < set(names()) and "host" in names()
    for name in names():
        board = board_of(name)
        made = board.network(VALUES, print)
        assert made.is_up() is (name == "host"), name
        assert not hasattr(made, "run") or made.on_change is None, name
        now_s = board.clock(VALUES, Storage(), print).now_s()
        assert (now_s is None) is (name != "host"), name


def test_every_board_with_pins_has_light_screen_and_button():
    for name in SCREENS:
        board = board_of(name)
        board.light().show("solid", (255, 0, 0))
        assert board.button().value() == 1, name
        display = board.screen(64)
        display.fill(1)
        display.show()  # raises OSError if no display is at these pins
        assert board.screen(32).height == 32, name


def test_the_arduino_s_light_is_red_green_and_blue_where_it_should_be():
    pins = {}
    events.listen(lambda event: event["kind"] == "pwm" and pins.update({event["pin"]: event}))
    light = board_of("arduino_nano_esp32").light()
    light.show("solid", (255, 0, 255))
    assert {pin: pins[pin]["duty_u16"] for pin in pins} == {46: 0, 0: 65_535, 45: 0}
    light.show("off", (0, 0, 0))
    assert {pins[pin]["duty_u16"] for pin in pins} == {65_535}


def test_the_wired_board_s_port():
    made = []
    network.LAN = lambda **arguments: made.append(Lan(**arguments)) or made[-1]
    sys.modules.pop("firmware.boards.wt32_eth01", None)
    assert isinstance(board_of("wt32_eth01").network(VALUES, print), Ethernet)
    pins = {key: str(made[0].arguments[key]) for key in ("mdc", "mdio", "power")}
    assert pins == {"mdc": "Pin(23)", "mdio": "Pin(18)", "power": "Pin(16)"}
    assert made[0].arguments["phy_addr"] == 1 and network.hostname() == "camera-1"
