"""The log: what it keeps, its times, and when it is stored."""

import asyncio
import sys

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware import event_log
from firmware.event_log import EventLog
from firmware.timestamps import Uptime
from tools.virtual_board.virtual_time import Clock

BASE_S = 1_795_530_720  # 2026-11-24 14:32:00
DAY_MS = 86_400_000


class Device:
    """A log, its storage and its clock. writes: when it was stored."""

    def __init__(self, records=None, known=True):
        self.records = records if records is not None else {}
        self.writes = []
        self.notes = []
        self.known = known
        self.behind_s = 0  # the clock's error
        self.uptime = Uptime()
        self.full = False
        self.log = EventLog(self, self.uptime, self.now_s, self.notes.append)

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        if self.full:
            raise OSError(28)
        self.writes.append(Clock.now_ms)
        self.records[name] = record

    def now_s(self):
        return BASE_S - self.behind_s + Clock.now_ms // 1000 if self.known else None


def test_a_change_is_a_line_and_the_same_again_is_none():
    device = Device()
    device.log.add("starting", None)
    Clock.now_ms += 61_000
    device.log.add("no_backend", "timeout")
    device.log.add("no_backend", "timeout")
    Clock.now_ms += 9_000
    device.log.add("no_backend", "name")
    lines = device.log.lines()
    stamps = [line[:19] for line in lines]
    assert [line[20:] for line in lines] == ["starting ", "no_backend timeout", "no_backend name"]
    assert stamps == ["2026-11-24 14:32:00", "2026-11-24 14:33:01", "2026-11-24 14:33:10"], stamps
    assert device.log.in_words()[1] == "Just now: No answer from Frame.io"


def test_a_time_comes_when_the_clock_does():
    device = Device(known=False)
    device.log.add("starting", None)
    Clock.now_ms += 30_000
    assert device.log.lines()[0].startswith("(no clock) ")
    assert device.log.in_words() == ["Just now: Starting"]
    device.log.save()
    assert device.records["log"]["entries"] == [[None, "starting", None]]
    device.known = True
    device.log.add("online", None)
    assert [line[:19] for line in device.log.lines()] == [
        "2026-11-24 14:32:00",
        "2026-11-24 14:32:30",
    ]


def test_times_by_a_wrong_clock_are_put_right_with_it():
    """Without NTP the clock begins at the last good time, perhaps of weeks ago."""
    device = Device({"log": {"entries": [[BASE_S - 7, "online", None]]}})
    device.behind_s = 20 * DAY_MS // 1000
    device.log.add("starting", None)
    device.log.save()
    Clock.now_ms += 60_000
    device.behind_s = 0
    device.log.add("online", None)
    device.log.save()
    times = [entry[0] - device.now_s() for entry in device.records["log"]["entries"]]
    assert times[1:] == [-60, 0] and device.log.lines()[0].startswith("2026-11-24 14:31:53"), times


def test_fifty_are_kept_and_found_again():
    device = Device()
    for number in range(120):
        device.log.add("no_backend", "r%d" % number)
    device.log.save()
    later = Device(device.records, known=False)
    later.log.add("no_backend", "r119")  # the same state, of another boot
    lines = later.log.lines()
    assert len(lines) == 50 and lines[-1] == "(no clock)          no_backend r119"
    assert lines[-2] == "2026-11-24 14:32:00 no_backend r119" and lines[0].endswith("r71")


def test_what_is_no_log_is_none():
    for record in (
        {},
        {"entries": 5},
        {
            "entries": [
                5,
                [],
                [1, 2, 3],
                ["x", "online", None],
                [None, None, None],
                [1, "a", "b", "c"],
            ]
        },
    ):
        assert Device({"log": record}).log.lines() == []
    entries = Device(
        {"log": {"entries": [[BASE_S, "s" * 99, "r" * 99], [BASE_S, "online", 7]] * 90}}
    ).log.lines()
    assert len(entries) == 50 and max([len(line) for line in entries]) < 70


def test_a_broken_record_is_noted():
    class Broken(Device):
        def load(self, name):
            raise OSError("log.json is not valid JSON")

    device = Broken()
    assert device.log.lines() == [] and "not valid JSON" in device.notes[0]


async def flap(device, hours, pairs, each_ms=18_000):
    """One and the same trouble, which shows as these pairs in turn."""
    begun_ms = Clock.now_ms
    number = 0
    while Clock.now_ms - begun_ms < hours * 3_600_000:
        device.log.add(*pairs[number % len(pairs)])
        number += 1
        await asyncio.sleep_ms(each_ms)
    return number // len(pairs)


async def test_what_flaps_is_a_line_for_each_reason():
    """198 changes an hour: before, they washed all else out of the log within a quarter of one."""
    for pairs in (
        [("no_backend", "timeout"), ("no_backend", "refused")],
        [("no_backend", "timeout"), ("joining", None), ("no_backend", "name")],
        [("online", None), ("joining", "closed"), ("no_backend", "timeout"), ("joining", None)],
    ):
        device = Device()
        running = asyncio.create_task(device.log.run())
        device.log.add("starting", None)
        writes = len(device.writes)
        rounds = await flap(device, 4, pairs)
        lines = device.log.lines()
        assert len(lines) == 1 + len(pairs) and lines[0].endswith("starting "), lines
        for state, reason in pairs:
            words = " %s %s" % (state, reason or "")
            counts = [int(line.split()[2][1:]) for line in lines if line.endswith(words)]
            assert len(counts) == 1 and 0 <= counts[0] - rounds <= 1, (words, lines)
        assert lines[1][19] == "-" and lines[1][11:19] < lines[1][20:28]
        assert len(device.writes) - writes <= 4 * 6 + 4, len(device.writes)
        # It ends, and comes again an hour later: that is another line.
        device.log.add("paused", None)
        await asyncio.sleep_ms(3_600_000)
        device.log.add(*pairs[0])
        assert len(device.log.lines()) == 3 + len(pairs)
        running.cancel()


async def test_what_was_folded_is_found_again():
    device = Device()
    await flap(device, 1, [("no_backend", "timeout"), ("no_backend", "refused")])
    Clock.now_ms += 12 * 3_600_000
    device.log.add("online", None)
    lines = device.log.lines()
    device.log.save()
    assert "-" in lines[0] and lines[0].endswith(" x100 no_backend timeout"), lines
    assert lines[0][:29] == "2026-11-24 14:32:00-15:31:24 ", lines  # the day is said once
    again = Device(device.records)
    assert again.log.lines() == lines
    again.log.add("no_backend", "timeout")  # of another boot: a line of its own
    assert again.log.lines()[:3] == lines and len(again.log.lines()) == 4
    for row in (
        [1, "a", "b", "c", 1],
        [1, "a", "b", 1],
        [1, "a", "b", -1, 1],
        [1, "a", "b", 1, None],
    ):
        assert not Device({"log": {"entries": [row]}}).log.lines(), row


async def test_a_day_that_ends_meanwhile_is_said():
    device = Device()
    Clock.now_ms += 9 * 3_600_000
    await flap(device, 1, [("no_backend", "timeout"), ("no_backend", "refused")])
    line = device.log.lines()[0]
    assert line[:10] != line[20:30] and line[19] == "-" and line[30] == " ", line


async def test_folded_without_a_clock():
    device = Device(known=False)
    await flap(device, 1, [("no_backend", "timeout"), ("no_backend", "refused")])
    assert device.log.in_words()[0] == "Just now: 100 x No answer from Frame.io"
    assert device.log.lines()[0] == "(no clock)          x100 no_backend timeout"


async def test_when_it_is_stored():
    device = Device()
    running = asyncio.create_task(device.log.run())
    device.log.add("starting", None)
    await asyncio.sleep_ms(4_900)
    assert device.writes == []
    device.log.add("joining", None)
    await asyncio.sleep_ms(200)
    assert len(device.writes) == 1 and len(device.records["log"]["entries"]) == 2
    begun_ms = Clock.now_ms
    while Clock.now_ms - begun_ms < DAY_MS // 24:
        device.log.add("no_backend", "r%d" % Clock.now_ms)
        await asyncio.sleep_ms(700)
    gaps = [device.writes[i] - device.writes[i - 1] for i in range(1, len(device.writes))]
    # Each new line, but the flash wears out: first a minute apart, then up to a quarter of an hour.
    for i in range(len(gaps)):
        wanted_ms = min(60_000 << i, 900_000)
        assert wanted_ms <= gaps[i] <= wanted_ms + 10_000, gaps
    await asyncio.sleep_ms(2_000_000)
    settled = len(device.writes)
    await asyncio.sleep_ms(DAY_MS)
    assert len(device.writes) == settled  # nothing new, nothing written
    device.log.add("online", "again")
    await asyncio.sleep_ms(5_100)
    assert len(device.writes) == settled + 1
    await asyncio.sleep_ms(60_000)
    device.full = True
    device.log.add("online", None)
    await asyncio.sleep_ms(120_000)
    assert "could not be stored" in device.notes[0]
    device.full = False
    device.log.add("paused", None)
    await asyncio.sleep_ms(120_000)
    assert [entry[1] for entry in device.records["log"]["entries"][-2:]] == ["online", "paused"]
    running.cancel()


async def test_the_uptime_goes_on_over_the_wraps_of_the_ticks():
    """Three wraps of 12.4 days, in which only the log's own task asks."""
    device = Device()
    begun_ms = Clock.now_ms
    running = asyncio.create_task(device.log.run())
    device.log.add("online", None)
    await asyncio.sleep_ms(40 * DAY_MS)
    assert device.uptime.ms() == Clock.now_ms - begun_ms
    device.known = True
    device.log.add("paused", None)
    assert device.log.lines()[-1].startswith("2027-01-03 14:32:")
    running.cancel()


def test_it_can_be_printed_from_the_storage():
    device = Device()
    device.log.add("online", None)
    device.log.save()
    seen = []
    event_log.FileStorage = lambda folder: seen.append(folder) or device
    event_log.print = lambda line: seen.append(line)
    event_log.show("somewhere")
    assert seen == ["somewhere", "2026-11-24 14:32:00 online "]


def test_absurd_numbers_and_words_are_left_out():
    for row in (
        [-1, "a", "b"],
        [10**12, "a", "b"],
        [10**40, "a", "b"],
        [True, "a", "b"],
        [1.5, "a", "b"],
        [1, "a\x1b[2J", "b"],
        [1, "\u202ea", "b"],
        [1, "a", "b", 10**12, 1],
        [2_900_000_000, "a", "b", 2_900_000_000, 1],
        [None, "a", "b", 1, 10**40],
        [1, "a", "b", True, 1],
    ):
        device = Device({"log": {"entries": [row, [BASE_S, "online", None]]}})
        assert len(device.log.lines()) == len(device.log.in_words()) == 1, row
    latest = [3_000_000_000, "a", "b\x9b"]
    assert Device({"log": {"entries": [latest]}}).log.lines()[0].endswith(" a ")


def test_a_note_of_a_part_is_a_line_and_changes_no_state():
    device = Device()
    device.log.add("online", None)
    device.log.note("screen", "no_answer")
    device.log.add("online", None)
    device.log.add("paused", None)
    assert [line[20:] for line in device.log.lines()] == [
        "online ",
        "screen no_answer",
        "paused ",
    ]


async def test_in_words_it_says_how_long_ago_and_what():
    device = Device({"log": {"entries": [[BASE_S - 3 * 86_400, "online", None], [None, "x", "y"]]}})
    day_s = DAY_MS // 1000
    for state, reason, after_s in (
        ("starting", None, day_s),
        ("online", None, 17 * 3_600),
        ("paused", None, 7_200),
        ("no_network", "wifi_lost", 7_199 - 59),
        ("paused", "not_stored", 0),
        ("screen", "no_answer", 119),
        ("joining", "something_new", 59),
    ):
        device.log.note(state, reason)
        Clock.now_ms += after_s * 1000
    assert device.log.in_words() == [
        "4 days ago: Online",
        "Earlier: x y",
        "45 h ago: Starting",
        "21 h ago: Online",
        "4 h ago: PAUSED",
        "2 h ago: Wi-Fi lost",
        "2 min ago: PAUSED: Turned off, it may lose its pairing",
        "2 min ago: screen no answer",
        "Just now: Going online",
    ]
    device.known = False
    assert device.log.in_words()[0] == "Earlier: Online"
    device.behind_s, device.known = 30 * day_s, True
    assert device.log.in_words()[0] == "Earlier: Online"  # by this clock it is to come
    assert "firmware.strings" not in sys.modules
    for number in range(20):
        device.log.add("no_backend", "r%d" % number)
    assert len(device.log.in_words()) == 12
