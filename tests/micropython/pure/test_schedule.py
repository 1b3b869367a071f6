"""The spacing of requests and reconnects, with ticks handed in.

Each test runs over a wrap of the ticks as well.
"""

import time

from pilotlight.net.backoff import Backoff, stretched_ms
from pilotlight.schedule import Schedule
from pilotlight.status import DeviceStatus
from pilotlight.times import Times
from tests.support.expect import raises

LONGEST = 3_600_000
STARTS = (0, 1000, (1 << 30) - 30_000)  # the last one: a board's ticks wrap 30 s later


def new_schedule(now_ms):
    return Schedule(Times(), now_ms)


def later(start_ms, ms):
    return time.ticks_add(start_ms, ms)


def status(**facts):
    """A paired device whose socket is down while Frame.io answers, but for these facts."""
    made = DeviceStatus()
    made.update(connected=True, **facts)
    return made


def asked(schedule, now_ms, answered=True, counts=True, unknown=False):
    """An identity request that takes no time."""
    schedule.identity_begins()
    schedule.identity_ends(now_ms, answered, counts, unknown)


def test_identity_keeps_its_distance():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        assert schedule.identity_due_ms(start_ms, False, LONGEST) == LONGEST
        schedule.want_identity()
        assert schedule.identity_due_ms(start_ms, False, LONGEST) == 0  # the first of this boot
        asked(schedule, later(start_ms, 5))
        assert schedule.identity_due_ms(later(start_ms, 5), False, LONGEST) == LONGEST
        schedule.want_identity()
        # From the end of the last one: a slow answer must not bring the next one closer.
        assert schedule.identity_due_ms(later(start_ms, 6), False, LONGEST) == 59_999
        assert schedule.identity_due_ms(later(start_ms, 60_005), False, LONGEST) == 0


def test_identity_every_4_to_6_minutes_while_online():
    for start_ms in STARTS:
        dues = set()
        for _ in range(200):
            schedule = new_schedule(start_ms)
            asked(schedule, start_ms)
            due_ms = schedule.identity_due_ms(start_ms, True, LONGEST)
            assert schedule.identity_due_ms(later(start_ms, due_ms), True, LONGEST) == 0
            dues.add(due_ms)
        assert 240_000 <= min(dues) < 250_000 and 350_000 < max(dues) <= 360_000


def test_each_interval_of_one_device_is_drawn_anew():
    schedule = new_schedule(0)
    identity, health = set(), set()
    for _ in range(50):
        asked(schedule, 0)
        identity.add(schedule.identity_due_ms(0, True, LONGEST))
    for _ in range(50):
        schedule.health_begins(0)
        health.add(schedule.health_due_ms(0, status(), True, LONGEST))
    assert len(identity) > 10 and len(health) > 10


def test_identity_that_fails_is_asked_less_often():
    for unknown, cap_ms in ((False, 300_000), (True, 120_000)):
        schedule = new_schedule(0)
        waits = []
        for _ in range(7):
            asked(schedule, 0, answered=False, unknown=unknown)
            waits.append(schedule.identity_due_ms(0, True, LONGEST))
        expected = [60_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]
        assert waits == [min(wait_ms, cap_ms) for wait_ms in expected]
        schedule.answered(0, status())  # whatever was answered
        asked(schedule, 0, answered=False, unknown=unknown)
        assert schedule.identity_due_ms(0, True, LONGEST) == 60_000
        for _ in range(4):
            asked(schedule, 0, answered=False, unknown=unknown)
        schedule.want_identity()  # an event, or a join: it must be right within a minute
        assert schedule.identity_due_ms(0, True, LONGEST) == 60_000


def test_an_identity_request_that_never_left_the_device_is_none():
    for _ in range(50):
        schedule = new_schedule(0)
        bounds = []
        for _ in range(10):
            asked(schedule, 0, answered=False, counts=False)
            bounds.append(schedule.identity_due_ms(0, False, LONGEST))
        assert all(bounds[i] <= min(1000 << i, 300_000) for i in range(10)), bounds
        assert sum(bounds) > 10_000, bounds  # each is at random up to its bound
        asked(schedule, 0)
        schedule.want_identity()
        asked(schedule, 0, answered=False, counts=False)  # not the first one: it keeps its spacing
        assert schedule.identity_due_ms(0, False, LONGEST) >= 60_000


def test_health_only_while_not_joined_and_at_random():
    for start_ms in STARTS:
        firsts, nexts = set(), set()
        for _ in range(300):
            schedule = new_schedule(start_ms)
            assert schedule.health_due_ms(start_ms, status(joined=True), True, LONGEST) == LONGEST
            schedule.link_ended(start_ms, at_once=False)
            firsts.add(schedule.health_due_ms(start_ms, status(), True, LONGEST))
            schedule.health_begins(start_ms)
            nexts.add(schedule.health_due_ms(start_ms, status(), True, LONGEST))
            schedule.link_ended(start_ms, at_once=True)
            assert schedule.health_due_ms(start_ms, status(), True, LONGEST) == 0
            schedule.proven(later(start_ms, 1))  # any answer counts as the probe
            assert schedule.health_due_ms(later(start_ms, 1), status(), True, LONGEST) >= 15_000
        assert min(firsts) < 1_000 and 13_000 < max(firsts) <= 14_000
        assert 15_000 <= min(nexts) < 16_000 and 24_000 < max(nexts) <= 25_000


def test_health_is_rare_in_a_long_outage_and_while_unpaired():
    unpaired = status(authorized=False)
    soon, outage, alone, waits = [], [], [], []
    for _ in range(300):
        schedule = new_schedule(0)
        schedule.health_begins(899_000)
        soon.append(schedule.health_due_ms(899_000, status(), True, LONGEST))
        schedule.health_begins(1_800_000)
        outage.append(schedule.health_due_ms(1_800_000, status(), True, LONGEST))
        # Where nothing else tries to connect, it must still find the end of the outage soon.
        alone.append(schedule.health_due_ms(1_800_000, status(), False, LONGEST))
        waits.append(schedule.health_due_ms(1_800_000, unpaired, False, LONGEST))
        schedule.proven(1_800_000)
        soon.append(schedule.health_due_ms(1_800_000, status(), True, LONGEST))
    assert 15_000 <= min(soon) < 16_000 and 24_000 < max(soon) <= 25_000
    assert 90_000 <= min(outage) < 92_000 and 118_000 < max(outage) <= 120_000
    assert 45_000 <= min(alone) < 46_000 and 59_000 < max(alone) <= 60_000
    assert 120_000 <= min(waits) < 130_000 and 290_000 < max(waits) <= 300_000


def test_429_waits_a_second_then_doubles_unless_the_server_says_how_long():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        schedule.link_ended(start_ms, at_once=True)
        most_ms = 1000
        for _ in range(10):
            schedule.limited(start_ms, 0)
            wait_ms = schedule.health_due_ms(start_ms, status(), True, LONGEST)
            assert most_ms * 3 // 4 <= wait_ms <= most_ms
            most_ms = min(60_000, wait_ms * 2)
        waits = set()
        for _ in range(20):  # at the cap too: a fleet must not stay in step
            schedule.limited(start_ms, 0)
            waits.add(schedule.health_due_ms(start_ms, status(), True, LONGEST))
        assert len(waits) > 10 and min(waits) >= 45_000
        schedule.answered(start_ms, status())
        schedule.limited(start_ms, 0)
        assert schedule.health_due_ms(start_ms, status(), True, LONGEST) <= 1000
        schedule.limited(start_ms, 20_000)
        assert 20_000 <= schedule.health_due_ms(start_ms, status(), True, LONGEST) <= 30_000
        schedule.limited(start_ms, 999_999_000)
        assert schedule.health_due_ms(start_ms, status(), True, LONGEST) == 300_000


def test_no_health_while_http_heartbeats_are_answered():
    schedule = new_schedule(0)
    schedule.link_ended(0, at_once=True)
    assert schedule.health_due_ms(0, status(fallback=True), True, LONGEST) == LONGEST
    unanswered = status(fallback=True)
    unanswered.update(connected=False)
    assert schedule.health_due_ms(0, unanswered, True, LONGEST) == 0
    failed = status(fallback=True, request_reason="timeout")
    assert schedule.health_due_ms(0, failed, True, LONGEST) == 0  # one heartbeat may be lost


def test_a_poll_of_weeks_ago_is_not_in_the_future():
    start_ms = 5
    schedule = new_schedule(start_ms)
    asked(schedule, start_ms)
    now_ms = start_ms
    for _ in range(30 * 24):
        now_ms = later(now_ms, 3_600_000)
        schedule.forget_old(now_ms)
    schedule.want_identity()
    assert schedule.identity_due_ms(now_ms, False, LONGEST) == 0
    assert schedule.health_due_ms(now_ms, status(), True, LONGEST) == 0


def test_backoff_is_jittered_doubles_and_is_bounded():
    bounds = []
    backoff = Backoff(Times(), lambda bound: bounds.append(bound) or bound - 1)
    assert [backoff.next_ms() for _ in range(8)] == [
        1000,
        2000,
        4000,
        8000,
        16_000,
        32_000,
        60_000,
        60_000,
    ]
    assert bounds[0] == 1001 and bounds[-1] == 60_001
    backoff.reset()
    assert backoff.next_ms() == 1000
    assert Backoff(Times(), lambda bound: 0).next_ms() == 0
    backoff.reset()
    backoff.raise_to(5000)  # the server has ended the links of all devices at once
    assert [backoff.next_ms(), backoff.next_ms()] == [5000, 10_000]
    backoff.raise_to(5000)
    assert backoff.next_ms() == 20_000


def test_what_a_server_asks_for_is_stretched_at_random_and_bounded():
    assert stretched_ms(10_000, 300_000, lambda stop: 0) == 10_000
    assert stretched_ms(10_000, 300_000, lambda stop: stop - 1) == 15_000
    assert stretched_ms(10_000_000, 300_000, lambda stop: 0) == 300_000


def test_times_can_be_replaced_by_name_only():
    assert Times(heartbeat_ms=7).heartbeat_ms == 7
    assert Times(heartbeat_ms=7).reply_ms == 12_000
    with raises(ValueError):
        Times(hartbeat_ms=7)


def test_times_keep_the_promises_of_the_design():
    times = Times()
    assert times.heartbeat_ms + times.reply_ms <= 29_000 - 2_000 + times.proof_ms - 29_000
    assert times.proof_ms < 30_000
    assert times.reply_ms < times.heartbeat_ms
    assert times.identity_spacing_ms >= 60_000


def test_the_http_heartbeat_begins_after_3_min_of_working_rest():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        assert schedule.heartbeat_due_ms(start_ms, status(), LONGEST) == LONGEST
        schedule.answered(start_ms, status())
        now_ms = later(start_ms, 100_000)
        schedule.answered(now_ms, status())  # the time runs from the first answer
        assert schedule.heartbeat_due_ms(now_ms, status(), LONGEST) == 80_000
        silent = status()
        silent.update(connected=False)
        assert schedule.heartbeat_due_ms(later(start_ms, 180_000), silent, LONGEST) == LONGEST
        assert schedule.heartbeat_due_ms(later(start_ms, 180_000), status(), LONGEST) == 0


def test_http_heartbeats_are_60_to_120_s_apart_until_the_socket_works():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        schedule.answered(start_ms, status())
        waits = set()
        for _ in range(200):
            schedule.heartbeat_begins(start_ms)
            waits.add(schedule.heartbeat_due_ms(start_ms, status(), LONGEST))
        assert 60_000 <= min(waits) < 75_000 and 105_000 < max(waits) <= 120_000
        silent = status()
        silent.update(connected=False)  # once begun, each is followed by the next in its time
        assert schedule.heartbeat_due_ms(start_ms, silent, LONGEST) < LONGEST
        schedule.joined()
        assert schedule.heartbeat_due_ms(start_ms, status(), LONGEST) == LONGEST
        schedule.answered(start_ms, status(joined=True))
        assert schedule.heartbeat_due_ms(start_ms, status(), LONGEST) == LONGEST
        schedule.link_ended(start_ms, at_once=False)
        # A device that is not paired has nothing to keep online.
        schedule.answered(start_ms, status(authorized=False))
        assert schedule.heartbeat_due_ms(start_ms, status(), LONGEST) == LONGEST
        schedule.answered(start_ms, status())
        assert schedule.heartbeat_due_ms(start_ms, status(), LONGEST) == 180_000
        # They have not begun again.
        assert schedule.heartbeat_due_ms(start_ms, silent, LONGEST) == LONGEST
        schedule.forget()
        assert schedule.heartbeat_due_ms(start_ms, status(), LONGEST) == LONGEST


def test_new_tokens_are_asked_about_at_once():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        asked(schedule, start_ms)
        schedule.want_identity()
        assert schedule.identity_due_ms(start_ms, True, LONGEST) == 60_000
        schedule.want_identity(at_once=True)
        assert schedule.identity_due_ms(start_ms, True, LONGEST) == 0
        asked(schedule, start_ms)
        schedule.want_identity()
        assert schedule.identity_due_ms(start_ms, True, LONGEST) == 60_000
