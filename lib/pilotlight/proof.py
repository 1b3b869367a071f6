"""Connected, yes or no: does the Frame.io backend answer?

An answer is what only Frame.io can have sent. Each one is a proof, and is good for a while.
"""

import asyncio
import time

from micropython import const

from .net.deadline import TimedEvent

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .schedule import Schedule


class Proof:
    """The last proof that Frame.io answers; it writes `connected`. `run` is its task.

    count: how many proofs there were; it wraps.
    """

    def __init__(self, core: Core, schedule: Schedule) -> None:
        self._core = core
        self._status = core.status
        self._times = core.times
        self._schedule = schedule
        self._proven_ms = 0
        self._is_new = TimedEvent()
        self.count = 0

    def prove(self) -> None:
        """Frame.io has answered.

        Called for every heartbeat's reply, so it allocates nothing unless that is news.
        """
        now_ms = time.ticks_ms()
        self._proven_ms = now_ms
        self.count = self.count + 1 & 0xFFFF
        self._schedule.proven(now_ms)
        if not self._status.connected and self._status.network_up:
            self._is_new.set()
            self._status.update(connected=True)

    async def run(self) -> None:
        """Take `connected` back when the last proof is too old.

        With a socket, or while one is tried, that is `times.proof_ms`; in the HTTP fallback, whose
        heartbeats are up to two minutes apart, `times.proof_fallback_ms`. Without an authorization
        only health asks, every few minutes: then a proof is good until that fails.
        """
        status, times = self._status, self._times
        while True:
            if not status.connected:
                self._is_new.clear()
                await self._is_new.wait()
            age_ms = time.ticks_diff(time.ticks_ms(), self._proven_ms)
            left_ms = self._good_ms() - age_ms
            if left_ms <= 0 and status.authorized:
                self.end()
                continue
            if left_ms <= 0 or status.fallback:
                # In steps where this is not the usual case: it may become the usual one. Its time
                # must not be overslept: it may count before the next step.
                if age_ms < times.proof_ms:
                    left_ms = times.proof_ms - age_ms
                if not 0 < left_ms < times.proof_check_ms:
                    left_ms = times.proof_check_ms
                self._core.check_network()  # a request would find out minutes later
            await asyncio.sleep_ms(left_ms)

    def before_look_up(self) -> None:
        """A look-up begins, and nothing answers now: it may block everything for look_up_ms.

        A proof that would be too old before its end ends now, while that can still be shown.
        """
        if self._status.authorized:
            self.end_if_older(self._good_ms() - self._times.look_up_ms)

    def end_if_older(self, age_ms: int) -> None:
        """There is no proof any more, unless Frame.io has answered within age_ms."""
        if time.ticks_diff(time.ticks_ms(), self._proven_ms) >= age_ms:
            self.end()

    def end(self) -> None:
        """There is no proof any more."""
        self._status.update(connected=False)

    def _good_ms(self) -> int:
        return self._times.proof_fallback_ms if self._status.fallback else self._times.proof_ms
