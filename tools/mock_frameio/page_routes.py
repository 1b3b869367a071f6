"""The bench page at `/`, its files, and the key that it needs beyond loopback."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from .page_feed import feed
from .parts import PARTS

KEY: web.AppKey[str] = web.AppKey("key", str)  # empty: none is needed
_COOKIE = "bench_key"
_HEADER = "X-Bench-Key"
_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def _file(name: str) -> web.Response:
    path = _FOLDER / name
    return web.Response(
        body=path.read_bytes(),
        content_type=_TYPES[path.suffix],
        charset="utf-8",
        headers=_HEADERS,
    )


async def _page(request: web.Request) -> web.Response:
    return _file("index.html")


async def _asset(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in {path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES}:
        raise web.HTTPNotFound
    return _file(name)


def _has_key(request: web.Request, key: str) -> bool:
    given = request.headers.get(_HEADER) or request.cookies.get(_COOKIE, "")
    return secrets.compare_digest(given.encode(), key.encode())


@web.middleware
async def require_key(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer 403 without the key, except to what devices ask: they have their tokens.

    `/?key=…` leaves the key in a cookie, so that it does not stay in the address.
    """
    key = request.app[KEY]
    if not key or request.path in PARTS or _has_key(request, key):
        return cast(web.StreamResponse, await handler(request))
    given = request.query.get("key", "")
    if request.path == "/" and secrets.compare_digest(given.encode(), key.encode()):
        response = web.Response(status=303, headers={"Location": "/", **_HEADERS})
        response.set_cookie(
            _COOKIE, key, httponly=True, secure=request.secure, samesite="Strict", path="/"
        )
        return response
    sentence = "the key is missing: open the address that was printed"
    return web.json_response({"ok": False, "error": sentence}, status=403)


def add_routes(app: web.Application) -> None:
    """Hang the page into an application."""
    app.router.add_get("/", _page)
    app.router.add_get("/page/{name}", _asset)
    app.router.add_get("/feed", feed)
