"""Keeps the pages of other sites away, which a browser lets send requests to this computer.

A page tells itself by Origin or Sec-Fetch-Site. A page whose name was rebound to this address (DNS
rebinding) is of one origin with the mock for the browser; the name in Host gives it away.
"""

import re
from typing import Any, cast

from aiohttp import web

from .parts import PARTS

HOST_NAMES: web.AppKey[frozenset[str]] = web.AppKey("host_names", frozenset)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


def is_foreign(request: web.Request) -> bool:
    """Does a page of another site ask?

    A device may know the mock by any name, but it sends neither Origin nor Sec-Fetch-Site. A link
    on another site may lead to the bench page: that shows it, in a tab of its own.
    """
    origins = request.headers.getall("Origin", [])
    sites = request.headers.getall("Sec-Fetch-Site", [])
    if request.path in PARTS and not origins and not sites:
        return False
    hosts = [host.lower() for host in request.headers.getall("Host", [])]
    if len(hosts) != 1 or not _is_own(hosts[0], request.app[HOST_NAMES]):
        return True
    if any(origin.lower() != f"{request.scheme}://{hosts[0]}" for origin in origins):
        return True
    if request.path == "/" and request.method == "GET" and _is_navigation(request):
        return False
    return any(site not in ("same-origin", "none") for site in sites)


def _is_navigation(request: web.Request) -> bool:
    mode, destination = (
        request.headers.getall(name, []) for name in ("Sec-Fetch-Mode", "Sec-Fetch-Dest")
    )
    return (mode, destination) == (["navigate"], ["document"])


def _is_own(host: str, names: frozenset[str]) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and found.group(1) in names


@web.middleware
async def refuse_foreign(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer 403 to the pages of other sites. The device socket does so itself, as Phoenix does."""
    if PARTS.get(request.path) != "socket" and is_foreign(request):
        sentence = "a page of another site asks, by its Host, Origin or Sec-Fetch-Site"
        return web.json_response({"ok": False, "error": sentence}, status=403)
    return cast(web.StreamResponse, await handler(request))
