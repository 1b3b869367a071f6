"""machine.Signal: a pin with a meaning."""

from .pin import Pin


class Signal:
    """On and off of what is behind a pin.

    invert: it is on while the pin is low. Other arguments are Pin's.
    """

    def __init__(self, pin, *args, invert=False, **kwargs):
        self._pin = pin if isinstance(pin, Pin) else Pin(pin, *args, **kwargs)
        self._is_inverted = bool(invert)

    def value(self, x=None):
        """Is it on? Or switch it."""
        if x is None:
            return self._pin.value() ^ self._is_inverted
        self._pin.value(bool(x) ^ self._is_inverted)

    __call__ = value

    def on(self):
        """Switch it on."""
        self.value(1)

    def off(self):
        """Switch it off."""
        self.value(0)
