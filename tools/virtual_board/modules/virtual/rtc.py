"""What an ESP32 keeps over resets but not without power: the time and the RTC's memory; in the
folder VIRTUAL_BOARD_RTC, if any.

A board that was off believes that it is the beginning of the year 2000.
"""

import os

import utime

from . import clock, host

_EPOCH_S = 946684800  # the year 2000 since 1970
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_folder = os.getenv("VIRTUAL_BOARD_RTC")


def now_us():
    """Microseconds since the year 2000, as the board believes."""
    return _host_us() - _begun_us


def set_us(us):
    """What it believes from now on."""
    global _begun_us
    _begun_us = _host_us() - us
    _save("begun_us", str(_begun_us).encode())


def time():
    """Seconds since the year 2000."""
    return now_us() // 1000000


def time_ns():
    """Nanoseconds since the year 2000."""
    return now_us() * 1000


def gmtime(secs=None):
    """(year, month, mday, hour, minute, second, weekday, yearday)."""
    return tuple(utime.gmtime((time() if secs is None else secs) + _EPOCH_S)[:8])


def mktime(local):
    """Seconds since the year 2000."""
    year, month, day, hour, minute, second = local[:6]
    past = year - 2000
    days = 365 * past + (past + 3) // 4 + _DAYS[month - 1] + day - 1
    if month > 2 and year % 4 == 0:  # true until 2099
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def memory():
    """The memory's bytes."""
    return _memory


def set_memory(data):
    """Keep these bytes instead."""
    global _memory
    _memory = bytes(data)
    _save("memory", _memory)


def _host_us():
    return clock.now_us() if clock.is_virtual() else utime.time_ns() // 1000


def _load(name, default):
    if not _folder:
        return default
    try:
        with host.files.open(_folder + "/" + name, "rb") as file:
            return file.read()
    except OSError:
        _save(name, default)
        return default


def _save(name, data):
    if _folder:
        with host.files.open(_folder + "/" + name, "wb") as file:
            file.write(data)


_memory = _load("memory", b"")
_begun_us = int(_load("begun_us", str(_host_us()).encode()))
