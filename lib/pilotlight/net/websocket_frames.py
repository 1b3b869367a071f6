"""RFC 6455 frames and messages, bytes in and bytes out of reused buffers, for a client. Pure.

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1     (section 5.2)
   +-+-+-+-+-------+-+-------------+-------------------------------+
   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
   |N|V|V|V|       |S|             |   (if payload len==126/127)   |
   | |1|2|3|       |K|             |                               |
   +-+-+-+-+-------+-+-------------+-------------------------------+

The reader keeps one buffer: assembled payload of an unfinished message at its front, bytes of the wire behind. What a header
announces is checked against the bounds before a byte of its payload is waited for.
"""

from micropython import const

from .errors import ProtocolError
from .utf8 import Utf8Check

NONE = -1
CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA

CONTROL_BYTES = 125  # section 5.5
_HEADER_BYTES = const(10)  # the longest that a server sends: two, and eight of length
_NO_CODE = const(1005)


class FrameReader:
    """Takes the wire's bytes, gives whole messages and control frames.

        room = reader.room()                 # read from the wire into this …
        reader.received(count)               # … and say how much it was
        while (opcode := reader.next()) != NONE:
            … reader.buffer[reader.start : reader.end] …

    bound_bytes: the bound of a message, all its fragments together.
    buffer, start, end: where the payload of the last `next()` lies; valid until `next()` or `room()` is called again.
    expected: a text that often comes as a message of its own. It is recognized whole (`was_expected`) and skips the UTF-8
    check, so it must be valid UTF-8.
    """

    def __init__(self, bound_bytes: int) -> None:
        self._bound_bytes = bound_bytes
        self.buffer = bytearray(bound_bytes + _HEADER_BYTES + CONTROL_BYTES)
        self._view = memoryview(self.buffer)
        self._utf8 = Utf8Check()
        self.expected = b""
        self.reset()

    def reset(self) -> None:
        """Forget everything: a new connection begins."""
        self.start = 0
        self.end = 0
        self.was_expected = False
        self._message_end = 0  # assembled payload of an unfinished message: buffer[0:_message_end]
        self._message_opcode = NONE
        self._fragments = 0
        self._checked = 0  # payload bytes of the frame under way that went through the UTF-8 check
        self._head = 0  # bytes not parsed yet: buffer[_head:_tail]
        self._tail = 0

    def room(self):
        """The part of the buffer for the next bytes of the wire; at least one byte long."""
        if self._head == self._tail:
            self._head = self._tail = self._message_end
        elif self._tail == len(self.buffer) or self._head - self._message_end > CONTROL_BYTES:
            self._shift(self._message_end)
        if not self._tail:
            return self._view
        return self._view[self._tail :]

    def received(self, count: int) -> None:
        """`count` bytes of the wire now lie at the start of what `room()` gave."""
        self._tail += count

    def skip(self, count: int) -> None:
        """Leave out `count` bytes of the wire: they belonged to the HTTP head before the frames."""
        self._head += count

    def next(self) -> int:
        """The opcode of the next whole message (TEXT, BINARY) or control frame (PING, PONG, CLOSE); NONE: read more.

        Raises ProtocolError, with the close code that says why, as soon as the bytes at hand break a rule.
        """
        while True:
            head = self._head
            there = self._tail - head
            if there < 2:
                return NONE
            buffer = self.buffer
            first = buffer[head]
            length = buffer[head + 1]
            header = 2
            self._check_first_bytes(first, length)
            if length > CONTROL_BYTES:
                header = 4 if length == 126 else _HEADER_BYTES
                if there < header:
                    return NONE
                length = self._extended_length(head + 2, head + header)
            opcode = first & 0x0F
            start = head + header
            if opcode < CLOSE:
                if self._message_end + length > self._bound_bytes:
                    raise ProtocolError(
                        "a message is longer than %d bytes" % self._bound_bytes, 1009, "too_large"
                    )
                if there - header < length or not first & 0x80 or opcode == CONTINUATION:
                    self._check_text(first, opcode, start, min(start + length, self._tail))
            if there - header < length:
                return NONE
            self._head = start + length
            if opcode >= CLOSE:
                self._give(start, start + length)
                return opcode
            done = self._data_frame(first, opcode, start, length)
            if done != NONE:
                return done

    def close_code(self) -> int:
        """The code of the CLOSE that `next()` gave; 1005 if it had none. Raises ProtocolError (section 7.4)."""
        length = self.end - self.start
        if not length:
            return _NO_CODE
        if length == 1:
            raise ProtocolError("a close frame's body is one byte long")
        code = self.buffer[self.start] << 8 | self.buffer[self.start + 1]
        # Section 7.4.2, and IANA's registry for 1012 to 1014.
        if not (3000 <= code <= 4999 or (1000 <= code <= 1014 and code not in (1004, 1005, 1006))):
            raise ProtocolError("a close frame has the invalid code %d" % code)
        self._utf8.reset()
        if not self._utf8.feed(self.buffer, self.start + 2, self.end) or not self._utf8.complete():
            raise ProtocolError("a close frame's reason is not valid UTF-8", 1007)
        return code

    def _check_first_bytes(self, first: int, second: int) -> None:
        opcode = first & 0x0F
        if first & 0x70:
            raise ProtocolError("a reserved bit is set and no extension was agreed")
        if second & 0x80:
            raise ProtocolError("the server sent a masked frame")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise ProtocolError("unknown opcode %d" % opcode)
            if not first & 0x80:
                raise ProtocolError("a control frame is fragmented")
            if second > CONTROL_BYTES:
                raise ProtocolError("a control frame is longer than 125 bytes")
        elif opcode > BINARY:
            raise ProtocolError("unknown opcode %d" % opcode)
        elif opcode == CONTINUATION:
            if self._message_opcode == NONE:
                raise ProtocolError("a continuation frame has no message to continue")
        elif self._message_opcode != NONE:
            raise ProtocolError("a new message begins inside a fragmented one")

    def _extended_length(self, start: int, end: int) -> int:
        # Byte by byte, and no further than the bound: 2**63 would be a big integer on the heap.
        length = 0
        for i in range(start, end):
            length = length << 8 | self.buffer[i]
            if length > 0xFFFFFF:
                raise ProtocolError(
                    "a message is longer than %d bytes" % self._bound_bytes, 1009, "too_large"
                )
        if length <= CONTROL_BYTES or (end - start == 8 and length <= 0xFFFF):
            raise ProtocolError("a frame's length is not in its shortest form")
        return length

    def _check_text(self, first: int, opcode: int, start: int, there: int) -> None:
        """Check what has come of a text that is not whole yet, so that a bad one fails early."""
        if opcode == TEXT or (opcode == CONTINUATION and self._message_opcode == TEXT):
            if opcode == TEXT and not self._checked:
                self._utf8.reset()
            if not self._utf8.feed(self.buffer, start + self._checked, there):
                raise ProtocolError("a text message is not valid UTF-8", 1007)
            self._checked = there - start

    def _data_frame(self, first: int, opcode: int, start: int, length: int) -> int:
        final = first & 0x80
        checked = self._checked
        self._checked = 0
        if final and opcode != CONTINUATION:
            self._give(start, start + length)
            if opcode == TEXT:
                expected = self.expected
                if length == len(expected) and self.buffer.find(expected, start, self.end) == start:
                    self.was_expected = length > 0
                    return TEXT
                if not checked:
                    self._utf8.reset()
                if (
                    not self._utf8.feed(self.buffer, start + checked, self.end)
                    or not self._utf8.complete()
                ):
                    raise ProtocolError("a text message is not valid UTF-8", 1007)
            return opcode
        if opcode != CONTINUATION:
            self._message_opcode = opcode
            self._fragments = 0
        self._fragments += 1
        if self._fragments > self._bound_bytes:  # empty ones could come for ever
            raise ProtocolError(
                "a message has more than %d fragments" % self._bound_bytes, 1009, "too_large"
            )
        message_end = self._message_end
        if start != message_end:
            self._view[message_end : message_end + length] = self._view[start : start + length]
        self._message_end = message_end + length
        if not final:
            return NONE
        opcode = self._message_opcode
        if opcode == TEXT and not self._utf8.complete():
            raise ProtocolError("a text message ends inside a UTF-8 character", 1007)
        self._give(0, self._message_end)
        self._message_opcode = NONE
        self._message_end = 0
        return opcode

    def _give(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.was_expected = False

    def _shift(self, to: int) -> None:
        count = self._tail - self._head
        self._view[to : to + count] = self._view[self._head : self._tail]
        self._head = to
        self._tail = to + count


class FrameWriter:
    """Builds one masked frame at a time in a reused buffer.

    bound_bytes: the longest payload. buffer, length: the frame that `encode` built is buffer[:length].
    """

    def __init__(self, bound_bytes: int) -> None:
        self._bound_bytes = max(bound_bytes, CONTROL_BYTES)
        self.buffer = bytearray(self._bound_bytes + 8)
        self.length = 0

    def encode(self, opcode: int, payload, start: int, end: int, mask, mask_at: int) -> None:
        """A whole (unfragmented) frame of payload[start:end], masked with the four bytes at mask[mask_at] (section 5.3).

        Raises ValueError if the payload is longer than this writer's bound.
        """
        count = end - start
        if count > self._bound_bytes or (opcode >= CLOSE and count > CONTROL_BYTES):
            raise ValueError("a payload of %d bytes does not fit one frame" % count)
        buffer = self.buffer
        buffer[0] = 0x80 | opcode
        if count <= CONTROL_BYTES:
            buffer[1] = 0x80 | count
            at = 2
        else:
            buffer[1] = 0x80 | 126
            buffer[2] = count >> 8
            buffer[3] = count & 0xFF
            at = 4
        for i in range(4):
            buffer[at + i] = mask[mask_at + i]
        key = at
        at += 4
        for i in range(count):
            buffer[at + i] = payload[start + i] ^ buffer[key + (i & 3)]
        self.length = at + count
