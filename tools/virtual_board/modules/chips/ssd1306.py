"""An SSD1306 display on the I2C bus, as its viewer sees it: Solomon Systech's datasheet, rev 1.5.
Runs on both interpreters.

The glass is wired as on the usual modules: SEG127 is left and the last common line on top, so that
segment remap A1 and scan direction C8 give an upright picture; 128x64 has its lines in the
alternative order of COM pins, 128x32 in the sequential one. What a driver must not do raises
WrongCommand, where the real chip would do something undefined.
"""

_COLUMNS = 128
_LINES = 64  # of the memory, whatever the glass has
_HORIZONTAL, _VERTICAL, _BY_PAGE = 0, 1, 2
_NOTHING = 0xE3

# Command → (parameters, bits that the datasheet fixes, their value). The other commands hold their
# value in their own byte.
_WITH_PARAMETERS = {
    0x20: (1, 0xFC, 0x00),  # addressing mode
    0x21: (2, 0x80, 0x00),  # column range
    0x22: (2, 0xF8, 0x00),  # page range
    0x81: (1, 0x00, 0x00),  # contrast
    0x8D: (1, 0x3B, 0x10),  # charge pump
    0xA8: (1, 0xC0, 0x00),  # multiplex ratio
    0xAD: (1, 0xCF, 0x00),  # current reference: SSD1306B, and in the stock driver
    0xD3: (1, 0xC0, 0x00),  # offset
    0xD5: (1, 0x00, 0x00),  # clock
    0xD9: (1, 0x00, 0x00),  # precharge
    0xDA: (1, 0xCF, 0x02),  # COM pins
    0xDB: (1, 0x8F, 0x00),  # deselect level
}


class WrongCommand(Exception):
    """The driver has sent what the datasheet does not define, or forbids.

    Never an OSError: no driver may live with it.
    """


class SSD1306:
    """The chip and its glass, 128x64 or 128x32.

    external_vcc: the glass has its own supply; without, it is dark unless the charge pump was on
    *before* the display was. plugged: is it on the bus? At first it is; the bus looks at it.
    contrast: 0..255.
    watchers: functions without arguments, called after each transaction, plug() or unplug() that
    has changed what is seen.
    """

    columns = _COLUMNS  # of the memory
    left = 0  # the first segment that is on the glass
    with_parameters = _WITH_PARAMETERS

    def __init__(
        self, width: int = _COLUMNS, height: int = _LINES, external_vcc: bool = False
    ) -> None:
        if width != _COLUMNS or height not in (64, 32):
            raise ValueError("no glass of %dx%d" % (width, height))
        self.width = width
        self.height = height
        self.watchers: list = []
        self._external_vcc = external_vcc
        self._seed = 1
        self.plug()

    @property
    def on(self) -> bool:
        """Does the glass glow where the picture is lit?"""
        return self.plugged and self._on and self._powered

    def plug(self) -> None:
        """Power on: the reset state of the datasheet, and new noise in the memory."""
        self.plugged = True
        self.contrast = 0x7F
        self._memory = bytearray(
            self._noise() for _ in range(self.columns * _LINES // 8)
        )  # in the order of the segments
        self._stored = False  # has the transaction changed the memory?
        self._on = self._powered = self.charge_pump = False
        self._command = 0  # the one whose parameters are awaited
        self._parameters: list = []
        self._mode = _BY_PAGE
        self._column = self._page = self._page_mode_column = 0
        self._first_column, self._last_column = 0, self.columns - 1
        self._first_page, self._last_page = 0, 7
        self._remapped = self._reversed = self._inverse = self._all_lit = False
        self._start_line = self._offset = 0
        self._multiplex = _LINES
        self._com_pins = 0x12

    def unplug(self) -> None:
        """Power off: dark, and nothing remembered."""
        was_on = self.on
        self.plugged = False
        if was_on:
            self._tell()

    def read(self, count: int) -> bytes:
        """Over I2C the datasheet has no reading. Raises WrongCommand."""
        raise WrongCommand("a read of %d bytes" % count)

    def write(self, data: bytes) -> None:
        """One transaction, without the address byte: control bytes, commands, data.

        Raises WrongCommand.
        """
        before, self._stored = self._settings(), False
        resumed = self._command != 0
        at, end = 0, len(data)
        while at < end:
            control = data[at]
            at += 1
            stop = at + 1 if control & 0x80 else end
            if control & 0x3F or at == end:
                raise WrongCommand("control byte %02x and %d bytes" % (control, end - at))
            for index in range(at, stop):
                if control & 0x40:
                    self._store(data[index])
                elif self._command:
                    self._parameter(data[index], resumed)
                else:
                    self._single(data[index])
            at = stop
        after = self._settings()
        if after != before or (self._stored and self.on):
            self._tell()

    def picture(self) -> bytes:
        """What is seen, upright, as MONO_HLSB: height rows of width / 8 bytes, MSB left."""
        picture = bytearray(self.width * self.height // 8)
        if self.on:
            for line in range(self.height):
                row = self._row_of(line)
                if row < self._multiplex:
                    self._draw(
                        picture,
                        (self.height - 1 - line) * self.width // 8,
                        (row + self._start_line) % _LINES,
                    )
        return bytes(picture)

    def _noise(self) -> int:
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return self._seed >> 16 & 0xFF

    def _settings(self) -> tuple | None:
        """All that the look depends on but for the memory; None while dark."""
        if not self.on:
            return None
        how = self.contrast, self._inverse, self._all_lit
        return how + (
            self._multiplex,
            self._offset,
            self._start_line,
            self._com_pins,
            self._reversed,
        )

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()

    def _row_of(self, line: int) -> int:
        """Which row is driven on a line of the glass, 0 at the bottom?

        128 if none is (tables 10-1 to 10-3).
        """
        pin = line if self.height == 32 else _alternative(line)
        for output in range(_LINES):
            if _com_pin(output, self._com_pins) == pin:
                row = self._multiplex - 1 - output if self._reversed else output
                return (row + self._offset) % _LINES
        return 128

    def _draw(self, picture: bytearray, at: int, line: int) -> None:
        start, bit = line // 8 * self.columns + self.left, line % 8
        for segment in range(_COLUMNS):
            if self._all_lit or (self._memory[start + segment] >> bit & 1) != self._inverse:
                x = _COLUMNS - 1 - segment
                picture[at + x // 8] |= 0x80 >> x % 8

    def _store(self, value: int) -> None:
        """A byte for the memory, and the pointer's next place (figures 10-1 to 10-4)."""
        if self._command:
            raise WrongCommand("data while command %02x waits for parameters" % self._command)
        segment = self.columns - 1 - self._column if self._remapped else self._column
        at = self._page * self.columns + segment
        self._stored = self._stored or self._memory[at] != value
        self._memory[at] = value
        if self._mode == _BY_PAGE:
            self._column = (self._column + 1) % _COLUMNS
        elif self._mode == _HORIZONTAL:
            if self._next_column():
                self._next_page()
        elif self._next_page():
            self._next_column()

    def _next_column(self) -> bool:
        """Has it begun again?"""
        around = self._column == self._last_column
        self._column = self._first_column if around else (self._column + 1) % _COLUMNS
        return around

    def _next_page(self) -> bool:
        around = self._page == self._last_page
        self._page = self._first_page if around else (self._page + 1) % 8
        return around

    def _parameter(self, value: int, resumed: bool) -> None:
        """resumed: an earlier transaction left out the command's parameters; NOPs may end it."""
        command = self._command
        wanted, fixed, fixed_to = self.with_parameters[command]
        valid = (value & fixed) == fixed_to
        if not valid and not (resumed and value == _NOTHING):
            raise WrongCommand("parameter %02x of command %02x" % (value, command))
        self._parameters.append(value if valid else None)
        if len(self._parameters) == wanted:
            parameters, self._command, self._parameters = self._parameters, 0, []
            if None not in parameters:
                self._obey(command, parameters)

    def _obey(self, command: int, parameters: list) -> None:
        first, last = parameters[0], parameters[-1]
        if command == 0x81:
            self.contrast = first
        elif command == 0x8D:
            self.charge_pump = bool(first & 4)
            self._powered = self._powered and (self.charge_pump or self._external_vcc)
        elif command == 0xA8 and first >= 15:
            self._multiplex = first + 1
        elif command == 0xD3:
            self._offset = first
        elif command == 0xDA:
            self._com_pins = first
        elif command == 0x20 and first != 3:
            self._mode = first
        elif command == 0x21 and first <= last and self._mode != _BY_PAGE:
            self._first_column, self._last_column, self._column = first, last, first
        elif command == 0x22 and first <= last and self._mode != _BY_PAGE:
            self._first_page, self._last_page, self._page = first, last, first
        elif command == 0xD9 and (not first & 0x0F or not first & 0xF0):
            raise WrongCommand("a precharge phase of 0: %02x" % first)
        elif command in (0x20, 0x21, 0x22, 0xA8):
            raise WrongCommand(
                "command %02x with %s in addressing mode %d" % (command, parameters, self._mode)
            )

    def _single(self, command: int) -> None:
        """The first byte of a command."""
        if command in self.with_parameters:
            self._command = command
        elif command <= 0x17 and self._mode == _BY_PAGE:
            kept = self._page_mode_column & (0x0F if command & 0x10 else 0x70)
            self._page_mode_column = kept | ((command & 7) << 4 if command & 0x10 else command)
            self._column = self._page_mode_column
        elif 0xB0 <= command <= 0xB7 and self._mode == _BY_PAGE:
            self._page = command & 7
        elif 0x40 <= command <= 0x7F:
            self._start_line = command & 0x3F
        elif command in (0xA0, 0xA1):
            self._remapped = command == 0xA1
        elif command in (0xA4, 0xA5):
            self._all_lit = command == 0xA5
        elif command in (0xA6, 0xA7):
            self._inverse = command == 0xA7
        elif command in (0xAE, 0xAF):
            self._on = command == 0xAF
            self._powered = self._on and (self.charge_pump or self._external_vcc)
        elif command in (0xC0, 0xC8):
            self._reversed = command == 0xC8
        elif command not in (0x2E, _NOTHING):
            raise WrongCommand("command %02x in addressing mode %d" % (command, self._mode))


def _alternative(output: int) -> int:
    """The COM pin of an output in the alternative order: COM0, COM32, COM1, COM33 …"""
    return output // 2 + (32 if output % 2 else 0)


def _com_pin(output: int, configuration: int) -> int:
    """The COM pin of an output.

    configuration: bit 4 for the alternative order, bit 5 for left and right swapped.
    """
    pin = _alternative(output) if configuration & 0x10 else output
    return pin ^ 0x20 if configuration & 0x20 else pin
