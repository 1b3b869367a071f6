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


class BootLoopCounter:
    """The mark, as the last run has left it. A run that was under way when the board was reset is counted as a crash.

    What counts is a reset by the watchdog or by software: the latter follows a crash, and a fault in C is one. A power-on counts
    for nothing, whatever ran before, and clears the count: a battery was changed, or the user tries again. A soft reset counts
    for nothing: somebody is at the prompt. On a board without such a memory nothing is ever counted.

    machine: the module. has_counted: this start follows a crash. dog_is_out: it follows a soft reset, and the hardware's watchdog
    still runs.
    """

    def __init__(self, machine) -> None:
        self._memory = getattr(machine.RTC(), "memory", None) if hasattr(machine, "RTC") else None
        self._data = data = bytearray(
            _BYTES
        )  # kept, for there may be no memory when it is to be written
        data[:_COUNT] = _MAGIC
        self._load()
        cause = machine.reset_cause()
        self.has_counted = bool(data[_FLAGS] & _RUNNING) and cause in (
            machine.HARD_RESET,
            machine.WDT_RESET,
        )
        self.dog_is_out = bool(data[_FLAGS] & _DOG) and cause == machine.SOFT_RESET
        if cause == machine.PWRON_RESET:
            data[_COUNT] = 0  # it may still be there, after the reset button or a short gap
        elif self.has_counted:
            data[_COUNT] += 1
        data[_FLAGS] = 0
        self._save()

    @property
    def count(self) -> int:
        """Crashes in a row."""
        return self._data[_COUNT]

    def begin(self) -> None:
        """The firmware runs."""
        self._data[_FLAGS] |= _RUNNING
        self._save()

    def end(self) -> None:
        """It has ended in order, or is about to be reset on purpose: that is no crash."""
        self._data[_FLAGS] &= _DOG
        self._save()

    def dog_started(self) -> None:
        """The hardware's watchdog runs: until the next reset, and over a soft one."""
        self._data[_FLAGS] |= _DOG
        self._save()

    def set_count(self, count: int) -> None:
        """So many crashes in a row."""
        if count != self.count:
            self._data[_COUNT] = count
            self._save()

    def _load(self) -> None:
        kept = self._memory() if self._memory is not None else b""
        # Else it was never written, or is what happens to be in memory after the power came.
        if len(kept) == _BYTES and kept[:_COUNT] == _MAGIC and kept[-1] == _checksum(kept):
            self._data[:] = kept

    def _save(self) -> None:
        self._data[-1] = _checksum(self._data)
        if self._memory is not None:
            self._memory(self._data)


def _checksum(data) -> int:
    total = 0
    for number in range(_BYTES - 1):
        total += data[number]
    return (total ^ 0xA5) & 0xFF
