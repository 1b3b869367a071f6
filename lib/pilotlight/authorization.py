"""Where the access token comes from: what every kind of authorization can do, and the kind that never changes.

A paired device's is in `token_keeper.py`.
"""

import binascii
import hashlib


class NotAuthorized(Exception):
    """There is no access token that Frame.io accepts; `reason` says why.

    `not_paired`, `cancelled`, `pairing_timeout`, `access_denied`, `client_refused`, `unpaired` (by the user), `pairing_ended` (by
    Frame.io), `refresh_lost`, `authorization_expired`, `token_refused`.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class FixedToken:
    """An access token that was given and stays.

    key: a hash that tells this authorization from another one; what is stored about a device is kept with it.
    authorized: there is a token. reason: why there is none, or why it is not accepted.
    """

    authorized = True
    reason = "token_refused"

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token
        self.key = binascii.hexlify(hashlib.sha256(access_token.encode()).digest()).decode()

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token. rejected: the one that was just refused. Raises NotAuthorized, for there is no other."""
        if rejected == self._access_token:
            raise NotAuthorized("token_refused", "Frame.io does not accept the fixed access token")
        return self._access_token

    def accepted(self) -> None:
        """Frame.io has accepted the token."""

    def refused(self, access_token: str) -> bool:
        """Frame.io has refused this token. False: nothing can be done about it."""
        return False
