"""What is shown: status.py's two tables, and the lights of indication.py."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from firmware.indication import LIGHTS, PATTERNS, Indication
from firmware.strings import PAGES
from pilotlight.status import DeviceStatus, reason_of, state_of

WORD = (None, "timeout")
FACTS: dict[str, tuple[Any, ...]] = {
    "fault": (None, "config"),
    "starting": (False, True),
    "network_up": (True, False),
    "user_code": (None, "012345"),
    "connected": (True, False),
    "authorized": (True, False),
    "joined": (True, False),
    "fallback": (False, True),
    "paused": (False, True, None),
    "network_reason": (None, "wifi_lost"),
    "request_reason": (None, "name"),
    "link_reason": (None, "closed"),
    "authorization_reason": (None, "not_paired"),
    "pairing_is_wanted": (False, True),
    "client_refused": (False, True),
    "identity_failed": (False, True),
    "unsaved": (0, 1),
}


class Facts:
    """The facts of a DeviceStatus, and nothing else."""

    online: bool

    def __init__(self, values: tuple[Any, ...]) -> None:
        vars(self).update(zip(FACTS, values, strict=True))
        self.online = values[6] or values[7]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def all_facts() -> Iterator[Facts]:
    """Every combination of facts; of each word only whether there is one counts."""
    return map(Facts, itertools.product(*FACTS.values()))


def ladder(one: Facts) -> str:
    """The state, as the design's table says: the first line that matches."""
    return next(
        state
        for state, is_so in (
            ("fault", one.fault),
            ("starting", one.starting),
            ("no_network", not one.network_up),
            ("pairing", one.user_code),
            ("no_backend", not one.connected),
            ("unpaired", not one.authorized),
            ("joining", not (one.joined or one.fallback) or one.paused is None),
            ("paused", one.paused),
            ("online", True),
        )
        if is_so
    )


def test_the_ladder_is_total_and_says_what_is_so() -> None:
    """Each combination of facts has exactly the state of the design's table. `online` and `paused`
    are shown only with a network, an answer of Frame.io, an authorization, a joined channel or the
    HTTP fallback, and a known pause.

    Of: lib/pilotlight/status.py
    For: all 196,608 combinations of facts
    By: enumeration; the tables only ask whether there is a word
    """
    seen = set()
    for one in all_facts():
        state = state_of(one)
        seen.add(state)
        assert state == ladder(one), vars(one)
        if state in ("online", "paused"):
            assert one.network_up and one.connected and one.authorized and one.online
            assert one.paused is (state == "paused") and not one.fault
    assert seen == set(LIGHTS)


def test_each_reason_is_one_that_is_so() -> None:
    """A reason is one of the words that the parts have written, or `http_fallback`, `not_stored`,
    `client_refused`, `paused_unknown`, `code_requested` while that is so. A device that is online
    by its socket and has stored everything has none. No network, no answer, no authorization and no
    joined channel show the word that was written for it whenever there is one.

    Of: lib/pilotlight/status.py
    For: all 196,608 combinations of facts
    By: enumeration; the tables only ask whether there is a word
    """
    for one in all_facts():
        state, reason = state_of(one), reason_of(one)
        may_be = {
            None: True,
            one.fault: True,
            one.network_reason: not one.network_up,
            one.request_reason: not one.joined,
            one.link_reason: not one.joined,
            one.authorization_reason: not one.authorized and not one.user_code,
            "http_fallback": one.fallback and not one.joined,
            "not_stored": one.unsaved,
            "client_refused": one.client_refused and not one.joined,
            "paused_unknown": one.paused is None and one.identity_failed and one.connected,
            "code_requested": one.pairing_is_wanted and not one.authorized and not one.user_code,
        }
        if not one.authorized and one.pairing_is_wanted:
            may_be[one.request_reason] = may_be[one.link_reason] = True
        may_be[None] = True
        assert may_be[reason], (vars(one), reason)
        if state == "fault":
            assert reason == one.fault
        elif one.unsaved:
            assert reason is not None
        if state == "online" and one.joined and one.authorized and not one.unsaved:
            assert reason is None
        if state == "no_network":
            assert reason == (one.network_reason or ("not_stored" if one.unsaved else None))
        if state == "no_backend" and not one.joined and one.authorized:
            assert reason or not (one.request_reason or one.link_reason)
        if state == "unpaired" and not one.pairing_is_wanted and one.authorization_reason:
            assert reason == one.authorization_reason


def test_each_state_has_a_light_and_words() -> None:
    """Each combination of facts can be shown: its state has a colour, a pattern and a title, and
    words unless a reason or a page of its own has them.

    Of: firmware/indication.py, firmware/strings.py, lib/pilotlight/status.py
    For: all 196,608 combinations of facts
    By: enumeration of the states, which the proof of the ladder shows to be all
    """
    without_words = {"fault", "pairing", "online"}
    assert list(PAGES) == list(LIGHTS)
    for state, (pattern, rgb) in LIGHTS.items():
        status = DeviceStatus()
        status.state = state
        indication = Indication(status)
        assert (indication.pattern, indication.rgb) == (pattern, rgb)
        assert all(0 <= level <= 255 for level in rgb) and PATTERNS[pattern]
        title, words, _ = PAGES[state]
        assert title and bool(words) != (state in without_words)


@pytest.mark.long
def test_the_version_tells_of_each_change() -> None:
    """After each change of one fact, state and reason are those of the tables, and the version has
    risen by one exactly if a shown fact, the state or the reason is another one. The first seconds
    end once and for all.

    Of: lib/pilotlight/status.py
    For: all 196,608 combinations of facts, and each change of one of them
    By: enumeration; an update of several facts computes the same from the facts that it leaves
    """
    shown = {"fault", "network_up", "connected", "authorized", "joined", "fallback", "paused"}
    shown.add("user_code")
    names = [name for name in FACTS if name != "starting"]
    one = DeviceStatus()
    for values in itertools.product(*(FACTS[name] for name in names), (False, True)):
        facts = dict(zip(names, values, strict=False))
        for name in names:
            for value in FACTS[name]:
                if value == facts[name] and type(value) is type(facts[name]):
                    continue
                vars(one).update(facts, starting=values[-1], version=1)
                one.state, one.reason = state_of(one), reason_of(one)
                before = one.state, one.reason
                one.update(**{name: value})
                after = state_of(one), reason_of(one)
                assert (one.state, one.reason) == after
                assert one.starting <= values[-1]
                assert one.version == 1 + (name in shown or before != after), (facts, name)


def runs(pattern: str, begin_ms: int, length_ms: int) -> tuple[tuple[int, int], ...]:
    """(level, ms) of what is seen in so long from a phase of the pattern on."""
    steps = PATTERNS[pattern]
    seen: list[list[int]] = []
    left_ms, at = length_ms, 0
    begin_ms %= sum(ms for ms, _ in steps)
    while left_ms:
        ms, level = steps[at % len(steps)]
        at += 1
        skipped_ms = min(ms, begin_ms)
        begin_ms -= skipped_ms
        ms = min(ms - skipped_ms, left_ms)
        left_ms -= ms
        if ms and seen and seen[-1][0] == level:
            seen[-1][1] += ms
        elif ms:
            seen.append([level, ms])
    return tuple((level, ms) for level, ms in seen)


def phases(pattern: str, length_ms: int) -> set[tuple[tuple[int, int], ...]]:
    """All that can be seen of a pattern in so long."""
    period_ms = sum(ms for ms, _ in PATTERNS[pattern])
    return {runs(pattern, begin_ms, length_ms) for begin_ms in range(period_ms)}


def test_timing_alone_tells_the_states_apart() -> None:
    """Whenever one looks, 4 s of one state's light look like no 4 s of another's, without colour;
    1.5 s are enough to tell `paused` from `online`. No light flashes more than three times in any
    second.

    Of: firmware/indication.py
    For: all pairs of states, at all phases in ms
    By: enumeration
    """
    patterns = [pattern for pattern, _ in LIGHTS.values()]
    assert len(set(patterns)) == len(patterns)
    for one, other in itertools.combinations(patterns, 2):
        assert not phases(one, 4000) & phases(other, 4000), (one, other)
    wink, solid = (LIGHTS[state][0] for state in ("paused", "online"))
    assert not phases(wink, 1500) & phases(solid, 1500)
    for pattern in patterns:
        for seen in phases(pattern, 1000):
            levels = [level for level, _ in seen]
            assert sum(a < b for a, b in itertools.pairwise(levels)) <= 3, (pattern, seen)
