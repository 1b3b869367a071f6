"""The orders of the control API that need no authorization and spoil nothing below HTTP."""

import json
from typing import Any

from .orders import UNCHANGED, anything, device_id, number, one_of, order, switch, text, whole
from .parts import NAMES
from .raw_bytes import MOST_BYTES
from .service import Service

HELP = """\
control API (JSON; POST but where GET is said; answers {"ok": true}, or what is wrong with the
order: 400 {"ok": false, "error": "…"}; pages of other sites get 403):
pause, resume, device and remove_device are for all devices, or for {"device_id": …}
  GET  /control/status    online (the panel's green dot), paused, number of sockets
  GET  /control/records   what was seen: [{"t_ms", "kind", …}], kinds: request, http, upgrade,
                          message, pushed, pong, socket_end (code: what the device's close frame
                          said, 1005 for nothing, 1006 without one), idle_close, spoilt, asset (an
                          upload: name, offset, status)
  /control/pause          pause the device and push it; {"push": false}: without the event;
                          {"ago_s": 20}: uploads are judged as if it had been so for 20 s
  /control/resume         the same, back
  /control/event          push any event, true or not: {"event": "status_updated", "payload":
                          "paused", "times": 1, "delay_ms": 0}; with a delay it may arrive behind a
                          later one
  /control/device         change what identity says: {"id", "project", "creator", "expires_at",
                          "identity_bytes"}
  /control/drop           close the sockets: {"code": 1000 (null for an empty close frame),
                          "reason": ""}
  /control/kill           end the sockets' TCP without a close frame
  /control/channel        end the channels, keep the sockets: {"event": "phx_error" or "phx_close"}
  /control/black_hole     answer nothing and send nothing any more, on old connections and new;
                          {"on": false} ends it
  /control/refuse         {"part": "socket", "identity", "health", "heartbeat", "assets" or "all";
                          "status": 403; "body": text (HTML) or JSON; "times": -1 forever}. 200
                          with HTML makes a captive portal
  /control/refuse_join    {"reason": "unauthorized"}, or null to end it
  /control/slow           every answer waits: {"ms": 500}
  /control/expire         the access tokens end now; live sockets stay
  /control/renew          the access tokens live again
  /control/clear          end all faults
"""

_YEAR_S = 366 * 24 * 3600
_HOUR_MS = 3_600_000
_MOST_TIMES = 10_000
_LONGEST_TEXT = 65_536
_LONGEST_REASON_BYTES = 123  # RFC 6455 section 5.5: 125 with the code
_LARGEST_IDENTITY_BYTES = 8 << 20
_PAUSE = {
    "push": switch(default=True),
    "ago_s": number(0, _YEAR_S, default=0),
    "device_id": device_id(),
}


async def _set_paused(service: Service, paused: bool, body: dict[str, Any]) -> None:
    for device in service.devices.picked(body["device_id"]):
        device.pauses.set(paused, body["ago_s"])
        if body["push"]:
            await service.push("status_updated", "paused" if paused else "resumed", device)


@order(**_PAUSE)
async def pause(service: Service, body: dict[str, Any]) -> None:
    await _set_paused(service, True, body)


@order(**_PAUSE)
async def resume(service: Service, body: dict[str, Any]) -> None:
    await _set_paused(service, False, body)


@order(
    event=text(_LONGEST_TEXT),
    payload=anything(default=None),
    times=whole(1, _MOST_TIMES, default=1),
    delay_ms=number(0, _HOUR_MS, default=0),
)
async def event(service: Service, body: dict[str, Any]) -> None:
    if len(json.dumps(body)) * body["times"] > MOST_BYTES:
        raise ValueError(f"event: these are more than {MOST_BYTES} bytes")
    for _ in range(body["times"]):
        if body["delay_ms"]:
            service.push_late(body["delay_ms"], body["event"], body["payload"])
        else:
            await service.push(body["event"], body["payload"])


@order(
    id=text(_LONGEST_TEXT, default=UNCHANGED),
    project=text(_LONGEST_TEXT, default=UNCHANGED).or_null(),
    creator=text(_LONGEST_TEXT, default=UNCHANGED).or_null(),
    expires_at=text(_LONGEST_TEXT, default=UNCHANGED).or_null(),
    identity_bytes=whole(0, _LARGEST_IDENTITY_BYTES, default=UNCHANGED),
    device_id=device_id(),
)
async def device(service: Service, body: dict[str, Any]) -> None:
    picked = service.devices.picked(body.pop("device_id"))
    service.identity_bytes = body.pop("identity_bytes", service.identity_bytes)
    if "id" in body:
        picked[0].id = body.pop("id")
    for one in picked:
        for key, value in body.items():
            setattr(one, key, value)


@order(
    code=whole(0, 65_535, default=1000).or_null(), reason=text(_LONGEST_REASON_BYTES, default="")
)
async def drop(service: Service, body: dict[str, Any]) -> None:
    code, reason = body["code"], body["reason"]
    if code is None and reason:
        raise ValueError("drop: an empty close frame has no reason")
    if len(reason.encode()) > _LONGEST_REASON_BYTES:
        raise ValueError(f"drop: the reason is at most {_LONGEST_REASON_BYTES} bytes of UTF-8")
    for socket in list(service.sockets):
        await socket.drop(code, reason)


@order()
async def kill(service: Service, body: dict[str, Any]) -> None:
    for socket in list(service.sockets):
        socket.kill()


@order(event=one_of("phx_error", "phx_close", default="phx_error"))
async def channel(service: Service, body: dict[str, Any]) -> None:
    await service.push(body["event"], {})
    for socket in service.sockets:
        socket.joined = False


@order(on=switch(default=True))
async def black_hole(service: Service, body: dict[str, Any]) -> None:
    if body["on"]:
        service.faults.black_hole = True
    elif service.faults.black_hole:
        service.end_black_hole()


@order(
    part=one_of(*NAMES, default="all"),
    status=whole(200, 599),
    body=anything(default=""),
    times=whole(-1, _MOST_TIMES, default=-1),
)
async def refuse(service: Service, body: dict[str, Any]) -> None:
    service.faults.refuse[body["part"]] = [body["status"], body["body"], body["times"]]


@order(reason=text(_LONGEST_TEXT, default="unauthorized").or_null())
async def refuse_join(service: Service, body: dict[str, Any]) -> None:
    service.faults.join = body["reason"]


@order(ms=number(0, _HOUR_MS))
async def slow(service: Service, body: dict[str, Any]) -> None:
    service.faults.slow_ms = body["ms"]


@order()
async def expire(service: Service, body: dict[str, Any]) -> None:
    service.expire_tokens()


@order()
async def renew(service: Service, body: dict[str, Any]) -> None:
    service.renew_tokens()


@order()
async def clear(service: Service, body: dict[str, Any]) -> None:
    service.clear_faults()


ORDERS = (
    pause,
    resume,
    event,
    device,
    drop,
    kill,
    channel,
    black_hole,
    refuse,
    refuse_join,
    slow,
    expire,
    renew,
    clear,
)
