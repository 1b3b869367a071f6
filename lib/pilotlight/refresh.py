"""One refresh of the tokens: its tries, and what the token endpoint's answers mean.

Loaded when a refresh is due.
"""

import random
import time

from micropython import const

from .frameio_api import ApiError, BadRequest, Unauthorized
from .iso_time import seconds_of
from .net.backoff import Backoff
from .net.errors import NetError
from .oauth_api import CLIENT_REFUSED, TOKEN_REFUSED, client_refused

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .oauth_api import OauthApi, TokenPair
    from .requests import Requests


class Refresh:
    """A refresh that is due, until there is a new pair or the pairing has ended.

    pair: the new pair that has come, or None.
    failure: the last try's exception, or None.
    """

    def __init__(self, core: Core, requests: Requests) -> None:
        self.pair: TokenPair | None = None
        self.failure: Exception | None = None
        self._core = core
        self._requests = requests
        self._was_connected = False  # Frame.io answered other requests when the last try failed
        self._answer_may_be_lost = False  # it may have been carried out although no answer came
        self._proofs = -1  # of Proof, how many there were when an answer was lost
        self._backoff = Backoff(core.times, random.randrange)
        self._wait_ms = 0  # nothing is tried for so long from _failed_ms on
        self._failed_ms = 0
        self._waited_ms = 0  # in all; counted: ticks of long ago can't be compared
        self._doubled_ms = 0  # a wait that is doubled each time
        self._unknown = 0  # unknown verdicts
        self._unknown_since_ms = 0  # _waited_ms at the first of them

    def left_ms(self) -> int:
        """In how many ms the next try is due.

        Ask once an hour at least: ticks wrap. An outage that is over ends the wait. After a lost
        answer the token is sent again only once Frame.io has answered something else: else it
        would be lost again.
        """
        if self._core.status.connected and not self._was_connected:
            self._was_connected = True
            self.try_now()
        if self._wait_ms:
            left_ms = self._wait_ms - time.ticks_diff(time.ticks_ms(), self._failed_ms)
            if left_ms > 0:
                return left_ms
            self._waited_ms += self._wait_ms
            self._wait_ms = 0
        if self._requests.proof.count == self._proofs:
            return self._core.times.network_check_ms
        return 0

    def try_now(self) -> None:
        """The network is another one: the next try is due now, unless it waits for an answer."""
        if not self._doubled_ms:
            self._waited_ms += self._wait_ms
            self._wait_ms = 0
            self._backoff.reset()

    async def ask(self, api: OauthApi, record: dict) -> str | None:
        """Try to get the pair that follows the one in the record; `pair` or `failure` tells.

        The caller holds the request slot. Returns why the pairing has ended, a word of
        NotAuthorized, or None if it has not.
        """
        try:
            if self.pair is None:  # else there was no memory to store it
                token = record["refresh_token"]
                pair_bytes = len(token) + len(record["access_token"])
                api.sent = False
                self.pair = await self._requests.ask_now(api.refresh(token, pair_bytes))
        except (ApiError, NetError) as error:
            return self._judge(error, api.sent)
        return None

    def _judge(self, error, sent: bool) -> str | None:
        """What the answer means. Only these verdicts of the endpoint end a pairing."""
        times = self._core.times
        word = getattr(error, "word", None)  # of a 400 or 401 with one of Frame.io's bodies
        has_ended = word in TOKEN_REFUSED
        self._was_connected = self._core.status.connected
        wait_ms = None
        if word in CLIENT_REFUSED:  # the model or the unit; the pairing may still be good
            error = client_refused()
            wait_ms = self._doubled(times.client_refused_ms, times.refresh_cap_ms)
        elif isinstance(error, Unauthorized) and not word:
            has_ended = True
        elif isinstance(error, BadRequest) and not has_ended:
            has_ended = self._is_final()
        elif isinstance(error, NetError) and sent:
            self._answer_may_be_lost = True
            self._proofs = self._requests.proof.count
            wait_ms = self._doubled(times.refresh_lost_ms, times.refresh_lost_cap_ms)
        elif word is None and sent:
            self._answer_may_be_lost = True  # a 5xx may come from a proxy that has lost it
        if wait_ms is None:
            wait_ms = self._backoff.next_ms()
            if self._waited_ms >= times.refresh_long_ms:
                wait_ms = random.randrange(times.refresh_cap_ms)
        self.failure = error
        self._failed_ms = time.ticks_ms()
        self._wait_ms = 1 + wait_ms
        self._core.log("the refresh failed: %s" % error)
        if not has_ended:
            return None
        self._core.log("the token endpoint has ended the pairing")
        if self._answer_may_be_lost:
            return "refresh_lost"
        ends_s = seconds_of(self._core.status.expires_at)
        if ends_s is not None and ends_s <= (self._core.clock.now_s() or 0):
            return "authorization_expired"
        return "pairing_ended"

    def _is_final(self) -> bool:
        """A 400 does not say what it means. True: that was so for long enough."""
        if not self._unknown:
            self._unknown_since_ms = self._waited_ms
        self._unknown += 1
        for_ms = self._waited_ms - self._unknown_since_ms
        return self._unknown >= 3 and for_ms >= self._core.times.unknown_verdict_ms

    def _doubled(self, base_ms: int, cap_ms: int) -> int:
        self._doubled_ms = min(self._doubled_ms * 2 or base_ms, cap_ms)
        return self._doubled_ms
