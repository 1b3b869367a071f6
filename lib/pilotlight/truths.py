"""The two truths that a user reads off the light: does Frame.io answer, and is the device paused? Pure: ticks are handed in."""

import time

from .times import Times


class Connected:
    """Frame.io answers: proven, and the proof is good for `proof_ms`. Design: an answer is what only Frame.io can give."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._proven = False
        self._at_ms = 0

    def prove(self, now_ms: int) -> None:
        """Frame.io has answered."""
        self._proven = True
        self._at_ms = now_ms

    def left_ms(self, now_ms: int) -> int:
        """How long the last proof still counts; 0 if it does not. Ask within days of a proof: ticks wrap."""
        if self._proven:
            left_ms = self._times.proof_ms - time.ticks_diff(now_ms, self._at_ms)
            if left_ms > 0:
                return left_ms
            self._proven = False
        return 0


class Paused:
    """Paused: yes, no or unknown. Identity is the authority, events are hints that may be missed, doubled or reordered.

    An event counts at once and asks for a verification. The first identity answer begun after the last event settles it.
    value: True, False or None. unverified: an event has come that no identity has settled yet.
    """

    def __init__(self) -> None:
        self.value: bool | None = None
        self.unverified = False
        self._events = 0

    def hint(self, paused: bool) -> None:
        """An event said so."""
        self.value = paused
        self.unverified = True
        self._events += 1

    def mark(self) -> int:
        """Take this when an identity request begins, and hand it to `settle` with the answer."""
        return self._events

    def settle(self, mark: int, paused: bool | None) -> None:
        """Identity has answered (None: its status said nothing). An answer begun before the last event settles nothing."""
        if mark == self._events and paused is not None:
            self.value = paused
            self.unverified = False
