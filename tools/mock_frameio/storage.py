"""The storage service behind the mock: S3, as far as a PUT to a presigned address goes.

It has its own port, host name and, with TLS, a certificate of its own CA. Sources: Amazon's API
reference, "Error responses"; Frame.io's guide "How to: Upload (Basic)", for the two header fields.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .rest import SERVICE
from .service import Service
from .uploads import Asset, Part
from .wire import Wire, listen, wire_of

# what an order names → (status, S3's code, its message)
ANSWERS = {
    "expired": (403, "AccessDenied", "Request has expired"),
    "refused": (403, "AccessDenied", "Access Denied"),
    "busy": (503, "SlowDown", "Please reduce your request rate."),
    "failed": (500, "InternalError", "We encountered an internal error. Please try again."),
    "moved": (307, "TemporaryRedirect", "Please re-send this request to the specified endpoint."),
}
_UNKNOWN = (404, "NoSuchUpload", "The specified multipart upload does not exist.")
_SIGNATURE = (403, "SignatureDoesNotMatch", "The request signature does not match.")
_CHUNKED = (501, "NotImplemented", "A header you provided implies something not implemented.")
_NO_LENGTH = (411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
_LENGTH = (400, "InvalidArgument", "The part's size is not the file's, divided by the addresses.")
_READ_BYTES = 1 << 16
_SLOW_BYTES = 1 << 12
_BUFFER_BYTES = 1 << 15
_LOOK_S = 0.05


@dataclass
class Trouble:
    """What happens to PUTs: a key of ANSWERS, `reset` (TCP) or `stall`.

    after_bytes: so much of the body is read before. times: so often; -1: forever.
    """

    what: str
    after_bytes: int
    times: int


def _found(request: web.Request) -> tuple[Asset, Part] | None:
    number = request.match_info["number"]
    uploads = request.app[SERVICE].uploads
    return uploads.find(request.match_info["asset"], int(number)) if number.isdigit() else None


def _refusal(request: web.Request, asset: Asset, part: Part) -> tuple[int, str, str] | None:
    """Why S3 does not take it, as (status, code, message)."""
    given = request.headers
    signed = (
        request.query.get("X-Amz-Signature"),
        given.get("Content-Type"),
        given.get("x-amz-acl"),
    )
    if signed != (part.signature, asset.filetype, "private"):
        return _SIGNATURE
    if request.app[SERVICE].uploads.has_expired(asset):
        return ANSWERS["expired"]
    if "Transfer-Encoding" in given:
        return _CHUNKED
    if request.content_length is None:
        return _NO_LENGTH
    return None if request.content_length == part.size_bytes else _LENGTH


def _error(status: int, code: str, message: str) -> web.Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>"
        "<RequestId>0A49CE4060975EAC</RequestId><HostId>mock</HostId></Error>"
    )
    response = web.Response(status=status, text=text, content_type="application/xml")
    if status == 307:
        response.headers["Location"] = "https://elsewhere.invalid/"
    response.force_close()  # it may come before the body has
    return response


async def _read(request: web.Request, asset: Asset, part: Part, most: int) -> tuple[int, str]:
    """Store the body, or its first bytes; (how many, their SHA-256). Raises ConnectionError."""
    faults = request.app[SERVICE].faults
    wire = wire_of(request)
    if faults.storage_bytes_per_s and wire is not None:
        wire.limit_read_buffer(_SLOW_BYTES)
    digest, taken, owed_s, begun = hashlib.sha256(), 0, 0.0, time.monotonic()
    while taken < most:
        rate = faults.storage_bytes_per_s
        size = min(_SLOW_BYTES if rate else _READ_BYTES, most - taken)
        piece = await request.content.read(size)
        if not piece:
            break
        asset.store(part, taken, piece)
        digest.update(piece)
        taken += len(piece)
        owed_s += len(piece) / rate if rate else 0
        if owed_s > time.monotonic() - begun:
            await asyncio.sleep(owed_s - (time.monotonic() - begun))
    return taken, digest.hexdigest()


async def _stall(service: Service, trouble: Trouble, wire: Wire) -> None:
    """Read no more, until the trouble is over."""
    wire.pause_reading()
    while service.faults.storage is trouble and not wire.is_closing():
        await asyncio.sleep(_LOOK_S)


async def _answer(request: web.Request, found: tuple[Asset, Part]) -> web.Response:
    service, wire = request.app[SERVICE], wire_of(request)
    asset, part = found
    asset.begin(part)
    refusal = _refusal(request, asset, part)
    if refusal:
        return _error(*refusal)
    trouble = service.storage_trouble()
    most = part.size_bytes if trouble is None else min(trouble.after_bytes, part.size_bytes)
    taken, sha256 = await _read(request, asset, part, most)
    if trouble is None:
        if taken < part.size_bytes:
            raise ConnectionError
        asset.finish(part, sha256)
        return web.Response(headers={"ETag": f'"{sha256[:32]}"'})
    if trouble.what in ANSWERS:
        return _error(*ANSWERS[trouble.what])
    if wire is not None:
        if trouble.what == "stall":
            await _stall(service, trouble, wire)
        wire.reset()
    raise ConnectionError


async def _put(request: web.Request) -> web.Response:
    service, wire = request.app[SERVICE], wire_of(request)
    if wire is not None:
        wire.for_device = True
    await service.answer_time()
    found = _found(request)
    status = 0  # the connection has ended
    try:
        response = await _answer(request, found) if found else _error(*_UNKNOWN)
        status = response.status
    except (ConnectionError, web.RequestPayloadError):
        response = web.Response(status=400)  # aiohttp asks for one; it goes nowhere
        response.force_close()
    facts: dict[str, Any] = {"number": request.match_info["number"], "status": status}
    if found:
        facts["name"] = found[0].name
    service.record("part", **facts)
    service.trace("service", "answer", f"{status or 'cut off'} part {facts['number']}")
    return response


async def serve(
    service: Service, name: str, address: str, tls: ssl.SSLContext | None
) -> tuple[asyncio.Server, web.AppRunner]:
    """Listen on a free port of this address. name: the host in the addresses of parts."""
    app = web.Application(client_max_size=0)
    app[SERVICE] = service
    app.router.add_put("/parts/{asset}/{number}", _put)
    # It hangs up behind an answer that comes early, as S3 does.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=1, lingering_time=0, read_bufsize=_BUFFER_BYTES
    )
    await runner.setup()
    server = await listen(runner, service, [address], 0, tls)
    for listener in server.sockets:
        # Large buffers would hold several seconds of a slow upload.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    port = server.sockets[0].getsockname()[1]
    service.uploads.url = f"{'https' if tls else 'http'}://{name}:{port}"
    return server, runner
