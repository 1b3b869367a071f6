"""machine.WDT of the ESP32 port: it can't be stopped, and a soft reset doesn't stop it either."""

import os

from virtual import clock, events, interrupts, power

_timeout_us = 0


class WDT:
    """Resets the board unless it is fed in time."""

    def __init__(self, id=0, timeout=5000):
        global _timeout_us
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _timeout_us = timeout * 1000
        events.emit("wdt", timeout_ms=timeout)
        self.feed()

    def feed(self):
        """Begin the time again."""
        interrupts.watch(clock.now_us() + _timeout_us, _bite)


def _bite():
    power.end(power.WDT_RESET)


if os.getenv("VIRTUAL_BOARD_WDT_MS"):
    WDT(timeout=int(os.getenv("VIRTUAL_BOARD_WDT_MS")))
