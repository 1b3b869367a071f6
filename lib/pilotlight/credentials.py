"""Where the access token comes from: a given one, and what it shares with a paired device's tokens.

A paired device's are in `tokens.py`.
"""

from micropython import const

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core


class NotAuthorized(Exception):
    """There is no access token that Frame.io accepts; `reason` says why, in one word.

    `not_paired`, `cancelled`, `pairing_timeout`, `access_denied`, `client_refused`, `unpaired` (by
    the user), `pairing_ended` (by Frame.io), `refresh_lost`, `authorization_expired`,
    `token_refused`.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Credentials:
    """A fixed access token, which nothing renews, and the base of Tokens.

    Writes `authorized` and `authorization_reason`.
    token: the access token, a secret; "" for none.
    key: a text that tells this authorization from another one; "" for none. What is stored about a
    device is stored with it.
    reason: why there is no token, or no accepted one; a word of NotAuthorized.
    authorized: there is a token.
    is_awaited: the session can't connect before a refresh has brought a token.
    """

    is_awaited = False

    def __init__(self, core: Core, token: str, key: str, reason: str) -> None:
        self._core = core
        self.reason = reason
        self._use(token, key)

    async def access_token(self, rejected: str | None = None, wait_ms: int = 0) -> str:
        """The access token. rejected: the token that was just answered with 401, or None.

        Raises NotAuthorized if there is no other one. wait_ms: see Tokens.
        """
        if not self.authorized:
            raise NotAuthorized(self.reason, "this device is not paired with Frame.io")
        if rejected == self._token:
            raise NotAuthorized("token_refused", "Frame.io does not accept the access token")
        return self._token

    async def renew_if_expired(self) -> None:
        """If the token's life is over by our clock, wait for a refresh, if there is one."""

    def has_replaced(self, access_token: str) -> bool:
        """There is a newer token than this one."""
        return self.authorized and access_token != self._token

    def request_refresh(self) -> bool:
        """Refresh now instead of at its time. False: nothing can be refreshed."""
        return False

    def refused(self, access_token: str) -> bool:
        """Identity has refused this token. True: there is another one, or a refresh will come."""
        self.show("token_refused")
        return False

    def accepted(self) -> None:
        """Frame.io has accepted the token."""
        self._core.status.update(authorized=True)

    def show(self, refused: str | None = None) -> None:
        """Write into the status whether there is an authorization, and if not, why.

        refused: why there is no accepted one although there is a token, and no refresh will help.
        """
        authorized = self.authorized and not refused
        reason = refused or self.reason
        self._core.status.update(authorized=authorized, authorization_reason=reason)

    def _use(self, token: str, key: str) -> None:
        self._token = token
        self.key = key
        self.authorized = token != ""
