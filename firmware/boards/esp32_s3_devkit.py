"""Board `esp32_s3_devkit`: an ESP32-S3-DevKitC-1.

    GPIO 48   the board's NeoPixel (v1.1 of the board has it on GPIO 38: change it here)
    GPIO 0    button to ground (marked BOOT)
    GPIO 9    SCL, GPIO 8 SDA of an SSD1306 display at address 0x3C; optional

How to add a board: see esp32_devkit.py.
"""

from machine import I2C, Pin, Timer
from neopixel import NeoPixel


def network(values: dict, log):
    """The chip's Wi-Fi."""
    from ..network.wifi import Wifi

    return Wifi.from_config(values, log)


def clock(values: dict, storage, log):
    """The chip's clock."""
    from ..network.clock import Clock

    return Clock.from_config(values, storage, log)


def light():
    """The NeoPixel on GPIO 48."""
    from ..light.fading_leds import Pixel
    from ..light.status_light import StatusLight

    return StatusLight(Pixel(NeoPixel(Pin(48, Pin.OUT), 1)), Timer(0))


def screen(height: int):
    """The display on GPIO 8 and 9."""
    from ..screen.ssd1306 import SSD1306_I2C

    return SSD1306_I2C(128, height, I2C(0, scl=Pin(9), sda=Pin(8), freq=400_000))


def button() -> Pin:
    """The button on GPIO 0."""
    return Pin(0, Pin.IN, Pin.PULL_UP)
