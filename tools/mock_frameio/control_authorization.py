"""The control API of pairing and tokens: more POST /control/NAME with a JSON object."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from aiohttp import web

from .rest import ERROR_BODIES, SERVICE
from .service import Service
from .tokens import Lives

HELP = """\
pairing and tokens (GET /control/status also says "user_codes": those that can be entered, newest
last; "generation": see below):
  /control/approve        enter a user code in Frame.io: {"user_code": "012345"}, or none for the
                          newest pending one
  /control/deny           refuse it: access_denied; the same body
  /control/next_user_code {"user_code": "000042"}: what the next device code gets
  /control/lives          of what is issued from now on, in seconds: {"access_s", "refresh_s",
                          "code_s", "interval_s", "slow_down_s"}; what the answers say instead:
                          {"said_access_s", "said_code_s", "said_interval_s"}, null for the truth in
                          whole seconds
  /control/lose_refresh_response
                          {"times": 1}: refreshes are carried out, and the connection ends without
                          an answer
  /control/remove_device  removed in Frame.io, or the connection's expires_at has come: no token is
                          good any more (API 401, upgrade 403, refresh as below); live sockets stay.
                          Pair again, or renew for the fixed token
  /control/lost_status    {"status": 401 or 400}: for the refresh of a removed device, and of
                          unknown, revoked or expired tokens
  /control/error_body     {"shape": "errors" or "error"}: the body of every 401
  /control/refuse         has these parts too: "code", "token", "revoke"
records of kind auth: part, client_id, grant (device_code, refresh_token), outcome (issued, revoked,
or the error's word), generation (that of the refresh token which was used: 1 is the first
pairing's, then every new pair counts one more), issued_generation, lost (was the response lost?)
"""


def approve(service: Service, body: dict[str, Any]) -> None:
    service.tokens.decide(body.get("user_code"), "approved")


def deny(service: Service, body: dict[str, Any]) -> None:
    service.tokens.decide(body.get("user_code"), "denied")


def next_user_code(service: Service, body: dict[str, Any]) -> None:
    service.tokens.next_user_code = body["user_code"]


def lives(service: Service, body: dict[str, Any]) -> None:
    known = {field.name for field in fields(Lives)}
    if not body.keys() <= known:
        raise ValueError(f"known are {sorted(known)}")
    for name, value in body.items():
        setattr(service.tokens.lives, name, value)


def lose_refresh_response(service: Service, body: dict[str, Any]) -> None:
    service.faults.lost_refresh_responses = body.get("times", 1)


def remove_device(service: Service, body: dict[str, Any]) -> None:
    service.tokens.remove()


def lost_status(service: Service, body: dict[str, Any]) -> None:
    if body["status"] not in (401, 400):
        raise ValueError("status is 401 or 400")
    service.tokens.lost_status = body["status"]


def error_body(service: Service, body: dict[str, Any]) -> None:
    if body["shape"] not in ERROR_BODIES:
        raise ValueError(f"shape is one of {sorted(ERROR_BODIES)}")
    service.error_body = body["shape"]


_ACTIONS = (
    approve,
    deny,
    next_user_code,
    lives,
    lose_refresh_response,
    remove_device,
    lost_status,
    error_body,
)


def _handler(action: Callable[[Service, dict[str, Any]], None]) -> Any:
    async def handle(request: web.Request) -> web.Response:
        service = request.app[SERVICE]
        service.record("control", action=action.__name__)
        try:
            action(service, await request.json() if request.can_read_body else {})
        except (LookupError, ValueError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return web.json_response({"ok": True})

    return handle


def add_routes(app: web.Application) -> None:
    """Hang these controls into an application."""
    for action in _ACTIONS:
        app.router.add_post(f"/control/{action.__name__}", _handler(action))
