"""Between the board and the mock: what waits is bounded, and what is done comes in order."""

from __future__ import annotations

import itertools
import json
import threading
import time
from typing import Any

import pytest

from tools.run import board_link
from tools.run.board_link import BoardLink


class FakeBoard:
    """A board that only tells, and notes presses: (when, for how long), in seconds."""

    def __init__(self) -> None:
        self.presses: list[tuple[float, float]] = []

    def listen(self, heard: Any) -> None:
        self.heard = heard

    def press(self, pin: int, ms: int) -> None:
        self.presses.append((time.monotonic(), ms / 1000))

    def order(self, *order: Any) -> None:
        pass


def test_a_mock_that_takes_nothing_costs_no_memory() -> None:
    told: list[dict[str, Any]] = []
    released, has_all = threading.Event(), threading.Event()

    def tell(line: str) -> None:
        assert released.wait(60)
        told.append(json.loads(line))
        if len(told) == 2:
            has_all.set()

    board: Any = FakeBoard()
    link = BoardLink(board, tell)
    board.heard("event", {"kind": "button", "pressed": True})
    for i in range(20_000):
        board.heard("event", {"kind": "button", "pressed": i % 2 == 0})
        board.heard("event", {"kind": "neopixel", "t_us": i, "pixels": [[i % 255, 0, 0]]})
    released.set()
    assert has_all.wait(60)
    link.stop()
    assert max(len(line["rows"]) for line in told) <= 2000
    assert max(len(line["edges"]) for line in told) <= 2000


def test_presses_do_not_overlap_and_an_end_does_not_wait_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(board_link, "_HOLD_MS", 600_000)
    board: Any = FakeBoard()
    link = BoardLink(board, lambda line: None)
    for action in ("double_press", "press", "hold", "press"):
        link.do(action)
    end_s = time.monotonic() + 60
    while len(board.presses) < 4:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    begun_s = time.monotonic()
    link.stop()
    assert time.monotonic() - begun_s < 300
    times_s = board.presses
    assert [held_s > 1 for _, held_s in times_s] == [False, False, False, True]
    for (begin_s, held_s), (next_s, _) in itertools.pairwise(times_s):
        assert next_s > begin_s + held_s
