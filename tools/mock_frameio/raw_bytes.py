"""Bytes as a troubled wire or a strange server may send them."""

import random
from collections.abc import Iterator

from wsproto.frame_protocol import FrameProtocol, Opcode

MOST_BYTES = 8 << 20  # what is endless ends here, should the client never close
_PIECE_BYTES = 1 << 16


def _frames() -> FrameProtocol:
    return FrameProtocol(client=False, extensions=[])


def _endless_message() -> tuple[bytes, bytes]:
    frames = _frames()
    return bytes(frames.send_data("x", fin=False)), bytes(frames.send_data("", fin=False)) * (
        _PIECE_BYTES // 2
    )


# what → (how it begins, what is repeated)
_ENDLESS = {
    "frame": (
        bytes.fromhex("817f4000000000000000"),
        b"x" * _PIECE_BYTES,
    ),  # a header that announces 2**62 bytes
    "message": _endless_message(),
    "head": (b"HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n" * (_PIECE_BYTES // 18)),
    "body": (
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"note": "',
        b"x" * _PIECE_BYTES,
    ),
}


def fragmented(text: bytes, size_bytes: int) -> bytes:
    """A text message cut into fragments of so many bytes, with a ping between each two.

    The cuts may lie inside characters.
    """
    frames = _frames()
    wire = bytearray()
    for at in range(0, len(text), size_bytes):
        if at:
            wire += frames.ping(b"after %d" % at)
        frame = frames.send_data(text[at : at + size_bytes], fin=at + size_bytes >= len(text))
        if not at:
            frame[0] ^= (
                Opcode.BINARY ^ Opcode.TEXT
            )  # wsproto would cut a text between characters only
        wire += frame
    return bytes(wire)


def noise(seed: int, count_bytes: int) -> Iterator[bytes]:
    """Random bytes, the same for the same seed."""
    yield random.Random(seed).randbytes(count_bytes)


def endless(what: str) -> Iterator[bytes]:
    """An endless `frame`, `message` of empty fragments, HTTP `head` or `body`; cut after 8 MB."""
    first, more = _ENDLESS[what]
    yield first + more
    for _ in range(MOST_BYTES // len(more) - 1):
        yield more


def repeated(first: bytes, again: bytes, times: int) -> Iterator[bytes]:
    """`first`, and then `again` so many times."""
    yield first + again * times
