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
_ANSWER = const(b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04")  # A, IN, not to be cached


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
    while at < len(query) and 0 < query[at] < 64:
        at += 1 + query[at]
    question = query[_HEADER_BYTES : at + 5]  # a name with its root, type and class
    # One question, no response, and a standard query (4.1.1).
    is_query = len(query) > at + 4 and not query[2] & 0xF8 and query[4:6] == b"\0\x01"
    if not is_query or question[-5] or question[-2:] != b"\0\x01":
        return b""
    has_record = question[-4:-2] == b"\0\x01"
    # A response, with authority.
    reply = query[:2] + b"\x84\0\0\x01\0%c\0\0\0\0" % has_record + question
    return reply + _ANSWER + address if has_record else reply
