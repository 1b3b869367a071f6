"""Board `esp32_s3_devkit`: an ESP32-S3-DevKitC-1.

    GPIO 48   the board's NeoPixel (v1.1 of the board has it on GPIO 38: change it here)
    GPIO 0    button to ground (marked BOOT)
    GPIO 9    SCL, GPIO 8 SDA of an SSD1306 display at address 0x3C; optional

How to add a board: see esp32_devkit.py.
"""

from machine import I2C, Pin, Timer
from neopixel import NeoPixel

from ..light.leds import Pixel
from ..light.status_light import StatusLight
from ..network.clock import Clock
from ..network.wifi import Wifi
from ..screen.ssd1306 import SSD1306_I2C

network = Wifi.from_config
clock = Clock.from_config


def light() -> StatusLight:
    """The NeoPixel on GPIO 48."""
    return StatusLight(Pixel(NeoPixel(Pin(48, Pin.OUT), 1)), Timer(0))


def screen(height: int) -> SSD1306_I2C:
    """The display on GPIO 8 and 9."""
    return SSD1306_I2C(128, height, I2C(0, scl=Pin(9), sda=Pin(8), freq=400_000))


def button() -> Pin:
    """The button on GPIO 0."""
    return Pin(0, Pin.IN, Pin.PULL_UP)
