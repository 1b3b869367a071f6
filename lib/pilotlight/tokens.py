"""A paired device's tokens: stored before their first use, and refreshed long before they expire.

Rules of Frame.io's device guides: an access token lives for 8 h, its refresh token for 14 days; a
refresh token works once, and ends the old pair. So there is one refresh at a time; the new pair is
stored first; if an answer is lost, the old refresh token is sent again; and only the token
endpoint's own verdict ends a pairing.
"""

import asyncio
import random
import time

from micropython import const

from .core import Record
from .credentials import Credentials, NotAuthorized
from .frameio_api import ApiError
from .net.deadline import TimedEvent
from .net.errors import NetError, Unreachable, no_memory
from .requests import Slot
from .times import Recent

# Why a refresh is due.
_NONE = const(0)  # it is not
_SCHEDULED = const(1)  # its time has come
_REQUESTED = const(2)  # something may be wrong with the token
_REFUSED = const(3)  # identity or the application says that the token is refused

_DAY_MS = const(86_400_000)
_LOOK_MS = const(5)  # from one look to the next whether a request has ended

# What is known of the pair in use.
_PLAIN = const(0)
_ON_TRIAL = const(1)  # it is the answer to a refusal, and identity has not accepted it yet
_ACCEPTED = const(2)  # it is the answer to a refusal, and identity has accepted it

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from collections.abc import Callable

    from .core import Core
    from .net.http_client import HttpClient
    from .oauth_api import OauthApi
    from .refresh import Refresh
    from .requests import Requests


class Tokens(Credentials):
    """Keeps one pair of tokens and its record. `run` is its task; nothing else refreshes.

    http: the HttpClient to Frame.io. settings: a Settings. Its module is not kept for this.
    client_id: this unit's: from the settings, or made once and stored.
    api: the OauthApi, while it is loaded; use `oauth_api`.
    flight: a Slot, held while a new pair is asked for and stored, by a holder of the request slot.
    on_changed(): called when a new pair is in use, and when the pair has ended; None: not yet.
    """

    def __init__(self, core: Core, requests: Requests, http: HttpClient, settings) -> None:
        Credentials.__init__(self, core, "", "", "not_paired")
        self.api: OauthApi | None = None
        self.flight = Slot()
        self.on_changed: Callable[[], object] | None = None
        self._requests = requests
        self._host = settings.host_field  # tokens are sent to no other service
        self._record = Record(core, "authorization")
        self._records = self._record, Record(core, "client")
        self._cause = _NONE  # why a refresh is due
        self._refresh: Refresh | None = None  # once it has been tried
        self._failure: Exception | None = None  # the last try's, until there is another pair
        self._standing = _PLAIN
        self._is_told = True  # the session knows of the last change
        self._renewed = Recent()  # a refresh was answered: none follows, whatever life it claims
        self._news = TimedEvent()
        self._settled = TimedEvent()
        from .stored_tokens import read  # only now: it is not needed again

        self.client_id, pair = read(self._records, self._host, settings.client_id)
        core.unload("stored_tokens", "token_text")
        self._of_api = http, settings.client_version, settings.client_secret, self.client_id
        if pair:
            self._record.value = pair
            self._use(pair["access_token"], pair["key"])

    async def access_token(self, rejected: str | None = None, wait_ms: int = _DAY_MS) -> str:
        """The access token. rejected: the token that was just answered with 401, or None.

        With `rejected` it waits for the next token, which may take long while the network is down.
        wait_ms: it waits at most so long. Raises NotAuthorized; with `rejected` also ApiError or
        NetError if the refresh fails for now.
        """
        is_first = rejected == self._token and self._standing == _PLAIN
        if is_first and self._refresh_for_refusal(self._token):
            await self._replaced(wait_ms)
            rejected = None
        return await Credentials.access_token(self, rejected)

    async def renew_if_expired(self) -> None:
        """If the token's life is over by our clock, wait for a refresh.

        Raises NotAuthorized, ApiError or NetError if there is none for now.
        """
        if self._is_expired():
            self.request_refresh()
            self.is_awaited = True
            try:
                await self._replaced()
            finally:
                self.is_awaited = False
        await Credentials.access_token(self)

    def accepted(self) -> None:
        """Identity has accepted the token."""
        if self._standing == _ON_TRIAL:
            self._standing = _ACCEPTED
        Credentials.accepted(self)

    def refused(self, access_token: str) -> bool:
        """Identity has refused this token. True: there is another one, or a refresh will come.

        A token on trial that is refused is not refreshed again: the refusal comes from elsewhere.
        """
        return self._refresh_for_refusal(access_token) or Credentials.refused(self, access_token)

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
            wait_ms = self._core.times.longest_sleep_ms
            for record in self._records:
                wait_ms = record.retry(wait_ms)
            wait_ms = self._due_ms(wait_ms)
            if wait_ms:
                await self._news.wait(wait_ms)
                self._news.clear()
                continue
            # First the slot: `unpair` waits for what is asked, not for what waits behind an upload.
            async with self._requests.slot, self.flight:
                if self._cause != _NONE:
                    await self._ask_refresh()

    async def finish(self) -> None:
        """Wait until the tokens that are being asked for are stored. Needs no memory.

        At most as long as a request may take. One that still waits for the slot is not waited for.
        """
        times = self._core.times
        left_ms = max(times.total_ms, times.tls_total_ms)
        while self._is_busy() and left_ms > 0:
            await asyncio.sleep_ms(_LOOK_MS)
            left_ms -= _LOOK_MS

    def adopt(self, pair, key: str) -> None:
        """Store a new TokenPair, then use it. key: of the pairing that it belongs to.

        If it raises MemoryError, nothing has changed but perhaps what is stored: call it again.
        """
        now_s = self._core.clock.now_s() or 0
        times = self._core.times
        low_percent, high_percent = times.refresh_percent
        percent = random.randrange(low_percent, high_percent + 1)
        self._record.save(
            {
                "client_id": self.client_id,
                "host": self._host,
                "key": key,
                "access_token": pair.access_token,
                "refresh_token": pair.refresh_token,
                "refresh_s": now_s + pair.expires_in_s * percent // 100,
                "expires_s": now_s + pair.expires_in_s,
            }
        )
        self._use(pair.access_token, key)
        self._settle(_ON_TRIAL if self._cause == _REFUSED else _PLAIN)

    def end(self, reason: str) -> str | None:
        """Forget the pair. Returns its refresh token, for a revocation, or None."""
        token = self._record.value.get("refresh_token")
        self._record.save({"client_id": self.client_id})
        self._use("", "")
        self.reason = reason
        self._settle(_PLAIN)
        return token

    async def revoke(self, refresh_token: str) -> None:
        """Ask Frame.io to revoke the pair of this token. Logs a failure."""
        try:
            await self._requests.ask(self.oauth_api().revoke(refresh_token))
        except (ApiError, NetError) as error:
            self._core.log("the revocation failed: %s" % error)
        finally:
            self.let_go()

    def oauth_api(self):
        """The calls to the token endpoint: loaded when they are needed, until `let_go`."""
        if self.api is None:
            from .oauth_api import OauthApi

            self.api = OauthApi(*self._of_api)
        return self.api

    def let_go(self) -> None:
        """Free the memory of the code that asks for tokens, unless it is in use."""
        if not self._is_busy() and self._refresh is None:
            self.api = None
            self._core.unload("oauth_api", "token_text", "refresh")

    def _is_expired(self) -> bool:
        """There is no token, or its life is over by our clock."""
        now_s = self._core.clock.now_s()
        return now_s is not None and now_s >= self._record.value.get("expires_s", 0)

    async def _replaced(self, wait_ms: int = _DAY_MS) -> None:
        """Wait until the token is another one, or none. Raises why the last try has failed."""
        token = self._token
        while token and token == self._token:
            if not await self._settled.wait(wait_ms):
                raise Unreachable("timeout", "no next token in time")
            if self._failure is not None:
                raise self._failure

    def _want(self, cause: int) -> bool:
        """Have a refresh due for this cause, unless one is due that is not just scheduled."""
        if not self.authorized:
            return False
        if self._cause in (_NONE, _SCHEDULED):
            self._cause = cause
        self._news.set()
        return True

    def _may_refresh(self) -> bool:
        """The next pair can be stored, or the access token's life is over.

        A refresh token works once: if the new one can't be stored, a restart loses the pairing. So
        the pair is kept as long as it is good.
        """
        return self._is_expired() or self.keep_room()

    def _refresh_for_refusal(self, access_token: str) -> bool:
        """False: no refresh will help."""
        if not self.authorized:
            return False
        if self.has_replaced(access_token):
            return True
        if self._standing == _ON_TRIAL and self._cause in (_NONE, _SCHEDULED):
            return False
        return self._want(_REFUSED)

    def _due_ms(self, longest_ms: int) -> int:
        """In how many ms the refresh is due, at most until the next look."""
        times = self._core.times
        if not self.authorized:
            return longest_ms
        if self._is_busy():
            return 0  # `run` waits for the end of the flight
        if self._cause == _NONE:
            now_s = self._core.clock.now_s()
            if now_s is None:
                return times.network_check_ms  # the clock does not tell when it is set
            left_s = self._record.value["refresh_s"] - now_s
            if left_s > 0:
                return min(left_s * 1000, longest_ms)
            if not self._may_refresh():
                return min(max(1, self._record.retry_left_ms()), longest_ms)
            self._cause = _SCHEDULED
        # Also while no request can be made: ticks wrap.
        left_ms = self._refresh.left_ms() if self._refresh is not None else 0
        if not self._requests.ready():
            return times.network_check_ms
        # Not to its end: Frame.io may answer again meanwhile.
        return max(min(left_ms, times.health_ms[0]), self._renewed.left_ms(time.ticks_ms()))

    async def _ask_refresh(self) -> None:
        """One try of the refresh that is due."""
        try:
            if self._refresh is None:
                from .refresh import Refresh  # only now: it is due every few hours

                self._refresh = Refresh(self._core, self._requests)
            refresh = self._refresh
            ended = await refresh.ask(self.oauth_api(), self._record.value)
        except MemoryError:
            self._tell(no_memory())
            raise
        if ended is not None:
            self.end(ended)
        elif refresh.pair is None:
            self._tell(refresh.failure)
            is_refused = isinstance(refresh.failure, NotAuthorized)
            self._core.status.update(client_refused=is_refused)
        else:
            self.adopt(refresh.pair, self.key)
            self._renewed.happened(time.ticks_ms(), self._core.times.refresh_spacing_ms)
            self._core.log("the tokens were refreshed")

    def _settle(self, standing: int) -> None:
        """No refresh is due any more, and the session is told."""
        self._cause = _NONE
        self._refresh = None
        self.let_go()
        self._standing = standing
        self._is_told = False
        self._tell(None)
        try:
            self._tell_session()
        except MemoryError:
            pass  # `run` does it

    def _tell_session(self) -> None:
        if not self._is_told:
            self._core.status.update(client_refused=False)
            self.show()
            if self.on_changed is not None:
                self.on_changed()
            self._is_told = True

    def _is_busy(self) -> bool:
        """Tokens are being asked for, or have to be stored."""
        if self.api is not None and self.api.is_busy:
            return True
        return self._refresh is not None and self._refresh.pair is not None

    def _tell(self, failure) -> None:
        """A try has ended. failure: its exception, or None: the token is another one, or none."""
        self._failure = failure
        self._news.set()
        self._settled.set()
        self._settled.clear()
