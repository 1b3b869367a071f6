"""When which REST request is due: identity, health, the HTTP heartbeat. Pure: ticks are given.

Identity: at most once in 60 s, from begin to begin, failed ones included; wanted after each join
and event; at once with new tokens; at least every 5 min while online. Health, while not joined: at
once when the socket ends and then every 20 s; any answer of Frame.io counts as the probe. The HTTP
heartbeat: every 60 to 120 s, once REST has worked and the socket has not for 3 min. After a 429:
1 s, doubled each time.
"""

import random
import time

from .times import Times


class Schedule:
    """Each `…_due_ms` says in how many ms a request is due: 0 is now, `longest_ms` the most."""

    def __init__(self, times: Times, now_ms: int) -> None:
        self._times = times
        self._identity_is_wanted = False
        self._identity_is_exempt = False  # from its spacing: the tokens are new
        self._identity_begun = False
        self._identity_ms = now_ms
        # The last probe. Power-on counts as one: the first connect comes before the first health.
        self._health_ms = now_ms
        self._health_at_once = False
        self._limit_ms = 0  # after a 429: so long from _limited_ms on nothing is asked
        self._limited_ms = now_ms
        # The next HTTP heartbeat is due _heartbeat_wait_ms after this; below zero: none is due.
        self._heartbeat_ms = now_ms
        self._heartbeat_wait_ms = -1
        self._fallback = False  # HTTP heartbeats have begun
        self._joined = False

    def want_identity(self, at_once: bool = False) -> None:
        """Something has happened that only identity can settle. at_once: the tokens are new."""
        self._identity_is_wanted = True
        if at_once:
            self._identity_is_exempt = True

    def identity_due_ms(self, now_ms: int, online: bool, longest_ms: int) -> int:
        """In how many ms identity is due."""
        if self._identity_is_wanted:
            exempt = self._identity_is_exempt or not self._identity_begun
            spacing_ms = 0 if exempt else self._times.identity_spacing_ms
        elif online:
            spacing_ms = self._times.identity_online_ms
        else:
            return longest_ms
        return self._left_ms(spacing_ms, self._identity_ms, now_ms)

    def health_due_ms(self, now_ms: int, joined: bool, longest_ms: int) -> int:
        """In how many ms health is due."""
        if joined:
            return longest_ms
        spacing_ms = 0 if self._health_at_once else self._times.health_ms
        return self._left_ms(spacing_ms, self._health_ms, now_ms)

    def heartbeat_due_ms(self, now_ms: int, longest_ms: int) -> int:
        """In how many ms the HTTP heartbeat is due."""
        if self._heartbeat_wait_ms < 0:
            return longest_ms
        return min(longest_ms, self._left_ms(self._heartbeat_wait_ms, self._heartbeat_ms, now_ms))

    def identity_begins(self, now_ms: int) -> None:
        """An identity request begins. If it is answered, it settles what was wanted before."""
        self._identity_begun = True
        self._identity_ms = now_ms
        self._identity_is_wanted = self._identity_is_exempt = False

    def heartbeat_begins(self, now_ms: int) -> None:
        """An HTTP heartbeat begins."""
        low_ms, high_ms = self._times.fallback_low_ms, self._times.fallback_high_ms
        self._fallback = True
        self._heartbeat_ms = now_ms
        self._heartbeat_wait_ms = random.randrange(low_ms, high_ms + 1)

    def probed(self, now_ms: int) -> None:
        """Health was asked, or Frame.io has answered: the next probe is a full interval away."""
        self._health_ms = now_ms
        self._health_at_once = False

    def joined(self) -> None:
        """The socket works: no HTTP heartbeat is needed."""
        self._joined = True
        self._fallback = False
        self._heartbeat_wait_ms = -1

    def link_ended(self) -> None:
        """A joined socket has ended: probe at once."""
        self._joined = False
        self._health_at_once = True

    def rate_limited(self, now_ms: int) -> None:
        """Frame.io has answered with 429."""
        base_ms, cap_ms = self._times.rate_limit_base_ms, self._times.rate_limit_cap_ms
        self._limit_ms = min(max(self._limit_ms * 2, base_ms), cap_ms)
        self._limited_ms = now_ms

    def limited_ms(self, now_ms: int) -> int:
        """For how many ms nothing may be asked after a 429."""
        return max(0, self._limit_ms - time.ticks_diff(now_ms, self._limited_ms))

    def answered(self, now_ms: int, authorized: bool) -> None:
        """Frame.io has answered a request: the next 429 waits the base again.

        authorized: there is an authorization, so the time until the HTTP fallback runs.
        """
        self._limit_ms = 0
        if authorized and not self._joined and self._heartbeat_wait_ms < 0:
            self._heartbeat_ms = now_ms
            self._heartbeat_wait_ms = self._times.fallback_after_ms

    def failed(self) -> None:
        """A request was not answered as it should be: REST can't become the fallback for now."""
        if not self._fallback:
            self._heartbeat_wait_ms = -1

    def forget(self) -> None:
        """The authorization has ended: nothing is wanted any more that needs one."""
        self._identity_is_wanted = self._identity_is_exempt = self._fallback = False
        self._heartbeat_wait_ms = -1

    def forget_old(self, now_ms: int) -> None:
        """Call at least once a day: keeps times of long ago within what ticks can compare."""
        oldest_ms = time.ticks_add(now_ms, -2 * self._times.identity_online_ms)
        self._identity_ms = _later(self._identity_ms, oldest_ms)
        self._health_ms = _later(self._health_ms, oldest_ms)
        self._limited_ms = _later(self._limited_ms, oldest_ms)
        self._heartbeat_ms = _later(self._heartbeat_ms, oldest_ms)

    def _left_ms(self, spacing_ms: int, then_ms: int, now_ms: int) -> int:
        left_ms = spacing_ms - time.ticks_diff(now_ms, then_ms)
        return max(0, left_ms, self.limited_ms(now_ms))


def _later(then_ms: int, oldest_ms: int) -> int:
    return then_ms if time.ticks_diff(then_ms, oldest_ms) > 0 else oldest_ms
