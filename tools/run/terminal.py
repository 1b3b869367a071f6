"""What `make run` prints: a line for each change, and at a terminal a status line that stays below.

With the display drawn, its picture stays there too and is redrawn in place.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from typing import Any

from tools.virtual_board.session import Event

from .readable import picture, printable, small_picture

_CLEAR = "\x1b[J"
_GREY = "\x1b[90m"
_PLAIN = "\x1b[0m"
_DISPLAY_COLUMNS = 128
KEYS = "space press  h hold  d double press  p power  w Wi-Fi  s display  z pause  r remove  q quit"


class OutputLost(Exception):
    """stdout takes no more: args[0] is the OSError."""


class Terminal:
    """draws: the display's pictures, too. is_interactive: redraw in place, by escape sequences.
    interruptible: see Ending; each write is in it, because it may not be read.

    Its methods raise OutputLost.
    """

    def __init__(
        self,
        draws: bool,
        is_interactive: bool,
        interruptible: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        self._draws = draws
        self._interruptible = interruptible
        self._is_interactive = is_interactive and os.environ.get("TERM", "dumb") != "dumb"
        self._rgb = (0, 0, 0)
        self._state = "starting"
        self._screen: Event | None = None
        self._height = 0  # rows of what stays below

    def say(self, text: str) -> None:
        """Print a line."""
        self._print(text)

    def show_state(self, state: str) -> None:
        """What the status line says."""
        self._state = printable(state)
        self._redraw()

    def show_light(self, rgb: Any) -> None:
        """The light as it shines now: red, green, blue, linear."""
        self._rgb = rgb
        self._redraw()

    def show_screen(self, event: Event | None) -> None:
        """What the display shows now; None: it is unplugged or without power."""
        self._screen = event
        if self._is_interactive:
            self._redraw()
        elif self._draws and event:
            self._print(picture(event))

    def close(self) -> None:
        """Leave the terminal as a shell wants it."""
        if self._is_interactive and self._height:
            self._write("\r" + _up(self._height - 1) + _CLEAR)
            self._height = 0

    def _redraw(self) -> None:
        if self._is_interactive:
            self._print(None)

    def _print(self, text: str | None) -> None:
        if not self._is_interactive:
            self._write(f"{text}\n")
            return
        below = self._below()
        up = "\r" + _up(self._height - 1) if self._height else ""
        self._height = len(below)
        self._write(up + _CLEAR + (f"{text}\n" if text is not None else "") + "\n".join(below))

    def _below(self) -> list[str]:
        columns, rows = shutil.get_terminal_size()
        lines = []
        if self._draws and self._screen and self._screen["on"]:
            is_wide = columns > _DISPLAY_COLUMNS
            lines = (picture if is_wide else small_picture)(self._screen).split("\n")
            lines = lines if len(lines) < rows else []
        status = f"  {self._state:<11} {_GREY}{KEYS}"
        return [*lines, self._lamp() + status[: max(0, columns - 3 + len(_GREY))] + _PLAIN]

    def _lamp(self) -> str:
        shown = [round(255 * (part / 255) ** (1 / 2.2)) for part in self._rgb]
        return f"\x1b[38;2;{shown[0]};{shown[1]};{shown[2]}m●{_PLAIN}" if any(shown) else "○"

    def _write(self, text: str) -> None:
        try:
            with self._interruptible():
                print(text, end="", flush=True)
        except OSError as error:
            raise OutputLost(error) from error


def _up(rows: int) -> str:
    return f"\x1b[{rows}A" if rows else ""
