"""A paired device's authorization: one pair of tokens, stored before its first use and renewed long before it ends.

Rules (Frame.io's device guides): an access token lives 8 h, its refresh token 14 days; a refresh token works once, and kills the
old pair. So one refresh at a time; the new pair is stored first; if an answer is lost, the old token is sent again; and only the
token endpoint's own verdict ends a pairing.
"""

import asyncio
import binascii
import os
import random
import time

from micropython import const

from .authorization import NotAuthorized
from .frameio_api import ApiError, BadRequest, Unauthorized
from .net.backoff import Backoff
from .net.errors import NetError
from .token_api import CLIENT_REFUSED, TOKEN_REFUSED, TokenApi, TokenPair, is_token

_CLIENT = const("client")
_AUTHORIZATION = const("authorization")


class TokenKeeper:
    """Keeps the pair. `run` is its task; nothing else refreshes.

    api: a TokenApi. host: of the service; its tokens are sent to no other. client_id: this unit's, or None: then one is made and
    kept. storage, clock: as for Agent.
    ask: runs a request in the request slot. ready(): can a request be made now?
    on_renewed(): a new pair is in use. on_ended(): there is none any more; `reason` says why.
    key, authorized, reason: as in FixedToken. flight: held while a request is under way that must not be cut off.
    """

    def __init__(
        self,
        api: TokenApi,
        host: str,
        client_id: str | None,
        storage,
        clock,
        times,
        ask,
        ready,
        on_renewed,
        on_ended,
        note,
    ) -> None:
        self._api = api
        self._host = host
        self._storage = storage
        self._clock = clock
        self._times = times
        self._ask = ask
        self._ready = ready
        self._on_renewed = on_renewed
        self._on_ended = on_ended
        self._note = note
        self.flight = asyncio.Lock()
        self._backoff = Backoff(times, random.randrange)
        self._wait_ms = 0  # after a failure: so long from _failed_ms on nothing is tried
        self._failed_ms = 0
        self._failure: Exception | None = None
        self._wanted = False  # a refresh before its time
        self._for_refusal = False  # … because the token was refused
        self._mended = False  # this pair is the answer to a refusal …
        self._accepted = True  # … and identity has accepted it
        self._lost = False  # a refresh may have been carried out although no answer came
        self._unsaved = False
        self._save_ms = 0  # when that was last tried
        self._news = asyncio.Event()
        self._settled = asyncio.Event()
        self.reason = "not_paired"
        self._record: dict = {}
        self._load(client_id)

    @property
    def authorized(self) -> bool:
        """There is a pair."""
        return "access_token" in self._record

    @property
    def key(self) -> str:
        """Tells this pairing from another one; what is stored about a device is kept with it."""
        return self._record.get("key", "")

    @property
    def client_refused(self) -> bool:
        """The last refresh failed because Frame.io does not know this model or unit."""
        return isinstance(self._failure, NotAuthorized)

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token. rejected: the one that was just answered with 401; then the next one, as soon as it is there.

        While the network is down that may take long: put a time-out around it. Raises NotAuthorized; with `rejected` also
        ApiError or NetError, if the refresh fails for now.
        """
        token = self._token()
        if rejected != token:
            return token
        if self._mended or not self.refused(token):
            raise NotAuthorized(
                "token_refused",
                "Frame.io does not accept the access token, though it was just renewed",
            )
        return await self._next_token(token)

    async def renewal(self) -> None:
        """Wait for a refresh that is due. Raises as `access_token` with `rejected`."""
        token = self._token()
        self.want()
        await self._next_token(token)

    def expired(self) -> bool:
        """The access token's life is over by our clock."""
        now_s = self._clock.now_s()
        return self.authorized and now_s is not None and now_s >= self._record["expires_s"]

    def has_replaced(self, access_token: str) -> bool:
        """There is a newer token than this one."""
        return self.authorized and access_token != self._record["access_token"]

    def accepted(self) -> None:
        """Identity has accepted the token."""
        self._accepted = True

    def refused(self, access_token: str) -> bool:
        """Identity has refused this token. True: another one is there, or a refresh is under way to mend it.

        A new token that is refused at once is not refreshed again: then the refusal comes from somebody else.
        """
        if not self.authorized:
            return False
        if access_token == self._record["access_token"] and not self._wanted:
            if self._mended and not self._accepted:
                return False
            self._for_refusal = True
            self.want()
        return True

    def want(self) -> None:
        """Refresh now, instead of at its time."""
        self._wanted = True
        self._news.set()

    def network_changed(self) -> None:
        """The network is up, or another one: what failed over the old one is tried at once."""
        self._wait_ms = 0
        self._backoff.reset()
        self._news.set()

    async def run(self) -> None:
        """Refresh whenever it is due."""
        while True:
            if self._unsaved and not self._save_left_ms():
                self._save()
            wait_ms = self._due_ms()
            if not wait_ms:
                async with self.flight:
                    if self.authorized:
                        await self._refresh()
                continue
            try:
                await asyncio.wait_for_ms(self._news.wait(), wait_ms)
            except asyncio.TimeoutError:
                pass
            self._news.clear()

    def adopt(self, pair: TokenPair, key: str) -> None:
        """Store a new pair, then use it. key: of the pairing that it belongs to."""
        now_s = self._clock.now_s() or 0
        times = self._times
        percent = random.randrange(times.refresh_low_percent, times.refresh_high_percent + 1)
        self._record = {
            "client_id": self._api.client_id,
            "host": self._host,
            "key": key,
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "refresh_s": now_s + pair.expires_in_s * percent // 100,
            "expires_s": now_s + pair.expires_in_s,
        }
        self._save()
        self._wanted = self._for_refusal = self._lost = self._mended = False
        self._settle(None)
        self._on_renewed()

    def end(self, reason: str) -> str | None:
        """Forget the pair; its refresh token is handed back, for a revocation."""
        token = self._record.get("refresh_token")
        self._record = {"client_id": self._api.client_id}
        self._save()
        self.reason = reason
        self._wanted = self._for_refusal = self._lost = self._mended = False
        self._settle(None)
        self._on_ended()
        return token

    async def finish(self) -> None:
        """Wait for a request under way that must not be cut off."""
        async with self.flight:
            pass

    def _token(self) -> str:
        if not self.authorized:
            raise NotAuthorized(self.reason, "this device is not paired with Frame.io")
        return self._record["access_token"]

    async def _next_token(self, token: str) -> str:
        while self._token() == token:
            await self._settled.wait()
            if self._failure is not None:
                raise self._failure
        return self._token()

    def _due_ms(self) -> int:
        times = self._times
        now_ms = time.ticks_ms()
        # Looked at once an hour at least: ticks of long ago can't be compared.
        left_ms = self._wait_ms - time.ticks_diff(now_ms, self._failed_ms) if self._wait_ms else 0
        if left_ms <= 0:
            left_ms = self._wait_ms = 0
        longest_ms = max(1, self._save_left_ms()) if self._unsaved else times.longest_sleep_ms
        if not self.authorized:
            return longest_ms
        if not self._wanted:
            now_s = self._clock.now_s()
            if now_s is None:
                return times.network_check_ms  # the clock tells nobody when it is set
            left_s = self._record["refresh_s"] - now_s
            if left_s > 0:
                return min(left_s * 1000, longest_ms)
        if not self._ready():
            return times.network_check_ms
        return left_ms

    async def _refresh(self) -> None:
        try:
            pair = await self._ask(self._api.refresh(self._record["refresh_token"]))
        except (ApiError, NetError) as error:
            word = error.word if isinstance(error, BadRequest) else None
            if word in CLIENT_REFUSED:
                self._fail(
                    NotAuthorized(
                        "client_refused", "Frame.io does not accept the client_secret or client_id"
                    )
                )
            elif word in TOKEN_REFUSED or isinstance(error, Unauthorized):
                self._note("the token endpoint has ended the pairing")
                self.end("refresh_lost" if self._lost else "pairing_ended")
            else:
                if self._api.sent and word is None:
                    self._lost = True
                self._fail(error)
        else:
            for_refusal = self._for_refusal
            self.adopt(pair, self.key)
            self._mended = for_refusal
            self._accepted = False
            self._note("the tokens were refreshed")

    def _fail(self, error: Exception) -> None:
        self._failed_ms = time.ticks_ms()
        self._wait_ms = 1 + self._backoff.next_ms()
        self._note("the refresh failed: %s" % error)
        self._settle(error)

    def _settle(self, failure: Exception | None) -> None:
        self._failure = failure
        if failure is None:
            self._wait_ms = 0
            self._backoff.reset()
        self._news.set()
        self._settled.set()
        self._settled.clear()

    # What is kept

    def _load(self, client_id: str | None) -> None:
        client, record = self._read(_CLIENT), self._read(_AUTHORIZATION)
        known = _uuid()
        for kept in (record.get("client_id"), client.get("client_id"), client_id):
            if is_token(kept):
                known = str(kept)
        self._api.client_id = known
        if client and not is_token(client.get("client_id")):
            self._refuse(_CLIENT, "it holds no client_id")
        if client.get("client_id") != known:
            self._write(_CLIENT, {"client_id": known})
        if _is_record(record):
            if record["client_id"] != known:
                self._refuse(_AUTHORIZATION, "it belongs to another client_id")
            elif record["host"] != self._host:
                self._refuse(_AUTHORIZATION, "it belongs to another service")
            else:
                self._record = record
        elif record and record != {"client_id": known}:
            self._refuse(_AUTHORIZATION, "it holds no pair of tokens")

    def _save(self) -> None:
        self._unsaved = not self._write(_AUTHORIZATION, self._record)
        self._save_ms = time.ticks_ms()

    def _save_left_ms(self) -> int:
        """How long until the record may be saved again: each try wears a flash that is full."""
        return max(0, self._times.backoff_cap_ms - time.ticks_diff(time.ticks_ms(), self._save_ms))

    def _read(self, name: str) -> dict:
        try:
            record = self._storage.load(name)
        except OSError as error:
            self._refuse(name, error)
            return {}
        if record is not None and not isinstance(record, dict):
            self._refuse(name, "it is no record")
        return record if isinstance(record, dict) else {}

    def _refuse(self, name: str, why) -> None:
        self._note("what is stored as %s can't be used: %s" % (name, why))

    def _write(self, name: str, record: dict) -> bool:
        try:
            self._storage.save(name, record)
        except (OSError, MemoryError) as error:
            self._note("%s could not be stored: %s" % (name, error))
            return False
        return True


def new_key() -> str:
    """A key for a new pairing."""
    return binascii.hexlify(os.urandom(16)).decode()


def _uuid() -> str:
    """A random UUID (RFC 9562 section 5.4): not the MAC, which Frame.io does not want."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    digits = binascii.hexlify(bytes(data)).decode()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _is_record(record: dict) -> bool:
    """True for a whole record of a pair."""
    for name in ("client_id", "host", "key", "access_token", "refresh_token"):
        if not is_token(record.get(name)):
            return False
    return all([isinstance(record.get(name), int) for name in ("refresh_s", "expires_s")])
