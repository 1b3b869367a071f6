"""The stock `neopixel` module's API."""

from machine import bitstream

_FAST_NS, _SLOW_NS = (400, 850, 800, 450), (800, 1700, 1600, 900)  # 800 kHz, 400 kHz


class NeoPixel:
    """n pixels of bpp bytes at a pin.

    timing: 1 for 800 kHz, 0 for 400 kHz, or what bitstream takes.
    """

    ORDER = (1, 0, 2, 3)

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        self.pin.init(pin.OUT)
        self.timing = timing
        if isinstance(timing, int):
            self.timing = _FAST_NS if timing else _SLOW_NS

    def __len__(self):
        return self.n

    def __setitem__(self, index, value):
        for part in range(self.bpp):
            self.buf[index * self.bpp + self.ORDER[part]] = value[part]

    def __getitem__(self, index):
        return tuple(self.buf[index * self.bpp + self.ORDER[part]] for part in range(self.bpp))

    def fill(self, value):
        """All of them."""
        for index in range(self.n):
            self[index] = value

    def write(self):
        """Show it."""
        bitstream(self.pin, 0, self.timing, self.buf)
