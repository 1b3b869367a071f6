"""A strict check of UTF-8 (RFC 3629), a piece at a time. Pure.

MicroPython's own decoder accepts overlong forms and surrogates.
"""

from micropython import const

_REFUSED = const(-1)


class Utf8Check:
    """Checks a text that comes in pieces. Its state is three integers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new text."""
        self._missing = 0  # continuation bytes still to come
        # Bounds of the next continuation byte: they exclude overlong forms and surrogates.
        self._low = 0x80
        self._high = 0xBF

    def feed(self, data, start: int, end: int) -> bool:
        """Take data[start:end]; False as soon as the text can't be UTF-8.

        data: bytes; a memoryview if it is long, for it is sliced.
        """
        missing = self._missing
        if not missing and start < end and max(data[start:end]) < 0x80:
            return True  # ASCII
        for i in range(start, end):
            byte = data[i]
            if missing:
                if not self._low <= byte <= self._high:
                    return False
                self._low = 0x80
                self._high = 0xBF
                missing -= 1
            elif byte > 0x7F:
                missing = self._begin(byte)
                if missing == _REFUSED:
                    return False
        self._missing = missing
        return True

    def complete(self) -> bool:
        """True if the text may end here, not inside a character."""
        return self._missing == 0

    def _begin(self, byte: int) -> int:
        # RFC 3629 section 4, table of well-formed sequences.
        if 0xC2 <= byte <= 0xDF:
            return 1
        if 0xE0 <= byte <= 0xEF:
            if byte == 0xE0:
                self._low = 0xA0
            elif byte == 0xED:
                self._high = 0x9F
            return 2
        if 0xF0 <= byte <= 0xF4:
            if byte == 0xF0:
                self._low = 0x90
            elif byte == 0xF4:
                self._high = 0x8F
            return 3
        return _REFUSED


def is_utf8(data) -> bool:
    """True if the bytes are a whole text in UTF-8."""
    check = Utf8Check()
    return check.feed(data, 0, len(data)) and check.complete()


def character_start(data, end: int) -> int:
    """The largest index <= end at which valid UTF-8 can be cut between two characters."""
    start = end
    while start and data[start - 1] & 0xC0 == 0x80:
        start -= 1
    if not start:
        return 0
    lead = data[start - 1]
    size = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return end if start - 1 + size == end else start - 1
