"""The simulation of a million devices, with fewer: what the design demands, and what the document
says; and the same shares as devices that have parts of their own."""

import random
from collections import Counter
from math import sqrt

import pytest

from tests.simulation import crowd, million, simulate
from tests.simulation.million_report import (
    MARKS,
    SHOWN_S,
    TARGET,
    Summary,
    picture,
    summaries,
    table,
)

DEVICES = 5_000
OWN = 1_500  # devices with parts of their own
BIN_S = 5


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], list[Summary]]:
    return {
        (event, client): summaries(event, client, DEVICES)
        for event in million.EVENTS
        for client in million.CLIENTS
    }


@pytest.mark.parametrize("event", [event for event in million.EVENTS if event != "power_on"])
def test_no_second_has_more_than_its_share(
    event: str, found: dict[tuple[str, str], list[Summary]]
) -> None:
    for one in found[event, "Pilotlight"]:
        assert one.peaks.keys() == {"upgrade", "health", "identity", "refresh"}
        for kind, share in {**one.peaks, "upgrade": one.first}.items():
            assert share <= simulate.limit(event, kind, DEVICES), kind


@pytest.mark.parametrize("event", million.EVENTS)
def test_almost_all_are_back_within_90_s(
    event: str, found: dict[tuple[str, str], list[Summary]]
) -> None:
    assert found[event, "Pilotlight"][0].most_s <= simulate.BACK_S
    assert found[event, "Pilotlight"][0].online[-1] == 1


def test_what_fell_due_in_an_outage_is_refreshed_once_after_it() -> None:
    lasts_s = 3600 + million.REFRESHES_S
    for event, share in (("outage_1_h", lasts_s / 21_600), ("outage_1_day", 1)):
        facts = million.EVENTS[event]
        for admitted in (None, 50):
            kinds = million.Crowd(facts, "Pilotlight", DEVICES).back(admitted).kinds
            refreshes = kinds["refresh"]
            after = Counter({at: n for at, n in refreshes.items() if at >= facts.down_s})
            slack = 6 * sqrt(share * (1 - share) / DEVICES)
            assert after.total() / DEVICES == pytest.approx(share, abs=slack)
            assert refreshes.total() > after.total()  # the tries that were refused
            if facts.is_expired:
                assert after.keys() <= {*range(facts.down_s, facts.down_s + simulate.BACK_S)}
                assert sum(kinds["upgrade"][at] for at in range(facts.down_s)) == 0


def test_a_refused_refresh_waits_as_long_as_the_design_says() -> None:
    waits = million.RefreshWaits()
    assert waits.usual[:7] == [(1, (1_000 << n) + 1) for n in range(6)] + [(1, 60_001)]
    assert set(waits.usual[6:]) == {(1, 60_001)}
    assert waits.rare == (1, 900_000)


def test_new_tokens_end_a_wait_but_not_one_that_is_over() -> None:
    crowd_of_one = million.Crowd(million.EVENTS["outage_1_day"], "Pilotlight", 1)
    due = million.Due(
        trip_ms=100, health_ms=610_000, failed_ms=590_000, look_ms=15_000, due_ms=10**6
    )
    crowd_of_one.refreshes.due[0] = due
    assert due.asked_ms(10**9) == 620_000  # the second look, the first one after the answer
    assert due.asked_ms(602_000) == 605_000  # the upgrade was answered before
    hurried = crowd_of_one.refreshes.hurried
    assert hurried(0, 600_000, 700_000) == due.renewed_ms(10**9) == 620_400
    assert hurried(0, 600_000, 612_000) == 612_000
    assert hurried(0, 630_000, 700_000) == 700_000


def test_the_document_says_the_same(found: dict[tuple[str, str], list[Summary]]) -> None:
    """Where the devices are few, shares of one second are chance; times and sums are not."""
    written = TARGET.read_text().partition(MARKS[0])[2].partition(MARKS[1])[0]
    rows = [line.split("|")[1:-1] for line in written.splitlines()]
    ours = [line.split("|")[1:-1] for line in table(found).splitlines()]
    assert [row[:3] for row in rows] == [row[:3] for row in ours]
    for said, new in zip(rows[2:], ours[2:], strict=True):
        for column in (-4, -3, -1):  # not "all": the last of many more comes later
            before, now = (float(row[column].strip().removesuffix(" s")) for row in (said, new))
            assert now == pytest.approx(before, rel=0.05, abs=2.5), (said, new)


def test_each_line_of_a_plot_has_a_point_a_second(
    found: dict[tuple[str, str], list[Summary]],
) -> None:
    for number, lines in ((0, 35), (1, 40)):
        drawn = [line for line in picture(found, number).splitlines() if "l1 " in line]
        assert len(drawn) == lines
        assert {line.count("l1 ") for line in drawn} == {len(SHOWN_S) - 1}


@pytest.mark.parametrize("event", ["outage_1_min", "deploy"])
def test_devices_with_parts_of_their_own_do_the_same(event: str) -> None:
    facts = million.EVENTS[event]
    assert facts.ended_by is not None
    own: dict[str, Counter[int]] = {}
    for seed in range(OWN):
        random.seed(seed)
        for ms, kind in crowd.device(facts.ended_by, facts.down_s * 1000, is_refused=True):
            own.setdefault(kind, Counter())[ms // 1000 // BIN_S] += 1
    result = million.Crowd(facts, "Pilotlight", DEVICES).back(None)
    assert own.keys() | {"refresh"} == result.kinds.keys() | {"join"}
    for kind, seconds in result.kinds.items():
        if kind == "refresh":
            continue  # too few have one that is due
        bins: Counter[int] = Counter()
        for second, count in seconds.items():
            bins[second // BIN_S] += count
        for place in range((facts.down_s + 60) // BIN_S):
            share, mine = bins[place] / DEVICES, own[kind][place] / OWN
            # A device may ask more than once within one bin, so the counts spread a little more.
            slack = 6 * sqrt(max(share, 0.002) * (1 / OWN + 1 / DEVICES))
            assert mine == pytest.approx(share, abs=slack + 0.05 * share), (kind, place * BIN_S)
