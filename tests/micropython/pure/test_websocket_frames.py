"""RFC 6455 frames: what a client must accept, refuse and send, at any split of the bytes."""

from pilotlight.net.errors import ProtocolError
from pilotlight.net.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NONE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    FrameWriter,
)
from tests.support.expect import raises

BOUND = 300
FINAL = 0x80


def frame(opcode, payload=b"", first=FINAL):
    """A frame as a server sends it: unmasked, its length in the shortest form."""
    count = len(payload)
    if count <= 125:
        length = bytes((count,))
    elif count <= 0xFFFF:
        length = bytes((126, count >> 8, count & 0xFF))
    else:
        length = bytes(
            (127, 0, 0, 0, 0, count >> 24, count >> 16 & 0xFF, count >> 8 & 0xFF, count & 0xFF)
        )
    return bytes((first | opcode,)) + length + payload


def read_all(wire, step, bound=BOUND):
    """Feed the wire `step` bytes at a time; the (opcode, payload) pairs that come out."""
    reader = FrameReader(bound)
    got = []
    message = b""
    at = 0
    while at < len(wire):
        room = reader.room()
        count = min(step, len(room), len(wire) - at)
        assert count > 0, "no room left"
        room[:count] = wire[at : at + count]
        reader.received(count)
        at += count
        while True:
            opcode = reader.next()
            if opcode == NONE:
                break
            piece = bytes(reader.buffer[reader.start : reader.end])
            if opcode not in (TEXT, BINARY):
                got.append((opcode, piece))
                continue
            assert reader.is_first == (not message) or not piece
            message += piece
            if reader.is_last:
                got.append((opcode, message))
                message = b""
    return got


def assert_reads(wire, wanted):
    for step in (1, 2, 3, 7, 64, 1 << 20):
        assert read_all(wire, step) == wanted, (step, read_all(wire, step))


def assert_refuses(wire, code):
    for step in (1, 3, 1 << 20):
        with raises(ProtocolError) as caught:
            read_all(wire, step)
        assert caught.error.code == code, (caught.error.code, code)


def test_whole_messages_at_every_split():
    wire = (
        frame(TEXT, b"hello")
        + frame(TEXT, b"")
        + frame(BINARY, b"\xff\x00")
        + frame(TEXT, b"x" * 126)
        + frame(TEXT, b"y" * 300)
    )
    assert_reads(
        wire,
        [
            (TEXT, b"hello"),
            (TEXT, b""),
            (BINARY, b"\xff\x00"),
            (TEXT, b"x" * 126),
            (TEXT, b"y" * 300),
        ],
    )


def test_many_messages_wrap_around_the_buffer():
    messages = [bytes([65 + i % 26]) * (i * 7 % 250) for i in range(60)]
    assert_reads(
        b"".join([frame(TEXT, text) for text in messages]), [(TEXT, text) for text in messages]
    )


def test_fragments_with_control_frames_between():
    wire = (
        frame(TEXT, b"one ", 0)
        + frame(PING, b"p" * 125)
        + frame(CONTINUATION, b"", 0)
        + frame(PONG, b"")
        + frame(CONTINUATION, b"two " * 60, 0)
        + frame(PING, b"q")
        + frame(CONTINUATION, b"three")
        + frame(TEXT, b"next")
    )
    whole = b"one " + b"two " * 60 + b"three"
    assert_reads(
        wire, [(PING, b"p" * 125), (PONG, b""), (PING, b"q"), (TEXT, whole), (TEXT, b"next")]
    )


def test_a_message_of_exactly_the_bound_in_fragments():
    wire = frame(BINARY, b"a" * 150, 0) + frame(PING, b"b" * 125) + frame(CONTINUATION, b"c" * 150)
    assert_reads(wire, [(PING, b"b" * 125), (BINARY, b"a" * 150 + b"c" * 150)])


def test_over_the_bound_is_1009_before_the_payload_comes():
    assert_refuses(bytes((FINAL | TEXT, 126, 301 >> 8, 301 & 0xFF)), 1009)
    assert_refuses(frame(TEXT, b"a" * 200, 0) + bytes((FINAL | CONTINUATION, 101)), 1009)
    assert_refuses(bytes((FINAL | TEXT, 127)) + b"\x7f" + b"\xff" * 7, 1009)
    assert_refuses(bytes((FINAL | BINARY, 127)) + b"\x80" + b"\x00" * 7, 1009)


def test_rules_of_the_header():
    for wire in (
        bytes((FINAL | TEXT, 0x80)),  # masked
        bytes((FINAL | 0x40 | TEXT, 0)),  # RSV1
        bytes((FINAL | 0x20 | TEXT, 0)),
        bytes((FINAL | 0x10 | TEXT, 0)),
        bytes((FINAL | 0x3, 0)),  # unknown opcodes
        bytes((FINAL | 0x7, 0)),
        bytes((FINAL | 0xB, 0)),
        bytes((FINAL | 0xF, 0)),
        bytes((PING, 0)),  # fragmented control frame
        bytes((FINAL | PING, 126)),  # long control frame
        bytes((FINAL | CONTINUATION, 0)),  # nothing to continue
        frame(TEXT, b"a", 0) + frame(TEXT, b"b"),  # a message inside a message
        frame(TEXT, b"a", 0) + frame(BINARY, b"b"),
        bytes((FINAL | TEXT, 126, 0, 125)),  # length not in its shortest form
        bytes((FINAL | TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 200)),
    ):
        assert_refuses(wire, 1002)


def test_utf8_is_strict():
    for good in ("grüße", "€", "\ud7ff\ue000", "\U00010000\U0010ffff", "\x00"):
        assert_reads(frame(TEXT, good.encode()), [(TEXT, good.encode())])
    for bad in (
        b"\x80",
        b"\xc0\x80",  # overlong
        b"\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xf0\x8f\xbf\xbf",
        b"\xed\xa0\x80",  # surrogates
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",  # above U+10FFFF
        b"\xf5\x80\x80\x80",
        b"\xff",
        b"\xe2\x82",  # cut short
        b"a\xe2\x82b",
    ):
        assert_refuses(frame(TEXT, bad), 1007)
    assert_reads(frame(BINARY, b"\xff\xfe"), [(BINARY, b"\xff\xfe")])


def test_utf8_across_fragments_and_early():
    euro = "€".encode()
    assert_reads(
        frame(TEXT, euro[:1], 0) + frame(PING) + frame(CONTINUATION, euro[1:]),
        [(PING, b""), (TEXT, euro)],
    )
    assert_refuses(frame(TEXT, euro[:2], 0) + frame(CONTINUATION, b""), 1007)
    assert_refuses(frame(TEXT, euro[:2], 0) + frame(CONTINUATION, b"a"), 1007)
    # Early: a frame that is not short need not be whole, and the first fragment is enough.
    assert_refuses(bytes((FINAL | TEXT, 126, 0, 200)) + b"ok\xff", 1007)
    assert_refuses(frame(TEXT, b"\xc0", 0), 1007)


def test_a_bad_text_after_a_cut_one_is_judged_by_itself():
    assert_reads(frame(TEXT, "€".encode()) * 3, [(TEXT, "€".encode())] * 3)


def test_messages_of_any_length_come_in_pieces():
    """64 KiB, whole and in fragments; the reader's buffer is small."""
    text = "grüße €\n".encode() * 5461
    text += b"." * (0x10000 - len(text))
    long = bytes((FINAL | TEXT, 127, 0, 0, 0, 0, 0, 1, 0, 0)) + text
    fragments = frame(TEXT, text[:1], 0)
    for at in range(1, len(text), 126):
        fragments += frame(CONTINUATION, text[at : at + 126], 0) + frame(PING, b"?")
    fragments += frame(CONTINUATION)
    for step in (500, 1 << 20):
        assert read_all(long + frame(PING), step, 0x10000) == [(TEXT, text), (PING, b"")]
        assert read_all(fragments, step, 0x10000)[-1] == (TEXT, text)
    assert len(FrameReader(0x10000).buffer) < 1024
    with raises(ProtocolError) as caught:
        read_all(fragments, 500, 0xFFFF)
    assert caught.error.reason == "too_large"


def test_the_pieces_of_one_message():
    reader = FrameReader(BOUND)
    wire = frame(TEXT, b"x" * 300, 0) + frame(CONTINUATION) + frame(TEXT)
    got = []
    for byte in wire:
        reader.room()[0] = byte
        reader.received(1)
        if reader.next() == TEXT:
            got.append((reader.end - reader.start, reader.is_first, reader.is_last))
            assert reader.message_bytes == (300 if len(got) < 178 else 0), len(got)
    # As they come, but the last 125 bytes of a frame together.
    assert got[0] == (1, True, False) and got[174:] == [
        (1, False, False),
        (125, False, False),
        (0, False, True),
        (0, True, True),
    ]


def test_a_close_inside_a_text_leaves_the_text_as_it_is():
    reader = FrameReader(BOUND)
    wire = frame(TEXT, b"\xe2", 0) + frame(CLOSE, b"\x03\xe8bye") + frame(CONTINUATION, b"\x82\xac")
    reader.room()[: len(wire)] = wire
    reader.received(len(wire))
    assert (reader.next(), reader.next(), reader.close_code()) == (TEXT, CLOSE, 1000)
    assert reader.next() == TEXT and reader.is_last


def closing(body):
    reader = FrameReader(BOUND)
    wire = frame(CLOSE, body)
    reader.room()[: len(wire)] = wire
    reader.received(len(wire))
    assert reader.next() == CLOSE
    return reader.close_code()


def test_close_codes():
    assert closing(b"") == 1005
    for code in (1000, 1001, 1003, 1011, 1012, 1014, 3000, 4999):
        assert closing(bytes((code >> 8, code & 0xFF)) + "why ä".encode()) == code
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535):
        with raises(ProtocolError) as caught:
            closing(bytes((code >> 8, code & 0xFF)))
        assert caught.error.code == 1002
    with raises(ProtocolError) as caught:
        closing(b"\x03")
    assert caught.error.code == 1002
    with raises(ProtocolError) as caught:
        closing(b"\x03\xe8\xc0\x80")
    assert caught.error.code == 1007


def test_the_expected_text_is_known_whole_only():
    reader = FrameReader(BOUND)
    reader.expect(b"ping!")
    for text, known in (
        (b"ping!", True),
        (b"ping?", False),
        (b"ping!!", False),
        (b"", False),
        (b"ping!", True),
    ):
        wire = frame(TEXT, text)
        reader.room()[: len(wire)] = wire
        reader.received(len(wire))
        assert reader.next() == TEXT
        assert reader.was_expected == known, text
        assert reader.next() == NONE


def test_the_expected_text_is_known_in_one_frame_and_only_as_text():
    for wire, known in (
        (frame(TEXT, b"ping!"), True),
        (frame(TEXT, b"pi", 0) + frame(CONTINUATION, b"ng!"), False),
        (frame(BINARY, b"ping!"), False),
    ):
        for step in (1, 3, 100):
            reader = FrameReader(BOUND)
            reader.expect(b"ping!")
            for text in (frame(TEXT, b"ping!"), wire):
                for at in range(0, len(text), step):
                    piece = text[at : at + step]
                    reader.room()[: len(piece)] = piece
                    reader.received(len(piece))
                    opcode = reader.next()
            assert opcode == wire[0] & 0x0F
            assert reader.was_expected == (known and step == 100), (wire, step)


def unmasked(data):
    """The opcode and payload of a client's frame, by the book (section 5.3)."""
    assert data[0] & 0x70 == 0 and data[0] & 0x80 and data[1] & 0x80
    count, at = data[1] & 0x7F, 2
    if count == 126:
        count, at = data[2] << 8 | data[3], 4
    key, body = data[at : at + 4], data[at + 4 :]
    assert len(body) == count
    return data[0] & 0x0F, bytes([body[i] ^ key[i % 4] for i in range(count)])


def test_written_frames_unmask_to_what_was_sent():
    writer = FrameWriter(300)
    for size in (0, 1, 3, 4, 5, 125, 126, 300):
        payload = bytes([i & 0xFF for i in range(size)])
        writer.encode(TEXT, payload, 0, size, b"....\x12\x34\x56\x78", 4)
        assert unmasked(writer.buffer[: writer.length]) == (TEXT, payload)
    writer.encode(PONG, b"abcdef", 2, 5, b"\x01\x02\x03\x04", 0)
    assert unmasked(writer.buffer[: writer.length]) == (PONG, b"cde")


def test_what_does_not_fit_is_not_sent():
    writer = FrameWriter(300)
    with raises(ValueError):
        writer.encode(TEXT, b"x" * 301, 0, 301, b"abcd", 0)
    with raises(ValueError):
        writer.encode(PING, b"x" * 126, 0, 126, b"abcd", 0)
    FrameWriter(0xFFFF)
    with raises(ValueError):
        FrameWriter(0x10000)  # its length would need 64 bits
