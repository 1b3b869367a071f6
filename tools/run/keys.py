"""Single keys of the terminal, without Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable
from typing import Any

_LOOK_S = 0.2


class Keys:
    """A context manager: pressed(key) is called in a thread with each key.

    is_on: there is a terminal to read from, and this process is in its foreground.
    """

    def __init__(self, pressed: Callable[[str], object]) -> None:
        self._pressed = pressed
        self._is_over = False
        self._before: list[Any] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.is_on = _is_ours()

    def __enter__(self) -> Keys:
        if self.is_on:
            self._before = termios.tcgetattr(0)
            tty.setcbreak(0)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        if self._before is not None and _is_ours():
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def _read(self) -> None:
        while not self._is_over:
            if select.select([0], [], [], _LOOK_S)[0]:
                data = os.read(0, 64)
                if not data:
                    return
                for key in data.decode(errors="ignore"):
                    self._pressed(key)


def _is_ours() -> bool:
    """Is stdin a terminal that this process may read and set, and stdout one?"""
    try:
        is_terminal = sys.stdin is not None and os.isatty(0) and os.isatty(1)
        return is_terminal and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
