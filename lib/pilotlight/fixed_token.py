"""Credentials of a device that was given an access token in place of a pairing: for tests."""

import binascii
import hashlib

from .core import Core
from .credentials import Credentials, NotAuthorized


class FixedToken(Credentials):
    """An access token that was given and stays: nothing renews it.

    access_token: the token, a secret.
    """

    def __init__(self, core: Core, access_token: str) -> None:
        key = binascii.hexlify(hashlib.sha256(access_token.encode()).digest()).decode()
        super().__init__(core, key, True, "token_refused")
        self._access_token = access_token

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token. rejected: the token that was just answered with 401, or None.

        Raises NotAuthorized (`token_refused`) if this one was rejected.
        """
        if rejected == self._access_token:
            text = "Frame.io does not accept the fixed access token"
            raise NotAuthorized("token_refused", text)
        return self._access_token
