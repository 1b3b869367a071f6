"""Milliseconds since the firmware began, over the wraps of ticks_ms."""

import time


class Uptime:
    """Ask it at least every six days, or a wrap of ticks_ms (12.4 days on a board) is missed. The log's task does."""

    def __init__(self) -> None:
        self._ticks_ms = time.ticks_ms()
        self._ms = 0

    def ms(self) -> int:
        """Milliseconds since this object was made."""
        now_ms = time.ticks_ms()
        self._ms += time.ticks_diff(now_ms, self._ticks_ms)
        self._ticks_ms = now_ms
        return self._ms
