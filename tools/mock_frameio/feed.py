"""What the page is told: rows of the time line, edges of the light, in rings that do not grow."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from .tokens import MARK

MASKED = "•••"
MOST_ROWS = 2000
_MOST_EDGES = 1300  # the last minute of a light that rises and falls
_LONGEST_TEXT = 200
_LONGEST_DETAIL = 2000
_ISSUED = re.compile(MARK + r"[A-Za-z0-9_~+/=.%-]*")
_BEARER = re.compile(r"(?i)(bearer(?:\s|%20|\+)+)[^\s\"',&]+")


def masked(text: str) -> str:
    """A text without the tokens and device codes that this mock issues, and without any bearer."""
    return _BEARER.sub(lambda found: found.group(1) + MASKED, _ISSUED.sub(MASKED, text))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


class Ring:
    """The last items of a sequence, numbered from 1. last: the number of the newest."""

    def __init__(self, most: int) -> None:
        self._items: deque[Any] = deque(maxlen=most)
        self.last = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Any) -> None:
        """Add one; beyond `most` the oldest is dropped."""
        self._items.append(item)
        self.last += 1

    def after(self, number: int, most: int) -> tuple[list[Any], int]:
        """(items behind this number, the oldest first and so many at most; the number of the last
        one that is told)."""
        skipped = max(0, number - (self.last - len(self._items)))
        items = list(itertools.islice(self._items, skipped, skipped + most))
        return items, self.last - len(self._items) + skipped + len(items)


class Feed:
    """rows: {"t_ms", "sender", "kind", "text", "detail", "device"}. edges: [t_ms, red, green,
    blue], linear light. version: rises with every change of anything that the page shows.

    mask: takes out of a text what the service alone knows to be secret.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self.rows = Ring(MOST_ROWS)
        self.edges = Ring(_MOST_EDGES)
        self.version = 0
        self._news = asyncio.Event()

    def add(
        self, t_ms: int, sender: str, kind: str, text: str, detail: str = "", device: str = ""
    ) -> None:
        """Add a row."""
        row = {"t_ms": t_ms, "sender": sender, "kind": kind, "device": device}
        row["text"] = _cut(masked(self._mask(_cut(text, _LONGEST_DETAIL))), _LONGEST_TEXT)
        # Masked before it is cut, because the mask does not know half of a token.
        row["detail"] = _cut(masked(self._mask(_cut(detail, 1 << 16))), _LONGEST_DETAIL)
        self.rows.add(row)
        self.touch()

    def touch(self) -> None:
        """Something has changed."""
        self.version += 1
        if not self._news.is_set():
            self._news.set()

    async def wait(self, version: int, timeout_s: float) -> bool:
        """Wait until the version is not this one any more; False if the time is over first."""
        while self.version == version:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), timeout_s)
            except asyncio.TimeoutError:
                return False
        return True
