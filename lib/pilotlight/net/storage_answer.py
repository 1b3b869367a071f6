"""What a storage service answers to a PUT, and what that means. S3's errors are XML."""

from micropython import const

from .deadline import TimedEvent
from .errors import LinkClosed, NetError, ProtocolError
from .http_message import ResponseHead

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .transport import Transport

_ANSWER_BYTES = const(512)  # also of an error's text: S3 says at its beginning what it is
_LONGEST_CODE = const(40)


class PutFailed(NetError):
    """The storage has not got the body.

    reason: `address_expired`: another address is needed. `put_refused`: the same request will be
    refused again. `try_later`: the service, or what is before it, can't do it now (5xx, 408, 429);
    wait_ms is how long it asks to wait, or None. `moved`: it names another address, and none is
    followed. `source_ended`: the source has fewer bytes than were to be sent.
    status: the HTTP status, 0 with `source_ended`. code: what S3 has in <Code>, such as
    AccessDenied, or "".
    """

    def __init__(self, reason: str, text: str, status: int = 0, code: str = "") -> None:
        NetError.__init__(self, reason, text)
        self.status = status
        self.code = code


class StorageAnswer:
    """The answer on a transport. A task reads it beside the body's writer: it may come early.

    begun: a TimedEvent, set when it begins. is_whole: no more of it is needed, or the link's end.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.begun = TimedEvent()
        self.is_whole = False
        self._data = bytearray(_ANSWER_BYTES)
        self._head = ResponseHead(("retry-after",))
        self._status = -1  # 0: it has begun, but its head is not whole
        self._text = b""
        self._error: Exception = LinkClosed(1006, "the connection ended without an answer")

    def begins(self) -> bool:
        """Take what has come, without waiting. True if the answer has begun, or the link's end."""
        count = self.transport.read_into(self._data)
        if count is not None:
            at = 0 if self._status > 0 else self._head.feed(self._data, 0, count)
            self._status = self._head.status if at >= 0 else 0
            self._text += self._data[at:count] if at >= 0 else b""
            is_enough = len(self._text) >= _ANSWER_BYTES or b"</Error>" in self._text
            self.is_whole = not count or is_enough or 200 <= self._status < 300
        return self._status >= 0

    async def read(self) -> None:
        """Read until it is whole, and wake the writer when it begins. Keeps what goes wrong."""
        try:
            while not self.is_whole:
                await self.transport.readable
                if self.begins():
                    self.begun.set()
                    self.transport.writable.wake()
        except (NetError, MemoryError) as error:
            self._error = error
            self.begun.set()

    def judge(self, is_sent: bool) -> None:
        """Raise why the storage has not got the body, all of which was sent, or return."""
        status, text = self._status, self._text
        if status <= 0:
            raise self._error
        if status < 300:
            if is_sent:
                return
            raise ProtocolError("HTTP status %d came before the whole body was sent" % status)
        code = text.partition(b"<Code>")[2].partition(b"</Code>")[0]
        word = code.decode() if code.isalpha() and len(code) <= _LONGEST_CODE else ""
        reason = "put_refused"
        if status >= 500 or status in (408, 429) or word == "RequestTimeout":
            reason = "try_later"
        elif status < 400:
            reason = "moved"
        elif b"xpired" in text:
            reason = "address_expired"
        error = PutFailed(reason, "the storage answered %d %s" % (status, word), status, word)
        error.wait_ms = self._head.retry_after_ms() or None
        raise error
