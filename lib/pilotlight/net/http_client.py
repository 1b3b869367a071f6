"""HTTP/1.1 requests with JSON answers, each on a connection of its own, in constant memory.

The answer's body goes straight into a JsonPick: 100 kB need no more memory than 100 bytes. An
answer that still lies whole in the buffer is parsed again after a MemoryError.
"""

import asyncio

from micropython import const

from .deadline import Deadline
from .errors import LinkClosed, no_memory
from .http_message import BodyFraming, ResponseHead, request_head
from .json_pick import JsonError, JsonPick

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .endpoint import Endpoint
    from .transport import Transport

_READ_BYTES = const(1024)
_BODY_BYTES = const(1 << 18)
_HEADERS = const(
    (
        "content-length",
        "transfer-encoding",
        "content-encoding",
        "retry-after",
        "x-ratelimit-window",
    )
)
_CUT_OFF = const("the answer was cut off")
_RETRIES = const(8)  # after a MemoryError; shorter in all than Times.stall_ms
_RETRY_MS = const(1000)


class Response:
    """What came back. It parses itself, piece by piece, into the caller's JsonPick.

    status: the HTTP status. fields: what was picked from the body, a dict as in JsonPick.fields, or
    None if the body was not one whole JSON text.
    retry_after_ms: how long the server asks to wait, or 0, see ResponseHead.retry_after_ms.
    flaw: what is wrong with a body that is perhaps meant to be JSON, or "".
    """

    status = 0
    fields: dict | None = None
    retry_after_ms = 0
    flaw = ""

    def __init__(self, pick: JsonPick, fields) -> None:
        self._head = ResponseHead(_HEADERS)
        self._framing: BodyFraming | None = None
        self._pick = pick
        pick.begin(fields)
        self._picked = pick.fields

    def feed(self, data, start: int, end: int, ended: bool) -> bool:
        """Take data[start:end]; True once it is whole or turns out not to be JSON.

        ended: nothing follows: the connection has ended. Raises ProtocolError.
        """
        head, framing, pick = self._head, self._framing, self._pick
        if framing is None:
            start = head.feed(data, start, end)
            if start < 0:
                return False
            framing = self._framing = BodyFraming(head, _BODY_BYTES)
        try:
            while start < end and not framing.done:
                start = framing.next(data, start, end)
                pick.feed(data, framing.start, framing.end)
            if not framing.done and not (ended and framing.ended()):
                return False
            pick.finish()
            self.fields = self._picked
            pick.begin(())  # so that it does not keep them
        except JsonError:
            coding = head.headers.get("content-encoding", "").lower()
            if coding not in ("", "identity"):
                self.flaw = "its content coding is %r, which we did not ask for" % coding[:16]
            elif pick.has_begun:
                self.flaw = "its JSON is malformed"
        self.status = head.status
        self.retry_after_ms = head.retry_after_ms()
        return True


class HttpClient:
    """Requests to one endpoint, one at a time: the caller must not begin another meanwhile.

    endpoint: the Endpoint.
    times: for the Deadline: a request ends after `stall_ms` without a byte, and a total time.
    sent: True if the last request was sent completely, so that the server may have carried it out
    even if no answer came.
    reserve: memory that a caller has set aside before its request. It is given up, and set to None,
    if the answer can't be read without it.
    """

    def __init__(self, endpoint: Endpoint, times) -> None:
        self.endpoint = endpoint
        self._times = times
        self._buffer = bytearray(_READ_BYTES)
        self._pick = JsonPick()
        self.sent = False
        self.reserve: bytearray | None = None

    async def request(
        self,
        method: str,
        target: str,
        headers,
        fields,
        body: bytes = b"",
        pick: JsonPick | None = None,
        buffer: bytearray | None = None,
    ) -> Response:
        """Send a request and read the answer, whatever its status.

        target: path and query, percent-encoded. headers: (name, value) pairs. fields: names of what
        to pick from a JSON answer, see JsonPick.begin. body: what to send; its Content-Type is
        among the headers. pick: a JsonPick of the caller's, for longer strings than usual.
        buffer: to read the answer into, instead of the client's own of 1 kB. As long as it holds
        the whole answer, a MemoryError loses nothing of it.
        Raises NetError: Unreachable (also after a deadline), Untrusted, ProtocolError (not HTTP, or
        over a bound), LinkClosed (the answer was cut off). Raises ValueError for a header with
        characters that can't be sent.
        """
        self.sent = False
        endpoint = self.endpoint
        transport = endpoint.open()
        try:
            own_headers = [("Accept", "application/json"), ("Connection", "close")]
            if method != "GET":
                own_headers.append(("Content-Length", str(len(body))))
            own_headers.extend(headers)
            head = request_head(method, target, endpoint.host_field, own_headers) + body
            # Made before the request is sent: later, no memory for it would lose the answer.
            answer = self._read(transport, pick or self._pick, fields, buffer or self._buffer)
            with Deadline(transport, "waiting for an HTTP answer", self._times):
                await transport.open()
                await transport.write(head, 0, len(head))
                self.sent = True
                return await answer
        except MemoryError:
            raise no_memory()
        finally:
            transport.close()

    async def _read(
        self, transport: Transport, pick: JsonPick, fields, buffer: bytearray
    ) -> Response:
        response = None
        start = end = retries = 0  # buffer[start:end] is not parsed yet
        is_whole = True  # the buffer holds all that has come
        ended = False
        while True:
            try:
                if response is None:
                    response = Response(pick, fields)
                if response.feed(buffer, start, end, ended):
                    return response
                if ended:
                    raise LinkClosed(1006, _CUT_OFF)
                if end == len(buffer):
                    is_whole = False
                    end = 0
                start = end
                end += await transport.read(memoryview(buffer)[end:])
                ended = end == start
            except MemoryError:
                if not is_whole or retries == _RETRIES:
                    raise
                retries += 1
                start = 0
                response = self.reserve = None
                await asyncio.sleep_ms(_RETRY_MS)
