"""Pairing by device code (RFC 8628, as Frame.io's guide has it): show six digits until the user has typed them in.

A code is kept over network errors and renewed when it expires, for ten minutes in all; the user may cancel at any step.
"""

import asyncio
import random
import time

from micropython import const

from .authorization import NotAuthorized
from .frameio_api import ApiError, BadRequest, Unauthorized
from .net.backoff import Backoff
from .net.errors import NetError
from .token_api import CLIENT_REFUSED, TOKEN_REFUSED, DeviceCode, TokenApi
from .token_keeper import TokenKeeper, new_key

_STORED = const("stored")
_SLOW_DOWN_S = const(5)  # RFC 8628 section 3.5


class Pairing:
    """One try to pair.

    ask, ready: as for TokenKeeper. show(code): called with each new DeviceCode, and with None when none is shown any more.
    """

    def __init__(self, api: TokenApi, keeper: TokenKeeper, times, ask, ready, show, note) -> None:
        self._api = api
        self._keeper = keeper
        self._times = times
        self._ask = ask
        self._ready = ready
        self._show = show
        self._note = note
        self._backoff = Backoff(times, random.randrange)
        self._cancelled = asyncio.Event()
        self._begun_ms: int | None = None  # when the first code was shown

    @property
    def cancelled(self) -> bool:
        """`cancel` was called; `run` may still wait for the end of a request."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """The user has changed their mind: no code is shown from now on, and `run` ends."""
        self._cancelled.set()
        self._show(None)

    async def run(self) -> None:
        """Pair. Returns when the keeper has its tokens; raises NotAuthorized with the reason why there are none."""
        try:
            while True:
                code = await self._new_code()
                if self._begun_ms is None:
                    self._begun_ms = time.ticks_ms()
                if self.cancelled:
                    raise _cancelled()
                if self._left_ms() <= 0:
                    raise _timed_out()
                self._show(code)
                if await self._poll(code):
                    return
                self._backoff.reset()
                if self._left_ms() <= 0:
                    raise _timed_out()
        finally:
            self._show(None)

    async def _new_code(self) -> DeviceCode:
        while True:
            await self._until_ready()
            try:
                return await self._ask(self._api.device_code())
            except (ApiError, NetError) as error:
                self._note("no device code: %s" % error)
                final = (
                    isinstance(error, BadRequest) and error.word in CLIENT_REFUSED + TOKEN_REFUSED
                )
                if final or isinstance(error, Unauthorized):
                    raise NotAuthorized(
                        "client_refused", "Frame.io does not accept the client_secret or client_id"
                    )
            self._show(None)  # the code before has expired
            await self._wait(self._backoff.next_ms())

    async def _poll(self, code: DeviceCode) -> bool:
        """Ask until the user has typed in the code (True) or it has expired (False)."""
        issued_ms = time.ticks_ms()
        interval_s = code.interval_s
        while True:
            left_ms = min(
                code.expires_in_s * 1000 - time.ticks_diff(time.ticks_ms(), issued_ms),
                self._left_ms(),
            )
            if left_ms <= 0:
                return False
            await self._wait(min(interval_s * 1000, left_ms))
            await self._until_ready()
            word = await self._exchange(code)
            if word == _STORED:
                return True
            if word == "slow_down":
                interval_s += _SLOW_DOWN_S
            elif word == "expired_token" or word in TOKEN_REFUSED:
                return False
            elif word == "access_denied":
                raise NotAuthorized(word, "Frame.io has refused the pairing")
            elif word in CLIENT_REFUSED:
                raise NotAuthorized(
                    "client_refused", "Frame.io does not accept the client_secret or client_id"
                )

    async def _exchange(self, code: DeviceCode) -> str:
        """Ask for the tokens: _STORED once they are, else the endpoint's word, or `later` if it has not answered."""
        async with self._keeper.flight:
            try:
                pair = await self._ask(self._api.token(code.device_code))
            except BadRequest as error:
                return error.word
            except (ApiError, NetError) as error:
                self._note("the token poll failed: %s" % error)
                return "later"
            if not self._cancelled.is_set():
                self._keeper.adopt(pair, new_key())
                return _STORED
        await self._revoke(pair.refresh_token)
        raise _cancelled()

    async def _revoke(self, token: str) -> None:
        """The user cancelled while the tokens were on their way: nobody shall use them."""
        try:
            await self._ask(self._api.revoke(token))
        except (ApiError, NetError) as error:
            self._note("the cancelled pairing could not be revoked: %s" % error)

    def _left_ms(self) -> int:
        """What is left of the ten minutes."""
        return self._times.pairing_ms - time.ticks_diff(time.ticks_ms(), self._begun_ms or 0)

    async def _until_ready(self) -> None:
        waited_ms = 0
        while not self._ready():
            await self._wait(self._times.network_check_ms)
            # Counted, for ticks can't be compared over a week without network.
            waited_ms += self._times.network_check_ms
            if self._begun_ms is not None and waited_ms >= self._times.pairing_ms:
                raise _timed_out()

    async def _wait(self, wait_ms: int) -> None:
        try:
            await asyncio.wait_for_ms(self._cancelled.wait(), wait_ms)
        except asyncio.TimeoutError:
            return
        raise _cancelled()


def _timed_out() -> NotAuthorized:
    return NotAuthorized("pairing_timeout", "nobody has typed in the code")


def _cancelled() -> NotAuthorized:
    return NotAuthorized("cancelled", "the pairing was cancelled")
