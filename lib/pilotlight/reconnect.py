"""How long the session waits before its next try, and what shortens or resets that. Pure.

Ticks are given. A wait ends early if the network comes up; a network that comes and goes does not
multiply the tries. What a server asks for with Retry-After holds whatever ends the wait.
"""

import random

from micropython import const

from .net.backoff import Backoff, stretched_ms
from .net.errors import LinkClosed, NetError, ProtocolError, UpgradeRefused
from .times import Recent

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .times import Times

_RESTARTING = const((1012, 1013))  # close codes: service restart, try again later
_DOUBLINGS = const(4)  # of the wait after them: more than lead to the cap


class Reconnect:
    """Counts what has happened to the link. Each `…_ms` method gives a wait in milliseconds.

    asked: a Recent: the server has asked to wait so long before the next upgrade.
    refreshed_for_403: a Recent: a refused upgrade has caused a refresh. A proxy that refuses must
    not cause many.
    is_doubtful: the last channel ended before a heartbeat was answered, or the server broke a rule.
    The same may happen again, so the next one is shown as joined only after a heartbeat.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._backoff = Backoff(times, random.randrange)
        self._restarts = 0  # in a row, as the server's close codes told
        self._network = Recent()  # the network has changed …
        self._network_is_new = False  # … and the backoff has not been reset for it
        self._hurry = Recent()  # a network that came up has ended a wait
        self.asked = Recent()
        self.refreshed_for_403 = Recent()
        self._join = Recent()
        self._rejoin = Recent()
        self.is_doubtful = False
        self._rejoins = 0  # on this socket, since the channel last held for a while

    def network_changed(self, up: bool, now_ms: int) -> bool:
        """The network has come up or gone. Returns True if what waits tries at once."""
        self._network_is_new = True
        self.is_doubtful = False
        settled_ms = self._times.network_settled_ms
        self._network.happened(now_ms, settled_ms)
        if not up or self._hurry.left_ms(now_ms):
            return False
        self._hurry.happened(now_ms, settled_ms)
        return True

    def upgraded(self) -> None:
        """There is a new socket."""
        self._rejoins = 0

    def joined(self, now_ms: int) -> None:
        """The channel is joined."""
        self._join.happened(now_ms, self._times.network_settled_ms)
        self._rejoin.happened(now_ms, self._times.stray_close_ms if self._rejoins else 0)

    def served(self, lost_by, has_beaten: bool, now_ms: int) -> None:
        """The channel has ended. lost_by: the exception that says why.

        has_beaten: a heartbeat was answered since it was joined.
        """
        self.is_doubtful = not has_beaten or isinstance(lost_by, ProtocolError)
        if has_beaten:
            self.reset()
            self._restarts = 0
        if lost_by.reason in ("closed", "reset"):  # by the server: all devices may come back
            self._backoff.raise_to(self._times.backoff_dropped_ms)
        if not self._join.left_ms(now_ms):
            self._rejoins = 0  # the channel has held for a while, not only the socket

    def was_stray(self, now_ms: int) -> bool:
        """Whether a phx_close that comes now may be meant for the channel before a rejoin.

        A second join of a live channel is answered first, then the old channel is closed. Which
        one lives can't be told.
        """
        return self._rejoin.left_ms(now_ms) > 0

    def reset(self) -> None:
        """The next wait begins at the base."""
        self._backoff.reset()

    def rejoin_ms(self) -> int | None:
        """The wait before the next rejoin; None if a new socket is needed.

        The waits go on from loss to loss: a server that accepts every join and then drops the
        channel gets a new socket too.
        """
        times = self._times
        if self._rejoins >= len(times.rejoin_ms):
            return None
        wait_ms = times.rejoin_ms[self._rejoins]
        spread_ms = wait_ms * times.rejoin_percent // 100
        self._rejoins += 1
        return wait_ms + random.randrange(-spread_ms, spread_ms + 1)

    def backoff_ms(self, lost_by, now_ms: int) -> int:
        """The wait before the next connect. lost_by: the exception for which there is no link."""
        times = self._times
        if self._network_is_new and not self._network.left_ms(now_ms):
            self._network_is_new = False
            self.reset()
        if isinstance(lost_by, LinkClosed) and lost_by.code in _RESTARTING:
            return self._restart_ms()
        if isinstance(lost_by, UpgradeRefused):
            asked_ms = lost_by.retry_after_ms
            if asked_ms:
                wait_ms = stretched_ms(asked_ms, times.retry_after_cap_ms, random.randrange)
                self.asked.happened(now_ms, wait_ms)
                return wait_ms
            if lost_by.is_busy:  # as after a restart, which may last longer
                self._restarts += 1
                return self._restart_ms()
        if isinstance(lost_by, NetError) and lost_by.wait_ms is not None:
            return lost_by.wait_ms  # no look-up is made before
        return self._backoff.next_ms()

    def _restart_ms(self) -> int:
        """Spread over 25 s at least, at the cap too: a fleet must not come back in step."""
        times, doublings = self._times, min(self._restarts, _DOUBLINGS)
        self._restarts = doublings + 1
        low_ms, high_ms = times.restart_ms
        low_ms = min(low_ms << doublings, high_ms)
        high_ms = max(low_ms, min(high_ms << doublings, times.backoff_cap_ms))
        return random.randrange(low_ms, high_ms + 1)
