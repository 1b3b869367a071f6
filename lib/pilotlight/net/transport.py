"""TCP and TLS byte streams over non-blocking sockets; the only file that knows sockets.

Rules that MicroPython's asyncio and TLS require: one task reads, one task at a time writes, a task
that waits on a stream is cancelled only if the stream is closed too, and both sockets, the raw one
and the TLS one, are kept and closed.
"""

import asyncio
import asyncio.core  # type: ignore[import-not-found]  # private: see Transport.close and _Readiness
import errno
import gc
import socket
import sys
import time

import tls
from micropython import const

from .errors import LinkClosed, NetError, Unreachable, Untrusted, no_memory

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
# lwIP says ECONNRESET for a refused connection too.
_REFUSED_IS_RESET = sys.platform not in ("linux", "darwin")
_IPPROTO_TCP = const(6)  # the same on lwIP and on computers; not every port names them
_TCP_NODELAY = const(1)
_LARGEST_ERRNO = const(255)
_SYSTEM_BLOCK_BYTES = const(4096)
# ENOMEM; of Mbed TLS ALLOC_FAILED, and ENTROPY_SOURCE_FAILED: so it fails at its very start.
_NO_MEMORY = const((12, 0x7F00, 0x34))
_TLS_CLOSED = const((0x7280, 0x7880))  # in the handshake: the end of the stream, a close_notify


class Transport:
    """One byte stream, made by Endpoint.open().

    readable, writable: await them until the stream can be read or written.
    is_tls: whether it is a TLS stream.
    begun_ms: the ticks at which the connect began, after any look-up, for Deadline.
    progress_ms: the ticks at which a byte last moved, for Deadline.
    """

    def __init__(self, endpoint) -> None:
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
        self.readable = _Readiness(self, False)
        self.writable = _Readiness(self, True)

    async def open(self) -> None:
        """Look the name up if need be, connect, then set TLS up, if any.

        The first write does the handshake of TLS. Before what may block the event loop for seconds
        (the look-up) or for parts of one (TLS), all other tasks have a turn.
        Raises Unreachable (`name`, with wait_ms; `memory` …), LinkClosed if the stream is closed
        meanwhile. A refused connection and an untrusted certificate show only at the first write or
        read, as Unreachable and Untrusted. If it raises, close the stream.
        """
        info = await self._endpoint.next_address()
        self.begun_ms = self.progress_ms = time.ticks_ms()
        await self._connect(info)

    async def _connect(self, info) -> None:
        if self.closed:
            raise _closed_here()
        try:
            self._stream = self._socket = raw = socket.socket(info[0], info[1], info[2])
            raw.setblocking(False)
            try:
                # Nagle's algorithm would delay a TLS handshake by 40 ms.
                raw.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
            except OSError:
                pass  # on a port without the option it is slower, but works
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
                    self._endpoint.answered(self._info)
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
        if self._info is not None:
            self._endpoint.ended(self._info, self._answered_ms)


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

    if _TYPES:  # MicroPython can await any iterator, CPython's types only what has this

        def __await__(self): ...

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


def _closed_here() -> LinkClosed:
    return LinkClosed(1006, "the link was closed on this side")


def is_within(begun_ms: int, for_ms: int) -> bool:
    """True if it is less than for_ms since these ticks."""
    return 0 <= time.ticks_diff(time.ticks_ms(), begun_ms) < for_ms


def look_up(host: str, port: int) -> list:
    """The addresses of a host, rows of getaddrinfo; it blocks. Raises Unreachable (`memory`)."""
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError:
        if _system_memory_is_short():
            raise no_memory()
        return []


def tls_context(root: bytes):
    """A TLS context that trusts this root. Raises Untrusted or Unreachable (`memory`)."""
    try:
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]  # not in stubs
        context.load_verify_locations(root)
        return context
    except (OSError, ValueError) as error:
        if _system_memory_is_short():  # Mbed TLS gives one ValueError for all that is wrong
            raise no_memory()
        raise _named(error, False)


def _close(layer) -> None:
    try:
        layer.close()
    except OSError:
        pass  # the peer may be gone; the descriptor is released anyway


# What is wrong with a certificate, by a word in Mbed TLS's texts. If there is more than one thing,
# the first one here is the easiest to mend; "" is for all else.
_CERTIFICATE = const(
    (
        ("future", "clock"),
        ("expired", "expired"),
        ("CN", "host_name"),
        ("", "certificate"),
    )
)
# By errno. lwIP, Linux, newlib and macOS number these differently; 32: EPIPE.
_REASONS = const(
    (
        (110, 116, 60, "timeout"),
        (101, 113, 114, 118, 51, 65, "no_route"),
        (111, 61, "refused"),
        (104, 54, 32, "reset"),
    )
)


def _named(error, connected: bool) -> NetError:
    """The NetError for an OSError or ValueError of a socket or of Mbed TLS."""
    if isinstance(error, ValueError):
        text = " ".join(str(error).split())  # it may have several lines
        for word, reason in _CERTIFICATE:
            if word in text:
                return Untrusted(reason, text)
    number = abs(error.errno or 0)
    if number in _NO_MEMORY or _system_memory_is_short():
        return no_memory()
    if number in _TLS_CLOSED:
        return LinkClosed(1006, "the peer closed the TLS handshake")
    text = "the connection failed with error %d" % number
    if number > _LARGEST_ERRNO:
        return Untrusted("tls", text)
    if number == errno.ECONNRESET and _REFUSED_IS_RESET and not connected:
        return Unreachable("refused", text)
    for row in _REASONS:
        if number in row:
            return Unreachable(row[-1], text)
    return Unreachable("io", text)


def _system_memory_is_short() -> bool:
    """True if the system (not Python's heap) has no free block of 4 kB, on an ESP32.

    Then sockets, look-ups, TLS and Wi-Fi fail, with errors of any kind. Elsewhere it is not known.
    """
    try:
        from esp32 import HEAP_DATA, idf_heap_info
    except ImportError:
        return False
    return max([region[2] for region in idf_heap_info(HEAP_DATA)]) < _SYSTEM_BLOCK_BYTES
