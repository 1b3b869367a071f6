"""The waits of the session, with ticks handed in. Each test runs over a wrap of the ticks too."""

import time

from pilotlight.net.errors import LinkClosed, Unreachable, UpgradeRefused
from pilotlight.reconnect import Reconnect
from pilotlight.times import Recent, Times

STARTS = (0, 1000, (1 << 30) - 30_000)  # the last one: a board's ticks wrap 30 s later
LOST = Unreachable("timeout", "no answer")
SILENT = LinkClosed(1006, "no reply", "no_reply")
RESET = Unreachable("reset", "the peer reset the connection")
DROPPED = LinkClosed(1006, "closed by the server")


def later(start_ms, ms):
    return time.ticks_add(start_ms, ms)


def grown(now_ms):
    """One whose backoff has reached its cap."""
    reconnect = Reconnect(Times())
    for _ in range(10):
        reconnect.backoff_ms(LOST, now_ms)
    return reconnect


def waits_of(make, lost_by, now_ms, count=60):
    return [make().backoff_ms(lost_by, now_ms) for _ in range(count)]


def test_recent_is_over_after_its_span_and_stays_so():
    for start_ms in STARTS:
        recent = Recent()
        assert recent.left_ms(start_ms) == 0
        recent.happened(start_ms, 60_000)
        assert recent.left_ms(start_ms) == 60_000
        assert recent.left_ms(later(start_ms, 59_999)) == 1
        assert recent.left_ms(later(start_ms, 60_000)) == 0
        assert recent.left_ms(start_ms) == 0  # as ticks that have wrapped would look


def test_the_backoff_begins_at_its_base_after_an_answered_heartbeat_only():
    for beaten, least_ms in ((True, 0), (False, 1_001)):

        def make(beaten=beaten):
            reconnect = grown(0)
            reconnect.joined(0)
            reconnect.served(SILENT, beaten, 100_000)
            return reconnect

        assert (max(waits_of(make, LOST, 100_000)) > 1_000) == (least_ms > 0)


def test_a_server_that_drops_the_link_raises_the_base():
    def make():
        reconnect = Reconnect(Times())
        reconnect.served(DROPPED, True, 0)
        return reconnect

    assert 1_000 < max(waits_of(make, LOST, 0, 200)) <= 5_000


def test_restarts_are_spread_and_doubled_until_a_heartbeat_is_answered():
    restart = LinkClosed(1012, "service restart")
    waits = waits_of(lambda: Reconnect(Times()), restart, 0, 200)
    assert min(waits) >= 5_000 and max(waits) <= 30_000 and len(set(waits)) > 100
    for restarts, low_ms, high_ms in (
        (1, 10_000, 60_000),
        (2, 20_000, 60_000),
        (9, 30_000, 60_000),
    ):

        def make(restarts=restarts):
            reconnect = Reconnect(Times())
            for _ in range(restarts):
                reconnect.backoff_ms(restart, 0)
            return reconnect

        waits = waits_of(make, restart, 0, 200)
        assert min(waits) >= low_ms and max(waits) <= high_ms and len(set(waits)) > 100
    reconnect = make()
    reconnect.served(SILENT, True, 0)
    assert reconnect.backoff_ms(restart, 0) <= 30_000


def test_a_network_that_flaps_hurries_once_a_minute():
    for start_ms in STARTS:
        reconnect = Reconnect(Times())
        assert not reconnect.network_changed(False, start_ms)
        assert reconnect.network_changed(True, start_ms)
        for second in range(1, 60):
            assert not reconnect.network_changed(True, later(start_ms, second * 1000))
        assert reconnect.network_changed(True, later(start_ms, 60_000))


def test_a_network_that_has_lasted_resets_the_backoff_once():
    for start_ms in STARTS:

        def make(after_ms, start_ms=start_ms):
            reconnect = grown(start_ms)
            reconnect.network_changed(True, start_ms)
            return lambda: reconnect.backoff_ms(LOST, later(start_ms, after_ms))

        assert max([make(60_000)() for _ in range(60)]) <= 1_000
        assert max([make(59_000)() for _ in range(60)]) > 1_000
        wait = make(60_000)
        assert max([wait() for _ in range(60)]) > 30_000  # not each time


def test_a_server_that_is_busy_is_left_alone_for_longer_each_time():
    """After a close 1012 as well as without one: all devices are refused in the same seconds."""
    restart = LinkClosed(1012, "service restart")
    for begins, bounds in (
        ((), ((10_000, 60_000), (30_000, 60_000), (30_000, 60_000))),
        ((restart,), ((20_000, 60_000), (30_000, 60_000), (30_000, 60_000))),
    ):
        for status in (429, 500, 503):
            tries = [Reconnect(Times()) for _ in range(60)]
            for reconnect in tries:
                for begin in begins:
                    reconnect.backoff_ms(begin, 0)
            for low_ms, high_ms in bounds:
                waits = [one.backoff_ms(UpgradeRefused(status), 0) for one in tries]
                assert low_ms <= min(waits) and max(waits) <= high_ms
                assert max(waits) - min(waits) > (high_ms - low_ms) // 2
    waits = waits_of(lambda: Reconnect(Times()), UpgradeRefused(403), 0)
    assert max(waits) <= 1_000  # that is no sign of a crowd


def test_a_link_that_was_reset_counts_as_ended_by_the_server():
    def make():
        reconnect = Reconnect(Times())
        reconnect.served(RESET, True, 100_000)
        return reconnect

    waits = waits_of(make, RESET, 100_000)
    assert 4_000 < max(waits) <= 5_000


def test_what_the_server_asks_for_holds_until_it_is_over():
    for start_ms in STARTS:
        reconnect = Reconnect(Times())
        refused = UpgradeRefused(503, 40_000)
        wait_ms = reconnect.backoff_ms(refused, start_ms)
        assert 40_000 <= wait_ms <= 60_000
        assert reconnect.asked.left_ms(later(start_ms, 10_000)) == wait_ms - 10_000
        assert reconnect.asked.left_ms(later(start_ms, wait_ms)) == 0
        assert reconnect.asked.left_ms(start_ms) == 0


def test_four_rejoins_then_a_new_socket_unless_the_channel_has_held():
    for start_ms in STARTS:
        reconnect = Reconnect(Times())
        waits = [reconnect.rejoin_ms() for _ in range(4)]
        for at, middle_ms in enumerate((1_000, 2_000, 5_000, 10_000)):
            assert abs(waits[at] - middle_ms) * 5 <= middle_ms
        assert reconnect.rejoin_ms() is None
        reconnect.joined(start_ms)
        reconnect.served(SILENT, True, later(start_ms, 59_000))
        assert reconnect.rejoin_ms() is None
        reconnect.served(SILENT, True, later(start_ms, 60_000))
        assert reconnect.rejoin_ms() is not None
        for _ in range(4):
            reconnect.rejoin_ms()
        reconnect.upgraded()
        assert reconnect.rejoin_ms() is not None


def test_a_close_is_stray_only_just_after_a_rejoin():
    for start_ms in STARTS:
        reconnect = Reconnect(Times())
        reconnect.joined(start_ms)
        assert not reconnect.was_stray(start_ms)
        reconnect.rejoin_ms()
        reconnect.joined(start_ms)
        assert reconnect.was_stray(later(start_ms, 999))
        reconnect.joined(start_ms)
        assert not reconnect.was_stray(later(start_ms, 1_000))
