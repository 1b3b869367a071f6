"""The spacing of requests and reconnects, with ticks handed in.

Each test runs over a wrap of the ticks as well.
"""

import time

from pilotlight.net.backoff import Backoff
from pilotlight.schedule import Schedule
from pilotlight.times import Times
from tests.support.expect import raises

LONGEST = 3_600_000
STARTS = (0, 1000, (1 << 30) - 30_000)  # the last one: a board's ticks wrap 30 s later


def new_schedule(now_ms):
    return Schedule(Times(), now_ms)


def later(start_ms, ms):
    return time.ticks_add(start_ms, ms)


def test_identity_keeps_its_distance():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        assert schedule.identity_due_ms(start_ms, False, LONGEST) == LONGEST
        schedule.want_identity()
        assert schedule.identity_due_ms(start_ms, False, LONGEST) == 0  # the first of this boot
        schedule.identity_begins(start_ms)
        assert schedule.identity_due_ms(start_ms, False, LONGEST) == LONGEST
        schedule.want_identity()
        assert schedule.identity_due_ms(later(start_ms, 1), False, LONGEST) == 59_999
        assert schedule.identity_due_ms(later(start_ms, 60_000), False, LONGEST) == 0


def test_identity_every_five_minutes_while_online():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        schedule.identity_begins(start_ms)
        assert schedule.identity_due_ms(later(start_ms, 100_000), True, LONGEST) == 200_000
        assert schedule.identity_due_ms(later(start_ms, 300_001), True, LONGEST) == 0


def test_health_only_while_not_joined():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        assert schedule.health_due_ms(start_ms, True, LONGEST) == LONGEST
        assert schedule.health_due_ms(start_ms, False, LONGEST) == 20_000
        schedule.link_ended()
        assert schedule.health_due_ms(later(start_ms, 1), False, LONGEST) == 0
        schedule.probed(later(start_ms, 1))
        assert schedule.health_due_ms(later(start_ms, 2), False, LONGEST) == 19_999


def test_429_waits_a_second_then_doubles():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        schedule.link_ended()
        for wait_ms in (1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000):
            schedule.rate_limited(start_ms)
            assert schedule.health_due_ms(start_ms, False, LONGEST) == wait_ms
        schedule.answered(start_ms, True)
        schedule.rate_limited(start_ms)
        assert schedule.health_due_ms(start_ms, False, LONGEST) == 1000


def test_a_poll_of_weeks_ago_is_not_in_the_future():
    start_ms = 5
    schedule = new_schedule(start_ms)
    schedule.identity_begins(start_ms)
    now_ms = start_ms
    for _ in range(30 * 24):
        now_ms = later(now_ms, 3_600_000)
        schedule.forget_old(now_ms)
    schedule.want_identity()
    assert schedule.identity_due_ms(now_ms, False, LONGEST) == 0
    assert schedule.health_due_ms(now_ms, False, LONGEST) == 0


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
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) == LONGEST
        schedule.answered(start_ms, True)
        schedule.answered(later(start_ms, 100_000), True)  # the time runs from the first answer
        assert schedule.heartbeat_due_ms(later(start_ms, 100_000), LONGEST) == 80_000
        schedule.failed()
        assert schedule.heartbeat_due_ms(later(start_ms, 110_000), LONGEST) == LONGEST
        schedule.answered(later(start_ms, 120_000), True)
        assert schedule.heartbeat_due_ms(later(start_ms, 300_000), LONGEST) == 0


def test_http_heartbeats_are_60_to_120_s_apart_until_the_socket_works():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        schedule.heartbeat_begins(start_ms)
        waits = set()
        for _ in range(200):
            schedule.heartbeat_begins(start_ms)
            waits.add(schedule.heartbeat_due_ms(start_ms, LONGEST))
        assert 60_000 <= min(waits) < 75_000 and 105_000 < max(waits) <= 120_000
        schedule.failed()  # one that failed is followed by the next in its time
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) < LONGEST
        schedule.joined()
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) == LONGEST
        schedule.answered(start_ms, True)
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) == LONGEST
        schedule.link_ended()
        schedule.answered(start_ms, False)  # a device that is not paired has nothing to keep online
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) == LONGEST
        schedule.answered(start_ms, True)
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) == 180_000
        schedule.forget()
        assert schedule.heartbeat_due_ms(start_ms, LONGEST) == LONGEST


def test_new_tokens_are_asked_about_at_once():
    for start_ms in STARTS:
        schedule = new_schedule(start_ms)
        schedule.identity_begins(start_ms)
        schedule.want_identity()
        assert schedule.identity_due_ms(start_ms, True, LONGEST) == 60_000
        schedule.want_identity(at_once=True)
        assert schedule.identity_due_ms(start_ms, True, LONGEST) == 0
        schedule.identity_begins(start_ms)
        schedule.want_identity()
        assert schedule.identity_due_ms(start_ms, True, LONGEST) == 60_000
