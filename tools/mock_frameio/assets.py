"""An upload's first call, POST /v2/devices/assets; the PUTs that follow go to storage.py.

Sources: Frame.io's guides "How to: Upload (Basic)", and "(Advanced)" for `offset` (how many seconds
ago the media was made), `parts` and the 409; its API reference for `channel`.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from .rest import SERVICE, answer, bearer, refused, unauthorized
from .service import Service
from .strict_json import parse
from .uploads import LARGEST_BYTES, MOST_PARTS

CHANNEL_PAUSED = {
    "code": 409,
    "errors": [
        {
            "code": 409,
            "detail": "The channel you're uploading from is currently paused.",
            "status": 409,
            "title": "Channel Paused",
        }
    ],
    "message": "Channel Paused",
}
_LARGEST_OFFSET_S = 1 << 31
_LARGEST_CHANNEL = 1 << 16


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "filetype": _is_text,
    "filesize": lambda value: _is_whole(value, 1, LARGEST_BYTES),
    "offset": lambda value: _is_whole(value, -_LARGEST_OFFSET_S, _LARGEST_OFFSET_S),
    "parts": lambda value: value is None or _is_whole(value, 1, MOST_PARTS),
    "channel": lambda value: value is None or _is_whole(value, 0, _LARGEST_CHANNEL),
}


def _result(service: Service, token: str | None, asset: dict[str, Any]) -> tuple[int, Any]:
    """(status, body)"""
    device = service.device_of(token)
    if device is None:
        return 401, unauthorized(service)
    fields = {name: asset.get(name) for name in _FIELDS}
    if not all(_FIELDS[name](value) for name, value in fields.items()):
        return 400, {"error": "invalid_request"}
    is_paused = device.pauses.covers(asset["offset"])
    status = 409 if is_paused else 200
    device.uploads.append({"name": asset["name"], "status": status, "t_ms": service.now_ms()})
    if is_paused:
        return 409, CHANNEL_PAUSED
    made, addresses = service.uploads.create(fields)
    return 200, {
        "_type": "file",
        "filesize": made.filesize,
        "filetype": made.filetype,
        "id": made.id,
        "name": made.name,
        "upload_urls": addresses,
    }


async def create(request: web.Request) -> web.Response:
    """POST /v2/devices/assets.

    Stricter than Frame.io about `offset`, which may be left out there.
    """
    refusal = await refused(request, "assets")
    if refusal:
        return refusal
    service = request.app[SERVICE]
    try:
        asset = parse(await request.read())
    except (ValueError, web.RequestPayloadError):
        asset = None
    if not isinstance(asset, dict):
        asset = {}
    status, body = _result(service, bearer(request), asset)
    service.record("asset", name=asset.get("name"), offset=asset.get("offset"), status=status)
    return answer(request, status, body)


def add_routes(app: web.Application) -> None:
    """Hang the stand-in into an application."""
    app.router.add_post("/v2/devices/assets", create)
