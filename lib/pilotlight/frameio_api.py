"""Frame.io's calls for a device's status: identity, health, the HTTP heartbeat, and the socket.

Source: Frame.io's guide "How to: Manage Status and State"; error bodies from its API reference.
"""

from micropython import const

from .net.errors import ProtocolError
from .net.http_message import percent_encode
from .net.json_pick import ARRAY, MISSING

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .net.http_client import HttpClient, Response

_ID_CHARACTERS = const(64)
# Each of Frame.io's two error bodies has one of these. Every request must pick them for `checked`.
ERROR_FIELDS = ("error", "errors")
_PORTAL = const("the answer comes from something that is not Frame.io")
_PROJECT = const("project.name")
_CREATOR = const("authorization.creator.name")
_EXPIRES_AT = const("authorization.expires_at")
_IDENTITY = const(("error", "errors", "id", "name", "status", _PROJECT, _CREATOR, _EXPIRES_AT))
_HEALTH = const(("error", "errors", "ok", "status"))


class ApiError(Exception):
    """What an answer means that is not the success that was expected.

    reason: one short, stable word, to show and to compare: `rate_limited` for a 429, `portal` for a
    2xx that Frame.io would not send, `server_error` for a 5xx, else `http_error`. These say nothing
    about the token: a proxy or captive portal may have sent the answer.
    answered: True if only Frame.io can have sent the answer, so that it proves that the backend
    answers: see the subclasses.
    wait_ms: how long the answer asks to wait; 0 if it asks but does not say how long, None if it
    does not ask.
    status: the HTTP status, or 0 if nothing was sent.
    says: the words of Frame.io's own error body, without secrets, of an error that `Agent.request`
    raises; else "".
    """

    answered = False
    wait_ms: int | None = None
    status = 0
    says = ""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[0]) + (self.says and ": " + self.says)


class Unauthorized(ApiError):
    """401 with one of Frame.io's error bodies: the token is not accepted (`token_refused`).

    word: the body's `error`, such as `invalid_client`, or "" if it has `errors` instead.
    """

    answered = True

    def __init__(self, word: str) -> None:
        ApiError.__init__(self, "token_refused", "Frame.io does not accept the token")
        self.word = word


class BadRequest(ApiError):
    """400 with one of Frame.io's error bodies (`http_error`).

    word: the body's `error`, such as `invalid_grant`, or "" if it has `errors` instead.
    """

    answered = True

    def __init__(self, word: str) -> None:
        ApiError.__init__(self, "http_error", "Frame.io refused the request with HTTP status 400")
        self.word = word


class IdentityAnswer:
    """The answer of GET /v2/devices/me.

    id: text. paused: True, False, or None for a status that Frame.io does not document.
    name, project, creator, expires_at: text or None.
    """

    def __init__(self, fields: dict) -> None:
        self.id = fields["id"]
        status = fields["status"]
        self.paused = (
            True if status == "paused" else False if status in ("online", "offline") else None
        )
        self.name = _text(fields["name"])
        self.project = _text(fields[_PROJECT])
        self.creator = _text(fields[_CREATOR])
        self.expires_at = _text(fields[_EXPIRES_AT])


class FrameioApi:
    """The calls. The caller must not begin another one meanwhile.

    http: the client for Frame.io's endpoint. client_version: the vendor's semantic version, sent
    with every call as `x-client-version`.
    """

    def __init__(self, http: HttpClient, client_version: str) -> None:
        self.http = http
        self._version = ("x-client-version", client_version)

    def headers(self, access_token: str) -> tuple:
        """The headers of a call with authorization."""
        return self._version, ("Authorization", "Bearer " + access_token)

    async def identity(self, access_token: str) -> IdentityAnswer:
        """GET /v2/devices/me.

        Raises ApiError or NetError.
        """
        headers = self.headers(access_token)
        fields = checked(await self.http.request("GET", "/v2/devices/me", headers, _IDENTITY))
        required(fields["id"], is_device_id(fields["id"]), _ID_CHARACTERS)
        return IdentityAnswer(fields)

    async def health(self) -> None:
        """GET /health, without authorization; returns if Frame.io answers that it is well.

        Both documented bodies count, `{"ok": true}` and `{"status": "ok"}`, and no other: a captive
        portal sends a 200 too. Raises ApiError, which may be a proof that Frame.io answers, or
        NetError.
        """
        fields = checked(await self.http.request("GET", "/health", (self._version,), _HEALTH))
        if fields["ok"] is not True and fields["status"] != "ok":
            raise ApiError("portal", _PORTAL)

    async def heartbeat(self, access_token: str) -> None:
        """POST /v2/devices/heartbeat, for networks that block WebSockets.

        Frame.io wants it at most once a minute and at least every 5 min. Only a 204 counts: another
        2xx may come from a captive portal. Raises ApiError or NetError.
        """
        headers = self.headers(access_token)
        response = await self.http.request("POST", "/v2/devices/heartbeat", headers, ERROR_FIELDS)
        if response.status != 204:
            checked(response)
            raise ApiError("portal", _PORTAL)


def socket_target(access_token: str) -> str:
    """Path and query of the device socket. The query holds the token: never print it."""
    return "/devices/websocket?Authorization=Bearer%20" + percent_encode(access_token)


def is_device_id(value) -> bool:
    """True if it can be a device's id: 1 to 64 letters, digits and hyphens.

    Frame.io's are UUIDs.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _ID_CHARACTERS:
        return False
    return value.lower().strip("-0123456789abcdefghijklmnopqrstuvwxyz") == ""  # nothing else


def checked(response: Response) -> dict:
    """The picked fields of a 2xx answer with a JSON body; raises what any other answer means.

    The request must have picked ERROR_FIELDS. Raises ApiError, or ProtocolError for a 2xx whose
    body is damaged.
    """
    status, fields = response.status, response.fields
    success = 200 <= status < 300
    if success and fields is not None:
        return fields
    if success and response.flaw:
        raise ProtocolError("the answer can't be read: %s" % response.flaw)
    if fields is not None and status in (400, 401):
        word = _text(fields["error"])
        if word is not None or fields["errors"] is ARRAY:
            refusal = (BadRequest if status == 400 else Unauthorized)(word or "")
            refusal.status = status
            raise refusal
    reason = "portal" if success else "server_error" if status >= 500 else "http_error"
    if status == 429:
        reason = "rate_limited"
    error = ApiError(reason, "unexpected answer with HTTP status %d" % status)
    error.status = status
    if status == 429 or (status == 503 and response.retry_after_ms):
        error.wait_ms = response.retry_after_ms
    raise error


def required(value, is_right: bool, longest: int) -> None:
    """Raise what it means that a field is wrong without which an answer can't be used.

    is_right: it is not wrong. longest: the bound of the text in characters. Raises ApiError
    (`portal`) if there is no such field, else ProtocolError (`too_large` or `protocol`).
    """
    if value is MISSING:
        raise ApiError("portal", _PORTAL)
    is_long = isinstance(value, str) and len(value) > longest
    if is_long or not is_right:
        reason = "too_large" if is_long else "protocol"
        raise ProtocolError("the answer holds a value that can't be used", reason=reason)


def _text(value) -> str | None:
    return value if isinstance(value, str) else None
