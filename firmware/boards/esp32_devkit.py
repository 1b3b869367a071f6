"""Board `esp32_devkit`: an ESP32-DevKitC or one of its many relatives.

    GPIO 2    LED to ground, with a resistor (many boards have it; add one to a DevKitC)
    GPIO 0    button to ground (marked BOOT)
    GPIO 22   SCL, GPIO 21 SDA of an SSD1306 display at address 0x3C; optional

To add a board, copy this file. Its name is the value of `board` in config.json. Leave out what is
not fitted.

    light()          a light.status_light.StatusLight: its Led or one of light/fading_leds.py, and
                     a machine.Timer; where red means tally, the LED in light/without_red.py's
    screen(height)   a display for screen/screen.py: 128 wide, height 64 or 32 (an SH1106: give
                     SSD1306_I2C sh1106=True)
    button()         a machine.Pin, low while the button is pressed
    network(values, log)         a `network` for Agent: Wifi or Ethernet of network/
    clock(values, storage, log)  a `clock` for Agent: Clock of network/
    storage(values)              a `storage` for Agent, if not files (example: docs/security.md)

values: the configuration's (key → value). log(line): writes a line for the maintainer.

Network and clock may have a task: `run()` of the network, `run(status)` of the clock, with the
agent's DeviceStatus. A network with a task has `on_change`, which is set to tell the agent.

Each function imports what it needs. So the light is on soon after a reset, and what is not fitted
takes no memory.
"""

from machine import I2C, Pin, Timer


def network(values: dict, log):
    """The chip's Wi-Fi."""
    from ..network.wifi import Wifi

    return Wifi.from_config(values, log)


def clock(values: dict, storage, log):
    """The chip's clock."""
    from ..network.clock import Clock

    return Clock.from_config(values, storage, log)


def light():
    """The LED on GPIO 2."""
    from ..light.status_light import Led, StatusLight

    return StatusLight(Led(Pin(2, Pin.OUT)), Timer(0))


def screen(height: int):
    """The display on GPIO 21 and 22."""
    from ..screen.ssd1306 import SSD1306_I2C

    return SSD1306_I2C(128, height, I2C(0, scl=Pin(22), sda=Pin(21), freq=400_000))


def button() -> Pin:
    """The button on GPIO 0."""
    return Pin(0, Pin.IN, Pin.PULL_UP)
