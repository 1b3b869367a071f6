"""When the device was paused, pure: media made during a pause is refused for good."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_MOST_CHANGES = 1000


class Pauses:
    """The pauses so far; of many changes the last 1,000. now: a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._changes: deque[tuple[float, bool]] = deque(maxlen=_MOST_CHANGES)

    def set(self, paused: bool, ago_s: float = 0) -> None:
        """Paused, or no more; ago_s: for so many seconds already."""
        self._changes.append((self._now() - ago_s, paused))

    def covers(self, age_s: float) -> bool:
        """Was the device paused so many seconds ago?"""
        then = self._now() - age_s
        return next((paused for since, paused in reversed(self._changes) if since <= then), False)
