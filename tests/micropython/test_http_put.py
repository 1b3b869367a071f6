"""PUTs to a storage service, against a scripted server: what is sent, and what answers mean."""

import asyncio
import time

from pilotlight.net import endpoint as endpoint_module
from pilotlight.net.errors import LinkClosed, NetError, ProtocolError, Unreachable, no_memory
from pilotlight.net.http_put import PutClient
from pilotlight.net.storage_answer import PutFailed
from tests.support import server
from tests.support.expect import raises

SECRET = "X-Amz-Signature=5ec2e7"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LARGE_BYTES = 30_000_000  # more than fits into all buffers of a connection


def denied(message, status=b"403 Forbidden"):
    """An answer as S3 gives it."""
    text = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>%s'
        b"</Message><HostId>%s</HostId></Error>" % (message, b"x" * 76)
    )
    return b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\n\r\n%s" % (status, text)


class Source:
    """size_bytes bytes, each of which says where it lies."""

    def __init__(self, size_bytes):
        self._size_bytes = size_bytes
        self._at = 0

    def seek(self, at):
        self._at = at

    def readinto(self, buffer):
        count = min(len(buffer), self._size_bytes - self._at)
        for at in range(min(count, 4)):
            buffer[at] = (self._at + at) % 251
        self._at += count
        return count


async def put(script, size_bytes=10, offset=0, source=None, stall_ms=60_000, on_progress=None):
    """PUT to a server with this script."""
    listener, endpoint = await server.start(script)
    url = "http://127.0.0.1:%d/parts/1?%s" % (endpoint.port, SECRET)
    client = PutClient(None, stall_ms)
    source = source or Source(offset + size_bytes)
    try:
        await client.put(url, source, offset, size_bytes, (("X-Own", "value"),), on_progress)
    finally:
        listener.close()


def answers(*pieces, reads=True):
    """A script that answers so, after the body or before."""

    async def script(reader, writer):
        lines = await server.read_head(reader)
        length = next(line for line in lines if line.startswith(b"Content-Length: "))
        try:
            await reader.readexactly(int(length[16:]) if reads else 0)
        except EOFError:
            pass  # the client has given up
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep_ms(0)
        if reads:
            await server.end(writer)

    return script


async def test_the_request():
    lines, body, told = [], bytearray(), []

    async def script(reader, writer):
        lines.extend(await server.read_head(reader))
        while len(body) < 10_000:
            body.extend(await reader.read(10_000))
        writer.write(OK)
        await writer.drain()
        await server.end(writer)

    await put(script, 10_000, 77, on_progress=told.append)
    assert lines[0] == b"PUT /parts/1?" + SECRET.encode() + b" HTTP/1.1"
    assert lines[1].startswith(b"Host: 127.0.0.1:")
    assert b"Content-Length: 10000" in lines and b"Connection: close" in lines
    assert b"X-Own: value" in lines
    assert not [line for line in lines if line.startswith((b"Expect", b"Transfer-Encoding"))]
    assert bytes(body[:4]) == bytes([77, 78, 79, 80]) and len(body) == 10_000
    assert told == [3584, 7168, 10_000]
    starts = [(77 + at) % 251 for at in (0, 3584, 7168)]
    assert [body[at] for at in (0, 3584, 7168)] == starts


async def test_nothing_to_send():
    await put(answers(OK), 0)


async def test_what_the_service_s_answers_mean():
    busy = b"HTTP/1.1 503 Slow Down\r\nRetry-After: 7\r\n\r\n"
    slow = b"<Error><Code>RequestTimeout</Code></Error>"
    for answer, reason, status, code, wait_ms in (
        (denied(b"Request has expired"), "address_expired", 403, "AccessDenied", None),
        (denied(b"Access Denied"), "put_refused", 403, "AccessDenied", None),
        (b"HTTP/1.1 404 No\r\n\r\n", "put_refused", 404, "", None),
        (b"HTTP/1.1 400 No\r\n\r\n<Error><Code>ExpiredToken</Code>", "address_expired", 400,
         "ExpiredToken", None),
        (b"HTTP/1.1 400 Bad\r\n\r\n" + slow, "try_later", 400, "RequestTimeout", None),
        (busy, "try_later", 503, "", 7000),
        (b"HTTP/1.1 500 Oops\r\n\r\n<html>" + b"x" * 9000, "try_later", 500, "", None),
        (b"HTTP/1.1 429 Slowly\r\n\r\n", "try_later", 429, "", None),
        (b"HTTP/1.1 307 There\r\nLocation: https://x/\r\n\r\n", "moved", 307, "", None),
        (b"HTTP/1.1 403 No\r\n\r\n<Code>a\nb</Code>", "put_refused", 403, "", None),
    ):  # fmt: skip
        with raises(PutFailed) as caught:
            await put(answers(answer))
        error = caught.error
        told = (error.reason, error.status, error.code, error.wait_ms)
        assert told == (reason, status, code, wait_ms), (answer, told)
        assert isinstance(error, NetError) and SECRET not in str(error)


async def test_an_answer_in_single_bytes_behind_an_interim_one():
    answer = b"HTTP/1.1 102 Wait\r\n\r\n" + denied(b"Request has expired")
    with raises(PutFailed) as caught:
        await put(answers(*[answer[at : at + 1] for at in range(len(answer))]))
    assert caught.error.reason == "address_expired"
    await put(answers(*[OK[at : at + 1] for at in range(len(OK))]))


async def test_an_early_answer_ends_a_body_that_nobody_reads():
    """The server neither reads nor closes: the body's writer waits, and must be woken."""
    begun_ms = time.ticks_ms()
    with raises(PutFailed) as caught:
        await put(answers(denied(b"Access Denied"), reads=False), LARGE_BYTES)
    assert caught.error.reason == "put_refused"
    assert time.ticks_diff(time.ticks_ms(), begun_ms) < 30_000  # not by its stall_ms


async def test_what_is_stored_before_it_was_sent_is_not_stored():
    with raises(ProtocolError):
        await put(answers(OK, reads=False), LARGE_BYTES)


async def test_a_connection_that_ends():
    async def at_the_head(reader, writer):
        await server.read_head(reader)
        await server.end(writer)

    async def after_the_body(reader, writer):
        await server.read_head(reader)
        await reader.readexactly(10)
        await server.end(writer)

    async def in_the_answer(reader, writer):
        await server.read_head(reader)
        await reader.readexactly(10)
        writer.write(OK[:30])
        await writer.drain()
        await server.end(writer)

    with raises(NetError) as caught:  # by a reset, because most of the body is not read
        await put(at_the_head, LARGE_BYTES)
    assert caught.error.reason in ("reset", "closed"), caught.error.reason
    for script in (after_the_body, in_the_answer):
        with raises(LinkClosed) as caught:
            await put(script)
        assert caught.error.reason == "closed" and SECRET not in str(caught.error)


async def test_no_answer_and_no_bytes_for_too_long():
    async def silent(reader, writer):
        await server.read_head(reader)
        await reader.readexactly(10)
        await reader.read(1)

    async def deaf(reader, writer):
        await server.read_head(reader)
        await asyncio.sleep(10)

    for script, size_bytes in ((silent, 10), (deaf, LARGE_BYTES)):
        with raises(Unreachable) as caught:
            await put(script, size_bytes, stall_ms=300)
        assert caught.error.reason == "timeout" and SECRET not in str(caught.error)


async def test_a_slow_upload_may_take_as_long_as_it_wants():
    """It takes more than stall_ms, but never so long without a byte."""

    async def script(reader, writer):
        await server.read_head(reader)
        left = LARGE_BYTES // 4
        while left:
            left -= len(await reader.read(min(left, 1 << 18)))
            await asyncio.sleep_ms(40)
        writer.write(OK)
        await writer.drain()
        await server.end(writer)

    begun_ms = time.ticks_ms()
    await put(script, LARGE_BYTES // 4, stall_ms=1_000)
    assert time.ticks_diff(time.ticks_ms(), begun_ms) > 1_000


async def test_other_tasks_get_a_turn_while_the_source_is_slow():
    """All of it fits into the connection's buffers, so nothing waits for the network."""
    turns, told = [0], []

    async def other():
        while True:
            turns[0] += 1
            await asyncio.sleep_ms(0)

    class Card(Source):
        def readinto(self, buffer):
            time.sleep_ms(6)  # longer than the others wait
            return Source.readinto(self, buffer)

    task = asyncio.create_task(other())
    size_bytes = 35_840  # ten reads
    await put(answers(OK), size_bytes, 0, Card(size_bytes), 60_000, lambda _: told.append(turns[0]))
    task.cancel()
    assert len(told) == 10 and all(told[at] < told[at + 1] for at in range(9)), told


async def test_cancelling_closes_the_connection_at_once():
    ended = asyncio.Event()

    async def script(reader, writer):
        await server.read_head(reader)
        started.set()
        try:
            while await reader.read(1 << 16):
                await asyncio.sleep_ms(5)
        except OSError:
            pass
        ended.set()
        await server.end(writer)

    for size_bytes in (LARGE_BYTES, 10):  # while it writes; while it waits for the answer
        started = asyncio.Event()
        ended.clear()
        before = server.open_files()
        task = asyncio.create_task(put(script, size_bytes))
        await started.wait()
        await asyncio.sleep_ms(20)
        task.cancel()
        with raises(asyncio.CancelledError):
            await task
        await ended.wait()
        await asyncio.sleep_ms(10)
        assert server.open_files() == before


async def test_a_source_that_ends_early_or_fails():
    class Broken(Source):
        def readinto(self, buffer):
            raise OSError(5)

    with raises(PutFailed) as caught:
        await put(answers(OK), 10_000, source=Source(4_000))
    assert (caught.error.reason, caught.error.status) == ("source_ended", 0)
    with raises(OSError):
        await put(answers(OK), 10_000, source=Broken(10_000))


async def test_after_a_failure_the_answer_may_come_before_the_body():
    """A reset may have swallowed it the first time: what TLS has not read by then is lost."""
    connections = []

    async def script(reader, writer):
        connections.append(await server.read_head(reader))
        if len(connections) == 1:
            await reader.readexactly(10)
        elif len(connections) == 2:
            writer.write(denied(b"Request has expired"))
            await writer.drain()
        else:
            await reader.readexactly(3 * 3584)
            writer.write(OK)
            await writer.drain()
        await server.end(writer)

    class Counting(Source):
        reads = 0

        def readinto(self, buffer):
            self.reads += 1
            return Source.readinto(self, buffer)

    listener, endpoint = await server.start(script)
    client, source = PutClient(None), Counting(3 * 3584)

    async def send():
        url = "http://127.0.0.1:%d/" % endpoint.port
        source.reads, begun_ms = 0, time.ticks_ms()
        await client.put(url, source, 0, 3 * 3584)
        return time.ticks_diff(time.ticks_ms(), begun_ms)

    with raises(NetError):
        await send()
    with raises(PutFailed) as caught:
        await send()
    assert caught.error.reason == "address_expired"
    assert source.reads == 1  # and that was not sent
    assert await send() >= 900  # no answer came first: the third one waits for the body
    for _ in range(20):  # then none waits, but the machine may be busy
        if await send() < 900:
            break
    else:
        raise AssertionError
    listener.close()


async def test_urls_that_can_not_be_sent():
    for url in (
        "https://127.0.0.1/?" + SECRET,  # there are no roots
        "127.0.0.1/?" + SECRET,
        "http:///?" + SECRET,
        "http://127.0.0.1?" + SECRET,
        "http://127.0.0.1:port/?" + SECRET,
        "http://user:word@127.0.0.1/?" + SECRET,
        "http://127.0.0.1/?%s\r\nX: y" % SECRET,
        "http://127.0.0.1/?%s ü" % SECRET,
        "",
    ):
        with raises(ValueError) as caught:
            await PutClient(None).put(url, Source(1), 0, 1)
        assert SECRET not in str(caught.error), url
    with raises(ValueError):
        await PutClient((b"",)).put("http://127.0.0.1/", Source(1), 0, 1)


async def test_parts_share_a_look_up():
    looked_up = []
    kept = endpoint_module.look_up

    def look_up(host, port):
        looked_up.append(host)
        return kept(host, port)

    endpoint_module.look_up = look_up
    listener, endpoint = await server.start(answers(OK))
    client = PutClient(None)
    try:
        for part in range(3):
            url = "http://LOCALHOST:%d/parts/%d" % (endpoint.port, part)
            await client.put(url, Source(30), part * 10, 10)
    finally:
        endpoint_module.look_up = kept
        listener.close()
    assert looked_up == ["localhost"]


async def test_no_memory_is_an_error_of_the_network():
    class Scarce(Source):
        def readinto(self, buffer):
            raise MemoryError

    with raises(Unreachable) as caught:
        await put(answers(OK), source=Scarce(10))
    assert caught.error.reason == no_memory().reason
