"""How long the device waits: backoff.py, reconnect.py, schedule.py, and Recent in times.py."""

import functools
import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pilotlight.net.backoff import Backoff, stretched_ms
from pilotlight.net.errors import (
    JoinRefused,
    LinkClosed,
    NetError,
    ProtocolError,
    Unreachable,
    UpgradeRefused,
)
from pilotlight.reconnect import Reconnect
from pilotlight.schedule import Schedule
from pilotlight.status import DeviceStatus
from pilotlight.times import Recent, Times
from tests.proofs.machines import Choices, Frozen, frozen, reachable, thawed

TIMES = Times()
LONGEST_MS = TIMES.longest_sleep_ms


def test_the_backoff_doubles_to_its_cap() -> None:
    """Each wait of the backoff is uniform in 0..bound, with a bound between its base and its cap
    that each wait doubles; only `reset` lowers it, to the base.

    Of: lib/pilotlight/net/backoff.py
    For: all orders of its calls, of any length, and all that can be drawn
    By: enumeration of all states that can be reached; what is drawn is not kept
    """
    drawn: list[int] = []

    def randrange(stop: int) -> int:
        drawn.append(stop)
        return stop - 1

    def bound_of(state: Frozen) -> int:
        thawed(Backoff(TIMES, randrange), state).next_ms()
        return drawn.pop() - 1

    def steps(state: Frozen) -> Iterable[Frozen]:
        bound_ms = bound_of(state)
        assert TIMES.backoff_base_ms <= bound_ms <= TIMES.backoff_cap_ms
        for call, expected_ms in (
            (lambda one: one.next_ms(), min(bound_ms * 2, TIMES.backoff_cap_ms)),
            (lambda one: one.reset(), TIMES.backoff_base_ms),
            (
                lambda one: one.raise_to(TIMES.backoff_dropped_ms),
                max(bound_ms, TIMES.backoff_dropped_ms),
            ),
        ):
            backoff = thawed(Backoff(TIMES, randrange), state)
            call(backoff)
            assert bound_of(frozen(backoff)) == expected_ms
            yield frozen(backoff)

    states = reachable([frozen(Backoff(TIMES, randrange))], steps)
    assert {bound_of(state) for state in states} == {
        *(1000 << n for n in range(6)),
        *(5000 << n for n in range(4)),
        60_000,
    }


def test_what_a_server_asks_for_is_kept() -> None:
    """The wait after a Retry-After is at least what was asked for, at most half more, and never
    above the cap of 5 min.

    Of: lib/pilotlight/net/backoff.py
    For: all waits in ms, and all that can be drawn
    By: enumeration up to the cap with the lowest and the highest draw, between which the wait
        rises; above the cap the smallest wait already meets it
    """
    cap_ms = TIMES.retry_after_cap_ms
    for asked_ms in range(cap_ms + 2):
        low_ms = stretched_ms(asked_ms, cap_ms, lambda stop: 0)
        high_ms = stretched_ms(asked_ms, cap_ms, lambda stop: stop - 1)
        assert low_ms == min(asked_ms, cap_ms)
        assert high_ms == min(asked_ms + asked_ms // 2, cap_ms)


def test_recently_ends_and_stays_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `Recent` counts down from its span to 0 and is over from then on, wherever the ticks wrap.

    Of: lib/pilotlight/times.py
    Within: all begins, spans below half a period of ticks, and later looks, on a clock of 64 ticks
    By: enumeration on a ring of 64 in place of 2**30: it only adds and compares
    """
    period = 64
    monkeypatch.setattr(
        time, "ticks_diff", lambda a, b: (a - b + period // 2) % period - period // 2
    )
    for begin, span in itertools.product(range(period), range(period // 2)):
        recent = Recent()
        recent.happened(begin, span)
        for age in range(span):
            assert recent.left_ms((begin + age) % period) == span - age
        for age in range(span, span + 2 * period):  # looked at all the time
            assert recent.left_ms((begin + age) % period) == 0
        for age in range(span, span + period // 2):  # looked at once, within half a period
            recent.happened(begin, span)
            assert recent.left_ms((begin + age) % period) == 0
            assert recent.left_ms(begin) == 0


class _AnyTime:
    """In place of each Recent: it may be over at any time. of: this run's choices."""

    of: Choices
    said = 0

    def happened(self, now_ms: int, span_ms: int) -> None:
        assert 0 <= span_ms <= TIMES.retry_after_cap_ms

    def left_ms(self, now_ms: int) -> int:
        _AnyTime.said = self.of.one_of(0, 1)
        return _AnyTime.said


LOST_BY: tuple[NetError, ...] = (
    Unreachable("timeout", ""),
    Unreachable("reset", ""),
    Unreachable("memory", ""),
    ProtocolError(""),
    JoinRefused("unauthorized"),
    LinkClosed(1000, ""),
    LinkClosed(1006, "", "no_reply"),
    LinkClosed(1012, ""),
    LinkClosed(1013, ""),
    *(UpgradeRefused(status, ms) for status in (403, 429, 503) for ms in (0, 7_000, 10**9)),
)


def test_every_wait_of_the_session_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a new socket the session waits 0 to 60 s at random, after a close 1012 or 1013, a 429
    or a 5xx at least 5 s and spread over 25 s or more, and after a Retry-After as long as that
    says, at most 5 min. There are at most four rejoins on a socket whose channel never lasts, 0.8
    to 12 s apart.

    Of: lib/pilotlight/reconnect.py, lib/pilotlight/net/backoff.py
    For: all orders of what can happen to the link, of any length, at any times
    By: enumeration of all states that can be reached, where each "was that lately?" may be answered
        with yes or no: more than any clock allows; of what is drawn, the lowest and the highest
    """
    drawn: list[int] = []

    class Draw:
        choices: Choices

        def __call__(self, *bounds: int) -> int:
            low, stop = bounds if len(bounds) == 2 else (0, bounds[0])
            drawn.append(stop - low)
            value: int = self.choices.one_of(low, stop - 1)
            return value

    draw = Draw()
    monkeypatch.setattr("pilotlight.reconnect.Recent", _AnyTime)
    monkeypatch.setattr(random, "randrange", draw)
    kept = Reconnect(TIMES)
    fixed = {name: value for name, value in vars(kept).items() if isinstance(value, _AnyTime)}
    (name_of_backoff,) = (name for name, one in vars(kept).items() if isinstance(one, Backoff))

    State = tuple[Frozen, Frozen, int]

    def state_of(reconnect: Any, rejoins: int) -> State:
        plain = {
            name: value
            for name, value in vars(reconnect).items()
            if name not in fixed and name != name_of_backoff
        }
        inner = vars(getattr(reconnect, name_of_backoff))
        numbers = tuple(sorted((name, one) for name, one in inner.items() if type(one) is int))
        return tuple(sorted(plain.items())), numbers, rejoins

    def made(state: State) -> Any:
        reconnect = Reconnect(TIMES)
        vars(reconnect).update(state[0])
        vars(getattr(reconnect, name_of_backoff)).update(state[1])
        return reconnect

    def backoff(error: NetError) -> Callable[[Any, int], int]:
        def step(one: Any, rejoins: int) -> int:
            drawn.clear()
            wait_ms = one.backoff_ms(error, 0)
            is_refusal = isinstance(error, UpgradeRefused)
            if is_refusal and error.retry_after_ms:
                assert min(error.retry_after_ms, 300_000) <= wait_ms <= 300_000
                assert wait_ms <= error.retry_after_ms * 3 // 2
            elif (is_refusal and error.is_busy) or getattr(error, "code", 0) in (1012, 1013):
                assert 5_000 <= wait_ms <= 60_000 and drawn[-1] > 25_000
            else:
                assert 0 <= wait_ms <= 60_000 and drawn[-1] > 1_000
            return rejoins

        return step

    def rejoin(one: Any, rejoins: int) -> int:
        wait_ms = one.rejoin_ms()
        assert (wait_ms is None) or (800 <= wait_ms <= 12_000 and rejoins < 4), rejoins
        return rejoins if wait_ms is None else rejoins + 1

    def upgraded(one: Any, rejoins: int) -> int:
        one.upgraded()
        return 0

    def served(error: NetError, has_beaten: bool) -> Callable[[Any, int], int]:
        def step(one: Any, rejoins: int) -> int:
            one.served(error, has_beaten, 0)
            return rejoins if _AnyTime.said else 0  # the channel has lasted

        return step

    calls: list[Callable[[Any, int], int]] = [
        *(backoff(error) for error in LOST_BY),
        *(served(error, beaten) for error in LOST_BY[:7] for beaten in (False, True)),
        lambda one, rejoins: (one.network_changed(True, 0), rejoins)[1],
        lambda one, rejoins: (one.network_changed(False, 0), rejoins)[1],
        lambda one, rejoins: (one.joined(0), rejoins)[1],
        lambda one, rejoins: (one.was_stray(0), rejoins)[1],
        rejoin,
        upgraded,
    ]

    def steps(state: State) -> Iterable[State]:
        for call in calls:
            for choices in Choices.all():
                draw.choices = _AnyTime.of = choices
                one = made(state)
                rejoins = call(one, state[2])
                yield state_of(one, min(rejoins, 4))

    states = reachable([state_of(kept, 0)], steps)
    assert len(states) > 100


SPACING_MS = 60_000
DEVICE = DeviceStatus()


def test_identity_keeps_its_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity is due at the earliest 60 s after the end of the one before, answered or failed,
    unless it is the first, has new tokens, or the one before never left the device. While it is
    wanted, or the device is online, it is due 6 min after that end at the latest.

    Of: lib/pilotlight/schedule.py
    For: all orders of its calls, of any length, at any times within what ticks can compare
    By: enumeration of all states that can be reached, with a due time from each; the time since the
        last end only counts down that wait
    """
    of: list[Choices] = [Choices([])]
    monkeypatch.setattr(
        random,
        "randrange",
        lambda a, b=None: of[-1].one_of(*((0, a - 1) if b is None else (a, b - 1))),
    )

    @dataclass(frozen=True)
    class State:
        schedule: Frozen
        is_early: bool  # the next one needs no spacing
        was_early: bool  # the one under way needed none
        under_way: bool

    def made(state: State, choices: Choices) -> Any:
        of[-1] = choices
        return thawed(Schedule(TIMES, 0), state.schedule)

    def check(state: State) -> None:
        one = made(state, Choices([]))
        for online in (False, True):
            due_ms = one.identity_due_ms(0, online, LONGEST_MS)
            assert state.is_early or due_ms >= SPACING_MS, state
            assert due_ms <= 360_000 or (due_ms == LONGEST_MS and not online), state
            if due_ms < LONGEST_MS:  # it counts down with the time
                for age_ms in {0, due_ms // 2, due_ms}:
                    assert one.identity_due_ms(age_ms, online, LONGEST_MS) == due_ms - age_ms
                hours_ms = 4 * 3_600_000
                one.forget_old(hours_ms)
                assert one.identity_due_ms(hours_ms, online, LONGEST_MS) == 0
                one = made(state, Choices([]))

    Call = tuple[Callable[[Any], Any], State]

    def calls(state: State) -> Iterable[Call]:
        yield lambda one: one.want_identity(), state
        yield lambda one: one.want_identity(at_once=True), replace(state, is_early=True)
        yield lambda one: one.answered(0, DeviceStatus()), state
        yield lambda one: one.proven(0), state
        yield lambda one: one.forget_old(0), state
        yield lambda one: one.forget(), state
        if not state.under_way:
            yield (
                lambda one: one.identity_begins(),
                replace(state, is_early=False, was_early=state.is_early, under_way=True),
            )
            return
        for answered, counts, unknown in itertools.product((False, True), repeat=3):
            # New tokens may have come meanwhile; what was not sent keeps its exemption.
            is_early = state.is_early or (state.was_early and not counts)
            if counts or not answered:
                yield (
                    functools.partial(_end, answered=answered, counts=counts, unknown=unknown),
                    replace(state, is_early=is_early, was_early=False, under_way=False),
                )

    def steps(state: State) -> Iterable[State]:
        check(state)
        for call, after in calls(state):
            for choices in Choices.all():
                one = made(state, choices)
                call(one)
                yield replace(after, schedule=frozen(one))

    states = reachable([State(frozen(Schedule(TIMES, 0)), True, False, False)], steps)
    assert len(states) > 1000


def _end(one: Any, answered: bool, counts: bool, unknown: bool) -> None:
    one.identity_ends(0, answered, counts, unknown)


def test_a_429_without_a_time_doubles_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a 429 or 503 that names no time, nothing is due for twice the wait before, at least 1 s
    and at most 60 s, less up to a quarter at random; an answer begins that again.

    Of: lib/pilotlight/schedule.py
    For: all waits before, and all that can be drawn
    By: enumeration of the waits before, in ms up to the cap of 5 min, with the lowest and the
        highest draw; what is drawn is only subtracted
    """
    is_highest = False
    monkeypatch.setattr(random, "randrange", lambda stop: (stop - 1) * is_highest)
    schedule = Schedule(TIMES, 0)
    for before_ms in range(1, 300_001):
        most_ms = min(60_000, max(1_000, 2 * before_ms))
        for is_highest in (False, True):
            schedule.answered(0, DEVICE)
            if before_ms > 1:
                is_highest, kept = False, is_highest
                schedule.limited(0, before_ms)
                is_highest = kept
            assert schedule.limited_ms(0) == (before_ms if before_ms > 1 else 0)
            schedule.limited(0, 0)
            left_ms = schedule.limited_ms(0)
            assert left_ms == (most_ms - most_ms // 4 + 1 if is_highest else most_ms)


@pytest.mark.long
def test_probes_and_heartbeats_keep_their_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Health is due at the earliest 15 s after the last answer or probe, or once within 14 s of a
    socket's end; never beside a joined socket, and else within 5 min. HTTP heartbeats are 60 to 120
    s apart, the first at least 3 min after the first answer since the socket's end. Nothing is due
    while Frame.io asks to wait, and that is 5 min at most.

    Of: lib/pilotlight/schedule.py
    Within: all orders of its calls, of any length, at four times within 33 min; all facts of the
        status; of what is drawn, the lowest and the highest
    By: enumeration of all states that can be reached
    """
    of: list[Choices] = [Choices([])]
    monkeypatch.setattr(
        random,
        "randrange",
        lambda a, b=None: of[-1].one_of(*((0, a - 1) if b is None else (a, b - 1))),
    )
    instants_ms = (0, 30_000, 1_000_000, 2_000_000)
    statuses = [_status(*facts) for facts in itertools.product((False, True), repeat=5)]

    @dataclass(frozen=True)
    class State:
        schedule: Frozen
        now: int  # an index of instants_ms
        probed: int  # when the last probe was; -1: a socket has ended since
        answered: int  # when the first answer since the socket's end came; -1: none has
        beaten: int  # when the last heartbeat began; -1: none has

    def made(state: State, choices: Choices) -> Any:
        of[-1] = choices
        return thawed(Schedule(TIMES, 0), state.schedule)

    def check(state: State) -> None:
        one, now_ms = made(state, Choices([])), instants_ms[state.now]
        limited_ms = one.limited_ms(now_ms)
        assert 0 <= limited_ms <= 300_000
        for status, connects in itertools.product(statuses, (False, True)):
            health_ms = one.health_due_ms(now_ms, status, connects, LONGEST_MS)
            beat_ms = one.heartbeat_due_ms(now_ms, status, LONGEST_MS)
            assert min(health_ms, beat_ms) >= limited_ms
            if status.joined:
                assert health_ms == beat_ms == LONGEST_MS
            elif health_ms != LONGEST_MS:
                assert health_ms <= 300_000
                spacing_ms = 15_000 if status.authorized else 120_000
                if state.probed >= 0:
                    assert now_ms + health_ms - instants_ms[state.probed] >= spacing_ms
            else:
                assert status.fallback
            if beat_ms != LONGEST_MS:
                assert status.authorized and (state.answered >= 0 or state.beaten >= 0), state
                if state.beaten >= 0:
                    wait_ms = now_ms + beat_ms - instants_ms[state.beaten]
                    assert wait_ms >= 60_000 and beat_ms <= 300_000
                else:
                    assert now_ms + beat_ms - instants_ms[state.answered] >= 180_000

    def calls(state: State) -> Iterable[tuple[Callable[[Any, int], Any], State]]:
        now = state.now
        if now + 1 < len(instants_ms):
            yield lambda one, now_ms: None, replace(state, now=now + 1)
        probed = replace(state, probed=now)
        yield lambda one, now_ms: one.health_begins(now_ms), probed
        yield lambda one, now_ms: one.proven(now_ms), probed
        for at_once in (False, True):
            ended = replace(state, probed=-1)
            yield functools.partial(Schedule.link_ended, at_once=at_once), ended
        ended = replace(state, answered=-1, beaten=-1)
        yield lambda one, now_ms: one.joined(), ended
        yield lambda one, now_ms: one.forget(), ended
        if state.answered >= 0:
            beaten = replace(state, beaten=now)
            yield lambda one, now_ms: one.heartbeat_begins(now_ms), beaten
        first = now if state.answered < 0 else state.answered
        answered = replace(state, answered=first)
        yield lambda one, now_ms: one.answered(now_ms, statuses[0]), answered
        if not state.now:
            yield lambda one, now_ms: one.limited(now_ms, 400_000), state
        yield lambda one, now_ms: one.limited(now_ms, 20_000), state

    def steps(state: State) -> Iterable[State]:
        check(state)
        for call, after in calls(state):
            for choices in Choices.all():
                one = made(state, choices)
                call(one, instants_ms[state.now])
                yield replace(after, schedule=frozen(one))

    states = reachable([State(frozen(Schedule(TIMES, 0)), 0, 0, -1, -1)], steps)
    assert len(states) > 1000


def _status(joined: bool, unpaired: bool, fallback: bool, silent: bool, failed: bool) -> Any:
    status = DeviceStatus()
    status.update(joined=joined, authorized=not unpaired, fallback=fallback)
    status.update(connected=not silent, request_reason="timeout" if failed else None)
    return status
