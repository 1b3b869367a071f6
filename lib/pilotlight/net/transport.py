"""TCP and TLS byte streams over non-blocking sockets; the only file that knows sockets.

Rules that MicroPython's asyncio and TLS require: one task reads, one task at a time writes, a task
that waits on a stream is cancelled only if the stream is closed too, and both sockets, the raw one
and the TLS one, are kept and closed.
"""

import asyncio
import asyncio.core  # type: ignore[import-not-found]  # private: see Transport.close and _Readiness
import errno
import gc
import random
import socket
import sys
import time

import tls
from micropython import const

from .errors import (
    LinkClosed,
    NetError,
    Unreachable,
    Untrusted,
    no_memory,
    system_memory_is_short,
)
from .url_encoding import host_field

_REFUSED = const("the server refused the connection")
# lwIP says ECONNRESET for a refused connection too.
_REFUSED_IS_RESET = sys.platform not in ("linux", "darwin")
_IPPROTO_TCP = const(6)  # the same on lwIP and on computers; not every port names them
_TCP_NODELAY = const(1)
_LARGEST_ERRNO = const(255)
# ENOMEM; of Mbed TLS ALLOC_FAILED, and ENTROPY_SOURCE_FAILED: so it fails at its very start.
_NO_MEMORY = const((12, 0x7F00, 0x34))
_TLS_CLOSED = const((0x7280, 0x7880))  # in the handshake: the end of the stream, a close_notify

# Look-ups: see Endpoint.
_KEPT_MS = const(60_000)
_LINK_MS = const(10_000)  # a stream that has lasted so long was a link: REST requests are shorter
_BLOCKED_MS = const(1_000)
_FIRST_WAIT_MS = const(2_000)
_QUICK_MISSES = const(4)
_LONG_WAIT_MS = const(30_000)  # up to twice this
_MOST_FAILED = const(16)
# From a change of the status to the screen it passes through half a dozen turns of tasks.
_TURN_MS = const(50)


class Endpoint:
    """A server to connect to, and which of its addresses to try next.

    host, port: as in the URL, but an IPv6 address without brackets.
    roots: the certificates to trust, DER bytes: a list, a tuple, or an object with a length that is
    indexed whenever a root is needed, so that it may load it then; None for plain TCP.
    host_field: the value of the Host header, with the port unless it is the scheme's default.

    A look-up blocks the whole event loop, so few are made. None while a stream to this endpoint is
    up, nor for the first connect after the end of a link: they use that address. One that has found
    addresses serves every connect for 60 s. After one that has found none, no other is made for 2,
    4, 8, 16 s, then 30 to 60 s at random (at once so long if it has blocked for more than 1 s).
    Connects begin with the address that answered last, else with the first one behind the last
    failure that has not failed.
    before_look_up(): called before a look-up if nothing has answered since the last connect, so
    that this one may block for long; or None.

    One root at a time is in TLS's memory (2 kB each), the one that verified last. If the server's
    certificate leads to another one now, Transport.write tries the others.
    Raises Untrusted (`certificate`) if a root can't be used or `roots` is empty.
    """

    def __init__(self, host: str, port: int, roots=None) -> None:
        self.host = host
        self.port = port
        self.is_tls = roots is not None
        self.host_field = host_field(host, port, self.is_tls)
        self._roots = roots
        self._context: tls.SSLContext | None = None  # trusts one root: _roots[_root]
        self._root = 0
        if self.is_tls:
            self._check_roots()
        # Addresses are rows of getaddrinfo, but those that failed: only what to connect to.
        self._up: list = []  # of the streams that have received something
        self._last = None  # answered last
        self._of_link = None  # of the link that has ended last, until the next connect's end
        self._found: list = []  # by the last look-up …
        self._found_ms = 0  # … at these ticks
        self._failed: list = []  # the last failure last
        self._misses = 0  # look-ups in a row that found nothing
        self._missed_ms = self._wait_ms = 0  # the ticks of the last one; no other for so long
        self._is_answered = True  # the last connect, unless it is under way
        self.before_look_up = None

    def open(self) -> "Transport":
        """A new stream; await its `open()` next. Raises Unreachable (`memory`)."""
        try:
            return Transport(self)
        except MemoryError:
            raise no_memory()

    def network_changed(self) -> None:
        """The network has come up or is another one: the next connect may look up at once."""
        self._misses = 0
        self._found = []

    def tls_context(self):
        """A TLS context that trusts one root. Raises Untrusted or Unreachable (`memory`)."""
        if self._context is None:
            self._trust(self._root)
        return self._context

    def trust_next(self, refused) -> int:
        """Trust the next root, for none was found with the context `refused`.

        Gives the number of roots. Raises Untrusted or Unreachable (`memory`).
        """
        count = len(self._roots)
        if refused is self._context and count > 1:  # else another stream was faster
            self._trust((self._root + 1) % count)
        return count

    def _check_roots(self) -> None:
        count = len(self._roots)
        if not count:
            raise Untrusted(
                "certificate", "there are no trust roots, so no server could be verified"
            )
        try:
            for at in range(count - 1, -1, -1):
                self._trust(at)
        except Unreachable:
            self._root = 0  # there is no memory now: a connect says so

    def _trust(self, at: int) -> None:
        self._root = at
        self._context = None
        gc.collect()  # TLS's memory is freed with the last context
        try:
            context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]  # not in stubs
            context.load_verify_locations(self._roots[at])
        except OSError as error:
            raise _named(error, False)
        except ValueError:
            if system_memory_is_short():  # Mbed TLS gives one error for all that is wrong
                raise no_memory()
            raise Untrusted("certificate", "trust root %d is not a usable DER certificate" % at)
        self._context = context

    async def _next_address(self):
        """Raises Unreachable (`name`, `memory`)."""
        has_turned = False
        while not (
            self._up or self._of_link or (self._found and _is_within(self._found_ms, _KEPT_MS))
        ):
            if self._misses and _is_within(self._missed_ms, self._wait_ms):
                left_ms = self._wait_ms - time.ticks_diff(time.ticks_ms(), self._missed_ms)
                raise Unreachable("name", "the name %s was not found" % self.host, left_ms)
            if has_turned:
                self._look_up()
            else:
                # A look-up blocks: first all other tasks run, so that light and console are right.
                if self.before_look_up and not self._is_answered:
                    self.before_look_up()
                await asyncio.sleep_ms(_TURN_MS)
                has_turned = True
        self._is_answered = False
        if self._up:
            return self._up[-1]
        return self._of_link or self._first_to_try()

    def _look_up(self) -> None:
        begun_ms = time.ticks_ms()
        try:
            found = socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM)
        except OSError:
            if system_memory_is_short():
                raise no_memory()
            found = []
        now_ms = time.ticks_ms()
        if found:
            self._misses = 0
            self._found = found
            self._found_ms = now_ms
            return
        if self._misses >= _QUICK_MISSES or time.ticks_diff(now_ms, begun_ms) > _BLOCKED_MS:
            self._wait_ms = _LONG_WAIT_MS + random.randrange(_LONG_WAIT_MS + 1)
        else:
            self._wait_ms = _FIRST_WAIT_MS << self._misses
        self._misses += 1
        self._missed_ms = now_ms

    def _first_to_try(self):
        addresses = [info[-1] for info in self._found]
        failed = self._failed
        if self._last is not None and self._last[-1] not in failed and self._last[-1] in addresses:
            return self._last
        after = addresses.index(failed[-1]) + 1 if failed and failed[-1] in addresses else 0
        for i in range(len(addresses)):
            at = (after + i) % len(addresses)
            if addresses[at] not in failed:
                return self._found[at]
        # All have failed: another round.
        self._failed = failed[-1:]
        return self._found[after % len(addresses)]

    def _answered(self, info) -> None:
        if self._of_link:
            self._of_link = None
            self._found = [info]  # it need not be looked up for the next connect either
            self._found_ms = time.ticks_ms()
        if info[-1] in self._failed:
            self._failed.remove(info[-1])
        self._last = info
        self._is_answered = True
        self._up.append(info)

    def _ended(self, info, was_link: bool) -> None:
        """A stream that has received something has ended."""
        self._up.remove(info)
        if was_link:
            self._of_link = info

    def _did_not_answer(self, info) -> None:
        if info in self._up:
            return
        if self._of_link == info:
            # Perhaps the network's fault, which has ended the link too. So it has not failed yet.
            self._of_link = None
            self._found = []
            return
        if info[-1] in self._failed:
            return
        try:
            self._failed.append(info[-1])
        except MemoryError:
            return  # then it may be tried once more
        if len(self._failed) > _MOST_FAILED:
            self._failed.pop(0)


class Transport:
    """One byte stream, made by Endpoint.open().

    readable, writable: await them until the stream can be read or written.
    is_tls: whether it is a TLS stream.
    begun_ms: the ticks at which the connect began, after any look-up, for Deadline.
    progress_ms: the ticks at which a byte last moved, for Deadline.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._context: tls.SSLContext | None = None  # kept as long as the stream
        self.is_tls = endpoint.is_tls
        self._info = None  # the address, a row of getaddrinfo
        self._answered_ms: int | None = None  # when the first byte came
        self._connected = False  # something was written, so a reset is not a refusal
        # Set here to reserve the memory: a socket that could not be stored would stay open.
        self._socket: socket.socket | None = None
        # The TLS socket, or the same.
        self._stream: socket.socket = None  # type: ignore[assignment]  # not before `open`
        self.closed = False
        self.begun_ms = self.progress_ms = time.ticks_ms()
        self.readable = _readiness(self, False)
        self.writable = _readiness(self, True)

    async def open(self) -> None:
        """Look the name up if need be, connect, then set TLS up, if any.

        The first write does the handshake of TLS. Before what may block the event loop for seconds
        (the look-up) or for parts of one (TLS), all other tasks have a turn.
        Raises Unreachable (`name`, with wait_ms; `memory` …), LinkClosed if the stream is closed
        meanwhile. A refused connection and an untrusted certificate show only at the first write or
        read, as Unreachable and Untrusted. If it raises, close the stream.
        """
        info = await self._endpoint._next_address()
        self.begun_ms = self.progress_ms = time.ticks_ms()
        await self._connect(info)

    async def _connect(self, info) -> None:
        if self.closed:
            raise _closed_here()
        try:
            self._stream = self._socket = raw = socket.socket(info[0], info[1], info[2])
            raw.setblocking(False)
            _send_at_once(raw)
            self._info = info
            raw.connect(info[-1])
        except OSError as error:
            if abs(error.errno or 0) != errno.EINPROGRESS:
                raise _named(error, False)
        await self.writable
        if not self.is_tls:
            return
        await asyncio.sleep_ms(0)  # the connect's round trip was a turn, unless it was very short
        if self.closed:
            raise _closed_here()
        gc.collect()  # TLS buffers are large: free those of the last connection
        self._info = None  # if this fails, the address is not to blame
        context = self._context = self._endpoint.tls_context()
        try:
            self._stream = context.wrap_socket(
                self._socket, server_hostname=self._endpoint.host, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            raise _named(error, False)
        self._info = info

    def read_into(self, buffer) -> int | None:
        """Read the bytes that have come into the buffer, without waiting.

        Gives their count, 0 at the end of the stream, None if none have come. Raises Unreachable,
        Untrusted, or LinkClosed if it was closed on this side.
        """
        if self.closed:
            raise _closed_here()
        try:
            count = self._stream.readinto(buffer)
        except (OSError, ValueError) as error:
            raise _named(error, self._connected)
        if count:
            self.progress_ms = time.ticks_ms()
            if self._answered_ms is None:
                try:
                    self._endpoint._answered(self._info)
                    self._answered_ms = self.progress_ms
                except MemoryError:
                    pass  # the next bytes tell it; these must not be lost
        return count

    async def read(self, buffer) -> int:
        """Wait for bytes and read them into the buffer.

        Gives their count, 0 at the end of the stream. Raises Unreachable, Untrusted, or LinkClosed
        if it was closed on this side.
        """
        while True:
            await self.readable
            self.progress_ms = time.ticks_ms()  # perhaps a part of what TLS can decrypt
            count = self.read_into(buffer)
            if count is not None:
                return count

    def write_now(self, buffer, start: int, end: int) -> int:
        """Write as much of buffer[start:end] as the stream takes without waiting.

        Gives the count of bytes, perhaps 0. Raises Unreachable, Untrusted, or LinkClosed if it was
        closed on this side.
        """
        if self.closed:
            raise _closed_here()
        try:
            count = self._stream.write(
                buffer,
                start,  # type: ignore[call-arg]  # the stubs lack it
                end - start,
            )
        except (OSError, ValueError) as error:
            raise _named(error, self._connected)
        self._connected = True
        if not count:
            return 0
        self.progress_ms = time.ticks_ms()
        return count

    async def write(self, buffer, start: int, end: int) -> None:
        """Write all of buffer[start:end]. One caller at a time.

        If TLS refuses the server's certificate, it connects again and trusts the next root.
        Raises Unreachable, Untrusted, or LinkClosed if it was closed on this side.
        """
        refusals = 0
        while True:
            try:
                start += self.write_now(buffer, start, end)
            except Untrusted as error:
                refusals += 1
                if error.reason != "certificate" or refusals >= self._endpoint.trust_next(
                    self._context
                ):
                    raise
                _close(self._stream)
                _close(self._socket)
                await self._connect(self._info)
                continue
            if start >= end:
                return
            await self.writable
            # While TLS's handshake waits for the server, its poll waits for bytes to read.
            self.progress_ms = time.ticks_ms()

    def close(self) -> None:
        """Close TLS and TCP at once. Tasks that wait on the stream get LinkClosed.

        May be called repeatedly. Allocates nothing.
        """
        if self.closed:
            return
        self.closed = True
        # Not left to the poller: another socket may take the freed descriptor before it looks.
        self.readable.wake()
        self.writable.wake()
        if self._socket is None:
            return
        _close(self._stream)
        if self._socket is not self._stream:
            _close(self._socket)
        if self._answered_ms is not None:
            # Not `older than`: after 6 days a difference of ticks may be negative.
            was_link = not _is_within(self._answered_ms, _LINK_MS)
            self._endpoint._ended(self._info, was_link)
        elif self._info is not None:
            self._endpoint._did_not_answer(self._info)


class _Readiness:
    """An awaitable that ends when the stream can be read (or written).

    Made once per direction, so that waiting allocates nothing here. asyncio's poller does: 96 bytes
    for each registration on the unix port.
    """

    def __init__(self, transport: Transport, for_writing: bool) -> None:
        self._transport = transport
        self._for_writing = for_writing
        self._begin = False
        self._task = None  # the task that waits

    def __iter__(self) -> "_Readiness":
        self._begin = True
        return self

    def __next__(self) -> None:
        if not self._begin:
            self._task = None
            _DONE.__traceback__ = None  # else it would grow with each raise
            raise _DONE
        self._begin = False
        transport = self._transport
        if transport.closed:
            raise _closed_here()
        core = asyncio.core
        self._task = core.cur_task
        if self._for_writing:
            core._io_queue.queue_write(transport._stream)
        else:
            core._io_queue.queue_read(transport._stream)

    def throw(self, error, *_) -> None:
        """The waiting task was cancelled."""
        self._task = None
        raise error

    def wake(self) -> None:
        """Put the waiting task on the run queue, as Task.cancel does, but without an exception."""
        task = self._task
        queue = asyncio.core._io_queue
        # task.data says whether it still waits. The queue's map does not: when a task is cancelled,
        # asyncio also removes the other one that waits on the same stream.
        if task is not None and task.data is queue:
            queue.remove(task)
            asyncio.core._task_queue.push(task)


_DONE = StopIteration()


def _readiness(transport: Transport, for_writing: bool):
    # No return type: MicroPython can await any iterator, which CPython's types can't express.
    return _Readiness(transport, for_writing)


def _closed_here() -> LinkClosed:
    return LinkClosed(1006, "the link was closed on this side")


def _is_within(begun_ms: int, for_ms: int) -> bool:
    return 0 <= time.ticks_diff(time.ticks_ms(), begun_ms) < for_ms


def _send_at_once(raw) -> None:
    """Switch Nagle's algorithm off: it would delay a TLS handshake by 40 ms."""
    try:
        raw.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    except OSError:
        pass  # on a port without the option it is slower, but works


def _close(layer) -> None:
    try:
        layer.close()
    except OSError:
        pass  # the peer may be gone; the descriptor is released anyway


# What is wrong with a certificate, by a word in Mbed TLS's texts. If there is more than one thing,
# the first one here is the easiest to mend; "" is for all else.
_CERTIFICATE = (
    ("future", "clock", "the server's certificate is not valid yet: is the clock right?"),
    ("expired", "expired", "the server's certificate has expired, or the clock is wrong"),
    ("CN", "host_name", "the server's certificate is for another host name"),
    ("", "certificate", "the server's certificate is not signed by a trusted root"),
)
# lwIP, Linux and newlib number these differently.
_ERRNO = (
    ((110, 116), "timeout", "the system gave up waiting for the peer"),
    ((101, 113, 114, 118), "no_route", "there is no route to the server"),
    ((errno.ECONNREFUSED,), "refused", _REFUSED),
    ((errno.ECONNRESET, 32), "reset", "the peer reset the connection"),  # 32: EPIPE
)


def _named(error, connected: bool) -> NetError:
    """The NetError for an OSError or ValueError of a socket or of Mbed TLS."""
    if isinstance(error, ValueError):
        for word, reason, text in _CERTIFICATE:
            if word in str(error):
                return Untrusted(reason, text)
    number = abs(error.errno or 0)
    if number in _NO_MEMORY or system_memory_is_short():
        return no_memory()
    if number in _TLS_CLOSED:
        return LinkClosed(1006, "the peer closed the connection in the TLS handshake")
    if number > _LARGEST_ERRNO:
        return Untrusted("tls", "the TLS layer failed with error %d" % number)
    if number == errno.ECONNRESET and _REFUSED_IS_RESET and not connected:
        return Unreachable("refused", _REFUSED)
    for numbers, reason, text in _ERRNO:
        if number in numbers:
            return Unreachable(reason, text)
    return Unreachable("io", "the connection failed with error %d" % number)
