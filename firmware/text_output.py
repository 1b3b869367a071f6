"""Lines of text on stdout and stderr, which may be full, unread or closed. Nothing here blocks.

On a computer a write to a pipe or a terminal that nobody reads would block for ever, and the event
loop with it. So each write is asked for first, and a line that does not fit is lost. On a board the
port's driver bounds the wait.
"""

import os
import sys

from micropython import const

_PIPE_BYTES = const(4096)  # PIPE_BUF: so much fits into a pipe that is writable
_TERMINAL_BYTES = const(128)  # a terminal that is writable may have little more room
_TYPE = const(0xF000)  # of os.stat's mode
_TERMINAL = const(0x2000)
_HIGHEST_STANDARD = const(2)  # stdin, stdout and stderr are 0, 1 and 2

# First and last code points that a terminal obeys or that change what a reader sees: control
# characters (C0, DEL, C1), controls of direction, invisible ones, line ends, surrogates. The
# joiners U+200C and U+200D stay, because some scripts need them.
_UNSAFE = (
    (0, 0x1F),
    (0x7F, 0x9F),
    (0x61C, 0x61C),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xD800, 0xDFFF),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE0FFF),
)

_held: list = []  # files that stand in for closed standard streams


class TextOutput:
    """Writes whole lines to a stream: sys.stdout or sys.stderr.

    lost: how many lines could not be written since the last one that was.
    """

    def __init__(self, stream) -> None:
        self.lost = 0
        self._stream = stream
        self._is_cut = False  # the last line was written in part
        self._poll = None
        self._piece_bytes = _PIPE_BYTES
        if hasattr(stream, "fileno"):  # a computer's
            from select import POLLOUT, poll

            self._poll = poll()
            self._poll.register(stream, POLLOUT)
            try:
                mode = os.stat("/dev/fd/%d" % stream.fileno())[0]
            except OSError:
                mode = _TERMINAL
            if mode & _TYPE == _TERMINAL:
                self._piece_bytes = _TERMINAL_BYTES

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
        for at in range(0, len(data), self._piece_bytes):
            if not self._is_writable():
                return False
            piece = data[at : at + self._piece_bytes]
            self._is_cut = True
            if self._stream.write(piece) != len(piece):
                return False
        self._is_cut = False
        return True

    def _is_writable(self) -> bool:
        if self._poll is None:
            return True
        from select import POLLOUT

        return any([flags & POLLOUT for _, flags in self._poll.poll(0)])


def log(line: str) -> None:
    """Write a line for the maintainer to stderr. stdout belongs to the console."""
    if _errors.lost:
        _errors.write_line("pilotlight: lines that nobody has read are lost")
    _errors.write_line("pilotlight: " + plain(line))


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
        for first, last in _UNSAFE:
            if first <= code <= last:
                is_safe = False
                data[at : at + size] = b"?"
                size = 1
        at += size
    return text if is_safe else data.decode()


def hold_closed_streams() -> None:
    """Open /dev/null in place of a standard stream that is closed.

    Else a socket or a file would get its number, and lines for the console would go there.
    """
    try:
        while hasattr(sys.stdout, "fileno"):
            file = open("/dev/null", "r+b")  # noqa: SIM115  # a stand-in stays open
            if file.fileno() > _HIGHEST_STANDARD:
                file.close()
                return
            _held.append(file)
    except OSError:
        pass  # without it too, the firmware runs


_errors = TextOutput(sys.stderr)
