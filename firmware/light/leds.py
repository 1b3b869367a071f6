"""An LED of one colour that is on or off. The others that a status light can drive: fading_leds.py.

Each has `show(red, green, blue)`, 0..255 each, linear in light, and `fades`: whether it can show
levels between on and off. `show` allocates nothing.
"""


class Led:
    """One LED of one colour at a pin, on or off.

    pin: a machine.Pin, an output. active_low: it is lit while the pin is low.
    """

    fades = False

    def __init__(self, pin, active_low: bool = False) -> None:
        self._pin = pin
        self._on = 0 if active_low else 1

    def show(self, red: int, green: int, blue: int) -> None:
        """On for every colour but black."""
        self._pin.value(self._on if red or green or blue else 1 - self._on)
