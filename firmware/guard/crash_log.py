"""The tracebacks of the last three crashes, in files beside main.py.

crash.txt is the newest, then crash.1.txt and crash.2.txt.
"""

import io
import os
import sys
import time

from micropython import const

FILES = const(("crash.txt", "crash.1.txt", "crash.2.txt"))
_LONGEST_BYTES = const(2048)
_LONGEST_HEAD_BYTES = const(256)


class _Bounded(io.IOBase):
    """A stream into a file that drops everything after the first `left_bytes` bytes."""

    def __init__(self, file, left_bytes: int) -> None:
        self._file = file
        self._left_bytes = left_bytes

    def write(self, data) -> int:
        """Write what fits; return the length of all of `data`."""
        if self._left_bytes:
            self._left_bytes -= self._file.write(bytes(memoryview(data)[: self._left_bytes]))
        return len(data)


def write(error: BaseException) -> None:
    """Write a traceback, and delete the oldest one. Raises OSError, MemoryError.

    The error's text comes first, because a deep traceback is cut off. The file holds file names,
    line numbers and that text, and no values. An exception with a secret in its text would be a
    bug.
    """
    for number in range(len(FILES) - 1, 0, -1):
        try:
            os.rename(FILES[number - 1], FILES[number])
        except OSError:
            pass  # fewer crashes so far
    with open(FILES[0], "wb") as file:
        text = "%d s after power-on or reset: %s: %s" % (
            time.ticks_ms() // 1000,
            type(error).__name__,
            error,
        )
        head = text.encode()[:_LONGEST_HEAD_BYTES] + b"\n"
        file.write(head)
        sys.print_exception(error, _Bounded(file, _LONGEST_BYTES - len(head)))
