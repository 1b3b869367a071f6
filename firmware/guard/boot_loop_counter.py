"""How often in a row the firmware has crashed, kept in the RTC's memory.

That memory survives every reset of an ESP32, but no loss of power. Unlike flash it does not wear
out. MicroPython has one such memory, so nothing else may write `machine.RTC().memory()`.
"""

from micropython import const

_MAGIC = const(b"pilot")
_BYTES = const(8)  # magic, count, flags, checksum
_COUNT = const(5)
_FLAGS = const(6)
_RUNNING = const(1)
_WATCHDOG_RUNS = const(2)


class BootLoopCounter:
    """Counts a reset as a crash if the firmware was running and the cause is watchdog or software.

    A software reset follows a crash, and a fault in C ends in one. A power-on is no crash and
    clears the
    count: the battery was changed, or the user tries again. A soft reset is no crash: it was asked
    for at the REPL. On a board without RTC memory nothing is counted.

    machine: the module. follows_crash: this start follows a crash. watchdog_still_runs: this start
    follows a soft reset, and the hardware watchdog was not stopped by that.
    """

    def __init__(self, machine) -> None:
        self._memory = getattr(machine.RTC(), "memory", None) if hasattr(machine, "RTC") else None
        # Allocated once, because there may be no memory when it is to be written.
        self._record = record = bytearray(_BYTES)
        record[:_COUNT] = _MAGIC
        self._load()
        cause = machine.reset_cause()
        self.follows_crash = bool(record[_FLAGS] & _RUNNING) and cause in (
            machine.HARD_RESET,
            machine.WDT_RESET,
        )
        self.watchdog_still_runs = bool(
            record[_FLAGS] & _WATCHDOG_RUNS and cause == machine.SOFT_RESET
        )
        if cause == machine.PWRON_RESET:
            record[_COUNT] = 0  # the memory may outlive the reset button or a short loss of power
        elif self.follows_crash:
            record[_COUNT] += 1
        record[_FLAGS] = 0
        self._save()

    @property
    def count(self) -> int:
        """Crashes in a row."""
        return self._record[_COUNT]

    def mark_running(self) -> None:
        """The firmware runs: a reset from now on is a crash."""
        self._record[_FLAGS] |= _RUNNING
        self._save()

    def mark_stopped(self) -> None:
        """The firmware has ended without a crash, or is about to reset the board on purpose."""
        self._record[_FLAGS] &= _WATCHDOG_RUNS
        self._save()

    def mark_watchdog_started(self) -> None:
        """The hardware watchdog runs until the next reset; a soft reset does not stop it."""
        self._record[_FLAGS] |= _WATCHDOG_RUNS
        self._save()

    def set_count(self, count: int) -> None:
        """Set the number of crashes in a row."""
        if count != self.count:
            self._record[_COUNT] = count
            self._save()

    def _load(self) -> None:
        stored = self._memory() if self._memory is not None else b""
        # Without magic and checksum, the memory holds whatever was in it at power-on.
        if len(stored) == _BYTES and stored[:_COUNT] == _MAGIC and stored[-1] == _checksum(stored):
            self._record[:] = stored

    def _save(self) -> None:
        self._record[-1] = _checksum(self._record)
        if self._memory is not None:
            self._memory(self._record)


def _checksum(record) -> int:
    total = 0
    for number in range(_BYTES - 1):
        total += record[number]
    return (total ^ 0xA5) & 0xFF
