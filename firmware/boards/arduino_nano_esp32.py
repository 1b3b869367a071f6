"""Board `arduino_nano_esp32`: an Arduino Nano ESP32 (ESP32-S3). Not yet run on a real one.

    GPIO 46, 0, 45   red, green and blue of the board's RGB LED, lit while low
    GPIO 5    button to ground (D2; the board's own button is the reset)
    GPIO 12   SCL (A5), GPIO 11 SDA (A4) of an SSD1306 display at address 0x3C; optional

How to add a board: see esp32_devkit.py.
"""

from machine import I2C, PWM, Pin, Timer


def network(values: dict, log):
    """The chip's Wi-Fi."""
    from ..network.wifi import Wifi

    return Wifi.from_config(values, log)


def clock(values: dict, storage, log):
    """The chip's clock."""
    from ..network.clock import Clock

    return Clock.from_config(values, storage, log)


def light():
    """The RGB LED on GPIO 46, 0 and 45."""
    from ..light.fading_leds import RgbLed
    from ..light.status_light import StatusLight

    return StatusLight(RgbLed(_pwm(46), _pwm(0), _pwm(45), common_anode=True), Timer(0))


def screen(height: int):
    """The display on GPIO 11 and 12."""
    from ..screen.ssd1306 import SSD1306_I2C

    return SSD1306_I2C(128, height, I2C(0, scl=Pin(12), sda=Pin(11), freq=400_000))


def button() -> Pin:
    """The button on GPIO 5."""
    return Pin(5, Pin.IN, Pin.PULL_UP)


def _pwm(number: int) -> PWM:
    return PWM(Pin(number), freq=1_000, duty_u16=65_535)  # dark until the light is shown
