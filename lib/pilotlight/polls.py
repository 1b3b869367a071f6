"""When REST is asked, and what: the spacing of identity and health. Pure: ticks are handed in.

Rules: identity at most once in 60 s, begin to begin, failed ones included; wanted after each join and event; at least every
5 min while online. Health, while not joined, at once when the socket ends and then every 20 s; any answer counts as the probe.
After a 429: 1 s, doubled each time.
"""

import time

from .times import Times


class Polls:
    """The schedule. `…_due_ms` say in how many milliseconds a request is due (0 is now), at most `longest_ms`.

    identity_wanted: something has happened that only identity can settle.
    """

    def __init__(self, times: Times, now_ms: int) -> None:
        self._times = times
        self.identity_wanted = False
        self._identity_begun = False
        self._identity_ms = now_ms
        self._health_ms = now_ms  # the last probe: power-on counts as one, the first connect comes before the first health
        self._health_at_once = False
        self._limit_ms = 0  # after a 429: so long from _limited_ms on nothing is asked
        self._limited_ms = now_ms

    def identity_due_ms(self, now_ms: int, online: bool, longest_ms: int) -> int:
        """In how many ms identity is due."""
        if self.identity_wanted:
            spacing_ms = self._times.identity_spacing_ms if self._identity_begun else 0
        elif online:
            spacing_ms = self._times.identity_online_ms
        else:
            return longest_ms
        return self._left_ms(spacing_ms, self._identity_ms, now_ms)

    def health_due_ms(self, now_ms: int, joined: bool, longest_ms: int) -> int:
        """In how many ms health is due."""
        if joined:
            return longest_ms
        return self._left_ms(0 if self._health_at_once else self._times.health_ms, self._health_ms, now_ms)

    def identity_begins(self, now_ms: int) -> None:
        """An identity request begins: it settles what was wanted before, if it is answered."""
        self._identity_begun = True
        self._identity_ms = now_ms
        self.identity_wanted = False

    def probed(self, now_ms: int) -> None:
        """Health was asked, or Frame.io has answered something else: the next probe is a full interval away."""
        self._health_ms = now_ms
        self._health_at_once = False

    def link_ended(self) -> None:
        """The socket has ended: probe at once."""
        self._health_at_once = True

    def rate_limited(self, now_ms: int) -> None:
        """A 429 came."""
        times = self._times
        self._limit_ms = min(max(self._limit_ms * 2, times.rate_limit_base_ms), times.rate_limit_cap_ms)
        self._limited_ms = now_ms

    def answered(self) -> None:
        """A request was answered as it should be: the next 429 waits the base again."""
        self._limit_ms = 0

    def forget_old(self, now_ms: int) -> None:
        """Call at least once a day: keeps times of long ago within what ticks can compare."""
        oldest_ms = time.ticks_add(now_ms, -2 * self._times.identity_online_ms)
        self._identity_ms = _later(self._identity_ms, oldest_ms)
        self._health_ms = _later(self._health_ms, oldest_ms)
        self._limited_ms = _later(self._limited_ms, oldest_ms)

    def _left_ms(self, spacing_ms: int, then_ms: int, now_ms: int) -> int:
        return max(
            0,
            spacing_ms - time.ticks_diff(now_ms, then_ms),
            self._limit_ms - time.ticks_diff(now_ms, self._limited_ms),
        )


def _later(then_ms: int, oldest_ms: int) -> int:
    return then_ms if time.ticks_diff(then_ms, oldest_ms) > 0 else oldest_ms
