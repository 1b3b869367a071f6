"""SSD1306 displays over I2C, 128x64 and 128x32. The API is that of micropython-lib's driver; what goes over the bus is not.

The driver keeps what the display is known to show and sends only what differs, so show() of an unchanged picture sends nothing.
It also knows when it does not know: at the start, and after any error on the bus, the next show() sends set-up and picture, all
of it. Where a display may have been unplugged unnoticed, refresh() does the same.

Commands are those of Solomon Systech's datasheet, rev 1.5, in page addressing mode: there an address is three commands of one
byte each, so a transaction that is cut short leaves nothing half said.
"""

import framebuf
from micropython import const

_WIDTH = const(128)
_CELL = const(8)  # columns are sent in eights, so that a few prepared views do for every length

_COMMANDS = const(0x00)  # control bytes: only commands follow,
_ONE_COMMAND = const(0x80)  # one command follows,
_DATA = const(0x40)  # only data follow

_COLUMN_LOW = const(0x00)
_COLUMN_HIGH = const(0x10)
_ADDRESSING = const(0x20)
_NO_SCROLLING = const(0x2E)
_START_LINE = const(0x40)
_CONTRAST = const(0x81)
_CHARGE_PUMP = const(0x8D)
_SEGMENTS = const(0xA0)
_FOLLOW_MEMORY = const(0xA4)
_INVERSE = const(0xA6)
_LINES = const(0xA8)
_CURRENT = const(0xAD)
_POWER = const(0xAE)
_PAGE = const(0xB0)
_SCAN = const(0xC0)
_OFFSET = const(0xD3)
_CLOCK = const(0xD5)
_PRECHARGE = const(0xD9)
_COM_PINS = const(0xDA)
_DESELECT = const(0xDB)
_NOTHING = const(0xE3)

_AT_CONTRAST = const(4)  # where in the set-up the values are that change
_AT_INVERSE = const(5)
_AT_SEGMENTS = const(6)
_AT_SCAN = const(7)


class SSD1306_I2C(framebuf.FrameBuffer):
    """A display at an I2C address; draw on it as on any FrameBuffer (MONO_VLSB, `buffer`), then show().

    Nothing is sent until the first show(), refresh(), init_display() or poweron(), so a missing display can be made, too.
    contrast(), invert() and rotate() are remembered while the display's state is unknown, and sent with the next show(). Every
    method that sends raises OSError as the bus does: a missing display costs one address byte each time. A whole picture of
    128x64 is 1113 bytes, 25 ms at 400 kHz. After the constructor nothing but write_data() allocates.
    """

    def __init__(
        self, width: int, height: int, i2c, addr: int = 0x3C, external_vcc: bool = False
    ) -> None:
        """external_vcc: it has its own supply of 7 to 15 V, so the charge pump stays off. Raises ValueError for other sizes."""
        if width != _WIDTH or (height != 64 and height != 32):
            raise ValueError("a display of 128x64 or 128x32 is needed, not %dx%d" % (width, height))
        self.width = width
        self.height = height
        self.external_vcc = external_vcc
        self.pages = height // 8
        self.i2c = i2c
        self.addr = addr
        self.buffer = bytearray(width * self.pages)
        super().__init__(self.buffer, width, height, framebuf.MONO_VLSB)
        self._shown = bytearray(len(self.buffer))
        self._pages = _pages(self.buffer), _pages(self._shown)
        self._known = False  # is the display set up, and its memory as in _shown?
        self._on = True
        self._setup = _setup(height, external_vcc)
        self._address = bytearray((_COMMANDS, _PAGE, _COLUMN_LOW, _COLUMN_HIGH))
        self._command = bytearray((_ONE_COMMAND, _NOTHING))
        self._data = bytearray(1 + _WIDTH)
        self._data[0] = _DATA
        self._data_of_cells = [
            memoryview(self._data)[: 1 + _CELL * cells] for cells in range(_WIDTH // _CELL + 1)
        ]

    def init_display(self) -> None:
        """Begin anew: a black picture, full contrast, not inverted, not turned, on. Raises OSError."""
        self._on = True
        self._setup[_AT_CONTRAST] = 0xFF
        self.invert(False)
        self.rotate(True)
        self.fill(0)
        self.refresh()

    def show(self) -> None:
        """Bring the buffer to the display: what has changed, or all if its state is unknown. Raises OSError."""
        if not self._known:
            self.refresh()
            return
        self._known = False
        drawn, shown = self._pages
        for page in range(self.pages):
            if drawn[page] != shown[page]:
                self._send_changes(page)
        self._known = True

    def refresh(self) -> None:
        """Send set-up and picture, all of it, whatever is known; a display that is on stays on meanwhile. Raises OSError.

        For a display that may have been unplugged: then it is off and its memory is noise, so it is switched on last.
        """
        self._known = False
        self.i2c.writeto(self.addr, self._setup)
        for page in range(self.pages):
            self._send(page, 0, _WIDTH // _CELL)
        self.write_cmd(_POWER | self._on)
        self._known = True

    def poweroff(self) -> None:
        """Dark, and the picture kept; show() still works. Raises OSError, and is off with the next show() then."""
        self._on = False
        self.write_cmd(_POWER)

    def poweron(self) -> None:
        """On again. Raises OSError, and is on with the next show() then."""
        self._on = True
        if self._known:
            self.write_cmd(_POWER | 1)
        else:
            self.refresh()

    def contrast(self, contrast: int) -> None:
        """0..255; at 0 a picture can still be seen. Raises OSError."""
        self._setup[_AT_CONTRAST] = contrast
        if self._known:
            self.write_cmd(_CONTRAST)
            self.write_cmd(contrast)

    def invert(self, invert: int) -> None:
        """Swap black and white (1), or not (0). Raises OSError."""
        self._setup[_AT_INVERSE] = _INVERSE | (invert & 1)
        if self._known:
            self.write_cmd(_INVERSE | (invert & 1))

    def rotate(self, rotate: int) -> None:
        """1: as at the start; 0: turned by 180 degrees. Sends nothing: the next show() sends all.

        The display mirrors columns when they are written, so the picture in its memory can't be turned.
        """
        self._setup[_AT_SEGMENTS] = _SEGMENTS | (rotate & 1)
        self._setup[_AT_SCAN] = _SCAN | (rotate & 1) << 3
        self._known = False

    def write_cmd(self, cmd: int) -> None:
        """Send one byte of a command. Raises OSError."""
        known, self._known = self._known, False
        self._command[1] = cmd
        self.i2c.writeto(self.addr, self._command)
        self._known = known

    def write_data(self, buf) -> None:
        """Send bytes to the display's memory, at its own address pointer; the next show() sends all. Raises OSError."""
        self._known = False
        self.i2c.writevto(self.addr, (b"\x40", buf))

    def _send_changes(self, page: int) -> None:
        """The part of a page from the first to the last column that differ; there must be one."""
        buffer, shown = self.buffer, self._shown
        start = page * _WIDTH
        first, last = start, start + _WIDTH - 1
        while buffer[first] == shown[first]:
            first += 1
        while buffer[last] == shown[last]:
            last -= 1
        cells = (last - first) // _CELL + 1
        self._send(page, min(first - start, _WIDTH - cells * _CELL), cells)

    def _send(self, page: int, column: int, cells: int) -> None:
        buffer, shown, data = self.buffer, self._shown, self._data
        at = page * _WIDTH + column
        for index in range(1, 1 + cells * _CELL):
            data[index] = shown[at] = buffer[at]
            at += 1
        address = self._address
        address[1] = _PAGE | page
        address[2] = _COLUMN_LOW | (column & 15)
        address[3] = _COLUMN_HIGH | column >> 4
        self.i2c.writeto(self.addr, address)
        self.i2c.writeto(self.addr, self._data_of_cells[cells])


def _pages(buffer: bytearray) -> list:
    """A view of each page: comparing two is quick, and allocates nothing."""
    view = memoryview(buffer)
    return [view[start : start + _WIDTH] for start in range(0, len(buffer), _WIDTH)]


def _setup(height: int, external_vcc: bool) -> bytearray:
    """The set-up in one transaction, but for on and off."""
    return bytearray(
        (
            _COMMANDS,
            _NOTHING,  # twice: the parameters that an earlier driver's command, cut short, may still wait for
            _NOTHING,
            _CONTRAST,
            0xFF,
            _INVERSE,
            _SEGMENTS | 1,
            _SCAN | 8,
            _ADDRESSING,
            2,
            _START_LINE,
            _LINES,
            height - 1,
            _OFFSET,
            0,
            _COM_PINS,
            0x12 if height == 64 else 0x02,
            _CLOCK,
            0x80,
            _PRECHARGE,
            0x22 if external_vcc else 0xF1,
            _DESELECT,
            0x30,
            _FOLLOW_MEMORY,
            _NO_SCROLLING,
            _CURRENT,  # of the SSD1306B and SSD1315: without it, displays that have no resistor for it stay dim; others ignore it
            0x30,
            _CHARGE_PUMP,
            0x10 if external_vcc else 0x14,
        )
    )
