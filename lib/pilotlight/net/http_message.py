"""HTTP/1.1 messages (RFC 9112): build a request's head, parse a response's head and body. Pure.

Shared by the HTTP client and the WebSocket upgrade. A response's head of any size needs the memory
of one short line: only the headers that the caller wants are kept.
"""

from binascii import unhexlify

from micropython import const

from .. import __version__
from .errors import ProtocolError, too_large

_LINE_BYTES = const(512)  # the longest line that is kept; longer ones are counted and dropped
_HEAD_BYTES = const(16384)
_CHUNK_LINE_BYTES = const(256)
_LONGEST_NAME_BYTES = const(32)  # of a header that anybody wants
_SIZE_DIGITS = const(6)
_DATE_MS = const(60_000)
_LF = const(b"\n")
_SPACES = const(b" \t")
# Firewalls refuse requests without a User-Agent. Without Accept-Encoding, any coding is acceptable
# (RFC 9110 section 12.5.3).
_BEGIN = (
    "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Pilotlight/"
    + __version__
    + "\r\nAccept-Encoding: identity\r\n"
)

_CHUNK_SIZE = const(0)
_CHUNK_DATA = const(1)
_CHUNK_END = const(2)
_TRAILER = const(3)


def request_head(method: str, target: str, host: str, headers) -> bytes:
    """The bytes of a request's head, the empty line included.

    target: path and query, percent-encoded. host: the value of the Host header. headers: (name,
    value) pairs, the other headers but User-Agent and Accept-Encoding.
    Raises ValueError if target or a value holds a control character, which could begin another
    header, or one that is not ASCII. The error's text does not hold the value.
    """
    _check("request target", target, 0x21)
    lines = [_BEGIN % (method, target, host)]
    for name, value in headers:
        _check(name, value, 0x20)
        lines.append("%s: %s\r\n" % (name, value))
    lines.append("\r\n")
    return "".join(lines).encode()


def host_field(host: str, port: int, is_tls: bool) -> str:
    """The Host header's value: the port is left out if it is the scheme's default.

    host: a name or an address; an IPv6 address without brackets.
    """
    if ":" in host:
        host = "[%s]" % host
    return host if port == (443 if is_tls else 80) else "%s:%d" % (host, port)


def percent_encode(text: str) -> str:
    """The text with all but unreserved characters as %XX, one for each UTF-8 byte."""
    encoded = bytearray()
    for byte in text.encode():
        letter = 0x61 <= byte | 0x20 <= 0x7A and byte < 0x80
        if letter or 0x30 <= byte <= 0x39 or byte in (0x2D, 0x2E, 0x5F, 0x7E):
            encoded.append(byte)
        else:
            encoded.extend(b"%%%02X" % byte)
    return encoded.decode()


def _check(what: str, text: str, lowest: int) -> None:
    data = text.encode()
    if data and not (lowest <= min(data) and max(data) <= 0x7E):
        raise ValueError("the %s holds a character that HTTP does not allow there" % what)


class ResponseHead:
    """Parses a response's head, which may come in pieces, split anywhere.

    wanted: lower-case names of the headers to keep.
    After the head: status, an int, and headers, a dict from those names to values (text; repeated
    ones are joined with ", ", see RFC 9110 section 5.3).
    Interim responses (1xx but 101) are skipped.
    """

    def __init__(self, wanted) -> None:
        self._wanted = wanted
        self._line = b""  # what has come of a line: at most one byte more than is kept
        self._total_bytes = 0
        self._begin()

    def feed(self, data, start: int, end: int) -> int:
        """Take data[start:end]; the index behind the head once it is whole, else -1.

        Raises ProtocolError: not HTTP/1, a malformed line, a wanted header over 512 bytes, a head
        over 16 KiB.
        """
        while start < end:
            line_end = data.find(_LF, start, end)
            stop = end if line_end < 0 else line_end
            self._total_bytes += stop - start + 1
            if self._total_bytes > _HEAD_BYTES:
                raise too_large("the response's head")
            room = _LINE_BYTES + 1 - len(self._line)
            line = self._line = self._line + data[start : min(stop, start + room)]
            if line_end < 0:
                break
            start = line_end + 1
            self._line = b""
            if line.endswith(b"\r"):
                line = line[:-1]
            if not self.status:
                self._status_line(line)
            elif line:
                try:
                    self._header_line(line)
                except UnicodeError:
                    raise ProtocolError("a header is not text")
            elif self.status < 200 and self.status != 101:
                self._begin()
            else:
                return start
        return -1

    def _begin(self) -> None:
        self.status = 0
        self.headers: dict = {}
        self._last: str | None = None  # the wanted header that a folded line would continue

    def _status_line(self, line: bytes) -> None:
        # RFC 9112 section 4: HTTP-version SP 3DIGIT SP [ reason ]; the last SP is often forgotten.
        code = line[9:12]
        if (
            line.startswith(b"HTTP/1.")
            and line[7:8].isdigit()
            and line[8:9] == b" "
            and code.isdigit()
            and line[12:13] in (b"", b" ")
        ):
            self.status = int(code)
        if self.status < 100:
            raise ProtocolError("the answer is not HTTP/1.1")

    def _header_line(self, line: bytes) -> None:
        cut = len(line) > _LINE_BYTES
        colon = line.find(b":")
        name: str | None
        if line[0] in _SPACES:  # obsolete line folding, RFC 9112 section 5.2
            name = self._last
            joint = " "
            colon = -1
        elif colon < 1 or line[colon - 1] in _SPACES:
            self._last = None
            if colon < 0 and cut:
                return
            raise ProtocolError("a line of the head is not a header")
        else:
            name = line[:colon].decode().lower() if colon <= _LONGEST_NAME_BYTES else ""
            self._last = name = name if name in self._wanted else None
            joint = ", "
        if name is None:
            return
        text = line[colon + 1 :].strip(_SPACES).decode()
        if name in self.headers:
            text = self.headers[name] + joint + text
        if cut or len(text) > _LINE_BYTES:
            raise too_large("the header " + name)
        self.headers[name] = text

    def retry_after_ms(self) -> int:
        """How long the answer asks to wait before the next request, in ms; 0 if it does not say.

        `retry-after` (RFC 9110 section 10.2.3) counts in seconds; a date there counts as a minute,
        for the clock may be wrong. `x-ratelimit-window` counts in ms. Both must be wanted.
        """
        text = self.headers.get("retry-after", "").strip()
        if text[-3:] == "GMT":
            return _DATE_MS
        digits, unit_ms = 6, 1000
        if not text:
            text = self.headers.get("x-ratelimit-window", "").strip()
            digits, unit_ms = 9, 1
        return int(text[:digits]) * unit_ms if text and text.encode().isdigit() else 0


class BodyFraming:
    """Finds a body's end (RFC 9112 section 6.3): by length, by chunks, or with the connection.

    head: a whole ResponseHead that kept the headers `content-length` and `transfer-encoding`.
    bound_bytes: the longest body that is accepted.
    done: the body is whole, and nothing of the connection belongs to it any more.
    Raises ProtocolError if the headers contradict each other or the bound.
    """

    def __init__(self, head: ResponseHead, bound_bytes: int) -> None:
        self._bound_bytes = bound_bytes
        self._total_bytes = 0
        self._left = -1  # bytes to come of the body or chunk; -1: until the connection ends
        self._line = b""  # what has come of a line between chunks
        self._state = _CHUNK_DATA  # also of a body without chunks
        self._chunked = False
        self.start = 0  # the piece of the body that `next` found: data[start:end]
        self.end = 0
        self.done = head.status < 200 or head.status in (204, 304)
        if self.done:
            return
        # A second "chunked" says nothing new (RFC 9112 section 6.1), nor does "identity".
        for coding in head.headers.get("transfer-encoding", "").lower().split(","):
            coding = coding.strip()
            if coding == "chunked":
                self._chunked = True
                self._state = _CHUNK_SIZE
            elif coding not in ("", "identity"):
                raise ProtocolError("we did not ask for this transfer coding")
        length = head.headers.get("content-length")
        if not self._chunked and length is not None:
            self._left = self._content_length(length)
            self.done = not self._left

    def next(self, data, start: int, end: int) -> int:
        """Find the next piece of the body in data[start:end].

        The piece is data[self.start:self.end], perhaps empty. Gives the index from which to go on:
        call it again until that is `end` or `done` is True.
        Raises ProtocolError: malformed chunks, or a body over the bound.
        """
        self.start = self.end = start
        if self._state != _CHUNK_DATA:
            return self._chunk_line(data, start, end)
        left = self._left
        if left >= 0:
            end = min(end, start + left)
            self._left = left = left - end + start
        self.end = end
        self._count(end - start)
        if not left:
            self._state = _CHUNK_END
            self.done = not self._chunked
        return end

    def ended(self) -> bool:
        """Call it when the connection has ended. True if the body is whole."""
        return self.done or (self._left < 0 and not self._chunked)

    def _count(self, count: int) -> None:
        self._total_bytes += count
        if self._total_bytes > self._bound_bytes:
            raise too_large("the response's body")

    def _content_length(self, text: str) -> int:
        # RFC 9110 section 8.6 allows "5, 5", all alike.
        parts = [part.strip() for part in text.split(",")]
        for part in parts:
            if part != parts[0] or not part.encode().isdigit():
                raise ProtocolError("Content-Length is not a number")
        digits = parts[0].lstrip("0")
        length = int("0" + digits[:10])
        if length > self._bound_bytes:
            raise too_large("the response's body")
        return length

    def _chunk_line(self, data, start: int, end: int) -> int:
        # RFC 9112 section 7.1: chunk-size [ ext ] CRLF chunk-data CRLF … last-chunk, trailers.
        line_end = data.find(_LF, start, end)
        line = self._line + data[start : end if line_end < 0 else line_end]
        if len(line) > _CHUNK_LINE_BYTES:
            raise too_large("a line of the chunked body")
        self._line = line
        if line_end < 0:
            return end
        self._line = b""
        line = line.rstrip(b"\r")
        if self._state == _CHUNK_SIZE:
            self._left = _chunk_size(line)
            self._state = _CHUNK_DATA if self._left else _TRAILER
        elif self._state == _TRAILER:
            self._count(len(line))
            self.done = not line
        elif line:
            raise ProtocolError("a chunk is longer than it said")
        else:
            self._state = _CHUNK_SIZE
        return line_end + 1


def _chunk_size(line: bytes) -> int:
    padded = line.split(b";")[0].rstrip(_SPACES)
    digits = padded.lstrip(b"0")
    if len(digits) > _SIZE_DIGITS:
        raise too_large("a chunk")
    try:
        if not padded:
            raise ValueError
        return int.from_bytes(unhexlify(b"0" * (_SIZE_DIGITS - len(digits)) + digits), "big")
    except ValueError:
        raise ProtocolError("a chunk's size is not a hexadecimal number")
