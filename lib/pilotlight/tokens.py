"""A paired device's tokens: stored before their first use, and refreshed long before they expire.

Rules of Frame.io's device guides: an access token lives for 8 h, its refresh token for 14 days; a
refresh token works once, and ends the old pair. So there is one refresh at a time; the new pair is
stored first; if an answer is lost, the old refresh token is sent again; and only the token
endpoint's own verdict ends a pairing.
"""

import asyncio
import binascii
import os
import random
import time

from micropython import const

from .core import Core
from .credentials import Credentials, NotAuthorized, client_refused
from .frameio_api import ApiError, BadRequest, Unauthorized
from .iso_time import seconds_of
from .net.backoff import Backoff
from .net.deadline import ends_within
from .net.errors import NetError
from .oauth_api import CLIENT_REFUSED, TOKEN_REFUSED, OauthApi, TokenPair, is_token
from .records import Record
from .requests import Requests, Slot

# Why a refresh is due.
_SCHEDULED = const(0)  # its time has come
_REQUESTED = const(1)  # something may be wrong with the token
_REFUSED = const(2)  # identity or the application says that the token is refused

# What the session has still to be told.
_NOTHING = const(0)
_RENEWED = const(1)
_ENDED = const(2)

_LOOK_MS = const(5)  # from one look to the next whether a request has ended

# What is known of the pair in use.
_PLAIN = const(0)
_ON_TRIAL = const(1)  # it is the answer to a refusal, and identity has not accepted it yet
_ACCEPTED = const(2)  # it is the answer to a refusal, and identity has accepted it

_LATEST_S = const(4_102_444_800)  # 2100: no time of ours is later


class Tokens(Credentials):
    """Keeps one pair of tokens and its record. `run` is its task; nothing else refreshes.

    settings: a Settings. Its module is not kept in memory for this.
    api: the OauthApi. Its client_id is set here: from the settings, or made once and stored.
    flight: a Slot, held while a new pair is asked for and stored.
    on_renewed(): called when a new pair is in use. on_ended(): called when there is none any more.
    """

    def __init__(self, core: Core, requests: Requests, oauth_api: OauthApi, settings) -> None:
        super().__init__(core, "", False, "not_paired")
        self.api = oauth_api
        self.flight = Slot()
        self.on_renewed = self.on_ended = _nobody
        self._requests = requests
        self._host = settings.host_field  # tokens are sent to no other service
        self._record = Record(core, "authorization")
        self._records = self._record, Record(core, "client")
        self._refresh: _Refresh | None = None  # the refresh that is due
        self._standing = _PLAIN
        self._untold = _NOTHING  # what the session has still to be told
        self._renewed_ms = 0  # when the last refresh was answered …
        self._spacing_ms = 0  # … and how long none may follow
        self._news = asyncio.Event()
        self._settled = asyncio.Event()
        self._load(settings.client_id)

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token. rejected: the token that was just answered with 401, or None.

        With `rejected` it waits for the next token, which may take long while the network is down:
        put a time-out around it. Raises NotAuthorized; with `rejected` also ApiError or NetError if
        the refresh fails for now.
        """
        token = self._token()
        if rejected != token:
            return token
        if self._standing != _PLAIN or not self._refresh_for_refusal(token):
            text = "Frame.io does not accept the access token, though it was just renewed"
            raise NotAuthorized("token_refused", text)
        return await self._next_token(token)

    async def renew_if_expired(self) -> None:
        """If the token's life is over by our clock, wait for a refresh.

        Raises NotAuthorized, ApiError or NetError if there is none for now.
        """
        token = self._token()
        now_s = self._core.clock.now_s()
        if now_s is not None and now_s >= self._record.value["expires_s"]:
            self.request_refresh()
            self.is_awaited = True
            try:
                await self._next_token(token)
            finally:
                self.is_awaited = False

    def has_replaced(self, access_token: str) -> bool:
        """There is a newer token than this one."""
        return self.authorized and access_token != self._record.value["access_token"]

    def accepted(self) -> None:
        """Identity has accepted the token."""
        if self._standing == _ON_TRIAL:
            self._standing = _ACCEPTED
        super().accepted()

    def refused(self, access_token: str) -> bool:
        """Identity has refused this token. True: there is another one, or a refresh will come.

        A token on trial that is refused is not refreshed again: the refusal comes from elsewhere.
        """
        if self._refresh_for_refusal(access_token):
            return True
        self.show(is_refused=True)
        return False

    def request_refresh(self) -> bool:
        """Refresh now instead of at its time. False: there is no pair to refresh, or no room."""
        return self._may_refresh() and self._want(_REQUESTED)

    def keep_room(self) -> bool:
        """Have the storage keep room for a pair before one is asked for. False: it has none."""
        return self._record.keep_room()

    def network_changed(self) -> None:
        """The network has come up, or is another one: what failed is tried at once."""
        if self._refresh is not None:
            self._refresh.try_now()
        self._news.set()

    async def run(self) -> None:
        """Refresh whenever it is due, for ever. After a MemoryError call it again."""
        while True:
            self._tell_session()
            for record in self._records:
                if record.unsaved and not record.retry_left_ms():
                    record.retry()
            wait_ms = self._due_ms()
            if not wait_ms:
                async with self.flight:
                    if self._refresh is not None:
                        await self._ask_refresh(self._refresh)
                continue
            await ends_within(self._news.wait(), wait_ms)
            self._news.clear()

    async def finish(self) -> None:
        """Wait until the tokens that are being asked for are stored. Needs no memory.

        At most as long as a request may take. One that still waits for the slot is not waited for.
        """
        times = self._core.times
        left_ms = max(times.total_ms, times.tls_total_ms)
        while (self.api.is_busy or self._has_unstored_pair()) and left_ms > 0:
            await asyncio.sleep_ms(_LOOK_MS)
            left_ms -= _LOOK_MS

    def adopt(self, pair: TokenPair, key: str) -> None:
        """Store a new pair, then use it. key: of the pairing that it belongs to.

        If it raises MemoryError, nothing has changed but perhaps what is stored: call it again.
        """
        now_s = self._core.clock.now_s() or 0
        times = self._core.times
        percent = random.randrange(times.refresh_low_percent, times.refresh_high_percent + 1)
        self._record.save(
            {
                "client_id": self.api.client_id,
                "host": self._host,
                "key": key,
                "access_token": pair.access_token,
                "refresh_token": pair.refresh_token,
                "refresh_s": now_s + pair.expires_in_s * percent // 100,
                "expires_s": now_s + pair.expires_in_s,
            }
        )
        self.authorized = True
        self.key = key
        is_answer = self._refresh is not None and self._refresh.cause == _REFUSED
        self._settle(_ON_TRIAL if is_answer else _PLAIN, _RENEWED)

    def end(self, reason: str) -> str | None:
        """Forget the pair. Returns its refresh token, for a revocation, or None."""
        token = self._record.value.get("refresh_token")
        self._record.save({"client_id": self.api.client_id})
        self.authorized = False
        self.key = ""
        self.reason = reason
        self._settle(_PLAIN, _ENDED)
        return token

    async def revoke(self, refresh_token: str) -> None:
        """Tell Frame.io that nobody may use the pair of this token any more. Logs a failure."""
        try:
            await self._requests.ask(self.api.revoke(refresh_token))
        except (ApiError, NetError) as error:
            self._core.log("the revocation failed: %s" % error)

    def _token(self) -> str:
        if not self.authorized:
            raise NotAuthorized(self.reason, "this device is not paired with Frame.io")
        return self._record.value["access_token"]

    async def _next_token(self, token: str) -> str:
        while self._token() == token:
            await self._settled.wait()
            if self._refresh is not None and self._refresh.failure is not None:
                raise self._refresh.failure
        return self._token()

    def _want(self, cause: int) -> bool:
        """Have a refresh due for this cause, unless one is due that is not just scheduled."""
        if not self.authorized:
            return False
        if self._refresh is None:
            self._refresh = _Refresh(self._core.times, cause)
        elif self._refresh.cause == _SCHEDULED:
            self._refresh.cause = cause
        self._news.set()
        return True

    def _may_refresh(self) -> bool:
        """The next pair can be stored, or the access token's life is over.

        A refresh token works once: if the new one can't be stored, a restart loses the pairing. So
        the pair is kept as long as it is good.
        """
        now_s = self._core.clock.now_s()
        if not self.authorized or (now_s is not None and now_s >= self._record.value["expires_s"]):
            return True
        return self.keep_room()

    def _refresh_for_refusal(self, access_token: str) -> bool:
        """False: no refresh will help."""
        if not self.authorized:
            return False
        if self.has_replaced(access_token):
            return True
        is_scheduled = self._refresh is None or self._refresh.cause == _SCHEDULED
        if is_scheduled and self._standing == _ON_TRIAL:
            return False
        return self._want(_REFUSED)

    def _due_ms(self) -> int:
        """In how many ms the refresh is due, at most until the next look."""
        times = self._core.times
        longest_ms = times.longest_sleep_ms
        for record in self._records:
            if record.unsaved:
                longest_ms = min(longest_ms, max(1, record.retry_left_ms()))
        if not self.authorized:
            return longest_ms
        refresh = self._refresh
        if self._has_unstored_pair():
            return 0
        if refresh is None:
            now_s = self._core.clock.now_s()
            if now_s is None:
                return times.network_check_ms  # the clock tells nobody when it is set
            left_s = self._record.value["refresh_s"] - now_s
            if left_s > 0:
                return min(left_s * 1000, longest_ms)
            if not self._may_refresh():
                return min(max(1, self._record.retry_left_ms()), longest_ms)
            refresh = self._refresh = _Refresh(times, _SCHEDULED)
        # Also while no request can be made: ticks wrap.
        left_ms = refresh.left_ms(self._requests.proof.count, self._core.status.connected)
        if not self._requests.ready():
            return times.network_check_ms
        # Not to its end: Frame.io may answer again meanwhile.
        return max(min(left_ms, times.health_low_ms), self._spacing_left_ms())

    def _spacing_left_ms(self) -> int:
        """How long after the last refresh none may be made, whatever life its answer claims."""
        if self._spacing_ms:
            age_ms = time.ticks_diff(time.ticks_ms(), self._renewed_ms)
            if 0 <= age_ms < self._spacing_ms:
                return self._spacing_ms - age_ms
            self._spacing_ms = 0
        return 0

    async def _ask_refresh(self, refresh: "_Refresh") -> None:
        try:
            if refresh.pair is None:  # else there was no memory to store it
                record = self._record.value
                token = record["refresh_token"]
                pair_bytes = len(token) + len(record["access_token"])
                self.api.sent = False
                refresh.pair = await self._requests.ask(self.api.refresh(token, pair_bytes))
        except (ApiError, NetError) as error:
            self._judge(refresh, error)
        else:
            self.adopt(refresh.pair, self.key)
            self._spacing_ms = self._core.times.refresh_spacing_ms
            self._renewed_ms = time.ticks_ms()
            self._core.log("the tokens were refreshed")

    def _judge(self, refresh: "_Refresh", error) -> None:
        """What the answer to a refresh means. Only these verdicts of the endpoint end a pairing."""
        word = getattr(error, "word", None)  # of a 400 or 401 with one of Frame.io's bodies
        has_ended = word in TOKEN_REFUSED
        refresh.was_connected = self._core.status.connected
        if word in CLIENT_REFUSED:
            error = client_refused()
            refresh.client_refused(error)
        elif isinstance(error, Unauthorized) and not word:
            has_ended = True
        elif isinstance(error, BadRequest) and not has_ended:
            has_ended = refresh.unknown_verdict(error)
        elif isinstance(error, NetError) and self.api.sent:
            refresh.answer_lost(error, self._requests.proof.count)
        else:
            # A 5xx may come from a proxy that has lost Frame.io's answer.
            refresh.answer_may_be_lost |= word is None and self.api.sent
            refresh.failed(error)
        self._core.log("the refresh failed: %s" % error)
        if has_ended:
            self._core.log("the token endpoint has ended the pairing")
            self.end(self._end_reason(refresh))
            return
        self._tell()
        self._core.status.update(client_refused=isinstance(error, NotAuthorized))

    def _end_reason(self, refresh: "_Refresh") -> str:
        if refresh.answer_may_be_lost:
            return "refresh_lost"
        ends_s = seconds_of(self._core.status.expires_at)
        if ends_s is not None and ends_s <= (self._core.clock.now_s() or 0):
            return "authorization_expired"
        return "pairing_ended"

    def _settle(self, standing: int, untold: int) -> None:
        """No refresh is due any more, and the session is told why."""
        self._refresh = None
        self._standing = standing
        self._untold = untold
        self._tell()
        try:
            self._tell_session()
        except MemoryError:
            pass  # `run` does it

    def _tell_session(self) -> None:
        if self._untold == _NOTHING:
            return
        self._core.status.update(client_refused=False)
        self.show()
        if self._untold == _RENEWED:
            self.on_renewed()
        else:
            self.on_ended()
        self._untold = _NOTHING

    def _has_unstored_pair(self) -> bool:
        return self._refresh is not None and self._refresh.pair is not None

    def _tell(self) -> None:
        self._news.set()
        self._settled.set()
        self._settled.clear()

    def _load(self, client_id: str | None) -> None:
        """Find this unit's client_id and its pair of tokens in what is stored."""
        client = self._records[1]
        known, stored, pair = _uuid(), client.load(), self._record.load()
        for kept in (pair.get("client_id"), stored.get("client_id"), client_id):
            if is_token(kept):
                known = str(kept)
        self.api.client_id = known
        if stored and not is_token(stored.get("client_id")):
            client.refuse("it holds no client_id")
        if stored.get("client_id") != known:
            client.save({"client_id": known})
        if _is_whole(pair):
            if pair["client_id"] != known:
                self._record.refuse("it belongs to another client_id")
            elif pair["host"] != self._host:
                self._record.refuse("it belongs to another service")
            else:
                self._record.value = pair
                self.authorized = True
                self.key = pair["key"]
        elif pair and pair != {"client_id": known}:
            self._record.refuse("it holds no pair of tokens")


class _Refresh:
    """A refresh that is due, until there is a new pair or the pairing has ended.

    cause: why it is due. failure: the last try's exception, or None.
    pair: the new pair that has come, or None.
    answer_may_be_lost: it may have been carried out although no answer came.
    was_connected: Frame.io answered other requests when the last try failed.
    """

    def __init__(self, times, cause: int) -> None:
        self.cause = cause
        self.failure: Exception | None = None
        self.pair: TokenPair | None = None
        self.answer_may_be_lost = False
        self.was_connected = False
        self._times = times
        self._backoff = Backoff(times, random.randrange)
        self._wait_ms = 0  # nothing is tried for so long from _failed_ms on
        self._failed_ms = 0
        self._waited_ms = 0  # in all; counted, for ticks of long ago can't be compared
        self._doubled_ms = 0  # a wait that is doubled each time
        self._proofs = -1  # how many there were when an answer was lost
        self._unknown = 0  # unknown verdicts
        self._unknown_since_ms = 0  # _waited_ms at the first of them

    def left_ms(self, proofs: int, connected: bool) -> int:
        """In how many ms the next try is due. proofs: how many there were, of Proof.

        Ask once an hour at least: ticks wrap. An outage that is over ends the wait. After a lost
        answer the token is sent again only once Frame.io has answered something else: else it
        would be lost again.
        """
        if connected and not self.was_connected:
            self.was_connected = True
            self.try_now()
        if self._wait_ms:
            left_ms = self._wait_ms - time.ticks_diff(time.ticks_ms(), self._failed_ms)
            if left_ms > 0:
                return left_ms
            self._waited_ms += self._wait_ms
            self._wait_ms = 0
        if proofs == self._proofs:
            return self._times.network_check_ms
        return 0

    def failed(self, failure: Exception) -> None:
        """No answer, or one that says nothing: the next try waits."""
        wait_ms = self._backoff.next_ms()
        if self._waited_ms >= self._times.refresh_long_ms:
            wait_ms = random.randrange(self._times.refresh_cap_ms)
        self._wait(failure, wait_ms)

    def answer_lost(self, failure: Exception, proofs: int) -> None:
        """It was sent and no answer came. proofs: how many there were."""
        self.answer_may_be_lost = True
        self._proofs = proofs
        self._double(failure, self._times.refresh_lost_ms, self._times.refresh_lost_cap_ms)

    def client_refused(self, failure: Exception) -> None:
        """The model or the unit is refused. The pairing may still be good."""
        self._double(failure, self._times.client_refused_ms, self._times.refresh_cap_ms)

    def unknown_verdict(self, failure: Exception) -> bool:
        """A 400 that does not say what it means. True: it was said for long enough."""
        if not self._unknown:
            self._unknown_since_ms = self._waited_ms
        self._unknown += 1
        for_ms = self._waited_ms - self._unknown_since_ms
        if self._unknown >= 3 and for_ms >= self._times.unknown_verdict_ms:
            return True
        self.failed(failure)
        return False

    def try_now(self) -> None:
        """The network is another one: the next try is due now, unless it waits for an answer."""
        if not self._doubled_ms:
            self._waited_ms += self._wait_ms
            self._wait_ms = 0
            self._backoff.reset()

    def _double(self, failure: Exception, base_ms: int, cap_ms: int) -> None:
        self._doubled_ms = min(self._doubled_ms * 2 or base_ms, cap_ms)
        self._wait(failure, self._doubled_ms)

    def _wait(self, failure: Exception, wait_ms: int) -> None:
        self.failure = failure
        self._failed_ms = time.ticks_ms()
        self._wait_ms = 1 + wait_ms


def new_key() -> str:
    """A key for a new pairing."""
    return binascii.hexlify(os.urandom(16)).decode()


def _uuid() -> str:
    """A random UUID (RFC 9562 section 5.4): not the MAC address, which Frame.io does not want."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    digits = binascii.hexlify(bytes(data)).decode()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _is_whole(record: dict) -> bool:
    """The record holds a whole pair of tokens."""
    for name in ("client_id", "host", "key", "access_token", "refresh_token"):
        if not is_token(record.get(name)):
            return False
    refresh_s, expires_s = record.get("refresh_s"), record.get("expires_s")
    if type(refresh_s) is not int or type(expires_s) is not int:  # a bool is an int, too
        return False
    return 0 <= refresh_s <= expires_s < _LATEST_S


def _nobody() -> None:
    """Until there is a session."""
