"""The clock in virtual time: where the time comes from, what is believed, and what is kept."""

import asyncio
import sys

from pilotlight.status import DeviceStatus
from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock as Virtual

virtual_time.install(board=True)

import machine
import ntptime
from virtual import events, orders, rtc

from firmware.network import clock as module
from firmware.network.clock import Clock


class FirstAndLeast:
    """Stands in for `random`: begin with the first server, and wait no longer than need be."""

    def randrange(self, stop):
        return 0


module.random, true_random = FirstAndLeast(), module.random
HOUR_S = 3600
DAY_S = 86_400
TRUE_S = ntptime.true_s()
BUILD_S = TRUE_S - 90 * DAY_S
ONE, TWO, THREE = "ntp.one", "ntp.two", "ntp.three"
asked = []  # [host, …] in order
events.listen(lambda event: event["kind"] == "ntp" and asked.append(event["host"]))


class Storage:
    """saved: every record, in order."""

    def __init__(self, record=None):
        self.saved = []
        self.record = record

    def load(self, name):
        assert name == "clock"
        if isinstance(self.record, Exception):
            raise self.record
        return self.record

    def save(self, name, record):
        assert name == "clock"
        self.saved.append(record)
        if isinstance(self.record, Exception):
            raise self.record


def ntp(action, host=None, **fields):
    orders.obey("ntp", action=action, host=host, **fields)


def new(record=None, build_s=BUILD_S):
    """A clock at power-on, with its storage and its log."""
    rtc.set_us(0)
    log = []
    storage = Storage(record)
    return Clock([ONE, TWO, THREE], storage, build_s, log.append), storage, log


def blocked():
    """A stopwatch: how many ms since it was made."""
    begun_ms = Virtual.now_ms
    return lambda: Virtual.now_ms - begun_ms


async def test_a_cold_start():
    """2000 is no time at all; NTP sets the chip's clock, too, and is asked once."""
    clock, _, log = new()
    assert machine.RTC().datetime()[0] == 2000
    assert clock.now_s() is None and clock.source is None
    assert await clock.ensure_set() and await clock.ensure_set()
    assert clock.now_s() == ntptime.true_s() and clock.source == "ntp" and asked == [ONE]
    assert machine.RTC().datetime()[:7] == (2027, 1, 15, 4, 8, 0, 0)  # 1,800,000,000 s
    assert isinstance(clock.now_s(), int) and log == ["clock: ntp.one answers"]
    await asyncio.sleep(100)
    assert clock.now_s() == ntptime.true_s() == TRUE_S + 100


async def test_public_servers():
    """None of the pool, which is not for a product's default; the first one at random."""
    ntp("silence")
    first = set()
    module.random = true_random
    for _ in range(40):
        asked.clear()
        rtc.set_us(0)
        assert not await Clock(None, Storage()).ensure_set()
        first.add(asked[0])
        assert set(asked) == {"time.google.com", "time.cloudflare.com", "time.aws.com"}
    assert first == set(asked)
    module.random = FirstAndLeast()
    asked.clear()
    await Clock("192.168.0.1", Storage()).ensure_set()
    assert asked == ["192.168.0.1"]


async def test_the_first_is_silent_the_second_has_no_address():
    ntp("silence", ONE)
    ntp("unknown", TWO)
    clock, _, log = new()
    ntptime.timeout = 9  # another program's
    spent_ms = blocked()
    assert await clock.ensure_set()
    assert asked == [ONE, TWO, THREE] and 1000 <= spent_ms() <= 1200
    assert log[0].startswith("clock: ntp.one: ") and log[0].endswith(
        ", ntp.two: -202, ntp.three answers"
    ), log
    assert abs(clock.now_s() - ntptime.true_s()) <= 1


async def test_others_have_their_turn_between_servers():
    ntp("silence")
    clock, _, _ = new()
    turns = []

    async def other():
        while True:
            turns.append(Virtual.now_ms)
            await asyncio.sleep_ms(0 if len(turns) > 3 else 100)

    begun_ms = Virtual.now_ms
    task = asyncio.create_task(other())
    await clock.ensure_set()
    task.cancel()
    assert {(ms - begun_ms) // 1000 for ms in turns} >= {1, 2}, turns


async def test_all_are_silent():
    """The later of build time and last good time, as a time that has passed."""
    ntp("silence")
    clock, _, _ = new()
    assert await clock.ensure_set() and asked == [ONE, TWO, THREE]
    assert clock.now_s() == BUILD_S and clock.source == "floor"
    clock, _, _ = new({"good_s": BUILD_S + DAY_S})
    assert await clock.ensure_set() and clock.now_s() == BUILD_S + DAY_S
    clock, _, _ = new({"good_s": BUILD_S - DAY_S})
    assert await clock.ensure_set() and clock.now_s() == BUILD_S
    await asyncio.sleep(60)
    assert clock.now_s() == BUILD_S + 60


async def test_no_source_knows():
    """No source at all: no time, so no TLS. NTP is asked again, until the application knows."""
    ntp("unknown")
    clock, _, _ = new(build_s=0)
    for _ in range(3):
        assert not await clock.ensure_set() and clock.now_s() is None
        assert not await clock.ensure_set() and len(asked) % 3 == 0
        await asyncio.sleep(60)
    assert asked[::3] == [ONE, TWO, THREE], asked  # each round begins with another
    assert clock.set_time(TRUE_S) and clock.now_s() == TRUE_S and clock.source == "application"
    assert await clock.ensure_set() and len(asked) == 12


async def rounds(clock, hours, each_s=1):
    """The agent asks for the time again and again. When rounds of questions began, in s."""
    begun_ms = Virtual.now_ms
    begins = []
    while Virtual.now_ms - begun_ms < hours * HOUR_S * 1000:
        before = len(asked)
        at_ms = Virtual.now_ms
        await clock.ensure_set()
        if len(asked) > before:
            begins.append((at_ms - begun_ms) // 1000)
        await asyncio.sleep(each_s)
    return begins


def gaps_of(begins):
    return [begins[i] - begins[i - 1] for i in range(1, len(begins))]


async def test_while_no_server_answers():
    """15 s, doubled to 2 min, at random, whether there is a floor or not."""
    module.random = true_random
    for build_s in (0, BUILD_S):
        for action in ("silence", "unknown", "zeros"):
            ntp(action)
            clock, _, _ = new(build_s=build_s)
            gaps = gaps_of(await rounds(clock, 4))
            assert 15 <= gaps[0] <= 23 and 30 <= gaps[1] <= 42 and 60 <= gaps[2] <= 80, gaps
            late = gaps[3:]
            assert min(late) >= 96 and max(late) <= 125 and len(set(late)) > 5, late
    module.random = FirstAndLeast()


async def test_a_network_that_comes_up_is_asked_at_once():
    ntp("silence")
    clock, _, _ = new()
    await rounds(clock, 1)
    count = len(asked)
    while len(asked) == count:
        await asyncio.sleep(1)
        await clock.ensure_set()
    count = len(asked)
    await asyncio.sleep(20)
    assert await clock.ensure_set() and len(asked) == count
    clock.network_changed()
    assert await clock.ensure_set() and len(asked) == count + 3
    # One that flaps is no reason to ask at each.
    begun_s = Virtual.now_ms // 1000
    for _ in range(600):
        clock.network_changed()
        await clock.ensure_set()
        await asyncio.sleep(3)
    assert len(asked) - count <= 3 + 3 * (Virtual.now_ms // 1000 - begun_s) // 15
    # One that has answered is not asked because of that.
    ntp("answer")
    await rounds(clock, 0.1)
    asked.clear()
    for _ in range(60):
        clock.network_changed()
        await clock.ensure_set()
        await asyncio.sleep(1)
    assert not asked


async def test_while_no_join_proves_the_time():
    """5 min, doubled to 4 h."""
    clock, _, _ = new()
    gaps = gaps_of(await rounds(clock, 24, each_s=5))
    minutes = [gap / 60 for gap in gaps]
    wanted = [5, 10, 20, 40, 80, 160, 240, 240, 240]
    assert len(minutes) >= 9, minutes
    for i in range(9):
        assert wanted[i] <= minutes[i] <= wanted[i] + 0.5, minutes
    status = DeviceStatus()
    running = asyncio.create_task(clock.run(status))
    status.update(joined=True)
    await asyncio.sleep(1)
    status.update(joined=False)
    asked.clear()
    assert len(await rounds(clock, 23, each_s=5)) <= 1
    running.cancel()


async def test_a_silent_name_server_blocks_once_a_round():
    told = ntptime.time

    def look_up():
        asked.append(ntptime.host)
        virtual_time.pass_ms(7000)
        raise OSError(-202)

    ntptime.time = look_up
    try:
        clock, _, _ = new()
        spent_ms = blocked()
        assert await clock.ensure_set() and clock.source == "floor"
        assert spent_ms() < 7_200 and asked == [ONE]
        asked.clear()
        await rounds(clock, 1)
        assert set(asked) == {ONE, TWO, THREE} and len(asked) <= 48, asked
    finally:
        ntptime.time = told


async def test_no_lie_is_believed():
    """Before the last good time, after 2100, and zeros: then the next server is asked."""
    for offset_s in (-100 * DAY_S, -20 * 365 * DAY_S, 80 * 365 * DAY_S, None):
        asked.clear()
        ntp("answer")
        if offset_s is None:
            ntp("zeros", ONE)
        else:
            ntp("answer", ONE, offset_s=offset_s)
        clock, _, log = new()
        assert (
            await clock.ensure_set() and clock.now_s() == ntptime.true_s() and asked == [ONE, TWO]
        ), offset_s
        assert "ntp.one is wrong" in log[0]
    ntp("answer", offset_s=-100 * DAY_S)
    clock, _, _ = new()
    assert await clock.ensure_set() and clock.source == "floor"
    assert (
        not clock.set_time(BUILD_S - 2 * HOUR_S)
        and not clock.set_time(4_102_444_800)
        and not clock.set_time(0)
    )
    clock, _, _ = new({"good_s": TRUE_S}, build_s=0)
    assert await clock.ensure_set() and clock.now_s() == TRUE_S


async def test_a_plausible_lie_is_corrected():
    """One server is 60 years ahead, so TLS fails. After five minutes the next server is first."""
    ntp("answer", ONE, offset_s=60 * 365 * DAY_S)
    clock, storage, _ = new()
    status = DeviceStatus()
    asyncio.create_task(clock.run(status))
    assert await clock.ensure_set() and clock.now_s() > 3_600_000_000
    await asyncio.sleep(200)
    assert await clock.ensure_set() and asked == [ONE]
    await asyncio.sleep(101)
    status.update(connected=True)  # that says nothing: it may be older than the time
    await asyncio.sleep(1)
    assert await clock.ensure_set() and asked == [ONE, TWO]
    assert clock.now_s() == ntptime.true_s() and not storage.saved


async def joined(record=None):
    """A clock whose time was set by NTP and has proven good."""
    clock, storage, _ = new(record)
    status = DeviceStatus()
    asyncio.create_task(clock.run(status))
    assert await clock.ensure_set()
    status.update(joined=True)
    await asyncio.sleep(1)
    return clock, storage, status


async def test_what_is_good_moves_forward_only():
    clock, _, status = await joined()
    for offset_s in (-2 * DAY_S, -2 * HOUR_S, -50):
        status.update(joined=False)
        await asyncio.sleep(DAY_S)
        asked.clear()
        ntp("answer", offset_s=offset_s)
        before_s = clock.now_s()
        assert await clock.ensure_set() and before_s <= clock.now_s() <= before_s + 1, offset_s
        assert len(asked) == (
            3 if offset_s == -2 * DAY_S else 1
        )  # only before what was good is impossible
        status.update(joined=True)
        await asyncio.sleep(1)
        assert not clock.set_time(before_s - 100) and clock.now_s() >= before_s
    ntp("answer", offset_s=30)
    status.update(joined=False)
    await asyncio.sleep(DAY_S)
    assert await clock.ensure_set() and clock.now_s() == ntptime.true_s() + 30


async def test_a_jump_has_to_prove_good_again():
    """After a day a server lies by a year: not stored without a join, corrected after 5 min."""
    clock, storage, status = await joined()
    saved = len(storage.saved)
    status.update(joined=False)
    await asyncio.sleep(2 * DAY_S)
    ntp("answer", TWO, offset_s=365 * DAY_S)
    assert (
        await clock.ensure_set()
        and asked[-1] == TWO
        and clock.now_s() > ntptime.true_s() + 364 * DAY_S
    )
    await asyncio.sleep(DAY_S)
    assert len(storage.saved) == saved
    assert await clock.ensure_set() and clock.now_s() == ntptime.true_s()


async def test_while_joined_it_does_not_ask():
    """A month: no NTP, one write a day; on the reconnect one question."""
    clock, storage, status = await joined()
    asked.clear()
    for _ in range(30):
        await asyncio.sleep(DAY_S)
    assert not asked and 29 <= len(storage.saved) <= 31
    gaps = [
        storage.saved[i + 1]["good_s"] - storage.saved[i]["good_s"]
        for i in range(len(storage.saved) - 1)
    ]
    assert min(gaps) >= DAY_S and max(gaps) <= DAY_S + HOUR_S
    assert abs(storage.saved[-1]["good_s"] - ntptime.true_s()) <= DAY_S + HOUR_S
    status.update(joined=False)
    for _ in range(10):
        assert await clock.ensure_set()
        await asyncio.sleep(60)
    assert len(asked) == 1


async def test_blocked_ntp_costs_little():
    """NTP is blocked and the floor suffices: at most 3 s a day, however many reconnects."""
    ntp("silence")
    clock, _, status = await joined({"good_s": TRUE_S - HOUR_S})
    assert clock.source == "floor"
    asked.clear()
    for _ in range(2 * 24 * 6):
        status.update(joined=False)
        await asyncio.sleep(1)
        assert await clock.ensure_set()
        status.update(joined=True)
        await asyncio.sleep(599)
    assert len(asked) <= 6


async def test_over_a_reset():
    """The chip's clock goes on: the time is known at once, and NTP has a day."""
    await joined()
    asked.clear()
    again = Clock([ONE], Storage({"good_s": TRUE_S - DAY_S}), BUILD_S)
    assert again.now_s() == ntptime.true_s() and again.source == "reset"
    assert await again.ensure_set() and not asked
    for ahead_s in (DAY_S, HOUR_S // 2):  # a chip that is behind what was good
        assert Clock([ONE], Storage({"good_s": TRUE_S + ahead_s}), BUILD_S).now_s() is None
    rtc.set_us(200 * 365 * DAY_S * 1_000_000)
    assert Clock([ONE], Storage(), BUILD_S).now_s() is None


async def test_a_storage_that_fails():
    """Nothing that it does or holds is worse than no record."""
    for record in (
        OSError(5),
        {},
        {"good_s": "soon"},
        {"good_s": 0},
        {"good_s": 1 << 40},
        [],
        {"good_s": None},
    ):
        clock, storage, log = new(record)
        ntp("silence")
        assert await clock.ensure_set() and clock.now_s() == BUILD_S
    clock, storage, log = new(OSError(28))
    status = DeviceStatus()
    status.update(joined=True)
    task = asyncio.create_task(clock.run(status))
    ntp("answer")
    await clock.ensure_set()
    for _ in range(3):
        await asyncio.sleep(DAY_S)
    assert not task.done() and len(storage.saved) >= 3
    assert [line for line in log if "could not be stored" in line]


async def test_the_application():
    """Its time is taken where there is no better one, and NTP's replaces it."""
    ntp("silence")
    clock, _, _ = new()
    await clock.ensure_set()
    assert clock.source == "floor" and clock.set_time(TRUE_S) and clock.now_s() == TRUE_S
    await asyncio.sleep(400)
    ntp("answer", offset_s=-10)
    assert (
        await clock.ensure_set()
        and clock.source == "ntp"
        and clock.now_s() == ntptime.true_s() - 10
    )
    assert not clock.set_time(ntptime.true_s() + 10)


async def test_whatever_ntptime_raises():
    """An empty list of addresses and a short answer: the next server is asked, then the floor."""
    told = ntptime.time
    errors = [
        IndexError("list index out of range"),
        ValueError("buffer too small"),
        MemoryError(),
        OSError(-202),
    ]

    def answer():
        if ntptime.host == ONE:
            raise errors.pop()
        return told()

    ntptime.time = answer
    while errors:
        clock, _, _ = new()
        assert await clock.ensure_set() and clock.source == "ntp"


async def test_no_memory_to_load_what_asks():
    """A round is lost, and the next one comes as after silence."""

    class Full:
        async def ask(clock):
            raise MemoryError

    from firmware import network

    sys.modules["firmware.network.ntp"] = network.ntp = Full
    clock, _, log = new()
    assert await clock.ensure_set() and clock.source == "floor" and log == ["clock: memory"]
    assert "firmware.network.ntp" not in sys.modules
    await asyncio.sleep(20)
    assert await clock.ensure_set() and clock.source == "ntp"


async def test_memory_that_runs_out():
    """For a wait: an hour later the time is looked after again."""

    class Status:
        joined = True
        shortages = 3

        async def wait(self, version, wait_ms):
            if self.shortages:
                self.shortages -= 1
                raise MemoryError
            await asyncio.sleep(DAY_S)
            return version

    clock, storage, _ = new()
    task = asyncio.create_task(clock.run(Status()))
    await clock.ensure_set()
    await asyncio.sleep(DAY_S // 2)
    assert not task.done() and len(storage.saved) == 1


async def test_an_answer_lets_the_others_have_their_turn_too():
    """This name lookup and the next connect's both block: in between the watchdog is fed."""
    ntp("answer")
    clock, _, _ = new()
    turns = []

    async def other():
        turns.append(1)

    asyncio.create_task(other())
    assert await clock.ensure_set() and turns
