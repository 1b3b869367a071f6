"""What only a computer needs, where the firmware is a process: a board never imports this."""

import os
import sys
from select import POLLOUT, poll

from micropython import const

_PIPE_BYTES = const(4096)  # PIPE_BUF: so much fits into a pipe that is writable
_TERMINAL_BYTES = const(128)  # a terminal that is writable may have little more room
_TYPE = const(0xF000)  # of os.stat's mode
_TERMINAL = const(0x2000)
_HIGHEST_STANDARD = const(2)  # stdin, stdout and stderr are 0, 1 and 2

_held: list = []  # files that stand in for closed standard streams


class UnblockedStream:
    """stdout or stderr, written only as far as it does not block.

    A write to a full pipe or terminal that is not read would block for ever, and the
    event loop with it.
    """

    def __init__(self, stream) -> None:
        self._stream = stream
        self._poll = poll()
        self._poll.register(stream, POLLOUT)
        try:
            mode = os.stat("/dev/fd/%d" % stream.fileno())[0]
        except OSError:
            mode = _TERMINAL
        self._piece_bytes = _TERMINAL_BYTES if mode & _TYPE == _TERMINAL else _PIPE_BYTES

    def write(self, data: bytes) -> int:
        """Write what can be written now; how many bytes that was. Raises OSError."""
        count = 0
        while count < len(data) and self._is_writable():
            piece = data[count : count + self._piece_bytes]
            written = self._stream.write(piece) or 0
            count += written
            if written < len(piece):
                break
        return count

    def _is_writable(self) -> bool:
        return any([flags & POLLOUT for _, flags in self._poll.poll(0)])


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


def create_private(path: str) -> None:
    """Make an empty file that only its owner can read. Errors are ignored.

    MicroPython has no chmod, and its open() lets everybody read. A folder in its place is moved.
    """
    _run('umask 077; [ -d "$f" ] && mv -- "$f" "$f.folder"; rm -f -- "$f"; : >"$f"', path)


def make_private(path: str) -> None:
    """Let only its owner read and write a file. Errors are ignored."""
    _run('chmod 600 -- "$f"', path)


def _run(script: str, path: str) -> None:
    """Run a line of shell, with the path as $f."""
    os.putenv("PILOTLIGHT_FILE", path)
    # The shell's errors would block on a stderr that is full.
    os.system('exec 2>/dev/null; f="$PILOTLIGHT_FILE"; ' + script)
