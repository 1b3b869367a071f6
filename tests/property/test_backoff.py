"""The backoff is bounded, doubles, and starts at its base after a reset, for any times."""

import random
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from pilotlight.net.backoff import Backoff


@given(
    st.integers(1, 10_000),
    st.integers(0, 100_000),
    st.integers(0, 40),
    st.randoms(use_true_random=False),
)
def test_each_wait_is_within_its_bound(
    base_ms: int, more_ms: int, tries: int, dice: random.Random
) -> None:
    cap_ms = base_ms + more_ms
    backoff = Backoff(
        SimpleNamespace(backoff_base_ms=base_ms, backoff_cap_ms=cap_ms), dice.randrange
    )
    for _ in range(2):
        for n in range(tries):
            assert 0 <= backoff.next_ms() <= min(cap_ms, base_ms * 2**n)
        backoff.reset()


@given(st.integers(1, 10_000), st.integers(0, 40))
def test_the_whole_range_is_used(base_ms: int, tries: int) -> None:
    times = SimpleNamespace(backoff_base_ms=base_ms, backoff_cap_ms=60_000)
    highest = Backoff(times, lambda end: end - 1)
    lowest = Backoff(times, lambda end: 0)
    for n in range(tries):
        assert highest.next_ms() == min(60_000, base_ms * 2**n)
        assert lowest.next_ms() == 0
