"""What the page's server reads of a client, and no more."""

import asyncio
import os
import sys

from tools.virtual_board import virtual_time

virtual_time.install()
sys.path.append(os.getenv("MICRODOT"))
from firmware.setup.setup_server import BoundedReader, SetupServer
from tests.support.expect import raises


class Stream:
    """Gives these bytes, then more of the last one without end; or an end. read_bytes: given."""

    def __init__(self, data, is_endless=False):
        self._data = data
        self._is_endless = is_endless
        self.read_bytes = 0
        self.written = b""
        self.is_closed = False

    async def read(self, size):
        piece = self._data[:size]
        self._data = self._data[size:]
        if not piece and self._is_endless:
            piece = b"a" * size
        self.read_bytes += len(piece)
        return piece

    async def awrite(self, data):
        self.written += data

    async def wait_closed(self):
        self.is_closed = True


class Setup:
    """Stands in for the SetupMode."""

    name, found, known, built_in = "Pilotlight-0001", (), (), ()
    chosen = failure = ""
    is_busy = is_done = is_told = False

    def __init__(self):
        self.tried = []
        self.forgotten = []
        self.scans = 0

    def begin(self, network):
        if network is None:
            self.scans += 1
        else:
            self.tried.append(network)

    def forget(self, ssid):
        self.forgotten.append(ssid)


async def test_lines_and_a_body():
    reader = BoundedReader(Stream(b"GET / HTTP/1.1\r\n" + b"a" * 300 + b"\n\nbody"))
    assert await reader.readline() == b"GET / HTTP/1.1\r\n"
    assert await reader.readline() == b"a" * 300 + b"\n"
    assert await reader.readline() == b"\n"
    assert await reader.readexactly(4) == b"body"
    with raises(ValueError):
        await reader.readexactly(1)


async def test_what_is_too_long_is_not_read():
    for read in ("readline", "readexactly"):
        stream = Stream(b"", is_endless=True)
        with raises(ValueError):
            await getattr(BoundedReader(stream), read)(*([1 << 20] if read != "readline" else []))
        assert stream.read_bytes == 4096


async def served(data, is_endless=False):
    stream = Stream(data, is_endless)
    await SetupServer(Setup(), "192.168.4.1").serve(stream, None)
    assert stream.is_closed
    return stream


async def test_a_body_that_is_too_long_is_refused_unread():
    head = b"POST / HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 1025\r\n\r\n"
    stream = await served(head, is_endless=True)
    assert stream.written.startswith(b"HTTP/1.0 413") and stream.read_bytes <= 512


async def test_whatever_is_raised_costs_the_connection_alone():
    for data in (b"", b"x", b"\xff\xff\n\n", b"GET\n\n", b"GET / HTTP/1.1\r\nHost"):
        stream = await served(data)
        assert not stream.written, data

    class Gone(Stream):
        async def awrite(self, data):
            raise OSError(104)

    stream = Gone(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    await SetupServer(Setup(), "192.168.4.1").serve(stream, None)
    assert stream.is_closed


async def test_a_reader_that_reads_nothing_is_closed_after_ten_seconds():
    class Stuck(Stream):
        async def awrite(self, data):
            await asyncio.sleep(3600)

    stream = Stuck(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    begun_ms = virtual_time.Clock.now_ms
    await SetupServer(Setup(), "192.168.4.1").serve(stream, None)
    assert stream.is_closed and virtual_time.Clock.now_ms - begun_ms == 10_000


async def test_the_fifth_connection_is_closed_at_once():
    class Silent(Stream):
        async def read(self, size):
            await asyncio.sleep(3600)

    server = SetupServer(Setup(), "192.168.4.1")
    for _ in range(4):
        asyncio.create_task(server.serve(Silent(b""), None))
    await asyncio.sleep_ms(10)
    stream = Stream(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    await server.serve(stream, None)
    assert stream.is_closed and not stream.written and not stream.read_bytes


async def page_s_token(server):
    page = Stream(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    await server.serve(page, None)
    return page.written.split(b'name="token" value="')[1][:32]


async def posted(server, body):
    """What comes back on a form."""
    head = (
        b"POST / HTTP/1.1\r\nHost: 192.168.4.1:80\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    )
    stream = Stream(head % len(body) + body)
    await server.serve(stream, None)
    return stream.written


async def test_forms_are_for_who_has_the_page_and_not_while_it_is_busy():
    setup = Setup()
    server = SetupServer(setup, "192.168.4.1")
    token = await page_s_token(server)
    buttons = (b"", b"&scan=", b"&forget=A")
    for button in buttons:
        for body in (b"ssid=A", b"token=" + b"0" * 32 + b"&ssid=A", b"token=%ff&ssid=A"):
            assert (await posted(server, body + button)).startswith(b"HTTP/1.0 403"), body
        for name in ("is_busy", "is_done"):
            setattr(setup, name, True)
            told = await posted(server, b"token=" + token + b"&ssid=A" + button)
            assert told.startswith(b"HTTP/1.0 303")
            setattr(setup, name, False)
    assert (setup.tried, setup.scans, setup.forgotten) == ([], 0, [])
    for button in (b"&forget=Stage+5%26", b"&forget", b"&scan=", b"&scan"):
        assert b" 303 " in await posted(server, b"token=" + token + b"&ssid=A" + button)
    assert setup.forgotten == ["Stage 5&", b""] and setup.scans == 2 and not setup.tried


async def test_what_the_form_says():
    setup = Setup()
    server = SetupServer(setup, "192.168.4.1")
    token = await page_s_token(server)
    for fields, network in (
        (
            b"ssid=Stage+5&other=&password=a%26b%20c%C3%A9xx&address=&gateway=&dns=",
            {"ssid": "Stage 5", "password": "a&b c\u00e9xx", "hidden": False},
        ),
        (
            b"ssid=Stage+5&other=+Vault+&password=",
            {"ssid": "Vault", "password": "", "hidden": True},
        ),
        (
            b"ssid=Stage+5&other=&password=&address=+10.0.0.5/24&gateway=10.0.0.1&dns=10.0.0.2",
            {
                "ssid": "Stage 5",
                "password": "",
                "hidden": False,
                "address": "10.0.0.5/24",
                "gateway": "10.0.0.1",
                "dns": "10.0.0.2",
            },
        ),
        (b"", {"ssid": "", "password": "", "hidden": False}),
        (b"ssid&other&password&dns", {"ssid": "", "password": "", "hidden": False}),
    ):
        told = await posted(server, b"token=" + token + b"&" + fields)
        assert told.startswith(b"HTTP/1.0 303") and setup.tried.pop() == network
