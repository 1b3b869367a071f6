"""The HTTP client against a scripted server: framing, bounds, and unexpected answers."""

from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import LinkClosed, ProtocolError, Unreachable
from pilotlight.net.http_client import HttpClient
from pilotlight.net.json_pick import MISSING
from tests.support import server
from tests.support.expect import raises

JSON = b'{"id":"x","more":[1,2,3]}'
heads = []
host = []


async def ask(answer, method="GET", pieces=1):
    """The Response to these bytes."""

    async def script(reader, writer):
        heads[:] = await server.read_head(reader)
        size = len(answer) // pieces + 1
        try:
            for at in range(0, len(answer), size):
                writer.write(answer[at : at + size])
                await writer.drain()
        except OSError:
            pass  # the client has what it wants, and has closed
        await server.end(writer)

    listener, endpoint = await server.start(script)
    host[:] = [b"Host: 127.0.0.1:%d" % endpoint.port]
    try:
        client = HttpClient(endpoint, server.Times)
        return await client.request(method, "/path", (("X-Own", "value"),), ("id",))
    finally:
        listener.close()


async def test_the_request():
    await ask(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    assert heads[0] == b"GET /path HTTP/1.1"
    assert heads[1:2] == host and b"Connection: close" in heads and b"X-Own: value" in heads
    assert b"Accept-Encoding: identity" in heads
    assert [line for line in heads if line.startswith(b"User-Agent: Pilotlight/")]
    assert not [line for line in heads if line.lower().startswith(b"content-length")]
    await ask(b"HTTP/1.1 204 No Content\r\n\r\n", "POST")
    assert b"Content-Length: 0" in heads


async def test_bodies_of_every_framing():
    chunked = b"%x\r\n%s\r\n%x;a=b\r\n%s\r\n0\r\nT: x\r\n\r\n" % (
        10,
        JSON[:10],
        len(JSON) - 10,
        JSON[10:],
    )
    for head, body in (
        (b"Content-Length: %d\r\n" % len(JSON), JSON),
        (b"Content-Length: %d\r\n" % len(JSON), JSON + b"more than was said"),
        (b"Transfer-Encoding: chunked\r\n", chunked),
        (b"", JSON),
    ):
        for pieces in (1, 7, 60):
            response = await ask(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body, pieces=pieces)
            assert response.status == 200 and response.fields == {"id": "x"}, (head, pieces)


async def test_a_redirect_is_an_answer_like_any_other():
    for status in (301, 302, 307, 308):
        response = await ask(
            b"HTTP/1.1 %d Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % status
        )
        assert response.status == status and heads[0] == b"GET /path HTTP/1.1"


async def test_what_is_not_json():
    for body in (b"<html>Sign in</html>", b"", b'{"id":"x"', b"{} {}"):
        response = await ask(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert response.status == 200 and response.fields is None
    assert (await ask(b"HTTP/1.1 204 No Content\r\n\r\n")).fields is None
    assert (await ask(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}")).fields == {"id": MISSING}


async def test_answers_that_are_cut_off():
    for answer in (
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + JSON,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n" + JSON[:10],
    ):
        with raises(LinkClosed):
            await ask(answer)
    # Without a length the end of the connection ends the body: what is cut off then is not JSON.
    assert (await ask(b"HTTP/1.1 200 OK\r\n\r\n" + JSON[:10])).fields is None


async def test_answers_over_the_bounds():
    for answer in (
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n[" + b" " * 300000,
    ):
        with raises(ProtocolError) as caught:
            await ask(answer)
        assert caught.error.reason == "too_large", answer[:40]


async def test_an_answer_that_never_comes():
    async def script(reader, writer):
        await server.read_head(reader)
        await reader.read(1)

    _, endpoint = await server.start(script)
    with raises(Unreachable) as caught:
        await HttpClient(endpoint, server.ShortTimes).request("GET", "/", (), ())
    assert caught.error.reason == "timeout"


async def test_an_identity_of_200_kb():
    body = b'{"pad":"' + b"x" * 200000 + b'","id":"at the end"}'
    assert (
        await ask(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    ).fields == {"id": "at the end"}


async def test_a_header_that_would_split_the_request_is_not_sent():
    heads.clear()
    with raises(ValueError):
        client = HttpClient(Endpoint("127.0.0.1", 9), server.Times)
        await client.request("GET", "/", (("Authorization", "Bearer x\r\nY: z"),), ())
    assert not heads
