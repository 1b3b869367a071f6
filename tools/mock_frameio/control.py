"""The control API: POST /control/NAME with a JSON object, GET /control/records, /control/status."""

from typing import Any

from aiohttp import web

from .rest import SERVICE

HELP = """\
control API (JSON; POST but where GET is said; answers {"ok": true}):
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
  /control/black_hole     answer nothing and send nothing any more, on old connections and new
  /control/refuse         {"part": "socket", "identity", "health", "heartbeat", "assets" or "all";
                          "status": 403; "body": text (HTML) or JSON; "times": -1 forever}. 200
                          with HTML makes a captive portal
  /control/refuse_join    {"reason": "unauthorized"}
  /control/slow           every answer waits: {"ms": 500}
  /control/expire         the access tokens end now; live sockets stay
  /control/renew          the access tokens live again
  /control/clear          end all faults
"""


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object of an order; none is an empty one."""
    return await request.json() if request.can_read_body else {}


async def _set_paused(request: web.Request, paused: bool) -> None:
    service = request.app[SERVICE]
    body = await body_of(request)
    service.pauses.set(paused, body.get("ago_s", 0))
    if body.get("push", True):
        await service.push("status_updated", "paused" if paused else "resumed")


async def pause(request: web.Request) -> None:
    await _set_paused(request, True)


async def resume(request: web.Request) -> None:
    await _set_paused(request, False)


async def event(request: web.Request) -> None:
    body = await body_of(request)
    service = request.app[SERVICE]
    for _ in range(body.get("times", 1)):
        if body.get("delay_ms"):
            service.push_late(body["delay_ms"], body["event"], body.get("payload"))
        else:
            await service.push(body["event"], body.get("payload"))


async def device(request: web.Request) -> None:
    service = request.app[SERVICE]
    names = {"id": "device_id"}
    for key, value in (await body_of(request)).items():
        setattr(service, names.get(key, key), value)


async def drop(request: web.Request) -> None:
    body = await body_of(request)
    for socket in list(request.app[SERVICE].sockets):
        await socket.drop(body.get("code", 1000), body.get("reason", ""))


async def kill(request: web.Request) -> None:
    for socket in list(request.app[SERVICE].sockets):
        socket.kill()


async def channel(request: web.Request) -> None:
    service = request.app[SERVICE]
    body = await body_of(request)
    await service.push(body.get("event", "phx_error"), {})
    for socket in service.sockets:
        socket.joined = False


async def black_hole(request: web.Request) -> None:
    request.app[SERVICE].faults.black_hole = True


async def refuse(request: web.Request) -> None:
    body = await body_of(request)
    rule = [body["status"], body.get("body", ""), body.get("times", -1)]
    request.app[SERVICE].faults.refuse[body.get("part", "all")] = rule


async def refuse_join(request: web.Request) -> None:
    request.app[SERVICE].faults.join = (await body_of(request)).get("reason", "unauthorized")


async def slow(request: web.Request) -> None:
    request.app[SERVICE].faults.slow_ms = (await body_of(request))["ms"]


async def expire(request: web.Request) -> None:
    request.app[SERVICE].expire_tokens()


async def renew(request: web.Request) -> None:
    request.app[SERVICE].renew_tokens()


async def clear(request: web.Request) -> None:
    request.app[SERVICE].clear_faults()


_ACTIONS = (
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


async def records(request: web.Request) -> web.Response:
    return web.json_response(request.app[SERVICE].records)


async def status(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    return web.json_response(
        {
            "online": service.online(),
            "paused": service.paused,
            "sockets": len(service.sockets),
            "device_id": service.device_id,
            **service.tokens.status(),
        }
    )


def handler(action: Any) -> Any:
    """The handler of an order: it is recorded and answered."""

    async def handle(request: web.Request) -> web.Response:
        request.app[SERVICE].record("control", action=action.__name__)
        await action(request)
        return web.json_response({"ok": True})

    return handle


def add_routes(app: web.Application) -> None:
    """Hang the control API into an application."""
    app.router.add_get("/control/records", records)
    app.router.add_get("/control/status", status)
    for action in _ACTIONS:
        app.router.add_post(f"/control/{action.__name__}", handler(action))
