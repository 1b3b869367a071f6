"""What the firmware says and shows, as text for a terminal."""

import base64
import unicodedata

from tools.on_cpython import device_module
from tools.virtual_board.session import Event

_REASONS = device_module("firmware.strings").REASONS
_LONGEST_NAME = 60
_STARTING = "starting"
_JOINERS = "\u200c\u200d"  # of Persian, and of emoji
_UNPRINTABLE = "\ufffd"


def printable(text: str) -> str:
    """A text from outside for a terminal: one line, which it can neither control nor reorder.

    Control and C1 characters, bidi controls, separators of lines and what is not assigned become
    U+FFFD.
    """
    return "".join(
        letter if letter.isprintable() or letter in _JOINERS else _replaced(letter)
        for letter in text
    )


def _replaced(letter: str) -> str:
    return " " if unicodedata.category(letter) == "Zs" else _UNPRINTABLE


def _name(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def readable(line: Event) -> str:
    """A console line as a person reads it: time, state, reason, project, paused."""
    return f"{line['t_ms'] / 1000:9.1f} s  {_without_time(line)}"


class Changes:
    """Console lines as a person reads them; None for one that looks like the line before it."""

    def __init__(self) -> None:
        self._last = ""

    def readable(self, line: Event) -> str | None:
        """The next line."""
        before, self._last = self._last, _without_time(line)
        return readable(line) if self._last != before else None


def _without_time(line: Event) -> str:
    parts = [f"{line['state']:<11}"]
    if line["user_code"]:
        parts.append(f"enter the code {_name(line['user_code'])} in Frame.io")
    if line["reason"] and line["state"] != _STARTING:  # nothing is known yet
        meaning, remedy = _REASONS.get(line["reason"], (line["reason"], ""))
        parts.append(f"{meaning}: {remedy}")
    if line["project"]:
        creator = _name(line["creator"] or "unknown")
        parts.append(f"project {_name(line['project'])}, paired by {creator}")
    paused = {True: "yes", False: "no", None: "checking"}[line["paused"]]
    parts.append(f"connected {'yes' if line['connected'] else 'no'}, paused {paused}")
    return printable("  |  ".join(parts))


def picture(event: Event) -> str:
    """What the display shows, in characters of two pixels."""
    width, height = event["width"], event["height"]
    rows = base64.b64decode(event["bitmap"])

    def is_lit(x: int, y: int) -> int:
        return rows[(y * width + x) // 8] >> (7 - x % 8) & 1

    return "\n".join(
        "".join(" ▀▄█"[is_lit(x, y) + 2 * is_lit(x, y + 1)] for x in range(width))
        for y in range(0, height, 2)
    )


_BRAILLE = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # (x, y) of each bit


def small_picture(event: Event) -> str:
    """The same in Braille characters of eight pixels, for a narrow terminal."""
    width, height = event["width"], event["height"]
    rows = base64.b64decode(event["bitmap"])

    def is_lit(x: int, y: int) -> int:
        return rows[(y * width + x) // 8] >> (7 - x % 8) & 1

    return "\n".join(
        "".join(
            chr(
                0x2800 + sum(is_lit(x + dx, y + dy) << bit for bit, (dx, dy) in enumerate(_BRAILLE))
            )
            for x in range(0, width, 2)
        )
        for y in range(0, height, 4)
    )
