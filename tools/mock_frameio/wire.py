"""The connections of the mock, below HTTP and WebSocket: a layer between asyncio's transports and
aiohttp that spoils the wire.

What is not Frame.io's but the mock's own, such as the control API, is never spoilt.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Iterable
from typing import Any, cast

from aiohttp import web

from .parts import PARTS
from .rest import SERVICE
from .service import Service


class Wire(asyncio.Transport):
    """One connection: asyncio's transport, and what is wrong with it.

    for_device: it has carried a request of the device, so the faults count for it.
    """

    def __init__(self, service: Service, transport: asyncio.Transport) -> None:
        super().__init__()
        self.for_device = False
        self._service = service
        self._transport = transport
        self._left = bytearray()  # what dribbles out
        self._dribble: asyncio.Task[None] | None = None
        self._dead = False
        self._closing = False

    def die(self) -> None:
        """From now on nothing is read or sent, and it never closes, until `revive`."""
        self._dead = True
        self._transport.pause_reading()

    def revive(self) -> None:
        """The faults are over. What was dead for a while has lost bytes, so it ends."""
        if self._dead:
            self._dead = False
            self.abort()

    def lost(self) -> None:
        """The connection is lost. asyncio's TLS transport does not always say so itself."""
        self._closing = True
        self._left.clear()

    def reset(self) -> None:
        """End it with a TCP reset: closing with a linger time of zero sends one."""
        if self.is_closing():
            return
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.abort()

    def limit_read_buffer(self, most_bytes: int) -> None:
        """Let asyncio's TLS hold no more than this that is not read yet; since Python 3.11."""
        limit = getattr(self._transport, "set_read_buffer_limits", None)
        if limit is not None:
            limit(most_bytes)

    async def pour(self, pieces: Iterable[bytes]) -> None:
        """Send raw bytes until they or the connection end; nothing else gets into a piece."""
        for piece in pieces:
            self.write(piece)
            await asyncio.sleep(0)  # only so does asyncio tell that the connection is lost

    def write(self, data: Any) -> None:
        """Send, or dribble, or lose."""
        if self._dead or self.is_closing():
            return
        if not self._left and (self._service.faults.dribble_ms is None or not self.for_device):
            self._transport.write(data)
            return
        self._left += data
        if self._dribble is None:
            self._dribble = asyncio.create_task(self._send_left())

    async def _send_left(self) -> None:
        while self._left and not self._dead and not self._transport.is_closing():
            pause_ms = self._service.faults.dribble_ms
            count = len(self._left) if pause_ms is None else 1
            self._transport.write(bytes(self._left[:count]))
            del self._left[:count]
            await asyncio.sleep((pause_ms or 0) / 1000)
        self._left.clear()
        self._dribble = None
        if self._closing and not self._transport.is_closing():
            self._transport.close()

    def close(self) -> None:
        """Close once everything has been sent.

        asyncio's TLS transport would not bear a second close.
        """
        if self._dead or self._closing:
            return
        self._closing = True
        if not self._left:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._dead:
            return
        self._closing = True
        self._left.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Is it closed, or about to be?"""
        return self._closing or self._transport.is_closing()

    def unsent_bytes(self) -> int:
        """How much waits for the other side to read."""
        return len(self._left) + self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio's."""
        return self._transport.get_extra_info(name, default)

    def is_reading(self) -> bool:
        """As asyncio's."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """As asyncio's."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """As asyncio's."""
        self._transport.resume_reading()


class _Seam(asyncio.Protocol):
    """Gives aiohttp's protocol a Wire in place of asyncio's transport; passes on the rest."""

    def __init__(self, service: Service, protocol: asyncio.Protocol) -> None:
        self._service = service
        self._protocol = protocol
        self._wire: Wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = Wire(self._service, cast(asyncio.Transport, transport))
        self._service.wires.add(self._wire)
        self._protocol.connection_made(self._wire)

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.wires.discard(self._wire)
        self._wire.lost()
        self._protocol.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    # pause_writing and resume_writing are not passed on: an order, and the other sockets, must not
    # wait for a client that reads nothing. What it does not read stays in memory.


def wire_of(request: web.Request) -> Wire | None:
    """The wire of a request, None once it is lost."""
    transport = request.transport
    assert transport is None or isinstance(transport, Wire)
    return transport


async def listen(
    runner: web.AppRunner,
    service: Service,
    hosts: list[str],
    port: int,
    tls: ssl.SSLContext | None,
) -> asyncio.Server:
    """Serve the application on connections that can be spoilt. port: 0 for a free one."""
    server = runner.server
    assert server is not None
    return await asyncio.get_running_loop().create_server(
        lambda: _Seam(service, server()), hosts, port, ssl=tls
    )


@web.middleware
async def spoil(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer a device's request with raw bytes or a TCP reset, if that is ordered for its part."""
    wire, part = wire_of(request), PARTS.get(request.path)
    if part is None or wire is None:
        return cast(web.StreamResponse, await handler(request))
    wire.for_device = True
    service = request.app[SERVICE]
    rule = service.spoilt(part)
    if rule is None:
        return cast(web.StreamResponse, await handler(request))
    service.record("spoilt", path=request.path)
    words = "a TCP reset" if rule.pieces is None else "bytes that are no HTTP"
    service.trace("service", "answer", f"{words} for {request.path}")
    if rule.pieces is None:
        wire.reset()
    else:
        await wire.pour(rule.pieces())
        wire.close()
    return web.Response()  # aiohttp asks for one; the wire is closed, so it goes nowhere
