"""The WebSocket client alone, without anything of Frame.io: sends lines, and prints the answers.

    MICROPYPATH=lib:.frozen .venv/bin/micropython examples/websocket_echo.py HOST PORT [ROOT.der]

Of pilotlight it needs only pilotlight.net (lib/net.json for mip). Without ROOT.der, the certificate
to trust, it is plain TCP.
"""

import asyncio
import sys

from pilotlight.net.deadline import Deadline
from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import NetError
from pilotlight.net.websocket_client import WebSocketClient


async def main(host, port, root=None):
    roots = None
    if root is not None:
        with open(root, "rb") as file:
            roots = [file.read()]
    endpoint = Endpoint(host, int(port), roots)
    websocket = WebSocketClient(bound_bytes=16_384, send_bytes=1_024)
    answers = asyncio.Event()
    message = bytearray()

    def on_message(opcode, start, end):
        # A long message comes in pieces, each in the client's one buffer.
        frames = websocket.frames
        message.extend(frames.buffer[start:end])
        if frames.is_last:
            print("answer: %d bytes, %s" % (len(message), message[:16].decode()))
            message[:] = b""
            answers.set()

    async def read():
        try:
            await websocket.run(on_message)
        except NetError as error:
            print("ended: %s, %s" % (error.reason, error))
            answers.set()

    try:
        transport = endpoint.open()
        with Deadline(transport, "connecting", None, 30_000):
            await websocket.open(transport, endpoint.host_field, "/")
        reader = asyncio.create_task(read())
        for text in (b"hello", b"x" * 1_000):
            await websocket.send(text, 0, len(text))
            with Deadline(transport, "waiting for the answer", None, 5_000):
                await answers.wait()
            answers.clear()
        await websocket.close()
        await reader  # before the next `open`
    except NetError as error:
        print("failed: %s, %s" % (error.reason, error))
        sys.exit(1)


asyncio.run(main(*sys.argv[1:]))
