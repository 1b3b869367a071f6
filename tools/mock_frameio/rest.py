"""The REST side: identity, health, HTTP heartbeat.

Also how every REST answer is refused, recorded and given.
"""

import json
from typing import Any

from aiohttp import web

from .service import Service

SERVICE: web.AppKey[Service] = web.AppKey("service", Service)
ERROR_BODIES = {
    "errors": {
        "code": 401,
        "errors": [
            {
                "code": 401,
                "detail": "You are not allowed to access that resource",
                "status": 401,
                "title": "Not Authorized",
            },
        ],
        "message": "Not Authorized",
    },
    "error": {"error": "invalid_client"},
}


def bearer(request: web.Request) -> str | None:
    """The token of the Authorization field, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None


def _record(request: web.Request, status: int) -> None:
    version = request.headers.get("x-client-version")
    request.app[SERVICE].record(
        "http", method=request.method, path=request.path, status=status, client_version=version
    )


def _trace_answer(request: web.Request, status: int, body: Any) -> None:
    detail = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    request.app[SERVICE].trace(
        "service", "answer", f"{status} {request.path}", "" if body is None else detail
    )


def unauthorized(service: Service) -> Any:
    """The body of a 401, in the shape that was ordered."""
    return ERROR_BODIES[service.error_body]


async def refused(request: web.Request, part: str) -> web.Response | None:
    """Record the request, and wait as the faults say.

    The refusal that was ordered for this part, or None.
    """
    service = request.app[SERVICE]
    service.record("request", method=request.method, path=request.path)
    service.trace("device", "request", f"{request.method} {request.path}")
    await service.answer_time()
    rule = service.refusal(part)
    if rule is None:
        return None
    status, body = rule
    _record(request, status)
    _trace_answer(request, status, body)
    headers = {}
    if status == 429:
        headers = {
            "x-ratelimit-limit": "60",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-window": "60000",
        }
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html", headers=headers)
    return web.json_response(body, status=status, headers=headers)


def answer(request: web.Request, status: int, body: Any) -> web.Response:
    """Record and make an answer."""
    _record(request, status)
    _trace_answer(request, status, body)
    if status == 204:
        return web.Response(status=204)
    return web.json_response(body, status=status)


async def identity(request: web.Request) -> web.Response:
    """GET /v2/devices/me."""
    service = request.app[SERVICE]
    refusal = await refused(request, "identity")
    if refusal:
        return refusal
    device = service.device_of(bearer(request))
    if device is None:
        return answer(request, 401, unauthorized(service))
    body = device.identity(service.status(device))
    missing = service.identity_bytes - len(json.dumps(body))
    if missing > 0:
        body = {"padding": [{"note": "x" * 50}] * (missing // 64 + 1), **body}
    device.seen()
    return answer(request, 200, body)


async def health(request: web.Request) -> web.Response:
    """GET /health."""
    return await refused(request, "health") or answer(request, 200, {"ok": True})


async def heartbeat(request: web.Request) -> web.Response:
    """POST /v2/devices/heartbeat."""
    service = request.app[SERVICE]
    refusal = await refused(request, "heartbeat")
    if refusal:
        return refusal
    device = service.device_of(bearer(request))
    if device is None:
        return answer(request, 401, unauthorized(service))
    device.seen()
    device.heartbeat_ms = service.now_ms()
    return answer(request, 204, None)


def add_routes(app: web.Application) -> None:
    """Hang the REST side into an application."""
    app.router.add_get("/v2/devices/me", identity)
    app.router.add_get("/health", health)
    app.router.add_post("/v2/devices/heartbeat", heartbeat)
