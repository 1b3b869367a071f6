"""The watchdog: resets a board whose event loop is blocked, or one of whose tasks is overdue.

Each task says within what time it will check in again. The hardware watchdog is fed as long as no
task is overdue. The hardware watchdog can't be stopped and would reset a board at the REPL, so it
is started late: Ctrl-C within the first minute, as mpremote sends it, gives the REPL without a
limit. Later it gives the REPL for `timeout_ms`; then the reset starts a new first minute.
"""

import asyncio
import time

from ..timestamps import beat_ms


class Watchdog:
    """Watches the tasks; `run` is its own task.

    make(timeout_ms): starts the hardware watchdog and returns it, an object with `feed()`; None:
    there is no hardware watchdog. log(line): writes a line for the maintainer.
    on_healthy(): called once, when no task was overdue for healthy_ms.
    """

    # Tests set their own.
    grace_ms = 60_000  # from the start of `run` to that of the hardware watchdog
    timeout_ms = 60_000  # longer than the slowest name lookup or TLS handshake blocks the loop
    healthy_ms = 120_000
    step_ms = 4_000  # between two checks, at most

    def __init__(self, make, log, on_healthy=None) -> None:
        self._make = make
        self._log = log
        self._on_healthy = on_healthy
        self._deadlines: dict = {}  # task → ticks in ms

    def check_in(self, name: str, within_ms: int) -> None:
        """The task is alive, and will check in again within so many ms (less than 6 days)."""
        self._deadlines[name] = time.ticks_add(time.ticks_ms(), within_ms)

    def forget_tasks(self) -> None:
        """Some tasks will not check in again; those that live do."""
        self._deadlines.clear()

    def overdue(self) -> str | None:
        """The name of a task that has not checked in in time, or None."""
        now_ms = time.ticks_ms()
        for name in self._deadlines:
            if time.ticks_diff(now_ms, self._deadlines[name]) > 0:
                return name
        return None

    async def run(self) -> None:
        """Watch for ever."""
        hardware = None
        logged = None
        age_ms = healthy_for_ms = 0
        while True:
            step_ms = min(self.step_ms, beat_ms())
            await asyncio.sleep_ms(step_ms)
            if hardware is None and self._make is not None:
                age_ms += step_ms
                if age_ms >= self.grace_ms:
                    hardware = self._make(self.timeout_ms)
            late = self.overdue()
            if late is not None:
                healthy_for_ms = 0
                if late != logged:
                    self._log("watchdog: the task %s is overdue" % late)
            else:
                if hardware is not None:
                    hardware.feed()
                if self._on_healthy is not None:
                    healthy_for_ms += step_ms
                    if healthy_for_ms >= self.healthy_ms:
                        self._on_healthy()
                        self._on_healthy = None
            logged = late
