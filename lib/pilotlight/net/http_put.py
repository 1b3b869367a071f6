"""Sends a part of a file to a storage service's presigned address: an HTTP/1.1 PUT in one buffer.

Import it where it is used: a device that uploads nothing then needs no memory for it.
"""

import asyncio
import time

from micropython import const

from .deadline import Deadline
from .endpoint import Endpoint
from .errors import NetError, no_memory
from .http_message import request_head
from .storage_answer import PutFailed, StorageAnswer
from .transport import is_within

_BODY_BYTES = const(3584)  # with the answer's 4 kB; sectors of 512 bytes are read whole
_EARLY_MS = const(1_000)
_TURN_MS = const(5)
_ENDLESS_MS = const(432_000_000)  # five days: ticks can't be compared over more than six


class PutClient:
    """PUTs, one at a time: the caller must not begin another meanwhile.

    roots: the certificates to trust, as for Endpoint; None: for plain HTTP, and nothing else.
    stall_ms: a PUT ends after so long without a byte. It has no limit in all.
    Keep it for all parts of a file: it remembers the server's address and which root it needs.
    """

    def __init__(self, roots, stall_ms: int = 30_000) -> None:
        self.stall_ms = stall_ms  # Deadline reads it
        self._roots = roots
        self._body = bytearray(_BODY_BYTES)
        self._endpoint: Endpoint | None = None
        self._has_failed = False  # the last PUT has

    async def put(
        self, url: str, source, offset: int, size_bytes: int, headers=(), on_progress=None
    ) -> None:
        """Send size_bytes bytes of the source, from this offset on. Returns when they are stored.

        url: https, with a host name, percent-encoded. It is a secret: no error's text holds it.
        source: has `seek(offset)`, and `readinto(buffer)`, which gives a count of bytes, 0 at the
        end. What they raise ends the PUT, such as a card's OSError.
        headers: (name, value) pairs, those that the url was signed with among them.
        on_progress(sent_bytes): called whenever up to 4 kB more have gone to TCP; or None.

        Cancelling its task closes the connection at once. Raises PutFailed, Unreachable (`timeout`
        if nothing moves for stall_ms; `reset` …), Untrusted, LinkClosed (no answer), ProtocolError.
        After any of them the part is not stored, or not known to be: send all of it again.
        Raises ValueError for a url or header that can't be sent.
        """
        try:
            endpoint, target = self._find(url)
            own_headers = [("Content-Length", str(size_bytes)), ("Connection", "close")]
            own_headers.extend(headers)
            head = request_head("PUT", target, endpoint.host_field, own_headers)
            source.seek(offset)
            transport = endpoint.open()
            try:
                with Deadline(transport, "sending a file", self, _ENDLESS_MS):
                    await transport.open()
                    await transport.write(head, 0, len(head))
                    answer = StorageAnswer(transport)
                    reader = asyncio.create_task(answer.read())
                    if self._has_failed:
                        # An early answer may have been lost to a reset: now it can come first.
                        await answer.begun.wait(_EARLY_MS)
                    self._has_failed = True
                    is_sent = await self._send(answer, source, size_bytes, on_progress)
                    if not answer.is_whole:
                        await reader
                    answer.judge(is_sent)
                    self._has_failed = False
            finally:
                transport.close()
        except MemoryError:
            raise no_memory()

    def _find(self, url: str):
        """(Endpoint, target) of a URL."""
        scheme, port = ("http", "80") if self._roots is None else ("https", "443")
        begin, _, rest = url.partition("://")
        field, slash, path = rest.partition("/")
        host, colon, own_port = field.lower().partition(":")
        port = own_port if colon else port
        if begin.lower() != scheme or not (host and slash and port.encode().isdigit()):
            raise ValueError("the url is not %s://host/path" % scheme)
        endpoint = self._endpoint
        if endpoint is None or endpoint.host != host or endpoint.port != int(port):
            endpoint = self._endpoint = Endpoint(host, int(port), self._roots)
        return endpoint, "/" + path

    async def _send(self, answer: StorageAnswer, source, size_bytes: int, on_progress) -> bool:
        """Send the body, until the answer begins or the link ends; True if all of it was sent."""
        transport, body = answer.transport, self._body
        view = memoryview(body)
        sent_bytes, turn_ms = 0, time.ticks_ms()
        while sent_bytes < size_bytes:
            left = size_bytes - sent_bytes
            end = source.readinto(view if left >= _BODY_BYTES else view[:left])
            if not end:
                raise PutFailed("source_ended", "the source has ended %d bytes early" % left)
            start = 0
            try:
                while start < end:
                    # An early answer is followed by a reset, and after a failed write TLS can't
                    # read: so this looks for the answer before each write.
                    if answer.begins():
                        return False
                    start += transport.write_now(body, start, end)
                    if start < end:
                        await transport.writable
            except NetError:
                return False
            sent_bytes += end
            if on_progress is not None:
                on_progress(sent_bytes)
            # Other tasks wait no longer. A turn of theirs takes 1 ms on the unix port.
            if not is_within(turn_ms, _TURN_MS):
                await asyncio.sleep_ms(0)
                turn_ms = time.ticks_ms()
        return True
