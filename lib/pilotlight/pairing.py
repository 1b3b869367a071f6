"""Pairing by device code: show six digits until the user has typed them in.

As in RFC 8628 and Frame.io's guide. A code is kept over network errors and replaced when it
expires, for ten minutes in all. The user may cancel at any step.
"""

import binascii
import os
import random
import time

from micropython import const

from .credentials import NotAuthorized
from .frameio_api import ApiError, BadRequest, Unauthorized
from .net.backoff import Backoff
from .net.deadline import TimedEvent
from .net.errors import NetError, ProtocolError
from .oauth_api import CLIENT_REFUSED, TOKEN_REFUSED, client_refused

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .oauth_api import DeviceCode, TokenPair
    from .requests import Requests
    from .tokens import Tokens

_STORED = const("stored")
_SLOW_DOWN_S = const(5)  # RFC 8628 section 3.5


class Pairing:
    """One try to pair; writes `user_code`, `verification_uri` and `verification_uri_complete`."""

    def __init__(self, core: Core, requests: Requests, tokens: Tokens) -> None:
        self._core = core
        self._times = core.times
        self._requests = requests
        self._tokens = tokens
        self._backoff = Backoff(core.times, random.randrange)
        self._cancelled = TimedEvent()
        self._begun_ms: int | None = None  # when the first code was shown
        self._code: DeviceCode | None = None  # the one that is shown …
        self._issued_ms = 0  # … since then
        self._pair: TokenPair | None = None  # the tokens that came for it

    @property
    def cancelled(self) -> bool:
        """`cancel` was called; `run` may still wait for the end of a request."""
        return self._cancelled.is_set

    def cancel(self) -> None:
        """The user wants no code any more: none is shown from now on, and `run` ends."""
        self._cancelled.set()
        self.hide()

    def hide(self) -> None:
        """Show no code, and free the memory of what asks for one."""
        self._show(None)
        self._tokens.let_go()

    async def run(self) -> None:
        """Pair. Returns when the tokens are stored; raises NotAuthorized (why it failed).

        After a MemoryError, or a NetError because the time is not known, call it again: it goes on
        with the same code.
        """
        self._tokens.keep_room()  # a lack of room is shown before the code
        try:
            while True:
                if self._code is None:
                    await self._take_code()
                self._show(self._code)
                if await self._poll(self._code):  # type: ignore[arg-type]  # there is one
                    break
                self._code = None
                age_ms = time.ticks_diff(time.ticks_ms(), self._issued_ms)
                if age_ms >= self._times.code_shortest_ms:
                    self._backoff.reset()
                else:  # the endpoint has ended it early, and may do so again
                    self._show(None)
                    await self._wait(self._backoff.next_ms())
                if self._left_ms() <= 0:
                    raise _timed_out()
        except NotAuthorized:
            self.hide()
            raise
        self.hide()

    async def _take_code(self) -> None:
        code = await self._new_code()
        if self._begun_ms is None:
            self._begun_ms = time.ticks_ms()
        if self.cancelled:
            raise _cancelled()
        if self._left_ms() <= 0:
            raise _timed_out()
        self._code = code
        self._issued_ms = time.ticks_ms()

    async def _new_code(self) -> DeviceCode:
        while True:
            await self._until_ready()
            try:
                return await self._requests.ask(self._usable_code())
            except (ApiError, NetError) as error:
                self._core.log("no device code: %s" % error)
                if isinstance(error, Unauthorized) or (
                    isinstance(error, BadRequest)
                    and (error.word in CLIENT_REFUSED + TOKEN_REFUSED or not error.word)
                ):
                    raise client_refused()
            self._show(None)  # the code before has expired
            await self._wait(self._backoff.next_ms())

    async def _usable_code(self) -> DeviceCode:
        """Raises ProtocolError for a code that ends before it can be typed in."""
        code = await self._tokens.oauth_api().device_code()
        if code.expires_in_s * 1000 < self._times.code_shortest_ms:
            raise ProtocolError("the code ends in %d s" % code.expires_in_s)
        return code

    async def _poll(self, code: DeviceCode) -> bool:
        """Ask until the user has typed in the code (True) or it has expired (False)."""
        interval_s = code.interval_s
        while True:
            left_ms = min(
                code.expires_in_s * 1000 - time.ticks_diff(time.ticks_ms(), self._issued_ms),
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
            elif word == "expired_token" or word in TOKEN_REFUSED or not word:
                return False
            elif word == "access_denied":
                raise NotAuthorized(word, "Frame.io has refused the pairing")
            elif word in CLIENT_REFUSED:
                raise client_refused()

    async def _exchange(self, code: DeviceCode) -> str:
        """Ask for the tokens: _STORED once they are stored, else the endpoint's word.

        `later` if the endpoint has not answered.
        """
        async with self._requests.slot, self._tokens.flight:
            try:
                if self._pair is None:  # else there was no memory to store it
                    if self.cancelled:
                        raise _cancelled()
                    api = self._tokens.oauth_api()
                    self._pair = await self._requests.ask_now(api.token(code.device_code))
            except BadRequest as error:
                return error.word
            except (ApiError, NetError) as error:
                self._core.log("the token poll failed: %s" % error)
                return "later"
            if not self._cancelled.is_set:
                self._tokens.adopt(self._pair, _new_key())
                return _STORED
        # The user cancelled while the tokens were on their way: they must not be used.
        await self._tokens.revoke(self._pair.refresh_token)
        raise _cancelled()

    def _show(self, code: DeviceCode | None) -> None:
        self._core.status.update(
            user_code=code and code.user_code,
            verification_uri=code and code.verification_uri,
            verification_uri_complete=code and code.verification_uri_complete,
        )

    def _left_ms(self) -> int:
        """What is left of the ten minutes."""
        return self._times.pairing_ms - time.ticks_diff(time.ticks_ms(), self._begun_ms or 0)

    async def _until_ready(self) -> None:
        waited_ms = 0
        while not self._requests.ready():
            if self._core.status.network_up and self._core.clock.now_s() is None:
                raise NetError("clock", "the time is not known")  # the session sets it
            await self._wait(self._times.network_check_ms)
            # Counted, because ticks can't be compared over a week without network.
            waited_ms += self._times.network_check_ms
            if self._begun_ms is not None and waited_ms >= self._times.pairing_ms:
                raise _timed_out()

    async def _wait(self, wait_ms: int) -> None:
        if await self._cancelled.wait(wait_ms):
            raise _cancelled()


def _timed_out() -> NotAuthorized:
    return NotAuthorized("pairing_timeout", "the code was not typed in")


def _cancelled() -> NotAuthorized:
    return NotAuthorized("cancelled", "the pairing was cancelled")


def _new_key() -> str:
    """The key of a new pairing."""
    return binascii.hexlify(os.urandom(16)).decode()
