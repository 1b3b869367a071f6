"""When which REST request is due: identity, health, the HTTP heartbeat. Pure: ticks are given.

Identity: at most once in 60 s, from the end of one to the begin of the next, failed ones included;
the first one and the first with new tokens at once; while online every 4 to 6 min. Failures: 60,
60 s, then doubled to 5 min. Health, while not joined: soon after the socket's end, then every 15 to
25 s; less often in a long outage and while unpaired; any answer of Frame.io counts as the probe.
The HTTP heartbeat: every 60 to 120 s, once REST has worked and the socket has not for 3 min. After
a 429 or 503: what Frame.io asks for, else 1 s, doubled, less up to a quarter.

Everything periodic is at random, so that a million devices do not ask in step.
"""

import random
import time

from micropython import const

from .net.backoff import stretched_ms

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .times import Times

_JITTER = const(256)


class Schedule:
    """Each `…_due_ms` says in how many ms a request is due: 0 is now, `longest_ms` the most.

    tokens_are_new: identity has not been asked with them.
    """

    def __init__(self, times: Times, now_ms: int) -> None:
        self._times = times
        self._identity_is_wanted = False
        self._identity_is_exempt = True  # from its spacing: the first one, or the tokens are new
        self._exempt_was_used = False  # by the request under way
        self.tokens_are_new = False
        self._identity_ms = now_ms  # the end of the last one
        self._identity_spacing_ms = times.identity_spacing_ms
        self._identity_failures = 0
        self._identity_unsent = 0
        # The last probe. Power-on counts as one: the first connect comes before the first health.
        self._health_ms = now_ms
        self._health_first_ms = -1  # the wait after a socket's end; below zero: the usual one
        self._answered_ms = now_ms  # when Frame.io last answered
        self._jitter = random.randrange(_JITTER)
        self._limit_ms = 0  # after a 429 or 503: so long from _limited_ms on nothing is asked
        self._limited_ms = now_ms
        self._rest_works = False  # since the socket's end
        self._fallback = False  # HTTP heartbeats have begun
        # The next HTTP heartbeat is due _heartbeat_wait_ms after this.
        self._heartbeat_ms = now_ms
        self._heartbeat_wait_ms = 0

    # Identity

    def want_identity(self, at_once: bool = False) -> None:
        """Something has happened that only identity can settle. at_once: the tokens are new.

        Failures before it count no more.
        """
        self._identity_is_wanted = True
        self._identity_failures = self._identity_unsent = 0
        self._identity_spacing_ms = self._times.identity_spacing_ms
        if at_once:
            self._identity_is_exempt = self.tokens_are_new = True

    def identity_due_ms(self, now_ms: int, online: bool, longest_ms: int) -> int:
        """In how many ms identity is due."""
        times = self._times
        if self._identity_is_wanted:
            spacing_ms = 0 if self._identity_is_exempt else self._identity_spacing_ms
            if self._identity_unsent:
                spacing_ms = self._identity_spacing_ms
        elif online:
            spacing_ms = self._at_random(times.identity_ms)
        else:
            return longest_ms
        return min(longest_ms, self._left_ms(spacing_ms, self._identity_ms, now_ms))

    def identity_begins(self) -> None:
        """An identity request begins. If it is answered, it settles what was wanted before."""
        self._exempt_was_used = self._identity_is_exempt
        self._identity_is_wanted = self._identity_is_exempt = False

    def identity_ends(self, now_ms: int, answered: bool, counts: bool, unknown: bool) -> None:
        """The request under way has ended. It is wanted again if it was not answered.

        answered: with what was asked for. counts: it has left the device, or was lost to memory;
        else it is tried again by a backoff. unknown: it is not known whether the device is paused.
        """
        if not answered or unknown:
            self._identity_is_wanted = True
        times = self._times
        self._identity_ms = now_ms
        self._jitter = random.randrange(_JITTER)
        self._identity_spacing_ms = times.identity_spacing_ms
        if not counts:
            self._identity_is_exempt = self._exempt_was_used
            self._identity_unsent = min(self._identity_unsent + 1, 16)
            bound_ms = times.backoff_base_ms << self._identity_unsent - 1
            spacing_ms = random.randrange(min(bound_ms, times.identity_failed_ms) + 1)
            if not self._identity_is_exempt:
                spacing_ms = max(spacing_ms, times.identity_spacing_ms)
            self._identity_spacing_ms = spacing_ms
            return
        self._identity_unsent = 0
        self.tokens_are_new = False
        if answered and not unknown:
            self._identity_failures = 0
            return
        self._identity_failures = min(self._identity_failures + 1, 16)
        cap_ms = times.identity_unknown_ms if unknown else times.identity_failed_ms
        spacing_ms = times.identity_spacing_ms << max(0, self._identity_failures - 2)
        self._identity_spacing_ms = min(spacing_ms, cap_ms)

    # Health

    def health_due_ms(self, now_ms: int, status, connects: bool, longest_ms: int) -> int:
        """In how many ms health is due. status: the DeviceStatus.

        connects: tries to connect run beside it, so health may be rarer still in a long outage.
        """
        if status.joined:
            return longest_ms
        if status.fallback and status.connected and status.request_reason is None:
            return longest_ms  # the HTTP heartbeats are probes
        times = self._times
        if not status.authorized:
            pair_ms = times.health_unpaired_ms
        elif time.ticks_diff(now_ms, self._answered_ms) >= times.outage_ms:
            pair_ms = times.health_outage_ms if connects else times.health_alone_ms
        else:
            pair_ms = times.health_ms
        wait_ms = self._at_random(pair_ms)
        if 0 <= self._health_first_ms < wait_ms:
            wait_ms = self._health_first_ms
        return min(longest_ms, self._left_ms(wait_ms, self._health_ms, now_ms))

    def health_begins(self, now_ms: int) -> None:
        """A health request begins."""
        self._health_ms = now_ms
        self._health_first_ms = -1
        self._jitter = random.randrange(_JITTER)

    def proven(self, now_ms: int) -> None:
        """Frame.io has answered: the next probe is a full interval away. Allocates nothing."""
        self._answered_ms = now_ms
        self._health_ms = now_ms
        self._health_first_ms = -1

    # The socket

    def joined(self) -> None:
        """The socket works: no HTTP heartbeat is needed."""
        self._rest_works = self._fallback = False

    def link_ended(self, now_ms: int, at_once: bool) -> None:
        """A joined socket has ended.

        at_once: probe now: the link was found dead or the local network has ended it. Else at
        random: the server may have ended the links of all devices.
        """
        self._health_ms = now_ms
        self._health_first_ms = 0 if at_once else random.randrange(self._times.health_first_ms + 1)

    # The HTTP heartbeat

    def heartbeat_due_ms(self, now_ms: int, status, longest_ms: int) -> int:
        """In how many ms the HTTP heartbeat is due. status: the DeviceStatus."""
        if status.joined or not status.authorized or not self._rest_works:
            return longest_ms
        if not self._fallback and not status.connected:
            return longest_ms  # REST does not work just now
        left_ms = self._left_ms(self._heartbeat_wait_ms, self._heartbeat_ms, now_ms)
        return min(longest_ms, left_ms)

    def heartbeat_begins(self, now_ms: int) -> None:
        """An HTTP heartbeat begins."""
        low_ms, high_ms = self._times.fallback_ms
        self._fallback = True
        self._heartbeat_ms = now_ms
        self._heartbeat_wait_ms = random.randrange(low_ms, high_ms + 1)

    # What answers teach

    def answered(self, now_ms: int, status) -> None:
        """Frame.io has answered a REST request. status: the DeviceStatus."""
        self._limit_ms = 0
        self._identity_failures = 0
        if status.authorized and not status.joined and not self._rest_works:
            self._rest_works = True
            self._heartbeat_ms = now_ms
            self._heartbeat_wait_ms = self._times.fallback_after_ms

    def limited(self, now_ms: int, asked_ms: int) -> None:
        """Frame.io asks for patience (429, 503). asked_ms: for how long, or 0 if it did not say."""
        times = self._times
        if asked_ms:
            self._limit_ms = stretched_ms(asked_ms, times.retry_after_cap_ms, random.randrange)
        else:
            limit_ms = max(self._limit_ms * 2, times.rate_limit_base_ms)
            limit_ms = min(limit_ms, times.rate_limit_cap_ms)
            self._limit_ms = limit_ms - random.randrange(limit_ms // 4)
        self._limited_ms = now_ms

    def limited_ms(self, now_ms: int) -> int:
        """For how many ms nothing may be asked after a 429 or 503."""
        return max(0, self._limit_ms - time.ticks_diff(now_ms, self._limited_ms))

    def forget(self) -> None:
        """The authorization has ended: nothing is wanted any more that needs one."""
        self._identity_is_wanted = self._rest_works = self._fallback = False

    def forget_old(self, now_ms: int) -> None:
        """Call at least once a day: keeps times of long ago within what ticks can compare."""
        oldest_ms = time.ticks_add(now_ms, -2 * self._times.outage_ms)
        self._identity_ms = _later(self._identity_ms, oldest_ms)
        self._health_ms = _later(self._health_ms, oldest_ms)
        self._answered_ms = _later(self._answered_ms, oldest_ms)
        self._limited_ms = _later(self._limited_ms, oldest_ms)
        self._heartbeat_ms = _later(self._heartbeat_ms, oldest_ms)

    def _at_random(self, pair_ms: tuple[int, int]) -> int:
        low_ms, high_ms = pair_ms
        return low_ms + (high_ms - low_ms) * self._jitter // _JITTER

    def _left_ms(self, spacing_ms: int, then_ms: int, now_ms: int) -> int:
        left_ms = spacing_ms - time.ticks_diff(now_ms, then_ms)
        return max(0, left_ms, self.limited_ms(now_ms))


def _later(then_ms: int, oldest_ms: int) -> int:
    return then_ms if time.ticks_diff(then_ms, oldest_ms) > 0 else oldest_ms
