"""HTTP/1.1 responses at every split: lib/pilotlight/net/http_message.py."""

import itertools
import re
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pilotlight.net.errors import ProtocolError
from pilotlight.net.http_message import BodyFraming, ResponseHead
from tests.proofs.machines import Frozen, reachable

WANTED = ("content-length", "upgrade")
STATUS_LINES = (
    b"HTTP/1.1 200 OK",
    b"HTTP/1.0 404",
    b"HTTP/1.1 100 Go on",
    b"HTTP/2 200",
    b"HTTP/1.1 2000",
    b"HTTP/1.x 200 ",
    b"",
)
HEADER_LINES = (
    b"Upgrade: a",
    b"upgrade:\t b ",
    b"Content-Length: 5",
    b" folded",
    b"Other: x",
    b"Upgrade : x",
    b"no colon",
    b": x",
    b"Upgrade: \xff",
)
REFUSED = "refused"


def _expected(lines: tuple[bytes, ...]) -> Any:
    """(status, headers) of a whole head, None of one that is not whole, or REFUSED."""
    headers: dict[str, str] = {}
    status, last = 0, ""
    for line in lines:
        if not status:
            found = re.fullmatch(rb"HTTP/1\.\d (\d\d\d)( .*)?", line)
            if not found:
                return REFUSED
            status = int(found[1])
        elif not line:
            if status >= 200 or status == 101:
                return status, headers
            status, headers, last = 0, {}, ""
        else:
            found = re.fullmatch(rb"(?:([^: \t](?:[^:]*[^: \t])?):|[ \t])(.*)", line)
            if not found:
                return REFUSED
            name = last if found[1] is None else found[1].decode().lower()
            if name in WANTED:
                try:
                    text = found[2].strip(b" \t").decode()
                except UnicodeDecodeError:
                    return REFUSED
                joint = " " if found[1] is None else ", "
                headers[name] = f"{headers[name]}{joint}{text}" if name in headers else text
            last = name
    return None


def _head(pieces: Iterable[bytes]) -> Any:
    """The same, of the ResponseHead, fed in these pieces."""
    head = ResponseHead(WANTED)
    try:
        for piece in pieces:
            if head.feed(piece, 0, len(piece)) >= 0:
                return head.status, head.headers
    except ProtocolError:
        return REFUSED
    return None


@pytest.mark.long
def test_a_head_is_read_the_same_at_every_split() -> None:
    """`ResponseHead` finds the status and the wanted headers that a plain reading of RFC 9112
    finds, or refuses the same heads, wherever the bytes are cut.

    Of: lib/pilotlight/net/http_message.py
    Within: all heads of a status line (of 7) and up to 3 more lines (of 9 kinds of header, an empty
        one, and a status line again), with CRLF or LF; each place for one cut, and byte by byte
    By: enumeration
    """
    for status_line, ending in itertools.product(STATUS_LINES, (b"\r\n", b"\n")):
        for count in range(4):
            others = itertools.product((b"", STATUS_LINES[0], *HEADER_LINES), repeat=count)
            for lines in others:
                data = b"".join(line + ending for line in (status_line, *lines))
                expected = _expected((status_line, *lines))
                assert _head([data]) == expected, data
                assert _head([data[at : at + 1] for at in range(len(data))]) == expected, data
                if count < 3:
                    for cut in range(len(data)):
                        assert _head([data[:cut], data[cut:]]) == expected, (data, cut)


def _framing(**headers: str) -> BodyFraming:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return BodyFraming(SimpleNamespace(status=200, headers=names), BOUND_BYTES)


BOUND_BYTES = 2
LONGEST_LINE = 3
ALPHABET = b"012g; \r\nA"
Reading = tuple[Any, ...]
# What each body begins with, beside its plain reading: ("length", left), ("close",), ("size", b"").
BODIES: tuple[tuple[dict[str, str], Reading], ...] = (
    ({"transfer_encoding": "chunked"}, ("size", b"", 0)),
    ({"content_length": "2"}, ("length", 2, 0)),
    ({"content_length": "0"}, ("done",)),
    ({}, ("close", 0)),
)


def _read(state: Reading, byte: int) -> Reading | None:
    """A byte later, by RFC 9112 sections 6 and 7.1; None if it is refused."""
    kind, total = state[0], state[-1]
    if kind in ("length", "close", "data"):
        total += 1
        if total > BOUND_BYTES:
            return None
        if kind == "close":
            return ("close", total)
        left = state[1] - 1
        if left:
            return (kind, left, total)
        return ("done",) if kind == "length" else ("behind", b"", total)
    line = state[1] + bytes((byte,))
    if byte != 0x0A:
        return (kind, line, total)
    line = line[:-1].rstrip(b"\r")
    if kind == "behind":
        return None if line else ("size", b"", total)
    if kind == "trailer":
        total += len(line)
        return ("done",) if not line else ("trailer", b"", total) if total <= BOUND_BYTES else None
    found = re.fullmatch(rb"([0-9a-fA-F]+)[ \t]*(;.*)?", line, re.DOTALL)
    if not found:
        return None
    size = int(found[1], 16)
    return ("data", size, total) if size else ("trailer", b"", total)


def _state(framing: BodyFraming) -> Frozen:
    public = ("start", "end")  # of the piece found last
    return tuple(sorted((name, one) for name, one in vars(framing).items() if name not in public))


def _fed(state: Frozen, piece: bytes) -> tuple[Frozen, bytes, int] | None:
    """(state, body, how much of the piece was used) behind a piece; None if it is refused."""
    framing = _framing()
    vars(framing).update(state)
    at, body = 0, b""
    try:
        while at < len(piece) and not framing.done:
            at = framing.next(piece, at, len(piece))
            body += piece[framing.start : framing.end]
    except ProtocolError:
        return None
    return _state(framing), body, at


def _pairs() -> set[tuple[Frozen, Reading]]:
    """All states that bodies lead to, beside their plain reading; checks that they agree."""

    def steps(pair: tuple[Frozen, Reading]) -> Iterator[tuple[Frozen, Reading]]:
        state, reading = pair
        framing = _framing()
        vars(framing).update(state)
        assert framing.done == (reading[0] == "done")
        assert framing.ended() == (reading[0] in ("done", "close"))
        if framing.done:
            return
        for byte in ALPHABET:
            got, wanted = _fed(state, bytes((byte,))), _read(reading, byte)
            assert (got is None) == (wanted is None), (pair, byte)
            if got is None or wanted is None:
                continue
            is_body = reading[0] in ("length", "close", "data")
            assert got[1:] == (bytes((byte,)) if is_body else b"", 1), (pair, byte)
            if not isinstance(wanted[1:2] and wanted[1], bytes) or len(wanted[1]) <= LONGEST_LINE:
                yield got[0], wanted

    return reachable([(_state(_framing(**headers)), reading) for headers, reading in BODIES], steps)


@pytest.mark.long
def test_a_body_ends_where_the_standard_says() -> None:
    """`BodyFraming` finds the body's bytes and its end, by length, by chunks or with the
    connection, as a plain reading of RFC 9112 does, and refuses the same bodies, wherever the bytes
    are cut.

    Of: lib/pilotlight/net/http_message.py
    Within: all bodies of any number of chunks and trailers over 9 bytes that mean something there,
        with lines of up to 4 bytes, and a bound of 2 bytes for the body; in pieces of up to 3 bytes
    By: bisimulation with that reading, a byte at a time; then from each state, each piece does what
        its bytes do one by one
    """
    pairs = _pairs()
    states = {state for state, _ in pairs}
    assert len(states) > 100
    few = [state for state, reading in pairs if len(reading) < 2 or _is_short(reading)]
    pieces = [bytes(one) for n in (2, 3) for one in itertools.product(ALPHABET, repeat=n)]
    for state, piece in itertools.product(few, pieces):
        if dict(state)["done"]:
            continue
        whole = _fed(state, piece)
        after: tuple[Frozen, bytes, int] | None = (state, b"", 0)
        for at in range(len(piece)):
            if after is None or dict(after[0])["done"]:
                break
            one = _fed(after[0], piece[at : at + 1])
            after = one and (one[0], after[1] + one[1], after[2] + one[2])
        assert whole == after, (state, piece)


def _is_short(reading: Reading) -> bool:
    """Its line is empty, or as long as a size with one more byte."""
    return not isinstance(reading[1], bytes) or len(reading[1]) < 2


def test_a_content_length_is_one_number() -> None:
    """Content-Length is taken if it is a number of digits, or the same one again and again; else
    the response is refused, as is one above the bound.

    Of: lib/pilotlight/net/http_message.py
    Within: all texts of up to 7 of `012, +`
    By: enumeration
    """
    for count in range(8):
        for letters in itertools.product("012, +", repeat=count):
            text = "".join(letters)
            parts = {part.strip() for part in text.split(",")}
            number = parts.pop()
            is_good = not parts and re.fullmatch("[012]+", number) and int(number) <= BOUND_BYTES
            try:
                framing = _framing(content_length=text)
            except ProtocolError:
                assert not is_good, text
                continue
            assert is_good and framing.done == (int(number) == 0), text
