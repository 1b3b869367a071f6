"""The orders of the control API for pairing and tokens."""

import math
from typing import Any

from .orders import UNCHANGED, Key, device_id, number, one_of, order, text, whole
from .rest import ERROR_BODIES
from .service import Service

HELP = """\
pairing and tokens (GET /control/status also says "user_codes": those that can be entered, newest
last; "generation": see below):
  /control/approve        enter a user code in Frame.io: {"user_code": "012345"}, or null for the
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


_LONGEST_CODE = 100
_LONGEST_LIFE_S = 100 * 366 * 24 * 3600
_MOST_TIMES = 10_000


def _life() -> Key:
    return number(0, _LONGEST_LIFE_S, default=UNCHANGED)


def _said() -> Key:
    """What an answer says may be absurd: the device must survive it."""
    return number(-math.inf, math.inf, default=UNCHANGED).or_null()


@order(user_code=text(_LONGEST_CODE, default=None).or_null())
async def approve(service: Service, body: dict[str, Any]) -> None:
    service.tokens.decide(body["user_code"], "approved")


@order(user_code=text(_LONGEST_CODE, default=None).or_null())
async def deny(service: Service, body: dict[str, Any]) -> None:
    service.tokens.decide(body["user_code"], "denied")


@order(user_code=text(_LONGEST_CODE))
async def next_user_code(service: Service, body: dict[str, Any]) -> None:
    service.tokens.next_user_code = body["user_code"]


@order(
    access_s=_life(),
    refresh_s=_life(),
    code_s=_life(),
    interval_s=_life(),
    slow_down_s=_life(),
    said_access_s=_said(),
    said_code_s=_said(),
    said_interval_s=_said(),
)
async def lives(service: Service, body: dict[str, Any]) -> None:
    for name, value in body.items():
        setattr(service.tokens.lives, name, value)


@order(times=whole(0, _MOST_TIMES, default=1))
async def lose_refresh_response(service: Service, body: dict[str, Any]) -> None:
    service.faults.lost_refresh_responses = body["times"]


@order(device_id=device_id())
async def remove_device(service: Service, body: dict[str, Any]) -> None:
    for device in service.devices.picked(body["device_id"]):
        service.tokens.remove(device.client_ids)
        device.is_removed, device.has_learned = True, False


@order(status=one_of(401, 400))
async def lost_status(service: Service, body: dict[str, Any]) -> None:
    service.tokens.lost_status = body["status"]


@order(shape=one_of(*ERROR_BODIES))
async def error_body(service: Service, body: dict[str, Any]) -> None:
    service.error_body = body["shape"]


ORDERS = (
    approve,
    deny,
    next_user_code,
    lives,
    lose_refresh_response,
    remove_device,
    lost_status,
    error_body,
)
