"""Lines of text on stdout and stderr, which may be full, unread or closed. Nothing here blocks.

A line that does not fit is lost. On a board the port's driver bounds the wait; on a computer
posix.py asks before each write.
"""

import sys

# First and last code points that a terminal obeys or that change what a reader sees: control
# characters (C0, DEL, C1), controls of direction, invisible ones, line ends, surrogates. The
# joiners U+200C and U+200D stay, because some scripts need them.
# In pairs, in one flat tuple to save memory.
# fmt: off
_UNSAFE = (
    0, 0x1F, 0x7F, 0x9F, 0x61C, 0x61C, 0x200B, 0x200B, 0x200E, 0x200F, 0x2028, 0x202E,
    0x2060, 0x206F, 0xD800, 0xDFFF, 0xFEFF, 0xFEFF, 0xFFF9, 0xFFFB, 0xE0000, 0xE0FFF,
)
# fmt: on


class TextOutput:
    """Writes whole lines to a stream: sys.stdout or sys.stderr.

    lost: how many lines could not be written since the last one that was.
    """

    def __init__(self, stream) -> None:
        self.lost = 0
        self._is_cut = False  # the last line was written in part
        self._stream = stream
        if hasattr(stream, "fileno"):
            from .posix import UnblockedStream

            self._stream = UnblockedStream(stream)

    def write_line(self, line: str) -> bool:
        """Write a line. False: it is lost, in whole or from some point on."""
        try:
            data = ("\n%s\n" if self._is_cut else "%s\n") % line
            if self._write(data.encode()):
                self.lost = 0
                return True
        except (OSError, MemoryError):
            pass
        self.lost += 1
        return False

    def _write(self, data: bytes) -> bool:
        was_cut, self._is_cut = self._is_cut, True
        count = self._stream.write(data)
        if not count:
            self._is_cut = was_cut
        elif count == len(data):
            self._is_cut = False
        return count == len(data)


def log(line: str) -> None:
    """Write a line for the maintainer to stderr. stdout belongs to the console."""
    if _errors.lost:
        _errors.write_line("pilotlight: lines that were not read are lost")
    try:
        _errors.write_line("pilotlight: " + plain(line))
    except MemoryError:
        _errors.lost += 1


def plain(text: str) -> str:
    """The text with a question mark for each character that a terminal should not get."""
    # On bytes: MicroPython keeps each single character of a text in memory for ever.
    data = bytearray(text.encode())
    at = 0
    is_safe = True
    while at < len(data):
        code = data[at]
        if 0x20 <= code < 0x7F:
            at += 1
            continue
        size = 1 if code < 0x80 else 2 if code < 0xE0 else 3 if code < 0xF0 else 4
        if size > 1:
            code &= 0x7F >> size
            for byte in data[at + 1 : at + size]:
                code = code << 6 | byte & 0x3F
        for number in range(0, len(_UNSAFE), 2):
            if _UNSAFE[number] <= code <= _UNSAFE[number + 1]:
                is_safe = False
                data[at : at + size] = b"?"
                size = 1
        at += size
    return text if is_safe else data.decode()


_errors = TextOutput(sys.stderr)
