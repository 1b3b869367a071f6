"""The smallest `neopixel`."""


class NeoPixel:
    bpp = 3

    def __init__(self, pin, count):
        pass

    def fill(self, colour):
        pass

    def write(self):
        pass

    def __setitem__(self, index, colour):
        pass
