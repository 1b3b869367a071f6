"""Board `esp32_devkit`: an ESP32-DevKitC or one of its many relatives.

    GPIO 2    LED to ground, with its resistor (many boards have it; the DevKitC wants one connected)
    GPIO 0    button to ground (the one marked BOOT)
    GPIO 22   SCL, GPIO 21 SDA of an SSD1306 display at address 0x3C, if there is one

To add a board, copy this file: its name is the board's, for `board` in config.json. What is not fitted is left out.

    light()          a firmware.light.status_light.StatusLight: its lamp of firmware/light/leds.py, and a machine.Timer
    screen(height)   a display for firmware/screen/screen.py: 128 wide, height 64 or 32
    button()         a Pin, low while the button is pressed
    network(values, log)         a `network` for Agent (firmware/network/wifi.py, ethernet.py), from the configuration's values
    clock(values, storage, log)  a `clock` for Agent (firmware/network/clock.py)
    storage(values)              a `storage` for Agent, where files will not do (docs/security.md has an example)

Network and clock may have a task, `run`; the clock's gets the agent's status. A network has `on_change`, set to tell the agent.
"""

from machine import I2C, Pin, Timer

from ..build import BUILD_S
from ..light.leds import Led
from ..light.status_light import StatusLight
from ..network.clock import Clock
from ..network.wifi import Wifi
from ..screen.ssd1306 import SSD1306_I2C


def light() -> StatusLight:
    """The LED on GPIO 2."""
    return StatusLight(Led(Pin(2, Pin.OUT)), Timer(0))


def screen(height: int) -> SSD1306_I2C:
    """The display on GPIO 21 and 22, which may be missing."""
    return SSD1306_I2C(128, height, I2C(0, scl=Pin(22), sda=Pin(21), freq=400_000))


def button() -> Pin:
    """The button on GPIO 0."""
    return Pin(0, Pin.IN, Pin.PULL_UP)


def network(values: dict, log) -> Wifi:
    """The chip's Wi-Fi."""
    return Wifi(values["wifi"] or (), values["country"], values["hostname"], log=log)


def clock(values: dict, storage, log) -> Clock:
    """The chip's clock, set by NTP."""
    return Clock(values["ntp"], storage, BUILD_S, log)
