"""An SH1106 display on the I2C bus: Sino Wealth's datasheet 2.3. Runs on both interpreters.

It is an SSD1306 but for this: its memory has 132 columns, of which the usual modules show 128, from
the third on; it knows page addressing alone; and its voltage converter is on after a reset, and has
another command.
"""

from .ssd1306 import _WITH_PARAMETERS, SSD1306, WrongCommand

_CONVERTER = 0xAD
# Drivers of real ones send these, so they do nothing, though the datasheet does not have them:
# addressing mode, charge pump, no scrolling. What would be their parameters are commands of their
# own, of the column.
_IGNORED = (0x20, 0x8D, 0x2E)
_UNKNOWN = (0x20, 0x21, 0x22, 0x8D)  # of an SSD1306's


class SH1106(SSD1306):
    """The chip and its glass."""

    columns = 132
    left = 2
    with_parameters = {
        command: parameters
        for command, parameters in _WITH_PARAMETERS.items()
        if command not in _UNKNOWN
    }
    with_parameters[_CONVERTER] = (1, 0xFE, 0x8A)
    with_parameters[0xDB] = (1, 0x00, 0x00)

    def plug(self) -> None:
        """Power on: the reset state of the datasheet, and new noise in the memory."""
        super().plug()
        self.charge_pump = True

    def _store(self, value: int) -> None:
        column = self._column
        if column == self.columns:
            raise WrongCommand("data behind the last column")
        super()._store(value)
        self._column = column + 1  # it does not begin again

    def _obey(self, command: int, parameters: list) -> None:
        if command == _CONVERTER:
            self.charge_pump = bool(parameters[0] & 1)
            self._powered = self._powered and (self.charge_pump or self._external_vcc)
        else:
            super()._obey(command, parameters)

    def _single(self, command: int) -> None:
        if command <= 0x18:
            half = command & 0x0F
            kept = self._page_mode_column & (0x0F if command & 0x10 else 0xF0)
            self._column = self._page_mode_column = kept | (half << 4 if command & 0x10 else half)
        elif command not in _IGNORED and not 0x30 <= command <= 0x33:
            super()._single(command)
