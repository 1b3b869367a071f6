"""Frame.io's REST calls around a device's status: identity, health, and the HTTP heartbeat.

Source: Frame.io's guide "How to: Manage Status and State"; error bodies from its API reference.
"""

from micropython import const

from .net.http_client import HttpClient, Response
from .net.json_pick import ARRAY

_ID_CHARACTERS = const(64)
# Frame.io's two error bodies, each told by a field; every other tuple of paths begins with these.
ERROR_PATHS = ((b"error",), (b"errors",))
_IDENTITY_PATHS = const(
    (
        (b"error",),
        (b"errors",),
        (b"id",),
        (b"status",),
        (b"project", b"name"),
        (b"authorization", b"creator", b"name"),
        (b"authorization", b"expires_at"),
    )
)
_HEALTH_PATHS = const(((b"error",), (b"errors",), (b"ok",), (b"status",)))


class ApiError(Exception):
    """Base of what a REST answer can mean beside success; `reason` as in NetError.

    answered: only Frame.io can have said this, so it proves that the backend answers.
    """

    def __init__(self, reason: str, text: str, answered: bool = False) -> None:
        super().__init__(text)
        self.reason = reason
        self.answered = answered


class Unauthorized(ApiError):
    """401 with one of Frame.io's error bodies: the token is not accepted (`token_refused`)."""


class BadRequest(ApiError):
    """400 with one of Frame.io's error bodies (`http_error`). word: what it said, such as `invalid_grant`; or ""."""

    def __init__(self, word: str) -> None:
        super().__init__("http_error", "Frame.io refused the request with HTTP status 400", True)
        self.word = word


class RateLimited(ApiError):
    """429 (`rate_limited`): ask less often."""


class Unexpected(ApiError):
    """Another status, or a body that Frame.io would not send: `portal` for a 2xx, `server_error` for a 5xx, else `http_error`.

    It says nothing about the token: anything between here and Frame.io may have sent it.
    """


class IdentityAnswer:
    """What `/v2/devices/me` says: `id` (text), `paused` (True, False or None), `project`, `creator`,
    `expires_at` (text or None)."""

    def __init__(self, values) -> None:
        self.id = values[2]
        status = values[3]
        self.paused = (
            True if status == "paused" else False if status in ("online", "offline") else None
        )
        self.project, self.creator, self.expires_at = [
            value if isinstance(value, str) else None for value in values[4:]
        ]


class FrameioApi:
    """The calls. One at a time: the caller holds the request slot.

    http: the client for Frame.io's endpoint. client_version: the vendor's semver, sent with every call.
    """

    def __init__(self, http: HttpClient, client_version: str) -> None:
        self._http = http
        self._version = ("x-client-version", client_version)

    async def identity(self, access_token: str) -> IdentityAnswer:
        """GET /v2/devices/me. Raises Unauthorized, RateLimited, Unexpected or NetError."""
        fields = (self._version, ("Authorization", "Bearer " + access_token))
        values = checked(await self._http.request("GET", "/v2/devices/me", fields, _IDENTITY_PATHS))
        if not is_device_id(values[2]):
            raise Unexpected("portal", "identity was answered by something that is not Frame.io")
        return IdentityAnswer(values)

    async def health(self) -> None:
        """GET /health, without authorization; returns if it was Frame.io that answered, in good health.

        Both documented bodies count, `{"ok": true}` and `{"status": "ok"}`, and nothing else: a captive portal's 200 is not
        Frame.io. Raises RateLimited, Unexpected, Unauthorized (a proof too) or NetError.
        """
        values = checked(
            await self._http.request("GET", "/health", (self._version,), _HEALTH_PATHS)
        )
        if values[2] is not True and values[3] != "ok":
            raise Unexpected(
                "portal", "the health check was answered by something that is not Frame.io"
            )

    async def heartbeat(self, access_token: str) -> None:
        """POST /v2/devices/heartbeat: the fallback where websockets are blocked; at most once a minute, at least every 5 min.

        Only a 204 counts: anything else may come from a portal. Raises as `identity`.
        """
        fields = (self._version, ("Authorization", "Bearer " + access_token))
        response = await self._http.request("POST", "/v2/devices/heartbeat", fields, ERROR_PATHS)
        if response.status != 204:
            checked(response)
            raise Unexpected(
                "portal", "the heartbeat was answered by something that is not Frame.io"
            )


def is_device_id(value) -> bool:
    """True for what can be a device's id: 1 to 64 letters, digits and hyphens (Frame.io's are UUIDs)."""
    if not isinstance(value, str) or not 0 < len(value) <= _ID_CHARACTERS:
        return False
    plain = value.replace("-", "0").encode()
    return all([0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x7A for byte in plain])


def checked(response: Response) -> list:
    """The picked values of a success; raises what any other response means. The first two paths must be ERROR_PATHS."""
    status, values = response.status, response.values
    success = 200 <= status < 300
    if success and values is not None:
        return values
    if status == 429:
        raise RateLimited("rate_limited", "HTTP status 429: too many requests")
    if values is not None and (isinstance(values[0], str) or values[1] is ARRAY):
        if status == 401:
            raise Unauthorized("token_refused", "Frame.io does not accept the token", True)
        if status == 400:
            raise BadRequest(values[0] if isinstance(values[0], str) else "")
    reason = "portal" if success else "server_error" if status >= 500 else "http_error"
    raise Unexpected(reason, "unexpected answer with HTTP status %d" % status)
