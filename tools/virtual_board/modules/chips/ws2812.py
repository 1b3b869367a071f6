"""A strip of WS2812 pixels.

Each takes the first 24 bits that reach it, green, red, blue, and passes on the rest.
"""

from virtual import events, interrupts


class Strip:
    """pin: where it is wired to. pixels: (red, green, blue) as they shine."""

    def __init__(self, pin, count):
        self._pin = pin
        self._wires = bytearray(3 * count)
        self._is_told = False

    @property
    def pixels(self):
        """[red, green, blue] of each."""
        wires = self._wires
        return [[wires[at + 1], wires[at], wires[at + 2]] for at in range(0, len(wires), 3)]

    def write(self, data):
        """One transmission, ended by the pause that makes the pixels show it.

        Pixels that it doesn't reach stay as they are.
        """
        interrupts.hold()
        try:
            for at in range(min(len(data) // 3 * 3, len(self._wires))):
                if self._wires[at] != data[at]:
                    self._wires[at] = data[at]
                    self._is_told = False
            if not self._is_told:
                self._is_told = True
                if events.is_heard:
                    events.emit("neopixel", pin=self._pin, pixels=self.pixels)
        except MemoryError:
            events.miss()
        finally:
            interrupts.release()
