"""The REST side: identity, health, HTTP heartbeat."""

import json
from typing import Any

from aiohttp import web

from .service import Service

SERVICE: web.AppKey[Service] = web.AppKey("service", Service)
_UNAUTHORIZED = {
    "code": 401,
    "errors": [{"code": 401, "detail": "Your access token is invalid", "status": 401, "title": "Not Authorized"}],
    "message": "Not Authorized",
}


def bearer(request: web.Request) -> str | None:
    """The token of the Authorization field, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None


def _record(request: web.Request, status: int) -> None:
    version = request.headers.get("x-client-version")
    request.app[SERVICE].record("http", method=request.method, path=request.path, status=status, client_version=version)


async def _refused(request: web.Request, part: str) -> web.Response | None:
    service = request.app[SERVICE]
    service.record("request", method=request.method, path=request.path)
    await service.answer_time()
    rule = service.refusal(part)
    if rule is None:
        return None
    status, body = rule
    _record(request, status)
    headers = {}
    if status == 429:
        headers = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-window": "60000"}
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html", headers=headers)
    return web.json_response(body, status=status, headers=headers)


def _answer(request: web.Request, status: int, body: Any) -> web.Response:
    _record(request, status)
    if status == 204:
        return web.Response(status=204)
    return web.json_response(body, status=status)


async def identity(request: web.Request) -> web.Response:
    """GET /v2/devices/me."""
    service = request.app[SERVICE]
    refused = await _refused(request, "identity")
    if refused:
        return refused
    if not service.accepts(bearer(request)):
        return _answer(request, 401, _UNAUTHORIZED)
    body = service.identity()
    missing = service.identity_bytes - len(json.dumps(body))
    if missing > 0:
        body = {"padding": [{"note": "x" * 50}] * (missing // 64 + 1), **body}
    service.seen()
    return _answer(request, 200, body)


async def health(request: web.Request) -> web.Response:
    """GET /health."""
    return await _refused(request, "health") or _answer(request, 200, {"ok": True})


async def heartbeat(request: web.Request) -> web.Response:
    """POST /v2/devices/heartbeat."""
    service = request.app[SERVICE]
    refused = await _refused(request, "heartbeat")
    if refused:
        return refused
    if not service.accepts(bearer(request)):
        return _answer(request, 401, _UNAUTHORIZED)
    service.seen()
    return _answer(request, 204, None)


def add_routes(app: web.Application) -> None:
    """Hang the REST side into an application."""
    app.router.add_get("/v2/devices/me", identity)
    app.router.add_get("/health", health)
    app.router.add_post("/v2/devices/heartbeat", heartbeat)
