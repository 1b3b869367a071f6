"""When the device was paused, pure: media made during a pause is refused for good."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pauses:
    """The pauses so far. now: a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._changes: list[tuple[float, bool]] = []

    def set(self, paused: bool, ago_s: float = 0) -> None:
        """Paused, or no more; ago_s: for so many seconds already."""
        self._changes.append((self._now() - ago_s, paused))

    def covers(self, age_s: float) -> bool:
        """Was the device paused so many seconds ago?"""
        then = self._now() - age_s
        return next((paused for since, paused in reversed(self._changes) if since <= then), False)
