"""Connected, yes or no: does the Frame.io backend answer?

An answer is what only Frame.io can have sent. Each one is a proof, and is good for a while.
"""

import asyncio
import time

from .core import Core
from .schedule import Schedule


class Proof:
    """The last proof that Frame.io answers; it writes `connected`. `run` is its task."""

    def __init__(self, core: Core, schedule: Schedule) -> None:
        self._status = core.status
        self._times = core.times
        self._schedule = schedule
        self._proven_ms = 0
        self._is_new = asyncio.Event()

    def prove(self) -> None:
        """Frame.io has answered.

        Called for every heartbeat's reply, so it allocates nothing unless that is news.
        """
        now_ms = time.ticks_ms()
        self._proven_ms = now_ms
        self._schedule.probed(now_ms)
        if not self._status.connected:
            self._status.update(connected=True)
            self._is_new.set()

    async def run(self) -> None:
        """Take `connected` back when the last proof is `times.proof_ms` old."""
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            while True:
                age_ms = time.ticks_diff(time.ticks_ms(), self._proven_ms)
                if age_ms >= self._times.proof_ms:
                    break
                await asyncio.sleep_ms(self._times.proof_ms - age_ms)
            self.end()

    def end(self) -> None:
        """There is no proof any more."""
        self._status.update(connected=False)
