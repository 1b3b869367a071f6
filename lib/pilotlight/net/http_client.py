"""HTTP/1.1 requests with JSON answers, each on a connection of its own, in constant memory.

The answer's body goes straight into a JsonPick: 100 kB need no more memory than 100 bytes.
"""

from micropython import const

from .deadline import Deadline
from .errors import LinkClosed, no_memory
from .http_body import BodyFraming
from .http_head import ResponseHead, request_head, retry_after_ms
from .json_pick import JsonError, JsonPick
from .transport import Endpoint, Transport

_READ_BYTES = const(1024)
_BODY_BYTES = const(1 << 18)
_HEADERS = const(("content-length", "transfer-encoding", "retry-after", "x-ratelimit-window"))
_CUT_OFF = const("the answer was cut off")


class Response:
    """What came back.

    status: the HTTP status. fields: what was picked from the body, a dict as in JsonPick.fields, or
    None if the body was not one whole JSON text.
    retry_after_ms: how long the server asks to wait, or 0, see http_head.retry_after_ms.
    """

    def __init__(self, status: int, fields: dict | None, retry_after_ms: int) -> None:
        self.status = status
        self.fields = fields
        self.retry_after_ms = retry_after_ms


class HttpClient:
    """Requests to one endpoint, one at a time: the caller must not begin another meanwhile.

    times: for the Deadline: a request ends after `stall_ms` without a byte, and a total time.
    sent: True if the last request was sent completely, so that the server may have carried it out
    even if no answer came.
    """

    def __init__(self, endpoint: Endpoint, times) -> None:
        self._endpoint = endpoint
        self._times = times
        self._buffer = bytearray(_READ_BYTES)
        self._pick = JsonPick()
        self.sent = False

    async def request(
        self,
        method: str,
        target: str,
        headers,
        fields,
        body: bytes = b"",
        pick: JsonPick | None = None,
    ) -> Response:
        """Send a request and read the answer, whatever its status.

        target: path and query, percent-encoded. headers: (name, value) pairs. fields: names of what
        to pick from a JSON answer, see JsonPick.begin. body: what to send; its Content-Type is
        among the headers. pick: a JsonPick of the caller's, for longer strings than usual.
        Raises NetError: Unreachable (also after a deadline), Untrusted, ProtocolError (not HTTP, or
        over a bound), LinkClosed (the answer was cut off). Raises ValueError for a header with
        characters that can't be sent.
        """
        own_headers = [("Accept", "application/json"), ("Connection", "close")]
        if method != "GET":
            own_headers.append(("Content-Length", str(len(body))))
        try:
            host = self._endpoint.host_field
            head = request_head(method, target, host, own_headers + list(headers)) + body
            pick = pick or self._pick
            pick.begin(fields)
        except MemoryError:
            raise no_memory()
        self.sent = False
        transport = self._endpoint.open()
        try:
            with Deadline(transport, "waiting for an HTTP answer", self._times):
                await transport.open()
                await transport.write(head, 0, len(head))
                self.sent = True
                return await self._read_response(transport, pick)
        except MemoryError:
            raise no_memory()
        finally:
            transport.close()

    async def _read_response(self, transport: Transport, pick: JsonPick) -> Response:
        head = ResponseHead(_HEADERS)
        at = -1
        while at < 0:
            count = await transport.read(self._buffer)
            if not count:
                raise LinkClosed(1006, _CUT_OFF)
            at = head.feed(self._buffer, 0, count)
        is_json = await self._read_body(transport, BodyFraming(head, _BODY_BYTES), pick, at, count)
        fields = pick.fields if is_json else None
        return Response(head.status, fields, retry_after_ms(head.headers))

    async def _read_body(
        self, transport: Transport, framing: BodyFraming, pick: JsonPick, at: int, count: int
    ) -> bool:
        """True if the body was one whole JSON text. If it is not JSON, the rest is not read."""
        try:
            while True:
                while at < count and not framing.done:
                    at = framing.next(self._buffer, at, count)
                    pick.feed(self._buffer, framing.start, framing.end)
                if framing.done:
                    break
                at = 0
                count = await transport.read(self._buffer)
                if not count:
                    if framing.ended():
                        break
                    raise LinkClosed(1006, _CUT_OFF)
            pick.finish()
        except JsonError:
            return False
        return True
