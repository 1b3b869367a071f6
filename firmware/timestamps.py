"""Seconds since 1970, and milliseconds since the firmware started, on every port.

What is periodic and need not be exact happens at a beat, once in 4 s, at which the screen turns its
pages, too. So the chip wakes once for all of it.
"""

import time

from micropython import const

_BEAT_MS = const(4_000)

# From 1970 to the epoch of `time`: an ESP32 counts from 2000.
EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0

_begun_ms = 0  # ticks of a beat


def now_s() -> int:
    """Seconds since 1970 by the chip's clock. At power-on an ESP32 starts in the year 2000."""
    return int(time.time()) + EPOCH_S


def gmtime(seconds: int):
    """(year, month, day, hour, minute, second, weekday, yearday), UTC, of seconds since 1970."""
    return time.gmtime(seconds - EPOCH_S)


def begin_beats(now_ms: int) -> None:
    """The next beats come 4 s, 8 s … after these ticks."""
    global _begun_ms
    _begun_ms = now_ms


def beat_ms() -> int:
    """Milliseconds until the next beat, 1 or more."""
    return _BEAT_MS - time.ticks_diff(time.ticks_ms(), _begun_ms) % _BEAT_MS


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
