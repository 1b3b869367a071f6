"""A board of your own: copy this into firmware/boards, write your pins, and leave out the functions
for what is not fitted. With `"board": "own_board"` in config.json the firmware takes it.

    GPIO 48   NeoPixel in the front; red means tally on this camera, so none is lit
    GPIO 14   button to ground
    GPIO 9    SCL, GPIO 8 SDA of an SSD1306 display at address 0x3D, mounted upside down

What each function returns is in firmware/boards/esp32_devkit.py, and docs/wiring.md has the LEDs
and displays that there are. Each imports what it needs, so what is not fitted takes no memory.
"""

from machine import I2C, Pin, Timer


def network(values, log):
    """The chip's Wi-Fi. firmware/boards/wt32_eth01.py has Ethernet."""
    from firmware.network.wifi import Wifi

    return Wifi.from_config(values, log)


def clock(values, storage, log):
    """The chip's clock, set by NTP."""
    from firmware.network.clock import Clock

    return Clock.from_config(values, storage, log)


def light():
    """The NeoPixel: WithoutRed(…) shows blue in place of red."""
    from neopixel import NeoPixel

    from firmware.light.fading_leds import Pixel
    from firmware.light.status_light import StatusLight
    from firmware.light.without_red import WithoutRed

    return StatusLight(WithoutRed(Pixel(NeoPixel(Pin(48), 1))), Timer(0))


def screen(height):
    """The display. height: 64 or 32, as config.json's `screen` says."""
    from firmware.screen.ssd1306 import SSD1306_I2C

    display = SSD1306_I2C(128, height, I2C(0, scl=Pin(9), sda=Pin(8), freq=400_000), addr=0x3D)
    display.rotate(0)
    return display


def button():
    """The button, low while it is pressed."""
    return Pin(14, Pin.IN, Pin.PULL_UP)
