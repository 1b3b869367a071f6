"""`machine` of MicroPython's ESP32 port, as far as the firmware uses it, on the virtual board."""

import os

from umachine import idle as idle
from umachine import mem8 as mem8
from umachine import mem16 as mem16
from umachine import mem32 as mem32
from virtual import interrupts, power, wiring
from virtual.power import DEEPSLEEP_RESET as DEEPSLEEP_RESET
from virtual.power import HARD_RESET as HARD_RESET
from virtual.power import PWRON_RESET as PWRON_RESET
from virtual.power import SOFT_RESET as SOFT_RESET
from virtual.power import WDT_RESET as WDT_RESET

from .i2c import I2C as I2C
from .i2c import SoftI2C as SoftI2C
from .pin import Pin as Pin
from .pwm import PWM as PWM
from .rtc import RTC as RTC
from .signal import Signal as Signal
from .timer import Timer as Timer
from .wdt import WDT as WDT

reset_cause = power.cause
_WS2812 = 0  # the only encoding of bitstream

wiring.use_environment()


def bitstream(pin, encoding, timing, data):
    """Send bytes to what is wired to the pin.

    timing: nanoseconds high and low for a 0, then for a 1.
    """
    if encoding != _WS2812:
        raise ValueError("encoding")
    if len(timing) != 4:
        raise ValueError("requested length 4 but object has length %d" % len(timing))
    strip = wiring.strip(pin.id)
    if strip:
        strip.write(data)


def disable_irq():
    """No interrupts from now on; what enable_irq takes."""
    interrupts.hold()
    return 0


def enable_irq(state):
    """Undo disable_irq."""
    interrupts.release()
    interrupts.serve()


def freq(hz=None):
    """The CPU's clock, in Hz; setting it changes nothing here."""
    return 160000000 if hz is None else None


def reset():
    """Begin again, as with the reset button."""
    power.end(HARD_RESET)


def soft_reset():
    """Run boot.py and main.py again without a reset of the chip.

    The `finally` blocks of what runs now come first.
    """
    raise SystemExit


def unique_id():
    """Six bytes: VIRTUAL_BOARD_ID in hexadecimal, or always the same."""
    return bytes.fromhex(os.getenv("VIRTUAL_BOARD_ID") or "240ac4000001")
