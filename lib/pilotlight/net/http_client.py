"""One HTTP/1.1 request at a time, one connection a request, in constant memory.

The body goes straight into a JsonPick: a reply of 100 kB costs no more than one of 100 bytes.
"""

from micropython import const

from .deadline import Deadline
from .errors import LinkClosed, no_memory
from .http_body import BodyFraming
from .http_head import ResponseHead, request_head
from .json_pick import JsonError, JsonPick
from .transport import Endpoint, Transport

_READ_BYTES = const(1024)
_BODY_BYTES = const(1 << 18)
_FIELDS = const(("content-length", "transfer-encoding"))
_CUT_OFF = const("the answer was cut off")


class Response:
    """What came back.

    status: the HTTP status. values: what was picked from the body (see JsonPick), or None if it was not one whole JSON text.
    """

    def __init__(self, status: int, values: list | None) -> None:
        self.status = status
        self.values = values


class HttpClient:
    """Requests to one endpoint; the caller sees to it that only one is under way.

    times: has `stall_ms` and `total_ms`: a request ends after this long without a byte, and in all.
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
        fields,
        paths,
        body: bytes = b"",
        pick: JsonPick | None = None,
    ) -> Response:
        """Send a request and read the answer, whatever its status.

        fields: (name, value) pairs. paths: what to pick from a JSON body, see JsonPick. body: what to send, its Content-Type
        among the fields. pick: a JsonPick of the caller's own, for texts that are longer than the usual bound.
        Raises NetError: Unreachable (also for a deadline missed), Untrusted, ProtocolError (not HTTP, or over a
        bound), LinkClosed (the answer was cut off).
        """
        own_fields = [("Accept", "application/json"), ("Connection", "close")]
        if method != "GET":
            own_fields.append(("Content-Length", str(len(body))))
        try:
            host = self._endpoint.host_field
            head = request_head(method, target, host, own_fields + list(fields)) + body
        except MemoryError:
            raise no_memory()
        pick = pick or self._pick
        pick.begin(paths)
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
        head = ResponseHead(_FIELDS)
        at = -1
        while at < 0:
            count = await transport.read(self._buffer)
            if not count:
                raise LinkClosed(1006, _CUT_OFF)
            at = head.feed(self._buffer, 0, count)
        is_json = await self._read_body(transport, BodyFraming(head, _BODY_BYTES), pick, at, count)
        return Response(head.status, pick.values if is_json else None)

    async def _read_body(
        self, transport: Transport, framing: BodyFraming, pick: JsonPick, at: int, count: int
    ) -> bool:
        """True if the body was one whole JSON text. What is not JSON is not read to its end: nobody wants it."""
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
