"""A DNS responder that gives one address for every name, so that phones find the setup page.

RFC 1035. It answers one question of class IN: type A with the address, any other type with no
record. All else is ignored.
"""

import asyncio
import socket

from micropython import const

_PORT = const(53)
_POLL_MS = const(50)  # MicroPython's asyncio has no UDP
_AT_ONCE = const(8)  # answers in one turn of the event loop
_LARGEST_BYTES = const(512)  # of a message over UDP (4.2.1)
_HEADER_BYTES = const(12)
_FLAGS = const(b"\x84\x00")  # a response, with authority
_ANSWER = const(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04")  # A, IN, not to be cached


async def run(address: str) -> None:
    """Answer for ever. address: IPv4, as text. Raises OSError if the port can't be used."""
    packed = bytes([int(part) for part in address.split(".")])
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setblocking(False)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as asyncio's servers do
    server.bind(socket.getaddrinfo("0.0.0.0", _PORT)[0][-1])
    while True:
        await asyncio.sleep_ms(_POLL_MS)
        for _ in range(_AT_ONCE):
            try:
                query, client = server.recvfrom(_LARGEST_BYTES)
                reply = answer(query, packed)
                if reply:
                    server.sendto(reply, client)
            except (OSError, MemoryError):
                break  # nothing more has come; or an answer is lost, and the phone asks again


def answer(query: bytes, address: bytes) -> bytes:
    """The answer to a query; b"": send nothing. address: of 4 bytes."""
    at = _HEADER_BYTES
    # One question, no response, and a standard query (4.1.1).
    if len(query) <= at or query[2] & 0xF8 or query[4:6] != b"\0\x01":
        return b""
    while at < len(query) and 0 < query[at] < 64:
        at += 1 + query[at]
    end = at + 5  # the root, type and class
    if end > len(query) or query[at] or query[at + 3 : end] != b"\0\x01":
        return b""
    has_record = query[at + 1 : at + 3] == b"\0\x01"
    counts = b"\0\x01\0\x01\0\0\0\0" if has_record else b"\0\x01\0\0\0\0\0\0"
    reply = query[:2] + _FLAGS + counts + query[_HEADER_BYTES:end]
    return reply + _ANSWER + address if has_record else reply
