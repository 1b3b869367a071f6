"""One HTTP/1.1 request at a time, one connection a request, in constant memory.

The body goes straight into a JsonPick: a reply of 100 kB costs no more than one of 100 bytes.
"""

from micropython import const

from .deadline import Deadline
from .errors import LinkClosed
from .http_body import BodyFraming
from .http_head import ResponseHead, request_head
from .json_pick import JsonError, JsonPick
from .transport import Endpoint

_READ_BYTES = const(1024)
_BODY_BYTES = const(1 << 20)
_FIELDS = ("content-length", "transfer-encoding", "x-ratelimit-window")


class Response:
    """What came back.

    status: the HTTP status. is_json: the body was one whole JSON text (its picks are in the JsonPick that was handed in).
    window_ms: `x-ratelimit-window` in milliseconds, or None.
    """

    def __init__(self, status: int, is_json: bool, window_ms: int | None) -> None:
        self.status = status
        self.is_json = is_json
        self.window_ms = window_ms


class HttpClient:
    """Requests to one endpoint; the caller sees to it that only one is under way.

    host_field: the Host header's value. stall_ms, total_ms: a request ends after this long without a byte, and in all.
    """

    def __init__(self, endpoint: Endpoint, host_field: str, stall_ms: int, total_ms: int) -> None:
        self._endpoint = endpoint
        self._host_field = host_field
        self._stall_ms = stall_ms
        self._total_ms = total_ms
        self._buffer = bytearray(_READ_BYTES)

    async def request(self, method: str, target: str, fields, pick: JsonPick) -> Response:
        """Send a request without a body and read the answer, whatever its status; `pick` is reset and fed with the body.

        fields: (name, value) pairs. Raises NetError: Unreachable (also for a deadline missed), Untrusted, NoMemory,
        ProtocolError (not HTTP, or over a bound), LinkClosed (the answer was cut off).
        """
        framing_fields = [("Accept", "application/json"), ("Connection", "close")]
        if method != "GET":
            framing_fields.append(("Content-Length", "0"))
        head = request_head(method, target, self._host_field, framing_fields + list(fields))
        pick.reset()
        transport = self._endpoint.open()
        try:
            with Deadline(transport, "waiting for an HTTP answer", self._stall_ms, self._total_ms):
                await transport.open()
                await transport.write(head, 0, len(head))
                return await self._read_response(transport, pick)
        finally:
            transport.close()

    async def _read_response(self, transport, pick: JsonPick) -> Response:
        head = ResponseHead(_FIELDS)
        at = count = 0
        while True:
            count = await self._read(transport)
            if not count:
                raise LinkClosed(1006, "the server closed the connection before its answer was complete")
            at = head.feed(self._buffer, 0, count)
            if at >= 0:
                break
        is_json = await self._read_body(transport, BodyFraming(head, _BODY_BYTES), at, count, pick)
        window = head.fields.get("x-ratelimit-window", "")
        return Response(head.status, is_json, int(window) if window.encode().isdigit() and len(window) < 9 else None)

    async def _read_body(self, transport, framing: BodyFraming, at: int, count: int, pick: JsonPick) -> bool:
        """True if the body was one whole JSON text. What is not JSON is not read to its end: nobody wants it."""
        try:
            while True:
                while at < count and not framing.done:
                    at = framing.next(self._buffer, at, count)
                    pick.feed(self._buffer, framing.start, framing.end)
                if framing.done:
                    break
                at = 0
                count = await self._read(transport)
                if not count:
                    if framing.ended():
                        break
                    raise LinkClosed(1006, "the server closed the connection in the middle of its answer")
            pick.finish()
        except JsonError:
            return False
        return True

    async def _read(self, transport) -> int:
        while True:
            await transport.readable
            count = transport.read_into(self._buffer)
            if count is not None:
                return count
