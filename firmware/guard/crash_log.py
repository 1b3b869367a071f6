"""The tracebacks of the last crashes, in files beside main.py: crash.txt is the newest, then come crash.1.txt and crash.2.txt."""

import io
import os
import sys
import time

from micropython import const

FILES = const(("crash.txt", "crash.1.txt", "crash.2.txt"))
_LONGEST_BYTES = const(2048)
_LONGEST_HEAD = const(256)


class _Bounded(io.IOBase):
    """A stream into a file that drops what is too much."""

    def __init__(self, file, left: int) -> None:
        self._file = file
        self._left = left

    def write(self, data) -> int:
        """Write it, or as much of it as there is room for."""
        if self._left:
            self._left -= self._file.write(bytes(memoryview(data)[: self._left]))
        return len(data)


def write(error: BaseException) -> None:
    """Write a traceback, in place of the oldest one. Raises OSError, MemoryError.

    What the error says comes first, for a deep traceback is cut off. It holds files, lines and that text, and no values: an
    exception with a secret in its text would be a bug.
    """
    for number in range(len(FILES) - 1, 0, -1):
        try:
            os.rename(FILES[number - 1], FILES[number])
        except OSError:
            pass  # there were not so many yet
    with open(FILES[0], "wb") as file:
        text = "%d s after power-on or reset: %s: %s" % (
            time.ticks_ms() // 1000,
            type(error).__name__,
            error,
        )
        head = text.encode()[:_LONGEST_HEAD] + b"\n"
        file.write(head)
        sys.print_exception(error, _Bounded(file, _LONGEST_BYTES - len(head)))
