"""SSD1306 and SH1106 displays over I2C, 128x64 and 128x32; the API of micropython-lib's driver.

Unlike that driver, this one keeps a copy of the display's content and sends only the differences,
so show() of an unchanged picture sends nothing. At the start, and after any error on the bus, the
content is
unknown: the next show() sends set-up and whole picture. refresh() does the same, for a display that
may have been unplugged.

The commands are those of Solomon Systech's datasheet, rev 1.5, in page addressing mode, which an
SH1106 knows, too (Sino Wealth's datasheet, 2.3). There an address is three commands of one byte
each, so an interrupted transaction leaves no command incomplete.
"""

import framebuf
from micropython import const

_WIDTH = const(128)
_CELL = const(8)  # columns are sent in eights, so that a few prepared views serve every length
_SH1106_LEFT = const(2)  # the first of its 132 columns that is on the glass

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

_AT_CONTRAST = const(4)  # indexes of the set-up's variable bytes
_AT_INVERSE = const(5)
_AT_SEGMENTS = const(6)
_AT_SCAN = const(7)


class SSD1306_I2C(framebuf.FrameBuffer):
    """A display at an I2C address. Draw on this FrameBuffer (MONO_VLSB, `buffer`), then show().

    The constructor sends nothing, so the display may be missing. contrast(), invert() and rotate()
    are stored while the display's state is unknown, and sent with the next show(). Each method that
    sends raises OSError as the bus does; a missing display costs one address byte each time. A
    whole picture of 128x64 is 1113 bytes, 25 ms at 400 kHz. After the constructor only write_data()
    allocates.
    """

    def __init__(
        self,
        width: int,
        height: int,
        i2c,
        addr: int = 0x3C,
        external_vcc: bool = False,
        sh1106: bool = False,
    ) -> None:
        """width, height: pixels; ValueError for other sizes. i2c: a machine.I2C. addr: 7 bits.

        external_vcc: the display has a supply of its own (7 to 15 V), so the charge pump stays off.
        sh1106: the display's chip is an SH1106.
        """
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
        self._known = False  # whether it is set up and its memory is as in _shown
        self._on = True
        self._left = _SH1106_LEFT if sh1106 else 0
        self._setup = _setup(height, external_vcc, sh1106)
        self._address = bytearray((_COMMANDS, _PAGE, _COLUMN_LOW, _COLUMN_HIGH))
        self._command = bytearray((_ONE_COMMAND, _NOTHING))
        self._data = bytearray(1 + _WIDTH)
        self._data[0] = _DATA
        self._data_of_cells = [
            memoryview(self._data)[: 1 + _CELL * cells] for cells in range(_WIDTH // _CELL + 1)
        ]

    def init_display(self) -> None:
        """Reset it: black picture, full contrast, not inverted, not rotated, on. Raises OSError."""
        self._on = True
        self._setup[_AT_CONTRAST] = 0xFF
        self.invert(False)
        self.rotate(True)
        self.fill(0)
        self.refresh()

    def show(self) -> None:
        """Send the buffer's changes, or all of it if the state is unknown. Raises OSError."""
        if not self._known:
            self.refresh()
            return
        self._known = False
        if self.buffer != self._shown:  # at once, where nothing has changed
            for page in range(self.pages):
                self._send_changes(page)
        self._known = True

    def refresh(self) -> None:
        """Send set-up and whole picture; a display that is on stays on meanwhile. Raises OSError.

        For a display that may have been unplugged. It is then off and its memory is noise, so it is
        switched on last.
        """
        self._known = False
        self.i2c.writeto(self.addr, self._setup)
        for page in range(self.pages):
            self._send(page, 0, _WIDTH // _CELL)
        self.write_cmd(_POWER | self._on)
        self._known = True

    def poweroff(self) -> None:
        """Switch it off. It keeps its picture, and show() works.

        Raises OSError; then the next show() switches it off.
        """
        self._on = False
        self.write_cmd(_POWER)

    def poweron(self) -> None:
        """Switch it on. Raises OSError; then the next show() switches it on."""
        self._on = True
        if self._known:
            self.write_cmd(_POWER | 1)
        else:
            self.refresh()

    def contrast(self, contrast: int) -> None:
        """Set the contrast, 0..255; at 0 a picture can still be seen. Raises OSError."""
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
        """1: as at the start; 0: rotated by 180 degrees. Sends nothing: the next show() sends all.

        The display mirrors columns when they are written, so the picture in its memory can't be
        rotated.
        """
        self._setup[_AT_SEGMENTS] = _SEGMENTS | (rotate & 1)
        self._setup[_AT_SCAN] = _SCAN | (rotate & 1) << 3
        self._known = False

    def write_cmd(self, cmd: int) -> None:
        """Send one command byte. Raises OSError."""
        known, self._known = self._known, False
        self._command[1] = cmd
        self.i2c.writeto(self.addr, self._command)
        self._known = known

    def write_data(self, buf) -> None:
        """Send bytes to the display's memory at its address pointer. Raises OSError.

        The next show() sends all.
        """
        self._known = False
        self.i2c.writevto(self.addr, (b"\x40", buf))

    def _send_changes(self, page: int) -> None:
        """Send the part of a page from the first to the last changed column."""
        buffer, shown = self.buffer, self._shown
        start = page * _WIDTH
        first, last = start, start + _WIDTH - 1
        while buffer[first] == shown[first]:
            if first == last:
                return
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
        column += self._left
        address = self._address
        address[1] = _PAGE | page
        address[2] = _COLUMN_LOW | (column & 15)
        address[3] = _COLUMN_HIGH | column >> 4
        self.i2c.writeto(self.addr, address)
        self.i2c.writeto(self.addr, self._data_of_cells[cells])


def _setup(height: int, external_vcc: bool, sh1106: bool) -> bytearray:
    """The set-up commands in one transaction, without power on or off."""
    return bytearray(
        (
            _COMMANDS,
            # Twice: the missing parameters of an earlier driver's interrupted command.
            _NOTHING,
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
            # Of the SSD1306B and SSD1315: without it, displays without a resistor for it stay dim.
            # The SSD1306 ignores it. To an SH1106 it is the switch of its voltage converter.
            _CURRENT,
            0x8A | (not external_vcc) if sh1106 else 0x30,
            _CHARGE_PUMP,
            0x10 if external_vcc else 0x14,
        )
    )
