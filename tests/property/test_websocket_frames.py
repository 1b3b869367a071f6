"""Frames against wsproto, both ways, at any split; and against any bytes."""

import itertools

from hypothesis import example, given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from pilotlight.net.errors import ProtocolError
from pilotlight.net.websocket_frames import (
    BINARY,
    CLOSE,
    NONE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    FrameWriter,
)

BOUND_BYTES = 700
OPCODES = {TEXT: Opcode.TEXT, BINARY: Opcode.BINARY, PING: Opcode.PING, PONG: Opcode.PONG}

splits = st.lists(st.integers(1, 40), max_size=60)
controls = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125))
texts = st.text(max_size=100).map(lambda text: (TEXT, text.encode("utf-8", "replace")))
messages = texts | st.binary(max_size=BOUND_BYTES).map(lambda data: (BINARY, data))


def read(wire: bytes, sizes: list[int]) -> list[tuple[int, bytes]]:
    """What the FrameReader gives for the wire's bytes, read in pieces of these sizes."""
    reader = FrameReader(BOUND_BYTES)
    got: list[tuple[int, bytes]] = []
    message, at, turn = b"", 0, 0
    while at < len(wire):
        room = reader.room()
        size = sizes[turn % len(sizes)] if sizes else len(wire)
        count = min(size, len(room), len(wire) - at)
        turn += 1
        room[:count] = wire[at : at + count]
        reader.received(count)
        at += count
        while (opcode := reader.next()) != NONE:
            message = put_together(reader, opcode, message, got)
    return got


def put_together(
    reader: FrameReader, opcode: int, message: bytes, got: list[tuple[int, bytes]]
) -> bytes:
    """Add to `got` a control frame, or a message if it is whole; the message under way."""
    piece = bytes(reader.buffer[reader.start : reader.end])
    if opcode not in (TEXT, BINARY):
        got.append((opcode, piece))
        return message
    assert not (reader.is_first and message)
    if not reader.is_last:
        return message + piece
    got.append((opcode, message + piece))
    return b""


@given(
    st.lists(st.tuples(messages, st.lists(st.integers(0, 400), max_size=4), controls), max_size=6),
    splits,
)
def test_what_wsproto_sends(
    script: list[tuple[tuple[int, bytes], list[int], tuple[int, bytes]]], sizes: list[int]
) -> None:
    """Messages cut into fragments at any place, a control frame behind each fragment."""
    server = FrameProtocol(client=False, extensions=[])
    wire, expected = b"", []
    for (opcode, payload), cuts, (control, body) in script:
        places = sorted({0, len(payload), *(cut % (len(payload) + 1) for cut in cuts)})
        fragments = [payload[start:end] for start, end in itertools.pairwise(places)] or [b""]
        for index, fragment in enumerate(fragments):
            final = index == len(fragments) - 1
            kind = OPCODES[opcode] if index == 0 else Opcode.CONTINUATION
            wire += server._serialize_frame(kind, fragment, fin=final)
            if final:
                expected.append((opcode, payload))
            wire += server._serialize_frame(OPCODES[control], body)
            expected.append((control, body))
    assert read(wire, sizes) == expected


@given(st.lists(messages | controls, max_size=6), st.binary(min_size=4, max_size=4))
def test_what_we_send(script: list[tuple[int, bytes]], mask: bytes) -> None:
    """wsproto, as a server, reads what was meant."""
    server = FrameProtocol(client=False, extensions=[])
    writer = FrameWriter(BOUND_BYTES)
    for opcode, payload in script:
        writer.encode(opcode, payload, 0, len(payload), mask, 0)
        server.receive_bytes(bytes(writer.buffer[: writer.length]))
    got = [(int(frame.opcode), _bytes(frame.payload)) for frame in server.received_frames()]
    assert got == script


def _bytes(payload: object) -> bytes:
    return payload.encode() if isinstance(payload, str) else bytes(payload)  # type: ignore[call-overload]


@given(st.binary(max_size=600), splits)
@example(b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", [1])
@example(b"\x01\x02\xe2\x82\x89\x00\x80\x01\xac", [1])
def test_any_bytes_at_any_split(wire: bytes, sizes: list[int]) -> None:
    """Messages within the bound, or a ProtocolError.

    The split only decides when the error comes.
    """
    whole = outcome(wire, [])
    pieces = outcome(wire, sizes)
    assert all(len(payload) <= BOUND_BYTES for _, payload in whole[0])
    # An error may suppress messages in front of it in the same piece, but adds none.
    shorter, longer = sorted((whole, pieces), key=lambda result: len(result[0]))
    assert longer[0][: len(shorter[0])] == shorter[0]
    assert (whole[1] is None) == (pieces[1] is None)
    if whole[1] is None:
        assert whole == pieces


def outcome(wire: bytes, sizes: list[int]) -> tuple[list[tuple[int, bytes]], int | None]:
    """(messages, close code of the error or None)"""
    reader = FrameReader(BOUND_BYTES)
    got: list[tuple[int, bytes]] = []
    message, at, turn = b"", 0, 0
    try:
        while at < len(wire):
            room = reader.room()
            count = min(sizes[turn % len(sizes)] if sizes else len(wire), len(room), len(wire) - at)
            assert count > 0
            turn += 1
            room[:count] = wire[at : at + count]
            reader.received(count)
            at += count
            while (opcode := reader.next()) != NONE:
                if opcode == CLOSE:
                    reader.close_code()
                message = put_together(reader, opcode, message, got)
    except ProtocolError as error:
        return got, error.code
    return got, None


@given(st.binary(max_size=125), splits)
def test_utf8_is_python_s(data: bytes, sizes: list[int]) -> None:
    """A text is taken if and only if Python's strict decoder takes it."""
    wire = bytes(FrameProtocol(client=False, extensions=[])._serialize_frame(Opcode.BINARY, data))
    wire = bytes([wire[0] & 0xF0 | TEXT, *wire[1:]])
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    messages, code = outcome(wire, sizes)
    assert (messages, code) == (([(TEXT, data)], None) if valid else ([], 1007))


@given(
    st.lists(
        st.sampled_from(
            [
                b"\xe0",
                b"\xf0",
                b"\x9f",
                b"\x98",
                b"\x80",
                b"\xe2",
                b"\x82",
                b"\xac",
                b"\xed",
                b"\xa0",
                b"\xf4",
                b"\x90",
                b"a",
                b"\xc3",
            ]
        ),
        max_size=8,
    )
)
@example([b"\xe0", b"\x80", b"\x80"])
@example([b"\xf0", b"\x80", b"\x80", b"\x80"])
@example([b"\xe0", b"\xa0", b"\x80"])
def test_utf8_of_likely_pieces(parts: list[bytes]) -> None:
    test_utf8_is_python_s.hypothesis.inner_test(b"".join(parts), [1])  # type: ignore[attr-defined]
