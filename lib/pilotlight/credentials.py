"""Where the access token comes from: what all kinds of credentials share.

A paired device's tokens are in `tokens.py`, a fixed one in `fixed_token.py`.
"""

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
    """Base of all kinds; writes `authorized` and `authorization_reason`. Nothing is renewed here.

    key: a text that tells this authorization from another one. What is stored about a device is
    stored with it.
    authorized: there is a token. reason: why not, a word of NotAuthorized.
    is_awaited: the session can't connect before a refresh has brought a token.
    """

    is_awaited = False

    def __init__(self, core: Core, key: str, authorized: bool, reason: str) -> None:
        self._core = core
        self.key = key
        self.authorized = authorized
        self.reason = reason

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token. rejected: the token that was just answered with 401, or None.

        Raises NotAuthorized if there is no other one.
        """
        raise NotAuthorized(self.reason, "there is no access token")

    async def renew_if_expired(self) -> None:
        """If the token's life is over by our clock, wait for a refresh, if there is one."""

    def has_replaced(self, access_token: str) -> bool:
        """There is a newer token than this one."""
        return False

    def request_refresh(self) -> bool:
        """Refresh now instead of at its time. False: nothing can be refreshed."""
        return False

    def refused(self, access_token: str) -> bool:
        """Identity has refused this token. True: there is another one, or a refresh will come."""
        self.show(is_refused=True)
        return False

    def accepted(self) -> None:
        """Frame.io has accepted the token."""
        self._core.status.update(authorized=True)

    def pairing_ended(self, reason: str) -> None:
        """A pairing has ended without tokens. reason: why, a word of NotAuthorized."""
        self.reason = reason
        self.show()

    def show(self, is_refused: bool = False) -> None:
        """Write into the status whether there is an authorization, and if not, why.

        is_refused: there is a token, but Frame.io refuses it and no refresh will help.
        """
        reason = "token_refused" if is_refused else self.reason
        authorized = self.authorized and not is_refused
        self._core.status.update(authorized=authorized, authorization_reason=reason)
