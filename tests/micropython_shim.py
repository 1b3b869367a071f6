"""What pure modules need of MicroPython, for CPython: ticks, which wrap at 2**30 as on a board, and `const`. Import to install."""

import time
from typing import TypeVar

import micropython

_T = TypeVar("_T")

_PERIOD = 1 << 30


def ticks_add(ticks: int, delta: int) -> int:
    """As time.ticks_add."""
    return (ticks + delta) % _PERIOD


def ticks_diff(ticks1: int, ticks2: int) -> int:
    """As time.ticks_diff: from -2**29 to 2**29 - 1."""
    return (ticks1 - ticks2 + _PERIOD // 2) % _PERIOD - _PERIOD // 2


def ticks_ms() -> int:
    """As time.ticks_ms."""
    return int(time.monotonic() * 1000) % _PERIOD


def const(value: _T) -> _T:
    """As micropython.const; there, the compiler puts the value in the name's place."""
    return value


micropython.const = const  # this `micropython` is the package that runs the unix port
for _function in (ticks_add, ticks_diff, ticks_ms):
    setattr(time, _function.__name__, _function)
