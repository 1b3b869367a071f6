"""A network in memory, in virtual time, in place of pilotlight.net.transport's classes.

Import it before pilotlight.agent: from then on `transport.Endpoint` is the simulated one.

What is written arrives after `latency_ms` and a random part of `jitter_ms`. Where there is jitter,
it arrives in pieces that are cut at random. One seed decides order and delay. The link can be cut
without notice (`dead_air`): as with TCP, what was under way arrives when the air is back.
"""

import asyncio
import random
import time

from pilotlight.net import transport
from pilotlight.net.errors import LinkClosed, Unreachable, no_memory
from tools.virtual_board.virtual_time import Clock


class Network:
    """What lies between device and server. All streams obey it.

    latency_ms, jitter_ms: each way. refused: connects are refused.
    no_memory: connects find no memory for TLS. one_only: while another stream is open they do not.
    serve: called with each new far end (`Stream`).
    opened: how many streams the device has opened. open: how many are open. most_open: its maximum.
    heard_ms: when the device last received a byte.
    tap(stream, data): called with all that the device writes, when it writes it, or None.
    """

    def __init__(self, serve, latency_ms, jitter_ms=0):
        self.latency_ms = latency_ms
        self.jitter_ms = jitter_ms
        self.refused = False
        self.no_memory = self.one_only = False
        self.serve = serve
        self.opened = 0
        self.open = 0
        self.most_open = 0
        self.heard_ms = Clock.now_ms
        self.tap = None
        self._dead_air = False
        self._streams = []  # the device's ends

    def plug_in(self):
        """An Agent that is made from now on connects through this network."""
        _Plugged.network = self

    @property
    def dead_air(self):
        """Nothing arrives, in either direction, and neither end is told."""
        return self._dead_air

    @dead_air.setter
    def dead_air(self, dead):
        self._dead_air = dead
        for stream in self._streams:
            stream.wake()
            stream.other.wake()

    def delay_ms(self):
        """How long the next piece is under way."""
        return self.latency_ms + (random.randrange(self.jitter_ms + 1) if self.jitter_ms else 0)

    def connect(self):
        """A new stream: the device's end."""
        near, far = Stream(self), Stream(self)
        near.other, far.other = far, near
        self.opened += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        near.is_device = True
        self._streams = [stream for stream in self._streams if not stream.is_over()] + [near]
        return near

    def reset(self):
        """Every connection is reset, at both ends at once."""
        for stream in self._streams:
            stream.reset()
            stream.other.reset()


class _Plugged:
    network = None


class Endpoint:
    """Replaces pilotlight.net.transport.Endpoint."""

    def __init__(self, host, port, tls=None):
        self.host = host
        self.port = port
        self.host_field = "%s:%d" % (host, port)
        self._network = _Plugged.network

    def open(self):
        return self._network.connect()


transport.Endpoint = Endpoint


class _Readable:
    def __init__(self, stream):
        self._stream = stream

    def __iter__(self):
        return self._stream._wait()


class Stream:
    """One end of a stream. It replaces pilotlight.net.transport.Transport."""

    def __init__(self, network):
        self._network = network
        self._buffer = b""
        self._news = asyncio.Event()
        self._ended = False  # the other end has closed
        self._was_reset = False
        self._under_way = []  # (virtual ms at which it arrives, piece or None for the end)
        self._carrying = False
        self.closed = False
        self.is_device = False
        self.other = None
        self.readable = _Readable(self)
        self.progress_ms = time.ticks_ms()

    async def open(self):
        network = self._network
        await asyncio.sleep_ms(2 * network.delay_ms())
        while network.dead_air:
            self._check_open()
            self._news.clear()
            await self._news.wait()
        self._check_open()
        if network.refused:
            raise Unreachable("refused", "the server refused the connection")
        if network.no_memory or (network.one_only and network.open > 1):
            self.close()
            raise no_memory()
        asyncio.create_task(network.serve(self.other))

    async def _wait(self):
        while not (self._buffer or self._ended or self.closed or self._was_reset):
            self._news.clear()
            await self._news.wait()

    def read_into(self, buffer):
        self._check_open()
        count = min(len(self._buffer), len(buffer))
        if count:
            buffer[:count] = self._buffer[:count]
            self._buffer = self._buffer[count:]
            self.progress_ms = time.ticks_ms()
            if self.is_device:
                self._network.heard_ms = Clock.now_ms
        return count if count or self._ended else None

    async def read(self, buffer):
        while True:
            await self.readable
            count = self.read_into(buffer)
            if count is not None:
                return count

    def write_now(self, buffer, start, end):
        self._check_open()
        data = bytes(buffer[start:end])
        if self.is_device and self._network.tap:
            self._network.tap(self, data)
        self._send(data)
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
            if not self._was_reset:
                self._send(None)

    def reset(self):
        """The connection is gone: reads and writes say so."""
        self._was_reset = True
        self._news.set()

    def is_over(self):
        """Closed, and the other end knows."""
        return self.closed and not self._under_way

    def wake(self):
        """The air has changed."""
        self._news.set()
        if self._under_way and not self._network.dead_air and not self._carrying:
            self._carry_on()

    def _send(self, data):
        due_ms = self._under_way[-1][0] if self._under_way else 0
        while True:
            piece = data
            if data and self._network.jitter_ms:
                piece = data[: random.randrange(1, len(data) + 1)]
            due_ms = max(
                due_ms, Clock.now_ms + self._network.delay_ms()
            )  # one stream keeps its order
            self._under_way.append((due_ms, piece))
            if not data or len(piece) == len(data):
                break
            data = data[len(piece) :]
        if not self._carrying:
            self._carry_on()

    def _carry_on(self):
        self._carrying = True
        asyncio.create_task(self._carry())

    async def _carry(self):
        """Carry what is under way to the other end; stop while the air is dead."""
        other = self.other
        while self._under_way and not self._network.dead_air:
            due_ms, data = self._under_way[0]
            if due_ms > Clock.now_ms:
                await asyncio.sleep_ms(due_ms - Clock.now_ms)
                continue
            self._under_way.pop(0)
            if data is None:
                other._ended = True
            else:
                other._buffer += data
            other._news.set()
        self._carrying = False

    def _check_open(self):
        if self.closed:
            raise LinkClosed(1006, "the link was closed on this side")
        if self._was_reset:
            raise Unreachable("reset", "the peer reset the connection")
