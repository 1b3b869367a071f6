"""A scripted server on loopback, in the test's own interpreter.

It sends exactly the bytes that a test wants, when it wants.
"""

import asyncio
import binascii
import hashlib
import os
import random

from pilotlight.net.endpoint import Endpoint


class Times:
    """Deadlines that end only what hangs: a machine may be busy."""

    stall_ms = 60_000
    total_ms = tls_total_ms = 60_000
    close_ms = 60_000


class ShortTimes:
    """Deadlines for what never comes."""

    stall_ms = 300
    total_ms = tls_total_ms = 1000
    close_ms = 200


async def start(script):
    """Serve each connection with `await script(reader, writer)`; the server and its Endpoint."""
    random.seed(int.from_bytes(os.urandom(4), "big"))
    while True:
        port = random.randrange(20000, 60000)
        try:
            server = await asyncio.start_server(script, "127.0.0.1", port)
            return server, Endpoint("127.0.0.1", port)
        except OSError:
            pass  # the port is taken; the unix port can't ask for a free one and be told which


async def read_head(reader):
    """The request's head, as a list of lines without their ends."""
    lines = []
    while True:
        line = (await reader.readline()).strip()
        if not line:
            return lines
        lines.append(line)


async def upgrade(reader, writer, more=b""):
    """Answer an upgrade by RFC 6455, with `more` in the same segment."""
    writer.write(upgraded(await read_head(reader)) + more)
    await writer.drain()


def upgraded(lines):
    """The head that answers an upgrade; lines: of the request's head."""
    for line in lines:
        if line.startswith(b"Sec-WebSocket-Key: "):
            key = line[19:]
    accept = binascii.b2a_base64(
        hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    ).strip()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


async def read_frame(reader):
    """A client's frame: (first byte, payload unmasked), or None at the end of the stream."""
    head = await reader.read(1)
    if not head:
        return None
    second = (await reader.readexactly(1))[0]
    assert second & 0x80, "the client's frame is not masked"
    count = second & 0x7F
    if count == 126:
        count = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(count) if count else b""
    return head[0], bytes([data[i] ^ mask[i & 3] for i in range(count)])


async def end(writer):
    """Close the connection."""
    writer.close()
    await writer.wait_closed()


def open_files():
    """How many file descriptors this process has open."""
    return len(list(os.ilistdir("/proc/self/fd")))
