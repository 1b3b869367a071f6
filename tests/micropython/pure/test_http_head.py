"""HTTP/1.1 heads and bodies at any split, within their bounds (RFC 9112)."""

from pilotlight import __version__
from pilotlight.net.errors import ProtocolError
from pilotlight.net.http_message import BodyFraming, ResponseHead, request_head
from tests.support.expect import raises

WANTED = ("content-length", "transfer-encoding", "upgrade")


def parse(wire, step):
    """The head, and the index of the first byte behind it (-1: not whole)."""
    head = ResponseHead(WANTED)
    for at in range(0, len(wire), step):
        end = min(at + step, len(wire))
        behind = head.feed(bytearray(wire[at:end]), 0, end - at)
        if behind >= 0:
            return head, at + behind
    return head, -1


def parse_all(wire):
    """The head of wire, the same at every split."""
    whole, behind = parse(wire, 1 << 20)
    for step in (1, 2, 5, 100):
        head, at = parse(wire, step)
        assert (head.status, head.headers, at) == (whole.status, whole.headers, behind)
    return whole, behind


def assert_refuses(wire):
    for step in (1, 7, 1 << 20):
        with raises(ProtocolError):
            parse(wire, step)


def test_a_head_and_what_is_behind_it():
    head, behind = parse_all(b"HTTP/1.1 200 OK\r\nContent-Length:  12 \r\nX-Other: y\r\n\r\nbody")
    assert head.status == 200
    assert head.headers == {"content-length": "12"}
    assert behind == len(b"HTTP/1.1 200 OK\r\nContent-Length:  12 \r\nX-Other: y\r\n\r\n")


def test_what_is_tolerated():
    assert parse_all(b"HTTP/1.1 204\r\n\r\n")[0].status == 204  # no reason, not even its space
    assert parse_all(b"HTTP/1.0 200 OK\n\n")[0].status == 200  # bare LF
    assert parse_all(b"HTTP/1.1 200 \xff\xfe\r\nX: \xff\r\n\r\n")[0].status == 200
    assert parse_all(b"HTTP/1.1 200 OK\r\nUpgrade: a\r\nupgrade: b\r\n\r\n")[0].headers == {
        "upgrade": "a, b"
    }
    assert parse_all(b"HTTP/1.1 200 OK\r\nUpgrade: a\r\n  b\r\nX: y\r\n z\r\n\r\n")[0].headers == {
        "upgrade": "a b"
    }
    assert parse_all(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 5000 + b"\r\nUpgrade: a\r\n\r\n")[
        0
    ].headers == {"upgrade": "a"}


def test_how_long_an_answer_asks_to_wait():
    for lines, wait_ms in (
        (b"", 0),
        (b"Retry-After: 120\r\n", 120_000),
        (b"Retry-After: 0\r\n", 0),
        (b"Retry-After: 9999999\r\n", 999_999_000),
        (b"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 60_000),
        (b"Retry-After: soon\r\n", 0),
        (b"Retry-After: -1\r\n", 0),
        (b"X-Ratelimit-Window: 2500\r\n", 2500),
        (b"X-Ratelimit-Window: 1234567890\r\n", 123_456_789),
        (b"X-Ratelimit-Window: 2500\r\nRetry-After: 3\r\n", 3000),
    ):
        head = ResponseHead(("retry-after", "x-ratelimit-window"))
        wire = bytearray(b"HTTP/1.1 429 Too Many Requests\r\n" + lines + b"\r\n")
        assert head.feed(wire, 0, len(wire)) == len(wire)
        assert head.retry_after_ms() == wait_ms, lines


def test_interim_responses_are_passed_over():
    head, _ = parse_all(
        b"HTTP/1.1 100 Continue\r\nUpgrade: no\r\n\r\n"
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
    )
    assert head.status == 200 and head.headers == {}
    assert (
        parse_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")[0].status
        == 101
    )


def test_not_http():
    for wire in (
        b"HTTP/2 200 OK\r\n\r\n",
        b"403 Error 101\r\n\r\n",
        b"HTTP/1.1 4 03\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.x 200 OK\r\n\r\n",
        b"\x16\x03\x01\r\n",
        b"\r\n",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
    ):
        assert_refuses(wire)
    # The word 101 elsewhere in the status line is not a 101.
    assert parse_all(b"HTTP/1.1 403 Error 101\r\n\r\n")[0].status == 403


def test_bounds_of_the_head():
    assert_refuses(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000)  # one endless line
    assert_refuses(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000)  # endless lines
    assert_refuses(
        b"HTTP/1.1 200 OK\r\nUpgrade: " + b"y" * 600 + b"\r\n\r\n"
    )  # a wanted field that is too long
    assert_refuses(b"HTTP/1.1 200 OK\r\n" + b"Upgrade: yyyyyyyyyyyyyyyy\r\n" * 100)


def read_body(head_lines, wire, step, bound=1000):
    """(body, done, whole at the end of the connection)"""
    head, _ = parse(b"HTTP/1.1 200 OK\r\n" + head_lines + b"\r\n", 1 << 20)
    framing = BodyFraming(head, bound)
    body = b""
    for at in range(0, len(wire), step):
        data = bytearray(wire[at : at + step])
        i = 0
        while i < len(data) and not framing.done:
            i = framing.next(data, i, len(data))
            body += bytes(data[framing.start : framing.end])
    done = framing.done
    return body, done, framing.ended()


def test_bodies_at_every_split():
    hexadecimal = b"1a\r\n" + b"z" * 26 + b"\r\n01F \r\n" + b"y" * 31 + b"\r\n000\r\n\r\n"
    chunked = b"5\r\nhello\r\n1;ext=1\r\n,\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    for step in (1, 2, 3, 10, 1 << 20):
        assert read_body(b"Content-Length: 5\r\n", b"hello and more", step) == (
            b"hello",
            True,
            True,
        )
        assert read_body(b"Content-Length: 5, 5\r\n", b"hello", step) == (b"hello", True, True)
        assert read_body(b"Content-Length: 0\r\n", b"", step) == (b"", True, True)
        assert read_body(b"", b"until the end", step) == (b"until the end", False, True)
        assert read_body(b"Transfer-Encoding: Chunked\r\n", chunked, step) == (
            b"hello,0123456789",
            True,
            True,
        )
        assert read_body(b"Transfer-Encoding: chunked\r\n", hexadecimal, step) == (
            b"z" * 26 + b"y" * 31,
            True,
            True,
        )
        assert read_body(b"Content-Length: 1000\r\n", b"x" * 1000, step) == (
            b"x" * 1000,
            True,
            True,
        )
        for lines in (
            b"Transfer-Encoding: chunked, chunked\r\n",
            b"Transfer-Encoding: chunked\r\ntransfer-encoding: CHUNKED\r\n",
            b"Transfer-Encoding: identity, chunked\r\n",
            b"Transfer-Encoding: , chunked,\r\nContent-Length: 7\r\n",
        ):
            assert read_body(lines, chunked, step) == (b"hello,0123456789", True, True)
        identity = b"Transfer-Encoding: Identity\r\n"
        assert read_body(identity, b"until the end", step) == (b"until the end", False, True)
        for lines in (identity, b"Transfer-Encoding:\r\n"):
            lines += b"Content-Length: 000000000000005\r\n"
            assert read_body(lines, b"hello", step) == (b"hello", True, True)
        padded = b"000000000005\r\nhello\r\n0\r\n\r\n"
        assert read_body(b"Transfer-Encoding: chunked\r\n", padded, step)[0] == b"hello"
        # Cut off: never whole.
        assert read_body(b"Content-Length: 5\r\n", b"hell", step) == (b"hell", False, False)
        assert read_body(b"Transfer-Encoding: chunked\r\n", chunked[:-4], step)[1:] == (
            False,
            False,
        )
        assert read_body(b"Transfer-Encoding: chunked\r\n", chunked[:7], step)[1:] == (False, False)


def test_framing_that_cannot_be_trusted():
    for lines in (
        b"Content-Length: -1\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: 1001\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, gzip\r\n",
        b"Transfer-Encoding: chunked;q=1\r\n",
        b"Transfer-Encoding: " + b"chunked, " * 100 + b"\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
    ):
        with raises(ProtocolError):
            read_body(lines, b"", 1)
    for wire in (
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\nhello\r\n",
        b"\r\n",
        b"g\r\n",
        b"fffffffff\r\n",
        b"G\r\n",
        b"@\r\n",
        b"`\r\n",
        b":\r\n",
        b"/\r\n",
        b"5\r\nhello!\r\n",
        b"5;" + b"x" * 600,
        b"3e9\r\n" + b"x" * 1001,
        b"0\r\n" + b"T: 0123456789012345678901234567890123456789\r\n" * 40,
    ):
        for step in (1, 1 << 20):
            with raises(ProtocolError):
                read_body(b"Transfer-Encoding: chunked\r\n", wire, step)
    with raises(ProtocolError):
        read_body(b"", b"x" * 1001, 100)


def test_too_large_is_told_from_malformed():
    chunked = b"Transfer-Encoding: chunked\r\n"
    for lines, wire, reason in (
        (b"Content-Length: 1001\r\n", b"", "too_large"),
        (b"Content-Length: 99999999999999999999\r\n", b"", "too_large"),
        (b"Content-Length: -1\r\n", b"", "protocol"),
        (b"Content-Length: 1e3\r\n", b"", "protocol"),
        (chunked, b"fffffffffffffffff\r\n", "too_large"),
        (chunked, b"3e9\r\n" + b"x" * 1001, "too_large"),
        (chunked, b"-1\r\n", "protocol"),
        (chunked, b"1" * 300, "too_large"),
    ):
        with raises(ProtocolError) as caught:
            read_body(lines, wire, 1 << 20)
        assert caught.error.reason == reason, (lines, wire[:10])


def test_a_body_that_the_status_forbids():
    for status in (b"204", b"304"):
        head, _ = parse(b"HTTP/1.1 " + status + b" X\r\nContent-Length: 5\r\n\r\n", 1 << 20)
        assert BodyFraming(head, 10).done


def test_request_head():
    got = request_head("GET", "/a?b=c", "host:1", (("X-A", "b c"),))
    assert got == (
        b"GET /a?b=c HTTP/1.1\r\nHost: host:1\r\nUser-Agent: Pilotlight/%s\r\n"
        b"Accept-Encoding: identity\r\nX-A: b c\r\n\r\n" % __version__.encode()
    )


def test_a_request_head_is_never_split_by_a_value():
    for target, value in (
        ("/a b", "x"),
        ("/a\r\nX: y", "x"),
        ("/ä", "x"),
        ("/", "a\r\nB: c"),
        ("/", "a\nb"),
        ("/", "\x00"),
        ("/", "é"),
    ):
        with raises(ValueError) as caught:
            request_head("GET", target, "host", (("Authorization", value),))
        assert target == "/" or target not in str(caught.error)
        assert value == "x" or value not in str(caught.error)
