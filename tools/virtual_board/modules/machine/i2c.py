"""machine.I2C and machine.SoftI2C of the ESP32 port, on the buses of virtual.wiring."""

from virtual import wiring

from .pin import Pin

_HARDWARE_BUSES = 2
_ADDRESSES = range(0x08, 0x78)  # what scan() tries; the others are reserved


class _Bus:
    """What both have."""

    def _wire(self, scl, sda):
        self._bus = wiring.bus(Pin(scl).id, Pin(sda).id)

    def scan(self):
        """The addresses that answer."""
        return [address for address in _ADDRESSES if self._bus.answers(address)]

    def writeto(self, addr, buf, stop=True):
        """One transaction; how many bytes were acknowledged."""
        self._bus.write(addr, buf)
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        """One transaction of several buffers; how many bytes were acknowledged."""
        return self._bus.write_all(addr, vector)

    def readfrom(self, addr, nbytes, stop=True):
        """Bytes from a chip."""
        return self._bus.read(addr, nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        """Fill a buffer from a chip."""
        buf[:] = self._bus.read(addr, len(buf))

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        """Write behind a register's number."""
        self._bus.write_all(addr, (memaddr.to_bytes(addrsize // 8, "big"), buf))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        """Read a register."""
        self._bus.write(addr, memaddr.to_bytes(addrsize // 8, "big"))
        return self._bus.read(addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        """Fill a buffer from a register."""
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)


class I2C(_Bus):
    """A bus by the chip's own controller: 0 or 1."""

    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        if not 0 <= id < _HARDWARE_BUSES:
            raise ValueError("I2C(%d) doesn't exist" % id)
        pins = wiring.DEFAULT_I2C_PINS[id]
        self._wire(pins[0] if scl is None else scl, pins[1] if sda is None else sda)


class SoftI2C(_Bus):
    """A bus by any two pins."""

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self._wire(scl, sda)

    def init(self, scl, sda, *, freq=400000, timeout=50000):
        """Other pins."""
        self._wire(scl, sda)
