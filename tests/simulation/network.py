"""A network in memory, in virtual time, under the real pilotlight.net.transport.

Import it before pilotlight.agent: from then on transport's `socket` is the simulated one, so that
Endpoint and Transport are the real ones.

What is written arrives after `latency_ms` and a random part of `jitter_ms`. Where there is jitter,
it arrives in pieces that are cut at random. One seed decides order and delay. The link can be cut
without notice (`dead_air`): as with TCP, what was under way arrives when the air is back.
"""

import asyncio
import errno
import random

from pilotlight.net import transport
from pilotlight.net.errors import LinkClosed, Unreachable
from tools.virtual_board.virtual_time import Clock, Waiter, pass_ms

ADDRESS = "192.0.2.1"  # where the server is
# Where there is jitter, a message is cut into so many pieces, each as often. Most come whole or in
# two, because each piece costs as much as a message.
_PIECES = (1, 1, 1, 2, 2, 2, 2, 9)


class Network:
    """What lies between device and server. All connections obey it.

    latency_ms, jitter_ms: each way. refused: connects are refused.
    no_memory: connects find no memory for TLS. one_only: while another one is open they do not.
    addresses: what a look-up gives, in this order. refusing, holes: addresses of which connects are
    refused, or never answered.
    handshake_ms: how much longer a connect takes. is_stuck: what is connected takes no bytes.
    has_name: look-ups find the name. look_up_ms: so long does one block the whole event loop.
    serve: called with each new far end (`Stream`).
    opened: how many connections the device has begun. open: how many are open, and most_open its
    maximum. sockets: the device's ends. look_ups: how many there were.
    heard_ms: when the device last received a byte. proven_ms: when the last proof that Frame.io
    answers arrived. connect_ms: when the last connect began.
    tap(socket, data): called with all that the device writes, or wants to, or None.
    on_connect(), on_look_up(), on_restart(): called when the device begins to connect, before each
    look-up, and when the device restarts its network; or None.
    """

    def __init__(self, serve, latency_ms, jitter_ms=0):
        self.latency_ms = latency_ms
        self.jitter_ms = jitter_ms
        self.refused = False
        self.no_memory = self.one_only = False
        self.addresses = (ADDRESS,)
        self.refusing = self.holes = ()
        self.has_name = True
        self.look_up_ms = 0
        self.serve = serve
        self.opened = 0
        self.open = 0
        self.most_open = 0
        self.sockets = []
        self.look_ups = 0
        self.heard_ms = self.proven_ms = self.connect_ms = Clock.now_ms
        self.tap = self.on_connect = self.on_look_up = self.on_restart = None
        self.handshake_ms = 0
        self._dead_air = self._down = self._deaf = False
        self._held = self._is_stuck = False
        self._is_proof_held = False

    def plug_in(self, port):
        """What connects to this port of any name goes through this network from now on."""
        _Sockets.networks[port] = self

    @property
    def dead_air(self):
        """Nothing arrives, in either direction, and neither end is told."""
        return self._dead_air

    @dead_air.setter
    def dead_air(self, dead):
        self._dead_air = dead
        self._tell()

    @property
    def down(self):
        """The device has no network: nothing arrives either."""
        return self._down

    @down.setter
    def down(self, down):
        self._down = down
        self._tell()

    def is_dead(self):
        """Nothing arrives."""
        return self._dead_air or self._down

    def _tell(self):
        for socket in self.sockets:
            socket.wake()
            socket.other.wake()

    @property
    def deaf(self):
        """Nothing arrives at the device, and neither end is told."""
        return self._deaf

    @deaf.setter
    def deaf(self, deaf):
        self._deaf = deaf
        self._tell()

    @property
    def is_stuck(self):
        """The device's sockets, once connected, take no more bytes."""
        return self._is_stuck

    @is_stuck.setter
    def is_stuck(self, is_stuck):
        self._is_stuck = is_stuck
        self._tell()

    @property
    def held(self):
        """What arrives waits in the device's sockets: the device does not see it."""
        return self._held

    @held.setter
    def held(self, held):
        self._held = held
        if self._is_proof_held and not held:  # only now can the device see it
            self.proven_ms, self._is_proof_held = Clock.now_ms, False
        for socket in self.sockets:
            socket.wake()

    def delay_ms(self):
        """How long the next piece is under way."""
        return self.latency_ms + (random.randrange(self.jitter_ms + 1) if self.jitter_ms else 0)

    def connect(self):
        """The device's end of a new connection."""
        near, far = Socket(self), Stream(self)
        near.other, far.other = far, near
        if self.on_connect:
            self.on_connect()
        self.connect_ms = Clock.now_ms
        self.opened += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.sockets = [socket for socket in self.sockets if not socket.is_over()] + [near]
        return near

    def look_up(self, port):
        """What getaddrinfo gives. Raises OSError."""
        self.look_ups += 1
        if self.on_look_up:
            self.on_look_up()
        if self.look_up_ms:
            pass_ms(self.look_up_ms)
        if not self.has_name:
            raise OSError(-2)
        # The protocol, which is handed on to `socket`, tells one network from another.
        return [(2, 1, port, "", (address, port)) for address in self.addresses]

    def forget(self):
        """No piece of the connections of now arrives any more; neither end is told."""
        for socket in self.sockets:
            socket.forget()
            socket.other.forget()

    def lose_device(self):
        """The device has lost its power. Its ends are gone without a word."""
        self.forget()
        for socket in self.sockets:
            socket.closed = True
        self.open = 0
        self._held = self._is_proof_held = False

    def restart(self):
        """The device takes its network down and up."""
        self.reset()
        if self.on_restart:
            self.on_restart()

    def prove(self):
        """A proof that Frame.io answers has arrived."""
        self.proven_ms, self._is_proof_held = Clock.now_ms, self._held

    def reset(self):
        """Every connection is reset, at both ends at once."""
        for socket in self.sockets:
            socket.reset()


class _Sockets:
    """Replaces the module `socket` in pilotlight.net.transport."""

    SOCK_STREAM = 1
    networks = {}

    @staticmethod
    def getaddrinfo(host, port, *_):
        return _Sockets.networks[port].look_up(port)

    @staticmethod
    def socket(family, kind, port):
        return _Sockets.networks[port].connect()


transport.socket = _Sockets


class _End:
    """One end of a connection."""

    def __init__(self, network):
        self._network = network
        self._buffer = b""
        self._ended = False  # the other end has closed
        self._was_reset = False
        # (virtual ms of its arrival, piece or None for the end, what is called then, or None)
        self._under_way = []
        self._carrying = False
        self._is_forgotten = False
        self.closed = False
        self.other = None

    def close(self):
        """Close it: the other end is told."""
        if not self.closed:
            self.closed = True
            if not self._was_reset:
                self._send(None)
            self._notify()

    def reset(self):
        """The connection is gone: reads and writes say so, at both ends."""
        for end in (self, self.other):
            end._was_reset = True
            end._notify()

    def forget(self):
        """What is under way from here, and what will be, never arrives."""
        self._is_forgotten = True
        self._under_way.clear()

    def is_over(self):
        """Closed, and the other end knows."""
        return self.closed and not self._under_way

    def wake(self):
        """The air has changed."""
        self._notify()
        if self._under_way and not self._is_cut() and not self._carrying:
            self._carry_on()

    def _is_cut(self):
        """Nothing that this end sends arrives for now."""
        return self._network.is_dead()

    def _take(self, buffer):
        count = min(len(self._buffer), len(buffer))
        if count:
            buffer[:count] = self._buffer[:count]
            self._buffer = self._buffer[count:]
        return count if count or self._ended else None

    def _send(self, data, on_arrival=None):
        if self._is_forgotten:
            return
        network, under_way, now_ms = self._network, self._under_way, Clock.now_ms
        due_ms = under_way[-1][0] if under_way else 0  # one stream keeps its order
        due_ms = max(due_ms, now_ms + network.delay_ms())
        pieces = random.choice(_PIECES) if data and network.jitter_ms else 1
        while pieces > 1 and len(data) > 1:
            count = random.randrange(1, len(data))
            late_ms = now_ms + network.delay_ms()
            if late_ms > due_ms:  # else both arrive at once
                under_way.append((due_ms, data[:count], None))
                data, due_ms = data[count:], late_ms
            pieces -= 1
        under_way.append((due_ms, data, on_arrival))
        if not self._carrying:
            self._carry_on()

    def _carry_on(self):
        self._carrying = True
        asyncio.create_task(self._carry())

    async def _carry(self):
        """Carry what is under way to the other end; stop while the air is dead."""
        while self._under_way and not self._is_cut():
            due_ms, data, on_arrival = self._under_way[0]
            if due_ms > Clock.now_ms:
                await asyncio.sleep_ms(due_ms - Clock.now_ms)
                continue
            self._under_way.pop(0)
            if on_arrival and not self.other.closed:
                on_arrival()
            self.other._arrived(data)
        self._carrying = False

    def _arrived(self, data):
        if data is None:
            self._ended = True
        else:
            self._buffer += data
        self._notify()


class Socket(_End):
    """The device's end: a non-blocking socket.

    kind: `socket` for the device socket, `rest`, or None before it has written.
    opened_ms: when the device began to connect.
    """

    def __init__(self, network):
        super().__init__(network)
        self.reader, self.writer = Waiter(), Waiter()
        self.kind = None
        self.opened_ms = Clock.now_ms
        self._is_connected = False
        self._error = 0
        self._air = asyncio.Event()

    def setblocking(self, blocking):
        assert not blocking

    def setsockopt(self, *_):
        pass

    def connect(self, address):
        asyncio.create_task(self._connect(address[0]))
        raise OSError(errno.EINPROGRESS)

    def is_readable(self):
        held = self._network.held
        return bool(self._error or self._was_reset or ((self._buffer or self._ended) and not held))

    def is_writable(self):
        takes = self._is_connected and not self._takes_none()
        return bool(takes or self._error or self._was_reset)

    def _takes_none(self):
        return self._network.is_stuck and self.kind is not None

    def readinto(self, buffer):
        self._check()
        count = None if self._network.held else self._take(buffer)
        if count:
            self._network.heard_ms = Clock.now_ms
        return count

    def write(self, buffer, start, count):
        self._check()
        data = bytes(buffer[start : start + count])
        is_stuck = self._takes_none()
        if self.kind is None:
            self.kind = "socket" if data.startswith(b"GET /devices/websocket") else "rest"
        if self._network.tap:
            self._network.tap(self, data)
        if is_stuck:
            return None
        self._send(data)
        return count

    def close(self):
        if not self.closed:
            self._network.open -= 1
        super().close()

    async def _connect(self, address):
        network = self._network
        await asyncio.sleep_ms(2 * network.delay_ms() + network.handshake_ms)
        while (network.is_dead() or network.deaf) and not self.closed:
            self._air.clear()
            await self._air.wait()
        if self.closed or address in network.holes:
            return
        if network.refused or address in network.refusing:
            self._error = errno.ECONNREFUSED
        elif network.no_memory or (network.one_only and network.open > 1):
            self._error = errno.ENOMEM
        else:
            self._is_connected = True
            asyncio.create_task(network.serve(self.other))
        self._notify()

    def _check(self):
        if self.closed:
            raise OSError(errno.EBADF)
        if self._error:
            raise OSError(self._error)
        if self._was_reset:
            raise OSError(errno.ECONNRESET)

    def _notify(self):
        self._air.set()
        if self.is_readable():
            self.reader.wake()
        if self.is_writable():
            self.writer.wake()


class Stream(_End):
    """The server's end."""

    def __init__(self, network):
        super().__init__(network)
        self._news = asyncio.Event()

    def _is_cut(self):
        return self._network.is_dead() or self._network.deaf

    async def read(self, buffer):
        """Wait for bytes and read them into the buffer. Raises NetError if it is over."""
        while True:
            self._check_open()
            count = self._take(buffer)
            if count is not None:
                return count
            self._news.clear()
            await self._news.wait()

    def write_now(self, buffer, start, end, is_proof=False, on_arrival=None):
        """Send buffer[start:end].

        is_proof: only Frame.io can have sent it. on_arrival: else called when all of it has
        arrived, or None.
        """
        self._check_open()
        self._send(bytes(buffer[start:end]), self._network.prove if is_proof else on_arrival)

    def _notify(self):
        self._news.set()

    def _check_open(self):
        if self.closed:
            raise LinkClosed(1006, "the link was closed on this side")
        if self._was_reset:
            raise Unreachable("reset", "the peer reset the connection")
