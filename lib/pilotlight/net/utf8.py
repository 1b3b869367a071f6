"""A strict check of UTF-8 (RFC 3629), a piece at a time. Pure.

MicroPython's own decoder accepts overlong forms and surrogates.
"""


class Utf8Check:
    """Checks a text that comes in pieces, one text after another. Its state is three integers."""

    def __init__(self) -> None:
        self._missing = 0  # continuation bytes still to come
        # Bounds of the next continuation byte: they exclude overlong forms and surrogates.
        self._low = 0x80
        self._high = 0xBF

    def feed(self, data, start: int, end: int) -> bool:
        """Take data[start:end]; False as soon as the text can't be UTF-8.

        data: bytes; a memoryview if it is long, because it is sliced.
        """
        missing = self._missing
        if not missing and start < end and max(data[start:end]) < 0x80:
            return True  # ASCII
        low = self._low
        high = self._high
        for i in range(start, end):
            byte = data[i]
            if missing:
                if not low <= byte <= high:
                    return False
                low = 0x80
                high = 0xBF
                missing -= 1
            elif byte > 0x7F:
                # RFC 3629 section 4, table of well-formed sequences.
                if not 0xC2 <= byte <= 0xF4:
                    return False
                missing = 1 + (byte > 0xDF) + (byte > 0xEF)
                if byte == 0xE0:
                    low = 0xA0
                elif byte == 0xED:
                    high = 0x9F
                elif byte == 0xF0:
                    low = 0x90
                elif byte == 0xF4:
                    high = 0x8F
        self._missing = missing
        self._low = low
        self._high = high
        return True

    def complete(self) -> bool:
        """True if the text may end here, not inside a character."""
        return not self._missing


def is_utf8(data) -> bool:
    """True if the bytes are a whole text in UTF-8."""
    check = Utf8Check()
    return check.feed(data, 0, len(data)) and check.complete()


def character_start(data, end: int) -> int:
    """The largest index <= end at which valid UTF-8 can be cut between two characters."""
    start = end
    while start:
        start -= 1
        if data[start] & 0xC0 != 0x80:
            break
    return end if is_utf8(data[start:end]) else start
