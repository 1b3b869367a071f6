"""A mark in the RTC's memory: how often in a row the firmware has crashed.

That memory survives every reset of an ESP32 and no loss of power, and it is no flash, which wears out. MicroPython has one for
all: nobody else may write `machine.RTC().memory()`.
"""

from micropython import const

_MAGIC = const(b"pilot")
_BYTES = const(8)  # the magic, the count, the flags, the checksum
_COUNT = const(5)
_FLAGS = const(6)
_RUNNING = const(1)
_DOG = const(2)
_MOST = const(255)


class CrashMark:
    """The mark, as the last run has left it. A run that was under way when the board was reset is counted as a crash.

    What counts is a reset by the watchdog or by software: the latter follows a crash, and a fault in C is one. A power-on counts
    for nothing, whatever ran before, and clears the count: a battery was changed, or the user tries again. A soft reset counts
    for nothing: somebody is at the prompt. On a board without such a memory nothing is ever counted.

    machine: the module. count: crashes in a row. has_counted: this start follows one. dog_is_out: it follows a soft reset, and
    the hardware's watchdog still runs.
    """

    def __init__(self, machine) -> None:
        self._memory = getattr(machine.RTC(), "memory", None) if hasattr(machine, "RTC") else None
        count, flags = self._load()
        cause = machine.reset_cause()
        self.has_counted = bool(flags & _RUNNING) and cause in (machine.HARD_RESET, machine.WDT_RESET)
        if cause == machine.PWRON_RESET:
            count = 0  # it may still be there, after the reset button or a short gap
        elif self.has_counted:
            count = min(count + 1, _MOST)
        self.count = count
        self.dog_is_out = bool(flags & _DOG) and cause == machine.SOFT_RESET
        self._flags = 0
        self._save()

    def begin(self) -> None:
        """The firmware runs."""
        self._flags |= _RUNNING
        self._save()

    def end(self) -> None:
        """It has ended in order, or is about to be reset on purpose: that is no crash."""
        self._flags &= ~_RUNNING
        self._save()

    def dog_started(self) -> None:
        """The hardware's watchdog runs: until the next reset, and over a soft one."""
        self._flags |= _DOG
        self._save()

    def set_count(self, count: int) -> None:
        """So many crashes in a row."""
        if count != self.count:
            self.count = count
            self._save()

    def _load(self) -> tuple:
        data = self._memory() if self._memory is not None else b""
        if len(data) == _BYTES and data[:_COUNT] == _MAGIC and data[-1] == _checksum(data):
            return data[_COUNT], data[_FLAGS]
        return 0, 0  # never written, or what happens to be in memory after the power came

    def _save(self) -> None:
        data = bytearray(_BYTES)
        data[:_COUNT] = _MAGIC
        data[_COUNT] = self.count
        data[_FLAGS] = self._flags
        data[-1] = _checksum(data)
        if self._memory is not None:
            self._memory(data)


def _checksum(data) -> int:
    return (sum(data[: _BYTES - 1]) ^ 0xA5) & 0xFF
