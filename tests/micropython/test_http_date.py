"""The clock where NTP is blocked: two connections, of which the verified one sets it.

A server stands in whose certificate is judged by the chip's clock, as Mbed TLS does on a board.
"""

import asyncio
import sys

from pilotlight.net import transport as transport_module
from pilotlight.net.errors import Unreachable, Untrusted
from pilotlight.requests import Slot
from pilotlight.status import DeviceStatus
from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock as Virtual

virtual_time.install(board=True)

import ntptime
from virtual import events, orders, rtc

from firmware import timestamps
from firmware.network.clock import Clock
from tests.support.expect import raises

HOUR_S = 3600
DAY_S = 86_400
TRUE_S = ntptime.true_s()
BUILD_S = TRUE_S - 90 * DAY_S
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
asked = []
events.listen(lambda event: event["kind"] == "ntp" and asked.append(event["host"]))
orders.obey("ntp", action="silence")


def date_of(seconds):
    year, month, day, hour, minute, second, weekday = timestamps.gmtime(seconds)[:7]
    return "%s, %02d %s %d %02d:%02d:%02d GMT" % (
        DAYS[weekday],
        day,
        MONTHS[month - 1],
        year,
        hour,
        minute,
        second,
    )


class Storage:
    def __init__(self, record):
        self._record = record

    def load(self, name):
        return self._record

    def save(self, name, record):
        self._record = record


class Frameio:
    """Agent, HttpClient, Endpoint and server.

    offsets_s: what the Date of the first and of the second connection differs by from the truth, or
    a header's text, or None for no header; or an exception. valid_s: when the certificate is valid.
    seen: (is verified, chip's time, request's head) of each connection.
    """

    host = host_field = "api.frame.io"
    is_tls = True

    def __init__(self, first=0, second=0, valid_s=(TRUE_S - 60 * DAY_S, TRUE_S + 30 * DAY_S)):
        self.dates = (first, second)
        self.valid_s = valid_s
        self.more = b""
        self.seen = []
        self.slot = Slot()
        self.http = self.endpoint = self

    def request_slot(self):
        return self.slot

    def open(self):
        return Stream(self)

    async def next_address(self):
        return None

    def ended(self, info, answered_ms):
        pass


class Stream:
    """In place of a Transport."""

    def __init__(self, endpoint):
        self.is_tls = endpoint.is_tls
        self._is_verified = isinstance(endpoint, Frameio)
        self._frameio = frameio[0]
        self._bytes = b""
        self._closed = asyncio.Event()

    async def open(self):
        await asyncio.sleep_ms(700)

    async def write(self, data, start, end):
        chip_s = timestamps.now_s()
        begin_s, end_s = self._frameio.valid_s
        self._frameio.seen.append((self._is_verified, chip_s, bytes(data)))
        assert self._frameio.slot.locked()
        if self._is_verified and not begin_s <= chip_s < end_s:
            raise Untrusted("clock" if chip_s < begin_s else "expired", "not valid")
        date = self._frameio.dates[self._is_verified]
        if isinstance(date, Exception):
            raise date
        if isinstance(date, int):
            date = date_of(ntptime.true_s() + date)
        line = b"" if date is None else b"Date: %s\r\n" % date.encode()
        self._bytes = b"HTTP/1.1 200 OK\r\n%s%s\r\n{}" % (line, self._frameio.more)

    async def read(self, buffer):
        if self._frameio.more is None:
            await self._closed.wait()
            raise Unreachable("timeout", "closed")
        await asyncio.sleep_ms(100)
        part, self._bytes = self._bytes[:30], self._bytes[30:]
        buffer[: len(part)] = part
        return len(part)

    def close(self):
        self._closed.set()


frameio = [None]
transport_module.Transport = Stream


def new(server, build_s=BUILD_S, record=None):
    """A clock at power-on, and its log."""
    rtc.set_us(0)
    asked.clear()
    log = []
    frameio[0] = server
    clock = Clock("ntp.one", Storage(record), build_s, log.append)
    clock.frameio = server, "1.2.3"
    return clock, log


async def test_the_date_of_a_trusted_answer_sets_the_clock():
    server = Frameio()
    clock, log = new(server, build_s=0)
    assert await clock.ensure_set() and clock.source == "http"
    assert abs(clock.now_s() - ntptime.true_s()) <= 1
    assert [is_verified for is_verified, _, _ in server.seen] == [False, True]
    for _, _, head in server.seen:
        assert head.startswith(b"GET /health HTTP/1.1\r\nHost: api.frame.io\r\n")
        assert b"x-client-version: 1.2.3\r\n" in head and b"uthorization" not in head
    assert log[-1].endswith(" Frame.io: its date is taken"), log
    assert not [name for name in sys.modules if "http_date" in name or "iso_time" in name]


async def test_only_after_ntp_and_never_while_that_answers():
    server = Frameio()
    clock, _ = new(server)
    orders.obey("ntp", action="answer")
    assert await clock.ensure_set() and clock.source == "ntp" and not server.seen
    orders.obey("ntp", action="silence")


async def test_without_an_agent_it_does_not_ask():
    clock, _ = new(Frameio())
    clock.frameio = None
    assert await clock.ensure_set() and clock.source == "floor"


async def test_a_wrong_date_is_thrown_away():
    """By it no certificate is valid: the time is the lower bound, as if no server had been asked."""
    for offset_s in (-80 * DAY_S, 40 * DAY_S, 60 * 365 * DAY_S):
        server = Frameio(offset_s, offset_s)
        clock, log = new(server)
        assert await clock.ensure_set() and clock.source == "floor"
        assert len(server.seen) == 2 and server.seen[1][0]
        assert 0 <= server.seen[1][1] - (ntptime.true_s() + offset_s) + 9 <= 10
        assert abs(clock.now_s() - BUILD_S) <= 9, offset_s
        assert "not trusted: " in log[-1]
        clock, _ = new(server, build_s=0)
        assert not await clock.ensure_set() and clock.now_s() is None
        assert timestamps.now_s() < 1_000_000_000  # 2000, as before


async def test_implausible_dates_open_no_second_connection():
    """Before the lower bound, after 2100, malformed, missing, or two of them."""
    day = date_of(TRUE_S)
    wrong = (
        -91 * DAY_S,
        -40 * 365 * DAY_S,
        80 * 365 * DAY_S,
        None,
        "",
        "soon",
        day[:-4],
        day[:-3] + "CET",
        day + "\r\nDate: " + day,
        day.replace("Jan", "Jab"),
        day.replace("2027", "20x7"),
    )
    for date in wrong:
        server = Frameio(date)
        clock, log = new(server)
        assert await clock.ensure_set() and clock.source == "floor", date
        assert len(server.seen) == 1 and "missing or wrong" in log[-1], date
        assert abs(clock.now_s() - BUILD_S) <= 9


async def test_the_date_of_the_verified_answer_counts():
    """A replayed Date, by which the certificate was valid already: the server itself corrects it."""
    server = Frameio(first=-50 * DAY_S)
    clock, _ = new(server)
    assert await clock.ensure_set() and clock.source == "http"
    assert abs(clock.now_s() - ntptime.true_s()) <= 1
    for second in (None, "soon", -91 * DAY_S, 80 * 365 * DAY_S):
        server = Frameio(0, second)
        clock, _ = new(server)
        assert await clock.ensure_set() and clock.source == "floor", second
        assert abs(clock.now_s() - BUILD_S) <= 9


async def test_an_expired_certificate_with_its_key_is_believed_down_to_the_bound():
    """What TLS can't tell without a clock; the last good time is the bound."""
    day_s = -70 * DAY_S
    expired_s = (TRUE_S - 85 * DAY_S, TRUE_S - 65 * DAY_S)
    clock, _ = new(Frameio(day_s, day_s, expired_s))
    assert await clock.ensure_set() and clock.source == "http"
    assert abs(clock.now_s() - ntptime.true_s() - day_s) <= 1
    clock, _ = new(Frameio(day_s, day_s, expired_s), record={"good_s": TRUE_S - 60 * DAY_S})
    assert await clock.ensure_set() and clock.source == "floor"
    assert clock.now_s() >= TRUE_S - 60 * DAY_S
    # It was not good, so the next answer that is right corrects it.
    frameio[0] = clock.frameio[0]
    clock.frameio[0].dates, clock.frameio[0].valid_s = (0, 0), Frameio().valid_s
    await asyncio.sleep(400)
    assert await clock.ensure_set() and abs(clock.now_s() - ntptime.true_s()) <= 1


async def test_whatever_fails_puts_the_chip_s_clock_back():
    for first, second in (
        (Unreachable("refused", "refused"), 0),
        (0, Unreachable("reset", "reset")),
        (OSError(12), 0),
        (0, ValueError("TLS")),
        (0, MemoryError()),
        (MemoryError(), 0),
    ):
        server = Frameio(first, second)
        clock, _ = new(server)
        assert await clock.ensure_set() and clock.source == "floor"
        assert abs(clock.now_s() - BUILD_S) <= 9 and not server.slot.locked()
        assert "firmware.network.http_date" not in sys.modules


async def test_an_answer_that_never_comes_is_bounded_and_others_go_on():
    server = Frameio()
    server.more = None
    clock, log = new(server)
    turns = []

    async def other():
        while True:
            turns.append(Virtual.now_ms)
            await asyncio.sleep_ms(100)

    task = asyncio.create_task(other())
    begun_ms = Virtual.now_ms
    server.valid_s = (0, 1 << 40)
    assert await clock.ensure_set() and clock.source == "floor"
    task.cancel()
    assert Virtual.now_ms - begun_ms <= 1_100 + 31_000
    late_ms = [turns[i] - turns[i - 1] for i in range(1, len(turns))]
    assert sorted(late_ms)[-2] <= 200, late_ms  # but for NTP's own second
    assert "timeout" in log[-1]
    await asyncio.sleep(400)
    before_s, begun_ms = clock.now_s(), Virtual.now_ms
    assert await clock.ensure_set() and clock.source == "floor"
    passed_s = (Virtual.now_ms - begun_ms) // 1000
    assert passed_s >= 5 and abs(clock.now_s() - before_s - passed_s) <= 2  # the clock goes on


async def test_a_cancel_puts_the_chip_s_clock_back():
    server = Frameio()
    clock, _ = new(server)
    for wait_ms in (1_200, 1_900, 2_700):  # in either connection
        clock, _ = new(server)
        with raises(asyncio.TimeoutError):
            await asyncio.wait_for_ms(clock.ensure_set(), wait_ms)
        assert timestamps.now_s() < 1_000_000_000 and not server.slot.locked(), wait_ms
        assert clock.now_s() is None
    assert [one[0] for one in server.seen].count(True) >= 1


async def connections(clock, server, hours):
    """When the agent's questions for the time led to a connection, in s."""
    begun_ms = Virtual.now_ms
    begins = []
    while Virtual.now_ms - begun_ms < hours * HOUR_S * 1000:
        count = len(server.seen)
        at_s = (Virtual.now_ms - begun_ms) // 1000
        await clock.ensure_set()
        begins.extend([at_s] * (len(server.seen) - count))
        await asyncio.sleep(1)
    return begins


async def test_how_often():
    """With a lower bound 5 min apart and more; without any time with each round of NTP."""
    for build_s, most in ((BUILD_S, 12), (0, 34)):
        for first, each in ((Unreachable("refused", ""), 1), (-80 * DAY_S, 2)):
            server = Frameio(first, valid_s=(0, 1) if each == 2 else Frameio().valid_s)
            clock, _ = new(server, build_s)
            begins = await connections(clock, server, 4)
            rounds = sorted(set(begins))
            gaps = [rounds[i] - rounds[i - 1] for i in range(1, len(rounds))]
            assert len(begins) <= 4 * most * each, (build_s, each, len(begins))
            assert min(gaps) >= 15 and min(gaps[1:]) >= (300 if build_s else 15), gaps
            assert len(set(gaps)) > 3, gaps  # at random
    # An answer ends it: 5 min, doubled to 4 h, as with NTP's.
    server = Frameio()
    clock, _ = new(server)
    assert len(await connections(clock, server, 4)) <= 2 * 7


async def test_a_wait_that_frame_io_asks_for_is_kept():
    server = Frameio("soon")
    server.more = b"Retry-After: 200\r\n"
    clock, _ = new(server, build_s=0)
    rounds = await connections(clock, server, 2)
    assert min([rounds[i] - rounds[i - 1] for i in range(1, len(rounds))]) >= 200, rounds


async def test_not_beside_another_request():
    server = Frameio()
    clock, _ = new(server)
    async with server.slot:
        assert await clock.ensure_set() and clock.source == "floor" and not server.seen
    await asyncio.sleep(30)
    assert await clock.ensure_set() and clock.source == "http"


async def test_a_good_time_is_not_asked_for_but_a_good_lower_bound_is():
    """A million devices that lose their sockets at once must not all ask."""
    server = Frameio(Unreachable("refused", ""))
    clock, _ = new(server, record={"good_s": TRUE_S - 10 * DAY_S})
    status = DeviceStatus()
    task = asyncio.create_task(clock.run(status))
    for source in ("floor", "http"):
        assert await clock.ensure_set() and clock.source == source
        status.update(joined=True)
        await asyncio.sleep(1)
        status.update(joined=False)
        server.dates, count = (0, 0), len(server.seen)
        await asyncio.sleep(DAY_S + HOUR_S)
    asked.clear()
    assert await clock.ensure_set() and asked and len(server.seen) == count
    task.cancel()


async def test_a_good_lower_bound_is_not_lost_to_a_lie():
    """A Date ahead by which the certificate is valid too: the verified one is right."""
    server = Frameio(Unreachable("refused", ""))
    clock, _ = new(server, record={"good_s": TRUE_S - 10 * DAY_S})
    status = DeviceStatus()
    task = asyncio.create_task(clock.run(status))
    await clock.ensure_set()
    status.update(joined=True)
    await asyncio.sleep(1)
    await asyncio.sleep(DAY_S + HOUR_S)
    server.dates = (20 * DAY_S, 0)
    assert await clock.ensure_set() and abs(clock.now_s() - ntptime.true_s()) <= 1
    task.cancel()


def test_dates():
    from firmware.network.http_date import seconds_of_date

    assert seconds_of_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777
    for seconds in (TRUE_S, 1_735_689_600, 1_709_164_800, 4_102_444_799):
        assert seconds_of_date(date_of(seconds)) == seconds
    for text in ("Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 "):
        assert seconds_of_date(text) == 0


async def test_nothing_believes_a_date_that_is_not_verified_yet():
    """The lower bound is a time for others, for example for the end of an authorization."""
    server = Frameio(first=20 * DAY_S)
    clock, _ = new(server)
    server.valid_s = (0, 0)
    assert await clock.ensure_set() and clock.source == "floor"
    await asyncio.sleep(2 * HOUR_S)
    server.valid_s = (0, 1 << 40)
    task = asyncio.create_task(clock.ensure_set())
    believed = []
    while not task.done():
        await asyncio.sleep_ms(50)
        believed.append(clock.now_s())
    assert clock.source == "http"
    early = [one for one in believed if one is not None and one > TRUE_S + 10 * DAY_S]
    assert not early, early
