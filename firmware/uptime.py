"""Milliseconds since the firmware started, across the wraps of ticks_ms."""

import time


class Uptime:
    """Call `ms` at least every six days, else a wrap of ticks_ms is missed (12.4 days on a board).

    The event log's task does.
    """

    def __init__(self) -> None:
        self._ticks_ms = time.ticks_ms()
        self._ms = 0

    def ms(self) -> int:
        """Milliseconds since this object was made."""
        now_ms = time.ticks_ms()
        self._ms += time.ticks_diff(now_ms, self._ticks_ms)
        self._ticks_ms = now_ms
        return self._ms
