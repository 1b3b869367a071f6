"""A display on a bus of its own: the driver, the bus and the model of the chip."""

import framebuf

from firmware.screen.ssd1306 import SSD1306_I2C
from tools.virtual_board.modules.chips.ssd1306 import SSD1306


class Bus:
    """An I2C bus with one chip.

    sent: bytes since it was last set to 0. cut_after: so many more bytes, and the wire breaks off.
    """

    def __init__(self, chip, address=0x3C):
        self.chip = chip
        self.address = address
        self.sent = 0
        self.cut_after = None

    def writeto(self, address, data):
        self.sent += 1
        if not self.chip.plugged or address != self.address:
            raise OSError(19)
        if self.cut_after is not None and self.cut_after < len(data):
            if self.cut_after > 1:  # a control byte alone does nothing
                self.chip.write(data[: self.cut_after])
            self.cut_after = None
            raise OSError(5)
        if self.cut_after is not None:
            self.cut_after -= len(data)
        self.sent += len(data)
        self.chip.write(data)
        return len(data)

    def writevto(self, address, vector):
        return self.writeto(address, b"".join(bytes(part) for part in vector))


def fitted(height=64, **kind):
    """A display, its bus and its chip."""
    bus = Bus(SSD1306(128, height, **kind))
    return SSD1306_I2C(128, height, bus, **kind), bus, bus.chip


def drawn(display):
    """What is to be seen of what is drawn."""
    picture = bytearray(display.width * display.height // 8)
    framebuf.FrameBuffer(picture, display.width, display.height, framebuf.MONO_HLSB).blit(
        display, 0, 0
    )
    return bytes(picture)


def turned(picture):
    """By 180 degrees."""
    return bytes(int("".join(reversed(f"{byte:08b}")), 2) for byte in reversed(picture))
