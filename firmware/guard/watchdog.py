"""The watchdog: resets a board whose loop is blocked, or one of whose tasks is overdue.

Each task publishes when it is next due, and the hardware's watchdog is fed as long as none is overdue. That one can't be stopped
again and would reset a board at the prompt, so it is started late: who interrupts the firmware in its first minute, as mpremote
does, has the prompt for as long as they like; later, for `timeout_ms`, and the reset that follows brings a new first minute.
"""

import asyncio
import time


class Watchdog:
    """Watches the tasks; `run` is its own.

    make(timeout_ms): starts the hardware's watchdog, which has `feed()`; None: there is none. note(line): for the log.
    on_healthy(): called once, when nothing was overdue for healthy_ms.
    """

    # A test brings its own.
    grace_ms = 60_000  # from the start of `run` to that of the hardware's watchdog
    timeout_ms = 60_000  # unfed for so long, it resets the board; longer than the slowest look-up and TLS handshake hold the loop
    healthy_ms = 120_000
    step_ms = 5_000  # from one look to the next

    def __init__(self, make, note, on_healthy=None) -> None:
        self._make = make
        self._note = note
        self._on_healthy = on_healthy
        self._due: dict = {}  # task → ticks

    def due(self, name: str, within_ms: int) -> None:
        """The task is due again within so long (less than 6 days); it is overdue if it has not said so by then."""
        self._due[name] = time.ticks_add(time.ticks_ms(), within_ms)

    def overdue(self) -> str | None:
        """The name of a task that is overdue, or None."""
        now_ms = time.ticks_ms()
        for name in self._due:
            if time.ticks_diff(now_ms, self._due[name]) > 0:
                return name
        return None

    async def run(self) -> None:
        """Watch for ever."""
        dog = None
        told = None
        age_ms = well_ms = 0
        while True:
            await asyncio.sleep_ms(self.step_ms)
            if dog is None and self._make is not None:
                age_ms += self.step_ms
                if age_ms >= self.grace_ms:
                    dog = self._make(self.timeout_ms)
            late = self.overdue()
            if late is not None:
                well_ms = 0
                if late != told:
                    self._note("watchdog: the task %s is overdue" % late)
            else:
                if dog is not None:
                    dog.feed()
                if self._on_healthy is not None:
                    well_ms += self.step_ms
                    if well_ms >= self.healthy_ms:
                        self._on_healthy()
                        self._on_healthy = None
            told = late
