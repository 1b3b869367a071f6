"""A network in memory, in virtual time: stands in for pilotlight.net.transport.Endpoint and Transport, with the same words.

One direction is one queue: what is written arrives after `latency_ms`. The link can be cut in silence (`dead_air`), as radio does it.
"""

import asyncio
import time

from pilotlight.net.errors import LinkClosed, Unreachable


class Network:
    """What lies between device and server. All streams obey it.

    latency_ms: each way. dead_air: bytes vanish, both ways, and nobody is told. refused: connects are refused.
    serve: called with each new far end (`Stream`). opened, most_open: streams ever opened, and open at once at most, by the device.
    """

    def __init__(self, serve, latency_ms):
        self.latency_ms = latency_ms
        self.dead_air = False
        self.refused = False
        self.serve = serve
        self.opened = 0
        self.open = 0
        self.most_open = 0

    def connect(self):
        """A new stream of the device's."""
        near, far = Stream(self), Stream(self)
        near.other, far.other = far, near
        self.opened += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        near.is_device = True
        return near

    def endpoint(self, host, port, tls=None):
        """What Agent makes its streams with."""
        return Endpoint(self)


class Endpoint:
    """As pilotlight.net.transport.Endpoint."""

    def __init__(self, network):
        self._network = network

    def open(self):
        return self._network.connect()


class _Readable:
    def __init__(self, stream):
        self._stream = stream

    def __iter__(self):
        return self._stream._wait()


class Stream:
    """One end of a stream, as pilotlight.net.transport.Transport."""

    def __init__(self, network):
        self._network = network
        self._buffer = b""
        self._news = asyncio.Event()
        self._ended = False  # the other end has closed
        self.closed = False
        self.is_device = False
        self.other = None
        self.readable = _Readable(self)
        self.progress_ms = time.ticks_ms()

    async def open(self):
        network = self._network
        await asyncio.sleep_ms(2 * network.latency_ms)
        while network.dead_air:
            self._check_open()
            self._news.clear()
            await self._news.wait()
        self._check_open()
        if network.refused:
            raise Unreachable("refused", "the server refused the connection")
        asyncio.create_task(network.serve(self.other))

    async def _wait(self):
        while not (self._buffer or self._ended or self.closed):
            self._news.clear()
            await self._news.wait()

    def read_into(self, buffer):
        self._check_open()
        count = min(len(self._buffer), len(buffer))
        if count:
            buffer[:count] = self._buffer[:count]
            self._buffer = self._buffer[count:]
            self.progress_ms = time.ticks_ms()
        return count if count or self._ended else None

    async def read(self, buffer):
        while True:
            await self.readable
            count = self.read_into(buffer)
            if count is not None:
                return count

    def write_now(self, buffer, start, end):
        self._check_open()
        asyncio.create_task(self._deliver(bytes(buffer[start:end])))
        self.progress_ms = time.ticks_ms()
        return end - start

    async def write(self, buffer, start, end):
        self.write_now(buffer, start, end)

    def close(self):
        if not self.closed:
            self.closed = True
            if self.is_device:
                self._network.open -= 1
            self._news.set()
            asyncio.create_task(self._deliver(None))

    async def _deliver(self, data):
        """Carry data (None: the end) to the other side, unless the air is dead when it would leave or arrive."""
        other = self.other
        if not self._network.dead_air:
            await asyncio.sleep_ms(self._network.latency_ms)
            if not self._network.dead_air and not other.closed:
                if data is None:
                    other._ended = True
                else:
                    other._buffer += data
                other._news.set()

    def _check_open(self):
        if self.closed:
            raise LinkClosed(1006, "the link was closed on this side")
