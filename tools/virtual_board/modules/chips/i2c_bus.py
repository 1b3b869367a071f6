"""The two wires between an I2C controller and chips."""

import errno


class Bus:
    """Chips by their address, 7 bits.

    A chip: `write(data)`, `read(count)`, `plugged` (True if it has none).
    """

    def __init__(self):
        self._chips = {}
        self._joined = bytearray()

    def attach(self, address, chip):
        """Solder a chip on."""
        self._chips[address] = chip

    def attached(self, address):
        """The chip at an address, plugged in or not, or None."""
        return self._chips.get(address)

    def answers(self, address):
        """Does a chip acknowledge this address?"""
        chip = self._chips.get(address)
        return chip is not None and getattr(chip, "plugged", True)

    def chip(self, address):
        """The chip at an address.

        Raises OSError(ENODEV) if none answers, as the ESP32 port does.
        """
        if not self.answers(address):
            raise OSError(errno.ENODEV)
        return self._chips[address]

    def write(self, address, data):
        """One transaction: all bytes after the address."""
        self.chip(address).write(data)

    def write_all(self, address, buffers):
        """One transaction made of several buffers; its length.

        Allocates nothing if the last one was as long.
        """
        chip = self.chip(address)
        length = 0
        for buffer in buffers:
            length += len(buffer)
        if len(self._joined) != length:
            self._joined = bytearray(length)
        at = 0
        for buffer in buffers:
            for byte in buffer:
                self._joined[at] = byte
                at += 1
        chip.write(self._joined)
        return length

    def read(self, address, count):
        """Bytes from a chip."""
        return self.chip(address).read(count)
