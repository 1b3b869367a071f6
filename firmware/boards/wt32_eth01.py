"""Board `wt32_eth01`: a Wireless-Tag WT32-ETH01 v1.4, with Ethernet. Not yet run on a real one.

    GPIO 4    LED to ground, with a resistor; the board has none of its own
    GPIO 14   button to ground; the board has none of its own
    GPIO 32   SCL (CFG), GPIO 33 SDA (485_EN) of an SSD1306 display at address 0x3C; optional

The PHY (LAN8720, address 1) is fixed: MDC on GPIO 23, MDIO on 18, its clock on 0, and on 16 the
switch of its oscillator (source: "LAN" in MicroPython's quick reference for the ESP32).

How to add a board: see esp32_devkit.py.
"""

from machine import I2C, Pin, Timer
from network import LAN, PHY_LAN8720, hostname


def network(values: dict, log):
    """The Ethernet port."""
    from ..network.ethernet import Ethernet

    if values["hostname"]:
        hostname(values["hostname"])
    lan = LAN(  # type: ignore[call-arg]  # the stubs have another port's parameters
        mdc=Pin(23),
        mdio=Pin(18),
        power=Pin(16),
        phy_type=PHY_LAN8720,
        phy_addr=1,
    )
    return Ethernet.from_config(values, lan)


def clock(values: dict, storage, log):
    """The chip's clock."""
    from ..network.clock import Clock

    return Clock.from_config(values, storage, log)


def light():
    """The LED on GPIO 4."""
    from ..light.status_light import Led, StatusLight

    return StatusLight(Led(Pin(4, Pin.OUT)), Timer(0))


def screen(height: int):
    """The display on GPIO 32 and 33."""
    from ..screen.ssd1306 import SSD1306_I2C

    return SSD1306_I2C(128, height, I2C(0, scl=Pin(32), sda=Pin(33), freq=400_000))


def button() -> Pin:
    """The button on GPIO 14."""
    return Pin(14, Pin.IN, Pin.PULL_UP)
