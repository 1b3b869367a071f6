"""RFC 6455 frames and messages, bytes in and bytes out of reused buffers, for a client. Pure.

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1     (section 5.2)
   +-+-+-+-+-------+-+-------------+-------------------------------+
   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
   |N|V|V|V|       |S|             |   (if payload len==126/127)   |
   | |1|2|3|       |K|             |                               |
   +-+-+-+-+-------+-+-------------+-------------------------------+

The reader has one small buffer, whatever the length of a message: it gives a message in pieces.
"""

from array import array

import uctypes
from micropython import const

from .errors import ProtocolError, too_large
from .utf8 import Utf8Check, is_utf8

NONE = const(-1)
CONTINUATION = const(0x0)
TEXT = const(0x1)
BINARY = const(0x2)
CLOSE = const(0x8)
PING = const(0x9)
PONG = const(0xA)

_CONTROL_BYTES = const(125)  # section 5.5
_BUFFER_BYTES = const(512)  # more than the longest header and what is given whole
_SLICED_BYTES = const(256)
_LONGEST_BYTES = const(0xFFFFFF)
_LONGEST_SENT_BYTES = const(0xFFFF)
_EMPTY_FRAGMENTS = const(1024)
_NO_CODE = const(1005)
_NOT_UTF8 = const("a text is not valid UTF-8")
_TOO_LONG = const("the payload does not fit one frame")


class FrameReader:
    """Takes the wire's bytes, gives control frames and the pieces of messages.

        room = reader.room()                 # read from the wire into this …
        reader.received(count)               # … and say how many bytes it was
        while (opcode := reader.next()) != NONE:
            … reader.buffer[reader.start : reader.end] …

    Control frames, and data frames of at most 125 bytes, are given whole. So a short message that
    was sent in one frame comes in one piece.

    bound_bytes: the longest message that is accepted, all its fragments together.
    buffer, start, end: after `next()` gave an opcode, the payload is buffer[start:end], until
    `next()` or `room()` is called again.
    is_first, is_last: whether it is the first piece of its message, and the last one.
    message_bytes: the length of the message up to the end of its frame under way.
    was_expected: the message is the text given to `expect`.
    """

    def __init__(self, bound_bytes: int) -> None:
        self._bound_bytes = bound_bytes
        self.buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self.buffer)
        self._expected = b""  # a whole frame
        self.reset()

    def reset(self) -> None:
        """Forget everything: a new connection begins."""
        self.start = 0
        self.end = 0
        self.is_first = False
        self.is_last = True  # no message is under way
        self.was_expected = False
        self.message_bytes = 0
        self._utf8 = Utf8Check()
        self._opcode = NONE  # of the message under way
        self._empty_fragments = 0  # of the message under way
        self._first = 0  # the first byte of the frame under way
        self._left = NONE  # payload bytes of it still to come; NONE: a header comes next
        self._head = 0  # bytes not parsed yet: buffer[_head:_tail]
        self._tail = 0

    def expect(self, text: bytes) -> None:
        """Know this text again: up to 125 bytes of valid UTF-8 that are often received.

        If its frame has come whole, it is compared at once: nothing is parsed or checked.
        """
        self._expected = bytes((0x80 | TEXT, len(text))) + text

    def room(self):
        """The part of the buffer for the next bytes of the wire; at least one byte long."""
        head = self._head
        tail = self._tail = self._tail - head
        self._head = 0
        if not tail:
            return self._view
        if head:
            # Part of a header, or of what is given whole.
            self.buffer[:tail] = self.buffer[head : head + tail]
        return self._view[tail:]

    def received(self, count: int, skipped: int = 0) -> None:
        """`count` bytes of the wire now lie at the start of what `room()` gave.

        skipped: so many of them belonged to the HTTP head before the frames.
        """
        self._tail += count
        self._head += skipped

    def next(self) -> int:
        """The opcode of the next piece of a message (TEXT, BINARY) or control frame (PING …).

        NONE: more bytes are needed. Raises ProtocolError, with the close code that says why, as
        soon as the bytes at hand break a rule.
        """
        left = self._left
        start = self._head
        count = self._tail - start
        self.was_expected = False
        if left == NONE:
            if count < 2:
                return NONE
            expected = self._expected
            end = start + len(expected)
            if (
                start < end <= self._tail
                and self.is_last
                and self.buffer.find(expected, start, end) == start
            ):
                self.was_expected = self.is_first = True
                self.start = start + 2
                self.end = self._head = end
                self.message_bytes = end - start - 2
                return TEXT
            left = self._take_header()
            if left == NONE:
                return NONE
            start = self._head
            count = self._tail - start
        if count >= left:
            count = left
            self._left = NONE
        elif count and left > _CONTROL_BYTES:
            self._left = left - count
        else:
            self._left = left
            return NONE
        end = start + count
        self.start = start
        self.end = self._head = end
        first = self._first
        if first & CLOSE:
            return first & 0x0F
        self.is_first = self.is_last
        self.is_last = count == left and first & 0x80 != 0
        opcode = self._opcode
        if opcode == TEXT:
            utf8 = self._utf8
            view = self._view
            # The check slices the view. A long piece with no other frame behind it makes no such
            # garbage if all of the buffer is ASCII, which includes what is left of older frames.
            is_ascii = count > _SLICED_BYTES and end == self._tail and max(view) < 0x80
            if not (is_ascii and utf8.complete()) and (
                not utf8.feed(view, start, end) or (self.is_last and not utf8.complete())
            ):
                raise ProtocolError(_NOT_UTF8, 1007)
        return opcode

    def close_code(self) -> int:
        """The code of the CLOSE that `next()` gave; 1005 if it had none.

        Raises ProtocolError if the body is malformed or the code invalid (section 7.4).
        """
        start = self.start
        end = self.end
        if start == end:
            return _NO_CODE
        # Of a body of one byte: no valid code either.
        code = int.from_bytes(self.buffer[start : min(start + 2, end)], "big")
        # Section 7.4.2, and IANA's registry for 1012 to 1014.
        if not (3000 <= code <= 4999 or (1000 <= code <= 1014 and code not in (1004, 1005, 1006))):
            raise ProtocolError("a close frame has the invalid code %d" % code)
        # Not by the Utf8Check, which may be amid an unfinished text.
        if not is_utf8(self.buffer[start + 2 : end]):
            raise ProtocolError(_NOT_UTF8, 1007)
        return code

    def _take_header(self) -> int:
        """Parse the next frame's header, two bytes of which are there.

        Gives the length of its payload; NONE if the header is not whole.
        """
        buffer = self.buffer
        head = self._head
        first = buffer[head]
        length = buffer[head + 1]
        opcode = first & 0x0F
        if first & 0x70 or length & 0x80:
            raise ProtocolError("a frame has a reserved bit or a mask")
        if opcode & 0x07 > BINARY:
            raise ProtocolError("unknown opcode %d" % opcode)
        if opcode >= CLOSE:
            if length > _CONTROL_BYTES or not first & 0x80:
                raise ProtocolError("a control frame is fragmented or longer than 125 bytes")
        elif (opcode == CONTINUATION) == self.is_last:
            raise ProtocolError("a message begins inside another one, or nowhere")
        start = head + 2
        if length > _CONTROL_BYTES:
            start += 2 if length == 126 else 8
            if start > self._tail:
                return NONE
            # No further than the bound: 2**63 would be a big integer on the heap.
            length = 0
            for i in range(head + 2, start):
                length = length << 8 | buffer[i]
                if length > _LONGEST_BYTES:
                    raise too_large("a message")
            if length <= _CONTROL_BYTES or (start > head + 4 and length <= 0xFFFF):
                raise ProtocolError("a frame's length is not in its shortest form")
        for i in range(head, start):
            buffer[i] = 0  # so that with a text in ASCII all of the buffer is
        self._first = first
        self._head = start
        if opcode >= CLOSE:
            return length
        if opcode == CONTINUATION:
            self.message_bytes += length
        else:
            self._opcode = opcode
            self.message_bytes = length
            self._empty_fragments = 0
        if not length:
            self._empty_fragments += 1  # these could come for ever
        if self.message_bytes > self._bound_bytes or self._empty_fragments > _EMPTY_FRAGMENTS:
            raise too_large("a message")
        return length


class FrameWriter:
    """Builds one masked frame at a time in a reused buffer.

    bound_bytes: the longest payload, at most 65535. buffer, length: `encode` puts the frame into
    buffer[:length]. Raises ValueError for a larger bound.
    """

    def __init__(self, bound_bytes: int) -> None:
        if bound_bytes > _LONGEST_SENT_BYTES:
            raise ValueError(_TOO_LONG)
        self._bound_bytes = max(bound_bytes, _CONTROL_BYTES)
        # One memory, seen as bytes and as halves of a mask: two bytes are masked at a time.
        self._halves = array("H", bytes(self._bound_bytes + 12 & -2))
        self.buffer = uctypes.bytearray_at(uctypes.addressof(self._halves), len(self._halves) * 2)
        self.length = 0

    def encode(self, opcode: int, payload, start: int, end: int, mask, mask_at: int) -> None:
        """Build a frame of payload[start:end], masked with the 4 bytes at mask[mask_at].

        It is final: messages are not fragmented. Raises ValueError if the payload is too long.
        """
        count = end - start
        if count > self._bound_bytes or (opcode >= CLOSE and count > _CONTROL_BYTES):
            raise ValueError(_TOO_LONG)
        buffer = self.buffer
        buffer[0] = 0x80 | opcode
        buffer[1] = 0x80 | min(count, 126)
        at = 2
        if count > _CONTROL_BYTES:
            buffer[2] = count >> 8
            buffer[3] = count & 0xFF
            at = 4
        for i in range(4):
            buffer[at + i] = mask[mask_at + i]
        halves = self._halves
        key = at >> 1
        even = halves[key]
        odd = halves[key + 1]
        at += 4
        end_of_frame = at + count
        buffer[at:end_of_frame] = (
            payload if count == len(payload) else memoryview(payload)[start:end]
        )
        # It may go up to three bytes behind the end.
        for half in range(key + 2, end_of_frame + 1 >> 1, 2):
            halves[half] ^= even
            halves[half + 1] ^= odd
        self.length = end_of_frame
