"""A TCP relay on loopback, in a thread of the test's process."""

from __future__ import annotations

import asyncio
import threading


class Relay:
    """A TCP relay on loopback that counts the connections through it.

    delay_s: how long bytes take, each way.
    """

    def __init__(self, port: int, delay_s: float = 0) -> None:
        self.connections = 0
        self.port = 0
        self._target = port
        self._delay_s = delay_s
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        assert self._ready.wait(60)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(
            _pump(reader, far_writer, self._delay_s), _pump(far_reader, writer, self._delay_s)
        )


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(4096):
            if delay_s:
                loop.call_later(delay_s, writer.write, data)
            else:
                writer.write(data)
                await writer.drain()
    except ConnectionError:
        pass
    loop.call_later(delay_s, writer.close)
