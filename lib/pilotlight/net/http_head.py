"""HTTP/1.1 heads (RFC 9112): build a request's, parse a response's. Pure.

Shared by the HTTP client and the WebSocket upgrade. A response's head of any size needs the memory
of one short line: only the headers that the caller wants are kept.
"""

from micropython import const

from .. import __version__
from .errors import ProtocolError

_LINE_BYTES = const(512)  # the longest line that is kept; longer ones are counted and dropped
_HEAD_BYTES = const(16384)
_LF = const(b"\n")
_DATE_MS = const(60_000)
# Firewalls refuse requests without a User-Agent. Without Accept-Encoding, any coding is acceptable
# (RFC 9110 section 12.5.3).
_BEGIN = (
    "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Pilotlight/"
    + __version__
    + "\r\nAccept-Encoding: identity\r\n"
)


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
            self._collect(data, start, stop)
            if line_end < 0:
                return -1
            start = line_end + 1
            if self._end_of_line():
                return start
        return -1

    def _begin(self) -> None:
        self.status = 0
        self.headers: dict = {}
        self._last: str | None = None  # the header that a folded line would continue

    def _collect(self, data, start: int, stop: int) -> None:
        count = stop - start
        self._total_bytes += count + 1
        if self._total_bytes > _HEAD_BYTES:
            raise ProtocolError(
                "the response's head is longer than %d bytes" % _HEAD_BYTES, reason="too_large"
            )
        room = _LINE_BYTES + 1 - len(self._line)
        self._line += data[start : min(stop, start + room)]

    def _end_of_line(self) -> bool:
        """Handle one line; True if it ended the head."""
        line = self._line
        self._line = b""
        cut = len(line) > _LINE_BYTES
        if cut:
            line = line[:_LINE_BYTES]
        elif line.endswith(b"\r"):
            line = line[:-1]
        if not self.status:
            self._status_line(line)
        elif line:
            self._header_line(line, cut)
        elif self.status < 200 and self.status != 101:
            self._begin()
        else:
            return True
        return False

    def _status_line(self, line: bytes) -> None:
        # RFC 9112 section 4: HTTP-version SP 3DIGIT SP [ reason ]; the last SP is often forgotten.
        code = line[9:12]
        if (
            not line.startswith(b"HTTP/1.")
            or not line[7:8].isdigit()
            or line[8:9] != b" "
            or len(code) != 3
            or not code.isdigit()
            or line[12:13] not in (b"", b" ")
        ):
            raise ProtocolError("the answer is not HTTP/1.1")
        self.status = int(code)
        if self.status < 100:
            raise ProtocolError("the answer's HTTP status is below 100")

    def _header_line(self, line: bytes, cut: bool) -> None:
        if line[0] in (0x20, 0x09):  # obsolete line folding, RFC 9112 section 5.2
            if self._last is not None:
                self._keep(self._last, line, " ", cut)
            return
        colon = line.find(b":")
        self._last = None
        if colon < 0 and cut:
            return
        if colon < 1 or line[colon - 1] in (0x20, 0x09):
            raise ProtocolError("the response's head holds a line that is not a header")
        if colon > 32:
            return
        name = _text(line[:colon]).lower()
        if name in self._wanted:
            self._last = name
            self._keep(name, line[colon + 1 :], ", ", cut)

    def _keep(self, name: str, value: bytes, joint: str, cut: bool) -> None:
        before = self.headers.get(name)
        text = _text(value.strip(b" \t"))
        if before is not None:
            text = before + joint + text
        if cut or len(text) > _LINE_BYTES:
            raise ProtocolError("the response's header %s is too long" % name, reason="too_large")
        self.headers[name] = text


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeError:
        raise ProtocolError("the response's head holds a header that is not text")


def retry_after_ms(headers: dict) -> int:
    """How long an answer asks to wait before the next request, in ms; 0 if it does not say.

    headers: lower-case name → value. `retry-after` (RFC 9110 section 10.2.3) counts in seconds;
    a date there counts as a minute, for the clock may be wrong. `x-ratelimit-window` counts in ms.
    """
    text = headers.get("retry-after", "").strip()
    if text:
        if text.encode().isdigit():
            return int(text[:6]) * 1000
        return _DATE_MS if text[-3:] == "GMT" else 0
    text = headers.get("x-ratelimit-window", "").strip()
    return int(text[:9]) if text and text.encode().isdigit() else 0
