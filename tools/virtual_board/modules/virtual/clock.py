"""Time since power-on, in microseconds. Tests in virtual time bring their own clock."""

import utime  # the built-in one, whatever `time` is

BEGUN_US = utime.ticks_us()
_source = None


def now_us():
    """Microseconds since power-on."""
    return _source() if _source else utime.ticks_us() - BEGUN_US


def use(source):
    """Take the time from a function without arguments.

    Then no interrupt comes by itself: see interrupts.serve.
    """
    global _source
    _source = source


def is_virtual():
    """Does another clock drive the board?"""
    return _source is not None
