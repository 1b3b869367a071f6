"""Where the access token comes from. For now: a fixed one from the settings, which nobody renews."""

import binascii
import hashlib


class NotAuthorized(Exception):
    """There is no access token that Frame.io accepts; `reason` says why (`token_refused`)."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class FixedToken:
    """An access token that was given and stays.

    key: a hash that tells this authorization from another one; what is stored about a device is kept with it.
    """

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token
        self._refused = False
        self.key = binascii.hexlify(hashlib.sha256(access_token.encode()).digest()).decode()

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token. rejected: the one that was just refused. Raises NotAuthorized, for there is no other."""
        if rejected == self._access_token:
            raise NotAuthorized("token_refused", "Frame.io does not accept the fixed access token")
        return self._access_token
