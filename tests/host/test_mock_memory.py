"""What the mock keeps of a run that goes on and on is bounded."""

from __future__ import annotations

import gc
import itertools
import json
import sys

from tools.mock_frameio.board import Board
from tools.mock_frameio.page_feed import Reader
from tools.mock_frameio.pauses import Pauses
from tools.mock_frameio.service import Service
from tools.mock_frameio.tokens import Lives, Pair, Tokens

COUNT = 50
_FULL_AFTER_MIN = 70  # a device code is forgotten an hour after its end
_MEASURED_MIN = 10
_MOST_NEW_BLOCKS = 400  # of Python's memory; ten minutes are 10,000 heartbeats


class Run:
    """A mock with a page, a board and 50 devices that are paused, resumed and refreshed."""

    def __init__(self) -> None:
        self.clock_s = 0.0
        self.tokens = Tokens("fixed", Lives(), lambda: self.clock_s)
        self.service = Service(self.tokens, "secret", 60, 0)
        self.board = Board(lambda line: None, self.tokens.client_of_code)
        self.service.board = self.board
        self.page = Reader(self.service)
        self.devices = [self.service.devices.of_client(self.pair(i)) for i in range(COUNT)]
        self.pairs: dict[int, Pair] = {}
        self.numbers = itertools.count()

    def pair(self, unit: int) -> str:
        """Pair a device; its client_id."""
        client_id = f"unit-{unit}"
        code = self.tokens.new_code(client_id)
        self.tokens.decide(code.user_code, "approved")
        self.tokens.poll(code.device_code, client_id)
        return client_id

    def minute(self) -> None:
        """All that happens in one."""
        service = self.service
        for _ in range(20):  # every 3 s
            self.clock_s += 3
            for device in self.devices:
                number = next(self.numbers)
                device.heartbeat_ms = number
                service.record("message", topic="phoenix", event="heartbeat", ref=number)
                service.trace("device", "frame", "heartbeat", f"{number}" * 10, device.id)
                device.pauses.set(number % 2 == 0)
            device = self.devices[number % COUNT]
            device.uploads.append({"name": f"A{number}.mov", "status": 200, "t_ms": number})
            code = self.tokens.new_code("board")
            self.tokens.decide(code.user_code, "approved")
            pair = self.tokens.poll(code.device_code, "board")
            self.tokens.refresh(pair.refresh_token, "board")
            self.board.heard(self.line(number, code.user_code), service.feed, int)
            while True:
                json.dumps(self.page.batch())
                if not self.page.has_more():
                    break

    def line(self, number: int, user_code: str) -> str:
        """What the board's process tells."""
        line = {"state": "online", "user_code": user_code, "t_ms": number}
        rows = [[number, "board", "state", f"online {number}", "x" * 500]] * 5
        edges = [[number + i, 0, i, 0] for i in range(60)]
        return json.dumps({"facts": {"line": line}, "rows": rows, "edges": edges})


def test_the_mock_does_not_grow() -> None:
    run = Run()
    for _ in range(_FULL_AFTER_MIN):
        run.minute()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(_MEASURED_MIN):
        run.minute()
    gc.collect()
    assert sys.getallocatedblocks() - before < _MOST_NEW_BLOCKS


def test_of_many_pauses_the_last_are_known() -> None:
    clock_s = 0.0
    pauses = Pauses(lambda: clock_s)
    for second in range(3000):
        clock_s = second
        pauses.set(second % 2 == 0)
    assert [pauses.covers(age_s) for age_s in (0, 1, 2, 900, 999)] == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert not pauses.covers(2000)  # forgotten


def test_of_many_refreshes_the_last_are_known() -> None:
    tokens = Tokens("fixed", Lives(), lambda: 0.0)
    code = tokens.new_code("unit")
    tokens.decide(code.user_code, "approved")
    pairs = [tokens.poll(code.device_code, "unit")]
    for _ in range(1500):
        pairs.append(tokens.refresh(pairs[-1].refresh_token, "unit"))
    known = [tokens.generation_of(pair.refresh_token) for pair in pairs]
    assert known == [None] * 501 + list(range(502, 1502))
    assert tokens.accepts(pairs[-1].access_token)
