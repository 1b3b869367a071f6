"""A stand-in for uploads: only the first call, POST /v2/devices/assets; the PUTs to storage that
follow it are not mocked.

Source: Frame.io's guide "How to: Upload (Advanced)", for `offset` (how many seconds ago the media
was made) and the 409.
"""

import uuid
from typing import Any

from aiohttp import web

from .rest import SERVICE, answer, bearer, refused, unauthorized
from .service import Service
from .strict_json import parse

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
_FIELDS = {"name": str, "filetype": str, "filesize": int, "offset": int}
_LARGEST_OFFSET_S = 1 << 31


def _result(service: Service, token: str | None, asset: dict[str, Any]) -> tuple[int, Any]:
    """(status, body)"""
    device = service.device_of(token)
    if device is None:
        return 401, unauthorized(service)
    if not all(type(asset.get(name)) is kind for name, kind in _FIELDS.items()):
        return 400, {"error": "invalid_request"}
    if abs(asset["offset"]) > _LARGEST_OFFSET_S:
        return 400, {"error": "invalid_request"}
    is_paused = device.pauses.covers(asset["offset"])
    status = 409 if is_paused else 200
    device.uploads.append({"name": asset["name"], "status": status, "t_ms": service.now_ms()})
    if is_paused:
        return 409, CHANNEL_PAUSED
    return 200, {"_type": "file", "id": str(uuid.uuid4()), "name": asset["name"], "upload_urls": []}


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
