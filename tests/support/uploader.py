"""Uploads a file in parts, and each part until it is stored: a program for the unix port.

The first line of stdin is {"file", "roots" (paths of DER), "urls", "like_a_chip": whether sockets
have as small a buffer as a chip's}. Before each try it reads a line with its stall_ms; behind it,
it prints {"part", "error": the reason or null, "sent_bytes", "bytes_per_mb": what one MB has left
on the heap, "turns": how often another task had its turn}.
"""

import asyncio
import gc
import json
import os
import sys

ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

import socket

from pilotlight.net import transport as module
from pilotlight.net.errors import NetError
from pilotlight.net.http_put import PutClient

HEADERS = (("Content-Type", "video/mp4"), ("x-amz-acl", "private"))
MB = 1_000_000


class ChipSockets:
    """Stands in for the `socket` module: what is sent soon waits for the server."""

    SOCK_STREAM = socket.SOCK_STREAM

    def getaddrinfo(self, *what):
        return socket.getaddrinfo(*what)

    def socket(self, *kind):
        made = socket.socket(*kind)
        made.setsockopt(socket.SOL_SOCKET, 7, 8192)  # SO_SNDBUF of Linux
        return made


class Progress:
    """How far a try is. `kept_bytes`: the heap when so many MB had been sent."""

    def __init__(self):
        self.sent_bytes = 0
        self.turns = 0
        self.kept_bytes = [0] * 64

    def told(self, sent_bytes):
        if sent_bytes // MB > self.sent_bytes // MB:
            self.kept_bytes[sent_bytes // MB] = gc.mem_alloc()
        self.sent_bytes = sent_bytes

    async def count_turns(self):
        while True:
            await asyncio.sleep_ms(10)
            self.turns += 1

    def bytes_per_mb(self):
        last = self.sent_bytes // MB
        return (self.kept_bytes[last] - self.kept_bytes[1]) // (last - 1) if last > 1 else None


async def main():
    order = json.loads(sys.stdin.readline())
    roots = []
    for path in order["roots"]:
        with open(path, "rb") as file:
            roots.append(file.read())
    if order["like_a_chip"]:
        module.socket = ChipSockets()
    client = PutClient(roots)
    urls = order["urls"]
    size_bytes = os.stat(order["file"])[6]
    part_bytes = -(-size_bytes // len(urls))
    with open(order["file"], "rb") as file:
        for part in range(len(urls)):
            offset = part * part_bytes
            error = "none yet"
            while error is not None:
                client.stall_ms = int(sys.stdin.readline())
                progress, error = Progress(), None
                gc.collect()
                gc.disable()
                counter = asyncio.create_task(progress.count_turns())
                try:
                    await client.put(
                        urls[part],
                        file,
                        offset,
                        min(part_bytes, size_bytes - offset),
                        HEADERS,
                        progress.told,
                    )
                except NetError as failure:
                    sys.print_exception(failure, sys.stderr)
                    error = failure.reason
                counter.cancel()
                gc.enable()
                facts = {
                    "part": part,
                    "error": error,
                    "sent_bytes": progress.sent_bytes,
                    "bytes_per_mb": progress.bytes_per_mb(),
                    "turns": progress.turns,
                }
                print(json.dumps(facts))


asyncio.run(main())
