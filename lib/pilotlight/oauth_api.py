"""Frame.io's OAuth 2 calls: device code, token, refresh, revoke.

Source: Frame.io's device guides and RFC 8628. Of the two kinds of form that Frame.io accepts, these
are url-encoded, not multipart. Loaded when tokens are asked for or revoked.
"""

import asyncio
import gc

from micropython import const

from .credentials import NotAuthorized
from .frameio_api import ERROR_FIELDS, checked, required
from .net.errors import no_memory
from .net.http_message import percent_encode
from .net.json_pick import MISSING, JsonPick
from .token_text import TOKEN_BYTES, is_token

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .net.http_client import HttpClient

_SHOWN_CHARACTERS = const(100)  # of a link that is shown: a longer one would be cut
_CODE_CHARACTERS = const(32)  # of a code that is typed in
# Set aside before a refresh, because its loss would cost the pairing: for the whole answer (head
# and a pair of tokens), and for what is made of it (the tokens and their record).
_HEAD_BYTES = const(1280)
_RECORD_BYTES = const(768)
_RETRIES = const(8)  # after a MemoryError
_RETRY_MS = const(1000)
_DEVICE_GRANT = const("urn:ietf:params:oauth:grant-type:device_code")
_CODE_FIELDS = const(
    (
        "error",
        "errors",
        "device_code",
        "user_code",
        "interval",
        "expires_in",
        "verification_uri",
        "verification_uri_complete",
    )
)
_TOKEN_FIELDS = const(("error", "errors", "access_token", "refresh_token", "expires_in"))

# Errors of a 400 that are final. Others may pass by themselves.
CLIENT_REFUSED = ("invalid_client", "unauthorized_client")
TOKEN_REFUSED = ("invalid_grant", "invalid_request")

_INTERVAL_S = const(5)  # RFC 8628 section 3.2, if the server names none
_CODE_LIFE_S = const(120)
_TOKEN_LIFE_S = const(28800)


def client_refused() -> NotAuthorized:
    """The error for a model or unit that Frame.io does not know."""
    text = "Frame.io does not accept the client_secret or client_id"
    return NotAuthorized("client_refused", text)


class DeviceCode:
    """What pairing begins with (RFC 8628 section 3.2).

    device_code: text, secret. user_code: text, which the user enters at Frame.io.
    interval_s: seconds between polls. expires_in_s: the codes' life in seconds.
    verification_uri, verification_uri_complete: text or None.
    """

    def __init__(self, fields: dict) -> None:
        self.device_code = fields["device_code"]
        self.user_code = fields["user_code"]
        self.interval_s = _seconds(fields["interval"], _INTERVAL_S, 60)
        self.expires_in_s = _seconds(fields["expires_in"], _CODE_LIFE_S, 3600)
        uri = fields["verification_uri"]
        complete = fields["verification_uri_complete"]
        self.verification_uri = uri if is_token(uri, _SHOWN_CHARACTERS) else None
        self.verification_uri_complete = complete if is_token(complete) else None


class TokenPair:
    """An access token, the refresh token that renews it once, and the access token's life.

    access_token, refresh_token: text, secret. expires_in_s: seconds.
    """

    def __init__(self, fields: dict) -> None:
        self.access_token = fields["access_token"]
        self.refresh_token = fields["refresh_token"]
        self.expires_in_s = _seconds(fields["expires_in"], _TOKEN_LIFE_S, 1 << 24)


class OauthApi:
    """The calls. The caller must not begin another one meanwhile.

    Each raises ApiError (BadRequest or Unauthorized is the endpoint's own verdict) or NetError.
    http: the client for Frame.io's endpoint. client_version: the vendor's semantic version, sent
    with every call as `x-client-version`. client_secret: the model's.
    client_id: this unit's.
    sent: True if the last request was sent completely: it may have been carried out, even if no
    answer came. The caller sets it to False before.
    is_busy: tokens are being asked for; without the answer they would be lost.
    """

    def __init__(
        self, http: HttpClient, client_version: str, client_secret: str, client_id: str
    ) -> None:
        self._http = http
        self._version = ("x-client-version", client_version)
        self._secret = ("client_secret", client_secret)
        self._client_id = ("client_id", client_id)
        # One byte more than a token may have: what is cut is too long.
        self._pick = JsonPick(TOKEN_BYTES + 1)
        self.sent = self.is_busy = False

    async def device_code(self) -> DeviceCode:
        """POST /v2/auth/device/code."""
        fields = await self._post(
            "/v2/auth/device/code",
            (("scope", "asset_create offline"),),
            _CODE_FIELDS,
            (("x-client-platypus-enabled", "true"),),  # asks for the verification URIs
        )
        for name, longest in (("device_code", TOKEN_BYTES), ("user_code", _CODE_CHARACTERS)):
            required(fields[name], is_token(fields[name]), longest)
        return DeviceCode(fields)

    async def token(self, device_code: str) -> TokenPair:
        """POST /v2/auth/token: the tokens, once the user has entered the code.

        Until then it raises BadRequest with the word `authorization_pending`.
        """
        form = (("grant_type", _DEVICE_GRANT), ("device_code", device_code))
        return await self._pair(form, 0)

    async def refresh(self, refresh_token: str, pair_bytes: int) -> TokenPair:
        """POST /v2/auth/token: a new pair. From then on, Frame.io refuses the old one.

        If the answer holds no refresh token, the old one stays (RFC 6749 section 6).
        pair_bytes: the length of the old pair. Memory for one of that length is set aside before.
        """
        form = (("grant_type", "refresh_token"), ("refresh_token", refresh_token))
        return await self._pair(form, pair_bytes, refresh_token)

    async def revoke(self, token: str) -> None:
        """POST /v2/auth/revoke."""
        await self._post("/v2/auth/revoke", (("token", token),), ERROR_FIELDS)

    async def _pair(self, form, pair_bytes: int, kept: str | None = None) -> TokenPair:
        http = self._http
        self.is_busy = True
        try:
            buffer = None
            if pair_bytes:
                gc.collect()
                buffer = bytearray(_HEAD_BYTES + pair_bytes)
                http.reserve = bytearray(_RECORD_BYTES + 2 * pair_bytes)
            fields = await self._post("/v2/auth/token", form, _TOKEN_FIELDS, (), buffer)
            for _ in range(_RETRIES):
                try:
                    return _token_pair(fields, kept)
                except MemoryError:
                    http.reserve = buffer = None
                    await asyncio.sleep_ms(_RETRY_MS)
            raise no_memory()
        finally:
            http.reserve = None
            self.is_busy = False

    async def _post(self, target: str, form, fields, more=(), buffer=None) -> dict:
        headers = (self._version, ("Content-Type", "application/x-www-form-urlencoded")) + more
        self._http.sent = False
        body = form_encode((self._client_id, self._secret) + form)
        pick = self._pick
        try:
            response = await self._http.request("POST", target, headers, fields, body, pick, buffer)
        finally:
            self.sent = self._http.sent
        return checked(response)


def form_encode(fields) -> bytes:
    """The body of an application/x-www-form-urlencoded request. fields: (name, value) pairs."""
    return "&".join(["%s=%s" % (name, percent_encode(value)) for name, value in fields]).encode()


def _token_pair(fields: dict, kept: str | None) -> TokenPair:
    if fields["refresh_token"] in (MISSING, None):
        fields["refresh_token"] = kept
    for name in ("access_token", "refresh_token"):
        required(fields[name], is_token(fields[name]), TOKEN_BYTES)
    return TokenPair(fields)


def _seconds(value, default: int, most: int) -> int:
    # Frame.io's reference says that they are doubles.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 1:
        return default
    return int(min(value, most))
