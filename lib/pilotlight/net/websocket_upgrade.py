"""The WebSocket upgrade (RFC 6455 section 4.1): a request and an answer of HTTP.

Loaded for each connect. Who needs the memory while a link lives can unload it meanwhile.
"""

import binascii
import hashlib
import os

from micropython import const

from .errors import LinkClosed, ProtocolError, UpgradeRefused
from .http_message import ResponseHead, request_head

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .transport import Transport
    from .websocket_frames import FrameReader

_ACCEPT_GUID = const(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")  # RFC 6455 section 1.3
_HEADERS = const(
    (
        "upgrade",
        "connection",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
        "retry-after",
        "x-ratelimit-window",
    )
)


async def upgrade(transport: Transport, frames: FrameReader, host_field: str, target: str) -> None:
    """Connect and upgrade. frames: gets what has come behind the answer's head.

    Raises UpgradeRefused with the HTTP status, or another NetError.
    """
    await transport.open()
    key = binascii.b2a_base64(os.urandom(16)).strip()
    head = request_head(
        "GET",
        target,
        host_field,
        (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key.decode()),
            ("Sec-WebSocket-Version", "13"),
        ),
    )
    await transport.write(head, 0, len(head))
    answer = ResponseHead(_HEADERS)
    at = -1
    while at < 0:
        # The whole buffer: nothing is kept between these reads.
        count = await transport.read(frames.room())
        if not count:
            raise LinkClosed(1006, "the server went away before it answered")
        at = answer.feed(frames.buffer, 0, count)
        frames.received(count, count if at < 0 else at)
    _check(answer, key)


def _check(answer: ResponseHead, key: bytes) -> None:
    """The client's six requirements on the answer."""
    headers = answer.headers
    if answer.status != 101:
        raise UpgradeRefused(answer.status, answer.retry_after_ms())
    upgrade, connection, accept, extensions, protocol = [headers.get(n, "") for n in _HEADERS[:5]]
    digest = binascii.b2a_base64(hashlib.sha1(key + _ACCEPT_GUID).digest()).strip().decode()
    wrong = (
        upgrade.lower() != "websocket",
        "upgrade" not in [token.strip() for token in connection.lower().split(",")],
        accept != digest,
        extensions,  # what was not offered can't be chosen
        protocol,
    )
    for i in range(len(wrong)):
        if wrong[i]:
            raise ProtocolError("the 101 answer has a wrong or no header " + _HEADERS[i])
