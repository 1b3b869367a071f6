"""HTTP heads and bodies: what h11 builds and reads, at any split; and any bytes."""

import itertools

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight.net.errors import ProtocolError
from pilotlight.net.http_message import BodyFraming, ResponseHead, request_head

FIELDS = ("content-length", "transfer-encoding", "upgrade")
BOUND_BYTES = 2000

cuts = st.lists(st.integers(0, 3000), max_size=12)
tokens = st.text("abcdefghijklmnopqrstuvwxyz-XYZ", min_size=1, max_size=20)
values = st.text([chr(code) for code in range(0x21, 0x7F)], min_size=1, max_size=40)


def pieces(data: bytes, places: list[int]) -> list[bytearray]:
    """The data cut at these places."""
    ends = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [bytearray(data[start:end]) for start, end in itertools.pairwise(ends)]


def read(data: bytes, places: list[int]) -> tuple[int, dict[str, str], bytes, bool]:
    """(status, headers, body, was it whole) of a response; raises ProtocolError."""
    head, framing, body = ResponseHead(FIELDS), None, b""
    for piece in pieces(data, places):
        at = 0
        if framing is None:
            at = head.feed(piece, 0, len(piece))
            if at < 0:
                continue
            framing = BodyFraming(head, BOUND_BYTES)
        while at < len(piece) and not framing.done:
            at = framing.next(piece, at, len(piece))
            body += bytes(piece[framing.start : framing.end])
    return head.status, head.headers, body, framing is not None and framing.ended()


@given(
    st.integers(200, 599).filter(lambda status: status not in (204, 304)),
    st.lists(st.tuples(tokens, values), max_size=6),
    st.lists(st.binary(min_size=1, max_size=100), max_size=6),
    st.sampled_from(["length", "chunked", "close"]),
    cuts,
)
def test_what_h11_sends(
    status: int, fields: list[tuple[str, str]], parts: list[bytes], framing: str, places: list[int]
) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.%d\r\nHost: x\r\n\r\n" % (0 if framing == "close" else 1))
    server.next_event()
    server.next_event()
    taken = ("content-length", "transfer-encoding", "connection", "upgrade", "expect", "host")
    fields = [(name, value) for name, value in fields if name.lower() not in taken]
    if framing == "length":
        fields.append(("Content-Length", str(sum(map(len, parts)))))
    data = server.send(h11.Response(status_code=status, headers=fields)) or b""
    for part in parts:
        data += server.send(h11.Data(data=part)) or b""
    data += server.send(h11.EndOfMessage()) or b""
    got = read(data, places)
    assert (got[0], got[2], got[3]) == (status, b"".join(parts), True)
    assert read(data, []) == got


@given(st.binary(max_size=300), cuts)
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", [1])
def test_any_bytes(data: bytes, places: list[int]) -> None:
    assert outcome(data, places) == outcome(data, [])


lines = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 404\n",
        b"HTTP/1.1 100 Go on\r\n",
        b"Upgrade: x\r\n",
        b" folded\r\n",
        b"Content-Length: 5\r\n",
        b"\r\n",
        b"\n",
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"No colon\r\n",
        b"\r",
        b": x\r\n",
        b"\xff: \xff\r\n",
    ]
)


@given(st.lists(lines, max_size=10), cuts)
def test_any_lines(parts: list[bytes], places: list[int]) -> None:
    data = b"".join(parts)
    assert outcome(data, places) == outcome(data, [])


def outcome(data: bytes, places: list[int]) -> object:
    """What became of it: the response, or that it was refused."""
    try:
        return read(data, places)
    except ProtocolError:
        return "refused"


@given(
    st.sampled_from(["GET", "POST"]),
    st.text(max_size=30),
    st.lists(st.tuples(tokens, st.text(max_size=30)), max_size=4),
)
def test_what_we_send_is_one_request(
    method: str, target: str, fields: list[tuple[str, str]]
) -> None:
    """h11, as a server, reads one request with exactly our fields, or the request is refused."""
    fields = [(f"x-{name}", value) for name, value in fields]
    try:
        data = request_head(method, "/" + target, "host", fields)
    except ValueError:
        return
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert request.target == b"/" + target.encode()
    names = [name for name, _ in request.headers]
    assert names[:3] == [b"host", b"user-agent", b"accept-encoding"]
    assert [(name, value) for name, value in request.headers][3:] == [
        (name.lower().encode(), value.strip(" \t").encode()) for name, value in fields
    ]
    assert isinstance(server.next_event(), h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
