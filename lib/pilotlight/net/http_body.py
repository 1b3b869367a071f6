"""Where a response's body ends (RFC 9112 sections 6 and 7), found a piece at a time. Pure."""

from micropython import const

from .errors import ProtocolError
from .http_head import ResponseHead

_LINE_BYTES = const(256)
_LARGEST_CHUNK_BYTES = const(0xFFFFFF)
_LF = const(b"\n")
_CHUNK_SIZE = const(0)
_CHUNK_DATA = const(1)
_CHUNK_END = const(2)
_TRAILER = const(3)


class BodyFraming:
    """Finds a body's end (RFC 9112 section 6.3): by length, by chunks, or with the connection.

    head: a whole ResponseHead that kept the headers `content-length` and `transfer-encoding`.
    bound_bytes: the longest body that is accepted.
    Raises ProtocolError if the headers contradict each other or the bound.
    """

    def __init__(self, head: ResponseHead, bound_bytes: int) -> None:
        self._bound_bytes = bound_bytes
        self._total_bytes = 0
        self._left = -1  # bytes to come of the body or chunk; -1: until the connection ends
        self.chunked = False
        self.done = False
        self._line = b""  # what has come of a line between chunks
        self._state = _CHUNK_SIZE
        self.start = 0  # the piece of the body that `next` found: data[start:end]
        self.end = 0
        # A second "chunked" says nothing new (RFC 9112 section 6.1), nor does "identity".
        codings = head.headers.get("transfer-encoding", "").lower().split(",")
        codings = [coding.strip() for coding in codings]
        length = head.headers.get("content-length")
        if head.status in (101, 204, 304) or head.status < 200:
            self.done = True
        elif [coding for coding in codings if coding not in ("", "identity", "chunked")]:
            raise ProtocolError("the response has a transfer coding that we did not ask for")
        elif "chunked" in codings:
            self.chunked = True
            self._left = 0
        elif length is not None:
            self._left = _content_length(length, bound_bytes)
            self.done = self._left == 0

    def next(self, data, start: int, end: int) -> int:
        """Find the next piece of the body in data[start:end].

        The piece is data[self.start:self.end], perhaps empty. Gives the index from which to go on:
        call it again until that is `end` or `done` is True.
        Raises ProtocolError: malformed chunks, or a body over the bound.
        """
        self.start = self.end = start
        if self.done or start >= end:
            return end
        if self.chunked and self._state != _CHUNK_DATA:
            return self._chunk_line(data, start, end)
        stop = end if self._left < 0 else min(end, start + self._left)
        self.end = stop
        self._total_bytes += stop - start
        if self._total_bytes > self._bound_bytes:
            raise ProtocolError(
                "the response's body is longer than %d bytes" % self._bound_bytes,
                reason="too_large",
            )
        if self._left >= 0:
            self._left -= stop - start
            if not self._left:
                if self.chunked:
                    self._state = _CHUNK_END
                else:
                    self.done = True
        return stop

    def ended(self) -> bool:
        """Call it when the connection has ended. True if the body is whole."""
        if not self.chunked and self._left < 0:
            self.done = True
        return self.done

    def _chunk_line(self, data, start: int, end: int) -> int:
        # RFC 9112 section 7.1: chunk-size [ ext ] CRLF chunk-data CRLF … last-chunk, trailers.
        line_end = data.find(_LF, start, end)
        stop = end if line_end < 0 else line_end
        if len(self._line) + stop - start > _LINE_BYTES:
            raise ProtocolError("a line of the chunked body is too long", reason="too_large")
        line = self._line + data[start:stop]
        if line_end < 0:
            self._line = line
            return end
        self._line = b""
        line = line.rstrip(b"\r")
        if self._state == _CHUNK_SIZE:
            self._left = _chunk_size(line)
            self._state = _CHUNK_DATA if self._left else _TRAILER
        elif self._state == _CHUNK_END:
            if line:
                raise ProtocolError("a chunk is longer than it said")
            self._state = _CHUNK_SIZE
        else:
            self._total_bytes += len(line)
            if self._total_bytes > self._bound_bytes:
                raise ProtocolError("the response's trailers are too long", reason="too_large")
            self.done = not line
        return line_end + 1


def _content_length(text: str, bound_bytes: int) -> int:
    # RFC 9110 section 8.6 allows "5, 5", all alike.
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if part != parts[0] or not part.encode().isdigit():
            raise ProtocolError("the response's Content-Length is not a number")
    digits = parts[0].lstrip("0")
    if len(digits) > 9 or int(digits or "0") > bound_bytes:
        raise ProtocolError(
            "the response's body is longer than %d bytes" % bound_bytes, reason="too_large"
        )
    return int(digits or "0")


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";")[0].rstrip(b" \t")
    if not digits:
        raise ProtocolError("a chunk has no size")
    size = 0
    for byte in digits:
        if 0x30 <= byte <= 0x39:
            digit = byte - 0x30
        elif 0x61 <= byte | 0x20 <= 0x66:
            digit = (byte | 0x20) - 0x57
        else:
            raise ProtocolError("a chunk's size is not a hexadecimal number")
        size = size << 4 | digit
        if size > _LARGEST_CHUNK_BYTES:
            raise ProtocolError("a chunk is too long", reason="too_large")
    return size
