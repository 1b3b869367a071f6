"""RFC 6455 frames and messages, bytes in and bytes out of reused buffers, for a client. Pure.

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1     (section 5.2)
   +-+-+-+-+-------+-+-------------+-------------------------------+
   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
   |N|V|V|V|       |S|             |   (if payload len==126/127)   |
   | |1|2|3|       |K|             |                               |
   +-+-+-+-+-------+-+-------------+-------------------------------+

The reader has one buffer. It holds the payload of the message under way, and behind it the bytes of
the wire that are not parsed yet. A length is checked before the payload is waited for.
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
        reader.received(count)               # … and say how many bytes it was
        while (opcode := reader.next()) != NONE:
            … reader.buffer[reader.start : reader.end] …

    bound_bytes: the longest message that is accepted, all its fragments together.
    buffer, start, end: after `next()` gave an opcode, the payload is buffer[start:end], until
    `next()` or `room()` is called again.
    expected: a text that is often received; it must be valid UTF-8. A message that equals it is not
    checked for UTF-8, and `was_expected` is True after it.
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
        self._message_opcode = NONE  # of the message under way
        self._message_start = 0  # its payload so far: buffer[_message_start:_message_end]
        self._message_end = 0
        self._fragments = 0
        self._first = 0  # the first byte of the frame under way
        self._left = NONE  # payload bytes of it still to come; NONE: a header comes next
        self._head = 0  # bytes not parsed yet: buffer[_head:_tail]
        self._tail = 0

    def room(self):
        """The part of the buffer for the next bytes of the wire; at least one byte long."""
        if self._message_opcode == NONE:
            if self._head == self._tail:
                self._head = self._tail = 0
                return self._view
            self._message_start = self._message_end = self._head
        if self._tail == len(self.buffer):
            self._compact()
        return self._view[self._tail :]

    def received(self, count: int) -> None:
        """`count` bytes of the wire now lie at the start of what `room()` gave."""
        self._tail += count

    def skip(self, count: int) -> None:
        """Leave out `count` bytes of the wire: they belonged to the HTTP head before the frames."""
        self._head += count

    def next(self) -> int:
        """The opcode of the next message (TEXT, BINARY) or control frame (PING, PONG, CLOSE).

        NONE: more bytes are needed. Raises ProtocolError, with the close code that says why, as
        soon as the bytes at hand break a rule.
        """
        while True:
            left = self._left
            if left == NONE:
                if self._tail - self._head < 2:
                    return NONE
                left = self._take_header()
                if left == NONE:
                    return NONE
            else:
                self._left = NONE
            start = self._head
            count = self._tail - start
            if count > left:
                count = left
            first = self._first
            if first & CLOSE:  # a control frame: given whole, and never part of a message
                if count < left:
                    self._left = left
                    return NONE
                self.start = start
                self.end = self._head = start + count
                return first & 0x0F
            # A data frame: append what has come to the message. If headers lie between, move it.
            at = self._message_end
            end = at + count
            if at != start and count:
                self._view[at:end] = self._view[start : start + count]
            self._message_end = end
            self._head = start + count
            final = count == left and first & 0x80
            opcode = self._message_opcode
            begin = self._message_start
            expected = self.expected
            if (
                final
                and end - begin == len(expected)
                and opcode == TEXT
                and self.buffer.find(expected, begin, end) == begin
            ):
                self.was_expected = end > begin
            else:
                self.was_expected = False
                if opcode == TEXT:
                    self._check_text(at, end, final)
            if final:
                self._message_opcode = NONE
                self.start = begin
                self.end = end
                return opcode
            if count < left:
                self._left = left - count
                return NONE

    def close_code(self) -> int:
        """The code of the CLOSE that `next()` gave; 1005 if it had none.

        Raises ProtocolError if the body is malformed or the code invalid (section 7.4).
        """
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

    def _take_header(self) -> int:
        """Parse the next frame's header, two bytes of which are there.

        Gives the length of its payload; NONE if the header is not whole.
        """
        head = self._head
        first = self.buffer[head]
        length = self.buffer[head + 1]
        opcode = first & 0x0F
        if first & 0x70:
            raise ProtocolError("a reserved bit is set and no extension was agreed")
        if length & 0x80:
            raise ProtocolError("the server sent a masked frame")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise ProtocolError("unknown opcode %d" % opcode)
            if not first & 0x80:
                raise ProtocolError("a control frame is fragmented")
            if length > CONTROL_BYTES:
                raise ProtocolError("a control frame is longer than 125 bytes")
        elif opcode > BINARY:
            raise ProtocolError("unknown opcode %d" % opcode)
        elif opcode == CONTINUATION:
            if self._message_opcode == NONE:
                raise ProtocolError("a continuation frame has no message to continue")
        elif self._message_opcode != NONE:
            raise ProtocolError("a new message begins inside a fragmented one")
        start = head + 2
        if length > CONTROL_BYTES:
            start += 2 if length == 126 else 8
            if start > self._tail:
                return NONE
            length = self._extended_length(head + 2, start)
        self._first = first
        self._head = start
        if opcode >= CLOSE:
            return length
        total = length
        if opcode == CONTINUATION:
            total += self._message_end - self._message_start
            self._fragments += 1  # empty ones could come for ever
            if self._fragments > self._bound_bytes:
                raise self._too_large()
        else:
            self._message_opcode = opcode
            self._message_start = self._message_end = start
            self._fragments = 0
        if total > self._bound_bytes:
            raise self._too_large()
        return length

    def _extended_length(self, start: int, end: int) -> int:
        # Byte by byte, and no further than the bound: 2**63 would be a big integer on the heap.
        length = 0
        for i in range(start, end):
            length = length << 8 | self.buffer[i]
            if length > 0xFFFFFF:
                raise self._too_large()
        if length <= CONTROL_BYTES or (end - start == 8 and length <= 0xFFFF):
            raise ProtocolError("a frame's length is not in its shortest form")
        return length

    def _too_large(self) -> ProtocolError:
        text = "a message is longer than %d bytes or fragments" % self._bound_bytes
        return ProtocolError(text, 1009, "too_large")

    def _check_text(self, at: int, end: int, final) -> None:
        """Check the piece buffer[at:end] of a text; final: it is the last one."""
        if at == self._message_start:
            self._utf8.reset()
        if not self._utf8.feed(self.buffer, at, end):
            raise ProtocolError("a text message is not valid UTF-8", 1007)
        if final and not self._utf8.complete():
            raise ProtocolError("a text message ends inside a UTF-8 character", 1007)

    def _compact(self) -> None:
        """Move the message under way to the buffer's start, and the unparsed bytes behind it."""
        view = self._view
        length = self._message_end - self._message_start
        view[:length] = view[self._message_start : self._message_end]
        end = length + self._tail - self._head
        view[length:end] = view[self._head : self._tail]
        self._message_start = 0
        self._message_end = self._head = length
        self._tail = end


class FrameWriter:
    """Builds one masked frame at a time in a reused buffer.

    bound_bytes: the longest payload. buffer, length: `encode` puts the frame into buffer[:length].
    """

    def __init__(self, bound_bytes: int) -> None:
        self._bound_bytes = max(bound_bytes, CONTROL_BYTES)
        self.buffer = bytearray(self._bound_bytes + 8)
        self.length = 0

    def encode(self, opcode: int, payload, start: int, end: int, mask, mask_at: int) -> None:
        """Build a frame of payload[start:end], masked with the 4 bytes at mask[mask_at].

        It is final: messages are not fragmented. Raises ValueError if the payload is too long.
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
