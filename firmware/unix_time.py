"""Seconds since 1970, also on an ESP32, where `time` counts from 2000."""

import time

EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0  # from 1970 to time's own epoch


def now_s() -> int:
    """Seconds since 1970 by the chip's clock. At power-on an ESP32 starts in the year 2000."""
    return int(time.time()) + EPOCH_S


def gmtime(seconds: int):
    """(year, month, day, hour, minute, second, weekday, yearday), UTC, of seconds since 1970."""
    return time.gmtime(seconds - EPOCH_S)
