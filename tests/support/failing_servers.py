"""Servers that fail a client, each in its own way, and some that do not.

They run on loopback, in a thread of the test's process.
"""

from __future__ import annotations

import asyncio
import datetime
import http
import json
import logging
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trustme
from websockets.asyncio.server import Request, Response, ServerConnection, serve

HOST = "127.0.0.1"
_SILENT = logging.Logger("servers whose clients fail", logging.CRITICAL + 1)
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST instead of a FIN."""
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    writer.transport.abort()


async def _reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _reset(writer)


async def _reset_at_the_first_bytes(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readexactly(1)
    _reset(writer)


async def _close_at_the_first_bytes(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readexactly(1)


async def _black_hole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await reader.read()


def _half_a_handshake(
    context: ssl.SSLContext, end: Callable[[asyncio.StreamWriter], None]
) -> Script:
    """A TLS server whose first flight breaks off in the middle."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        while not outgoing.pending:
            incoming.write(await reader.readexactly(1))
            try:
                server.do_handshake()
            except ssl.SSLWantReadError:
                pass
        flight = outgoing.read()
        writer.write(flight[: len(flight) // 2])
        await writer.drain()
        end(writer)

    return script


def _answer(answer: bytes, end: Callable[[asyncio.StreamWriter], None]) -> Script:
    """Read a request's head and say these bytes, whatever they are."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        end(writer)

    return script


def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()


def _phoenix(status: str | None) -> Callable[[ServerConnection], Awaitable[None]]:
    """Answers each message with this status, or does not answer."""

    async def handle(connection: ServerConnection) -> None:
        async for text in connection:
            message: dict[str, Any] = json.loads(text)
            if status:
                message.update(event="phx_reply", payload={"status": status, "response": {}})
                await connection.send(json.dumps(message))

    return handle


def _answer_request(connection: ServerConnection, request: Request) -> Response | None:
    """Answer what is no upgrade with an empty object."""
    if "Upgrade" in request.headers:
        return None
    return connection.respond(http.HTTPStatus.OK, "{}")


class FailingServers:
    """All of them. ports: by kind.

    ca: where the DER of the one CA lies that is to be trusted. Call `close` at the end.
    """

    def __init__(self, folder: Path) -> None:
        self.ports: dict[str, int] = {}
        self.ca = folder / "ca.der"
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(60), "the servers did not start"

    def close(self) -> None:
        """End them all."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        for each in self._sockets:
            each.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        authority = trustme.CA()
        self.ca.write_bytes(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode()))
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        good = _context(authority.issue_cert(HOST))
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"
        body = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":'
        for kind, script in {
            "reset at once": _reset_at_once,
            "reset at the first bytes": _reset_at_the_first_bytes,
            "reset in the handshake": _half_a_handshake(good, _reset),
            "reset in the head": _answer(head, _reset),
            "closed at the first bytes": _close_at_the_first_bytes,
            "closed in the handshake": _half_a_handshake(good, _close),
            "closed in the head": _answer(head, _close),
            "closed in the body": _answer(body, _close),
            "forbidden": _answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", _close),
            "black hole": _black_hole,
            "garbage": _garbage,
        }.items():
            await self._listen(kind, script)
        for kind, certificate in {
            "another root": trustme.CA().issue_cert(HOST),
            "another name": authority.issue_cert("example.com"),
            "expired": authority.issue_cert(HOST, not_before=now - 2 * day, not_after=now - day),
            "not yet valid": authority.issue_cert(
                HOST, not_before=now + day, not_after=now + 2 * day
            ),
        }.items():
            await self._listen(kind, _black_hole, _context(certificate))
        self.ports["refused"] = self._bound_port()
        self.ports["full backlog"] = self._bound_port()
        self._sockets[-1].listen(0)
        self._sockets.append(socket.create_connection((HOST, self.ports["full backlog"])))
        async with (
            serve(_phoenix("error"), HOST, 0, logger=_SILENT) as refusing,
            serve(_phoenix(None), HOST, 0, logger=_SILENT) as mute,
            serve(_phoenix("ok"), HOST, 0, logger=_SILENT, process_request=_answer_request) as well,
            serve(
                _phoenix("ok"), HOST, 0, logger=_SILENT, process_request=_answer_request, ssl=good
            ) as well_tls,
        ):
            for kind, server in {
                "join refused": refusing,
                "join unanswered": mute,
                "well": well,
                "well, TLS": well_tls,
            }.items():
                self.ports[kind] = next(iter(server.sockets)).getsockname()[1]
            self._ready.set()
            await self._stop.wait()
        for each in self._servers:
            each.close()

    async def _listen(
        self, kind: str, script: Script, context: ssl.SSLContext | None = None
    ) -> None:
        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await script(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass  # the client has gone: it knows why
            finally:
                writer.close()

        server = await asyncio.start_server(serve_one, HOST, 0, ssl=context)
        self._servers.append(server)
        self.ports[kind] = server.sockets[0].getsockname()[1]

    def _bound_port(self) -> int:
        """A port that is taken, and refuses connections as long as nothing listens."""
        taken = socket.socket()
        taken.bind((HOST, 0))
        self._sockets.append(taken)
        return int(taken.getsockname()[1])


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
