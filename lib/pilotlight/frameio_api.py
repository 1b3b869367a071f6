"""Frame.io's REST calls around a device's status: identity and health.

Source: Frame.io's guide "How to: Manage Status and State"; error bodies from its API reference.
"""

from micropython import const

from .net.http_client import HttpClient, Response
from .net.json_pick import ARRAY, JsonPick

_ID_CHARACTERS = const(64)
_STATUS_WORDS = {"online": False, "offline": False, "paused": True}


class ApiError(Exception):
    """Base of what a REST answer can mean beside success; `reason` as in NetError.

    answered: only Frame.io can have said this, so it proves that the backend answers.
    """

    def __init__(self, reason: str, text: str, answered: bool) -> None:
        super().__init__(text)
        self.reason = reason
        self.answered = answered


class Unauthorized(ApiError):
    """401 with one of Frame.io's error bodies: the access token is not accepted (`token_refused`)."""


class RateLimited(ApiError):
    """429 (`rate_limited`): ask less often."""


class Unexpected(ApiError):
    """Another status, or a body that Frame.io would not send: `portal` for a 2xx, `server_error` for a 5xx, else `http_error`.

    It says nothing about the token: anything between here and Frame.io may have sent it.
    """


class Identity:
    """What `/v2/devices/me` says: `id` (text), `paused` (True, False or None), `project_id`, `project`, `creator`,
    `expires_at` (text or None)."""

    def __init__(self, values) -> None:
        self.id = values[0]
        self.paused = _STATUS_WORDS.get(values[1])
        self.project_id, self.project, self.creator, self.expires_at = [
            value if isinstance(value, str) else None for value in values[2:6]
        ]


class FrameioApi:
    """The calls. One at a time: the caller holds the request slot.

    http: the client for Frame.io's endpoint. client_version: the vendor's semver, sent with every call.
    """

    def __init__(self, http: HttpClient, client_version: str) -> None:
        self._http = http
        self._version = ("x-client-version", client_version)
        self._identity = JsonPick(
            ("id",),
            ("status",),
            ("project", "id"),
            ("project", "name"),
            ("authorization", "creator", "name"),
            ("authorization", "expires_at"),
            ("error",),
            ("errors",),
        )
        self._health = JsonPick(("ok",), ("status",), ("error",), ("errors",))

    async def identity(self, access_token: str) -> Identity:
        """GET /v2/devices/me. Raises Unauthorized, RateLimited, Unexpected or NetError."""
        fields = (self._version, ("Authorization", "Bearer " + access_token))
        response = await self._http.request("GET", "/v2/devices/me", fields, self._identity)
        values = self._identity.values
        _check(response, values[6], values[7])
        device_id = values[0]
        if not isinstance(device_id, str) or not 0 < len(device_id) <= _ID_CHARACTERS:
            raise Unexpected("portal", "identity was answered with something that is not a device", False)
        return Identity(values)

    async def health(self) -> None:
        """GET /health, without authorization; returns if it was Frame.io that answered, in good health.

        Both documented bodies count, `{"ok": true}` and `{"status": "ok"}`, and nothing else: a captive portal's 200 is not
        Frame.io. Raises RateLimited, Unexpected, Unauthorized (a proof too) or NetError.
        """
        response = await self._http.request("GET", "/health", (self._version,), self._health)
        ok, status, error, errors = self._health.values
        _check(response, error, errors)
        if ok is not True and status != "ok":
            raise Unexpected("portal", "the health check was answered by something that is not Frame.io", False)


def _check(response: Response, error, errors) -> None:
    """Raise what a response means if it is no success; error, errors: the fields of Frame.io's two error bodies."""
    status = response.status
    if 200 <= status < 300 and response.is_json:
        return
    frameio_body = response.is_json and (isinstance(error, str) or errors is ARRAY)
    if status == 401 and frameio_body:
        raise Unauthorized("token_refused", "Frame.io does not accept the access token", True)
    if status == 429:
        raise RateLimited("rate_limited", "HTTP status 429: too many requests", False)
    if 200 <= status < 300:
        raise Unexpected("portal", "the answer is not JSON: something between here and Frame.io sent it", False)
    reason = "server_error" if status >= 500 else "http_error"
    raise Unexpected(reason, "unexpected HTTP status %d" % status, status == 400 and frameio_body)
