"""WebSocket frames (RFC 6455): lib/pilotlight/net/websocket_frames.py."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from pilotlight.net.errors import ProtocolError
from pilotlight.net.utf8 import is_utf8
from pilotlight.net.websocket_frames import CLOSE, NONE, FrameReader, FrameWriter

BOUND_BYTES = 70_000
CONTINUATION, TEXT, BINARY, PING, PONG = 0, 1, 2, 9, 10
REFUSED = -2


def header(first: int, length: int) -> bytes:
    """The bytes in front of an unmasked payload, in the shortest form."""
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def put(reader: Any, data: bytes) -> None:
    """The wire gives these bytes, for which there is room."""
    reader.room()[: len(data)] = data
    reader.received(len(data))


def taken(reader: Any, begun: bytes, data: bytes) -> int:
    """What `next` gives behind `begun`; NONE if the header is taken, REFUSED if not."""
    reader.reset()
    if begun:
        put(reader, begun)
        assert reader.next() in (TEXT, BINARY)
    put(reader, data)
    try:
        opcode: int = reader.next()
    except ProtocolError:
        return REFUSED
    return opcode


def is_allowed(first: int, length: int, under_way: bool) -> bool:
    """RFC 6455 sections 5.2, 5.4 and 5.5, of a frame from a server without extensions."""
    opcode, is_final = first & 0x0F, first >= 0x80
    if first & 0x70 or length > BOUND_BYTES:
        return False
    if opcode in (CLOSE, PING, PONG):
        return is_final and length <= 125
    return opcode == CONTINUATION if under_way else opcode in (TEXT, BINARY)


def test_each_header_is_judged_as_the_standard_says() -> None:
    """`FrameReader` takes exactly the headers that RFC 6455 allows a server: no reserved bit, no
    mask, known opcodes, control frames whole and of at most 125 bytes, a continuation exactly
    inside a message, lengths in their shortest form; and none above its bound.

    Of: lib/pilotlight/net/websocket_frames.py
    For: all first and second bytes, all 16-bit lengths, and all 64-bit lengths, in and outside of a
        text or binary message
    By: enumeration; of 64-bit lengths those at a power of two and at the bound, give or take one,
        between which only a comparison decides
    """
    reader = FrameReader(BOUND_BYTES)
    wide = {0, 1, BOUND_BYTES, BOUND_BYTES + 1}
    wide |= {(1 << bit) + more for bit in range(64) for more in (-1, 0, 1)}
    for begun in (b"", bytes((TEXT, 1, 97)), bytes((BINARY, 1, 97))):
        under_way = begun != b""
        for first in range(256):
            for length in range(256):
                got = taken(reader, begun, bytes((first, length)))
                if length in (126, 127):
                    short = 126 if length == 126 else 1 << 16
                    assert (got != REFUSED) == is_allowed(first, short, under_way)
                    continue
                allowed = length < 128 and is_allowed(first, length, under_way)
                assert (got != REFUSED) == allowed, (begun, first, length)
                if allowed and not length:
                    assert got in (first & 0x0F, begun[:1][0] if begun else NONE)
            for length in wide:
                if length < 1 << 64:
                    long = bytes((first, 127)) + length.to_bytes(8, "big")
                    allowed = length >= 1 << 16 and is_allowed(first, length + under_way, under_way)
                    assert (taken(reader, begun, long) != REFUSED) == allowed, (first, length)
    for first, length in itertools.product((0x01, 0x82, 0x80), range(1 << 16)):
        under_way = first == 0x80
        got = taken(
            reader,
            bytes((TEXT, 1, 97)) * under_way,
            bytes((first, 126)) + length.to_bytes(2, "big"),
        )
        assert (got != REFUSED) == (length >= 126), (first, length)
        if got != REFUSED:
            assert reader.message_bytes == length + under_way


def test_each_close_code_is_judged_as_the_standard_says() -> None:
    """`close_code` takes exactly the codes that RFC 6455 section 7.4 and IANA's registry allow in a
    close frame, and refuses a body of one byte.

    Of: lib/pilotlight/net/websocket_frames.py
    For: all 65,536 codes, and all bodies of one byte
    By: enumeration
    """
    reader = FrameReader(BOUND_BYTES)

    def code_of(body: bytes) -> int:
        taken(reader, b"", bytes((0x80 | CLOSE, len(body))) + body)
        try:
            code: int = reader.close_code()
        except ProtocolError:
            return REFUSED
        return code

    registered = {1000, 1001, 1002, 1003, *range(1007, 1015)}
    for code in range(1 << 16):
        allowed = code in registered or 3000 <= code <= 4999
        assert code_of(code.to_bytes(2, "big")) == (code if allowed else REFUSED)
    for byte in range(256):
        assert code_of(bytes((byte,))) == REFUSED
    assert code_of(b"") == 1005


LENGTHS = (0, 1, 126)
FRAMES = (
    *itertools.product((CONTINUATION, TEXT, BINARY, 0x80, 0x81, 0x82), LENGTHS),
    (0x80 | PING, 0),
    (0x80 | PONG, 125),
    (0x80 | CLOSE, 2),
)
MESSAGE_BOUND = 200


def expected(frames: Iterable[tuple[int, int]]) -> tuple[list[tuple[int, int]], bool]:
    """((opcode, length) of each control frame and whole message, was the last frame refused)."""
    got: list[tuple[int, int]] = []
    opcode, total = NONE, 0
    for first, length in frames:
        if first & CLOSE:
            got.append((first & 0x0F, length))
            continue
        if (first & 0x0F == CONTINUATION) == (opcode == NONE):
            return got, True
        if first & 0x0F:
            opcode, total = first & 0x0F, 0
        total += length
        if total > MESSAGE_BOUND:
            return got, True
        if first & 0x80:
            got.append((opcode, total))
            opcode = NONE
    return got, False


def read(
    wire: bytes, size: int, bound_bytes: int = MESSAGE_BOUND
) -> tuple[list[tuple[int, int]], bool]:
    """The same, by the FrameReader, from pieces of this size."""
    reader = FrameReader(bound_bytes)
    got: list[tuple[int, int]] = []
    length = at = 0
    try:
        while at < len(wire):
            room = reader.room()
            count = min(size, len(room), len(wire) - at)
            room[:count] = wire[at : at + count]
            reader.received(count)
            at += count
            while (opcode := reader.next()) != NONE:
                if opcode & CLOSE:
                    got.append((opcode, reader.end - reader.start))
                    continue
                length = reader.end - reader.start + (0 if reader.is_first else length)
                if reader.is_last:
                    got.append((opcode, length))
    except ProtocolError:
        return got, True
    return got, False


@pytest.mark.long
def test_messages_are_put_together_at_every_split() -> None:
    """`FrameReader` gives the messages and control frames that a plain reading of RFC 6455 gives,
    with their lengths, and refuses the same sequences, wherever the bytes are cut.

    Of: lib/pilotlight/net/websocket_frames.py
    Within: all sequences of up to 3 frames of 21 kinds: text, binary, continuation, final or not,
        of 0, 1 and 126 bytes, ping, pong, close; in pieces of 1, 2, 3 and 127 bytes, and whole
    By: enumeration; of a payload only its length counts
    """
    for count in range(4):
        for frames in itertools.product(FRAMES, repeat=count):
            wire = b"".join(header(*frame) + b"a" * frame[1] for frame in frames)
            wanted = expected(frames)
            for size in (len(wire) or 1, 1, 2, 3, 127):
                assert read(wire, size) == wanted, (frames, size)


def test_what_is_sent_is_masked() -> None:
    """A frame of `FrameWriter` unmasks to its payload, with the length in its shortest form.

    Of: lib/pilotlight/net/websocket_frames.py
    Within: all lengths up to 700 bytes and those around 65,535, at 4 places of the mask and of the
        payload
    By: enumeration; each byte is masked by itself, four in a row alike
    """
    mask = bytes(range(0x51, 0x59))
    for length in (*range(700), 65_534, 65_535):
        payload = bytes(at * 7 & 0xFF for at in range(length + 4))
        writer = FrameWriter(length)
        for place in range(4):
            writer.encode(TEXT, payload, place, place + length, mask, place)
            frame = bytes(writer.buffer[: writer.length])
            plain = bytearray(header(0x80 | TEXT, length))
            plain[1] |= 0x80
            assert frame[: len(plain)] == plain
            key = mask[place : place + 4]
            assert frame[len(plain) :][:4] == key
            number = int.from_bytes(frame[len(plain) + 4 :], "big")
            repeated = int.from_bytes((key * (length // 4 + 1))[:length], "big")
            assert (number ^ repeated).to_bytes(length, "big") == payload[place : place + length]


@pytest.mark.long
def test_a_text_with_a_wrong_byte_is_refused_wherever_that_is() -> None:
    """`FrameReader` takes a text exactly if it is UTF-8, whatever older frames have left in its
    buffer.

    Of: lib/pilotlight/net/websocket_frames.py, lib/pilotlight/net/utf8.py
    Within: texts of `a` of 126 to 1200 bytes, around the lengths from which a piece is not sliced
        and at which the buffer is full, with each of 6 right or wrong characters at each place; in
        pieces of 257 bytes, and as they fit, behind a text in ASCII and one that is not
    By: enumeration
    """
    for length, begin in itertools.product(
        (126, 256, 257, 260, 508, 512, 1200), (b"a", "é".encode())
    ):
        older = header(0x80 | TEXT, len(begin) * 150) + begin * 150
        for letter in (b"\xff", b"\x80", b"\xc3", b"\xe2\x82", "é".encode(), "😀".encode()):
            is_right = is_utf8(letter)
            for place in range(length - len(letter) + 1):
                text = b"a" * place + letter + b"a" * (length - place - len(letter))
                for size in (257, 512):
                    _, is_refused = read(older + header(0x80 | TEXT, length) + text, size, 2000)
                    assert is_refused != is_right, (length, place, letter, size)
