"""TCP and TLS byte streams over non-blocking sockets; the only file that knows sockets.

Rules that MicroPython's asyncio and TLS require: one task reads, one task at a time writes, a task
that waits on a stream is cancelled only if the stream is closed too, and both sockets, the raw one
and the TLS one, are kept and closed.
"""

import asyncio.core  # type: ignore[import-not-found]  # private: see Transport.close and _Readiness
import errno
import gc
import socket
import sys
import time

import tls
from micropython import const

from .errors import LinkClosed, NetError, Unreachable, Untrusted, no_memory

# lwIP, Linux and newlib number these differently.
_TIMED_OUT = const((110, 116))
_NO_ROUTE = const((101, 113, 114, 118))
_BROKEN_PIPE = const(32)
# lwIP says ECONNRESET for a refused connection too.
_REFUSED_IS_RESET = sys.platform not in ("linux", "darwin")
_IPPROTO_TCP = const(6)  # the same on lwIP and on computers; not every port names them
_TCP_NODELAY = const(1)
_LARGEST_ERRNO = const(255)
_TLS_ALLOC_FAILED = const(0x7F00)


class Endpoint:
    """A server to connect to, and which of its addresses to try next.

    host, port: as in the URL. tls: a context from `tls_context`, or None for plain TCP.
    host_field: the value of the Host header, with the port unless it is the scheme's default.
    A look-up blocks the whole event loop, so none is made while a stream to this endpoint is up:
    that stream's address is used.
    """

    def __init__(self, host: str, port: int, tls=None) -> None:
        self.host = host
        self.port = port
        self.host_field = host if port == (443 if tls else 80) else "%s:%d" % (host, port)
        self._tls = tls
        self._failed: object = None  # the last address that failed
        self._up: list = []  # addresses of the streams that have received something

    def open(self) -> "Transport":
        """Begin to connect; await the Transport's `open()` next.

        A look-up may block the event loop for seconds. Raises Unreachable (`name`, `refused`,
        `no_route`, `memory` …).
        """
        try:
            return Transport(self, self._next_address(), self._tls)
        except MemoryError:
            raise no_memory()

    def _next_address(self):
        if self._up:
            return self._up[-1]
        try:
            found = socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM)
        except OSError:
            found = []
        if not found:
            raise Unreachable("name", "the name %s was not found" % self.host)
        addresses: list = [info[-1] for info in found]
        after = addresses.index(self._failed) + 1 if self._failed in addresses else 0
        return found[after % len(found)]

    def _answered(self, address) -> None:
        self._failed = None
        self._up.append(address)

    def _ended(self, address, answered: bool) -> None:
        if answered:
            self._up.remove(address)
        else:
            self._failed = address[-1]


class Transport:
    """One byte stream, made by Endpoint.open().

    readable, writable: await them until the stream can be read or written.
    progress_ms: the ticks at which a byte last moved, for Deadline.
    """

    def __init__(self, endpoint: Endpoint, address, tls) -> None:
        self._endpoint = endpoint
        self._address = address
        self._tls = tls
        self._answered = False
        self._connected = False  # something was written, so a reset is not a refusal
        # Set here to reserve the memory: a socket that could not be stored would stay open.
        self._socket = self._stream = None
        self.progress_ms = time.ticks_ms()
        self.readable = _readiness(self, False)
        self.writable = _readiness(self, True)
        try:
            self._socket = socket.socket(address[0], address[1], address[2])
        except OSError as error:
            raise _named(error, False)
        self._stream = self._socket
        try:
            self._socket.setblocking(False)
            _send_at_once(self._socket)
            self._socket.connect(address[-1])
        except OSError as error:
            if abs(error.errno or 0) != errno.EINPROGRESS:
                self.close()
                raise _named(error, False)

    async def open(self) -> None:
        """Wait for TCP, then set TLS up, if any; the first write does its handshake.

        Raises Unreachable (`memory`) if TLS finds too little memory, LinkClosed if the stream is
        closed meanwhile. A refused connection and an untrusted certificate show only at the first
        write or read, as Unreachable and Untrusted.
        """
        await self.writable
        if self._tls is None:
            return
        self._check_open()
        gc.collect()  # TLS buffers are large: free those of the last connection
        try:
            self._stream = self._tls.wrap_socket(
                self._socket, server_hostname=self._endpoint.host, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            self.close()
            raise _named(error, False)

    def read_into(self, buffer) -> int | None:
        """Read the bytes that have come into the buffer, without waiting.

        Gives their count, 0 at the end of the stream, None if none have come. Raises Unreachable,
        Untrusted, or LinkClosed if it was closed on this side.
        """
        stream = self._check_open()
        try:
            count = stream.readinto(buffer)
        except (OSError, ValueError) as error:
            raise _named(error, self._connected)
        if count:
            self.progress_ms = time.ticks_ms()
            if not self._answered:
                self._answered = True
                self._endpoint._answered(self._address)
        return count

    async def read(self, buffer) -> int:
        """Wait for bytes and read them into the buffer.

        Gives their count, 0 at the end of the stream. Raises Unreachable, Untrusted, or LinkClosed
        if it was closed on this side.
        """
        while True:
            await self.readable
            count = self.read_into(buffer)
            if count is not None:
                return count

    def write_now(self, buffer, start: int, end: int) -> int:
        """Write as much of buffer[start:end] as the stream takes without waiting.

        Gives the count of bytes, perhaps 0. Raises Unreachable, Untrusted, or LinkClosed if it was
        closed on this side.
        """
        stream = self._check_open()
        try:
            count = stream.write(buffer, start, end - start)
        except (OSError, ValueError) as error:
            raise _named(error, self._connected)
        self._connected = True
        if not count:
            return 0
        self.progress_ms = time.ticks_ms()
        return count

    async def write(self, buffer, start: int, end: int) -> None:
        """Write all of buffer[start:end]. One caller at a time.

        Raises Unreachable, Untrusted, or LinkClosed if it was closed on this side.
        """
        while True:
            start += self.write_now(buffer, start, end)
            if start >= end:
                return
            await self.writable

    def close(self) -> None:
        """Close TLS and TCP at once. Tasks that wait on the stream get LinkClosed.

        May be called repeatedly. Allocates nothing.
        """
        stream = self._stream
        if stream is None:
            return
        self._stream = None
        # Not left to the poller: another socket may take the freed descriptor before it looks.
        self.readable.wake()
        self.writable.wake()
        _close(stream)
        _close(self._socket)
        self._endpoint._ended(self._address, self._answered)

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._stream is None

    def _check_open(self):
        stream = self._stream
        if stream is None:
            raise LinkClosed(1006, "the link was closed on this side")
        return stream


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
        stream = self._transport._check_open()
        self._task = asyncio.core.cur_task
        if self._for_writing:
            asyncio.core._io_queue.queue_write(stream)
        else:
            asyncio.core._io_queue.queue_read(stream)

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


def tls_context(roots):
    """A TLS context for a client that checks the server's certificate and its host name.

    roots: the certificates to trust, an iterable of DER bytes. Raises Untrusted (`certificate`) if
    one can't be used, or if there are none.
    """
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]  # the stubs forget it
    count = 0
    for root in roots:
        try:
            context.load_verify_locations(root)
        except (OSError, ValueError):
            raise Untrusted("certificate", "trust root %d is not a usable DER certificate" % count)
        count += 1
    if not count:
        raise Untrusted("certificate", "there are no trust roots, so no server could be verified")
    return context


def _named(error, connected: bool) -> NetError:
    """The NetError for an OSError or ValueError of a socket or of Mbed TLS."""
    if isinstance(error, ValueError):
        return _named_certificate_error(str(error))
    number = abs(error.errno or 0)
    if number in (errno.ENOMEM, _TLS_ALLOC_FAILED):
        return no_memory()
    if number > _LARGEST_ERRNO:
        return Untrusted("tls", "the TLS layer failed with error %d" % number)
    if number in _TIMED_OUT:
        return Unreachable("timeout", "the system gave up waiting for the peer")
    if number in _NO_ROUTE:
        return Unreachable("no_route", "there is no route to the server")
    if number == errno.ECONNREFUSED or (
        number == errno.ECONNRESET and _REFUSED_IS_RESET and not connected
    ):
        return Unreachable("refused", "the server refused the connection")
    if number in (errno.ECONNRESET, _BROKEN_PIPE):
        return Unreachable("reset", "the peer reset the connection")
    return Unreachable("io", "the connection failed with error %d" % number)


def _named_certificate_error(text: str) -> NetError:
    # The texts of Mbed TLS's verification flags. If there are several, take what is easiest to fix.
    if "future" in text:
        return Untrusted("clock", "the server's certificate is not valid yet: is the clock right?")
    if "expired" in text:
        return Untrusted("expired", "the server's certificate has expired, or the clock is wrong")
    if "CN" in text:
        return Untrusted("host_name", "the server's certificate is for another host name")
    return Untrusted("certificate", "the server's certificate is not signed by a trusted root")
