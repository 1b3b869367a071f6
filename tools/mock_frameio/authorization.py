"""The OAuth 2 side: device code, token, revoke.

Fields come as multipart/form-data or application/x-www-form-urlencoded.
"""

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from .devices import NAME
from .rest import SERVICE, answer, refused, unauthorized
from .service import Service
from .tokens import Pair, Refused

GRANTS = {
    "urn:ietf:params:oauth:grant-type:device_code": "device_code",
    "refresh_token": "refresh_token",
}
_SCOPE = {"asset_create", "offline"}
_PAIR_URI = "https://next.frame.io/pair"
_NUMBER = r"(0|[1-9][0-9]*)"
_LABEL = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_LABEL}(\.{_LABEL})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
_DEFAULT_VERSION = "0.0.0"  # as the API reference says


class Call:
    """One call of an endpoint.

    facts: what its record will say beside the outcome; never a secret, a token or a device code.
    """

    def __init__(self, request: web.Request, part: str, fields: dict[str, str]) -> None:
        self.service: Service = request.app[SERVICE]
        self.headers = request.headers
        self.facts: dict[str, Any] = {"part": part, "client_id": fields.get("client_id")}
        self._fields = fields

    def field(self, name: str) -> str:
        """A field's text. Raises Refused if it is missing or empty."""
        if not self._fields.get(name):
            raise Refused("invalid_request")
        return self._fields[name]

    def client(self) -> str:
        """The client_id, when version and secret are in order. Raises Refused."""
        if not _SEMVER.fullmatch(self.headers.get("x-client-version", _DEFAULT_VERSION)):
            raise Refused("invalid_request")
        client_id, secret = self.field("client_id"), self.field("client_secret")
        if secret != self.service.client_secret:
            raise Refused("invalid_client")
        return client_id


def _new_code(call: Call) -> dict[str, Any]:
    client_id = call.client()
    if set(call.field("scope").split()) != _SCOPE:
        raise Refused("invalid_request")
    code, lives = call.service.tokens.new_code(client_id), call.service.tokens.lives
    call.facts["outcome"] = "issued"
    body = {
        "device_code": code.device_code,
        "expires_in": lives.code_expires_in(),
        "interval": lives.interval(),
        "name": NAME,
        "user_code": code.user_code,
    }
    if call.headers.get("x-client-platypus-enabled") == "true":
        body |= {
            "verification_uri": _PAIR_URI,
            "verification_uri_complete": f"{_PAIR_URI}/{code.user_code}",
        }
    return body


def _grant(call: Call) -> dict[str, Any]:
    client_id, tokens = call.client(), call.service.tokens
    grant = call.facts["grant"] = GRANTS.get(call.field("grant_type"))
    if grant == "device_code":
        pair = tokens.poll(call.field("device_code"), client_id)
        call.service.devices.of_client(client_id).is_removed = False
    elif grant == "refresh_token":
        used = call.field("refresh_token")
        call.facts["generation"] = tokens.generation_of(used)
        pair = tokens.refresh(used, client_id)
    else:
        raise Refused("invalid_request")
    call.facts |= {"outcome": "issued", "issued_generation": pair.generation}
    return _pair_body(pair, tokens.lives.access_expires_in())


def _pair_body(pair: Pair, expires_in: float) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "expires_in": expires_in,
        "refresh_token": pair.refresh_token,
        "token_type": "bearer",
    }


def _revoke(call: Call) -> dict[str, Any]:
    client_id = call.client()
    call.service.tokens.revoke(call.field("token"), client_id)
    call.facts["outcome"] = "revoked"
    return {"success": True}


async def _fields(request: web.Request) -> dict[str, str]:
    """The form's text fields; none if it is no form."""
    try:
        form = await request.post()
    except (ValueError, LookupError, HttpProcessingError):
        return {}
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _endpoint(part: str, action: Callable[[Call], dict[str, Any]]) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        refusal = await refused(request, part)
        if refusal:
            return refusal
        call = Call(request, part, await _fields(request))
        status = 200
        try:
            body = action(call)
        except Refused as error:
            call.facts["outcome"], status = error.word, error.status
            body = unauthorized(call.service) if status == 401 else {"error": error.word}
        lost = (
            status == 200
            and call.facts.get("grant") == "refresh_token"
            and call.service.loses_refresh_response()
        )
        call.service.record("auth", **call.facts, lost=lost)
        if lost:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer(request, status, body)

    return handle


def add_routes(app: web.Application) -> None:
    """Hang the OAuth 2 side into an application."""
    app.router.add_post("/v2/auth/device/code", _endpoint("code", _new_code))
    app.router.add_post("/v2/auth/token", _endpoint("token", _grant))
    app.router.add_post("/v2/auth/revoke", _endpoint("revoke", _revoke))
