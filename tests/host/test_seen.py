"""What is kept of a virtual board: all of it, or only the end, where it must not grow."""

import json

from tools.virtual_board.seen import Seen
from tools.virtual_board.session import Event


class Board(Seen):
    """It says what it is told to."""

    def print_line(self, number: int) -> None:
        """A console line."""
        self._hear(json.dumps({"number": number}).encode() + b"\n")

    def show(self, number: int) -> None:
        """An event."""
        self._add("events", {"kind": "pin", "number": number})


def filled(most_rows: int | None, count: int = 1000) -> Board:
    """A board that has said so much."""
    board = Board(most_rows)
    for number in range(count):
        board.show(number)
        board.print_line(number)
    return board


def test_everything_is_kept() -> None:
    board = filled(None)
    assert len(board.events) == len(board.lines) == 1000
    assert board.output.count("\n") == 1000


def test_what_must_not_grow_keeps_its_end() -> None:
    board = filled(50)
    for rows in (board.events, board.lines):
        assert 50 <= len(rows) <= 100 and rows[-1]["number"] == 999
    assert len(board.output) <= 2 * 50 * 64 and board.output.endswith('{"number": 999}\n')
    assert board.errors == board.output


def test_marks_count_what_is_no_longer_kept() -> None:
    board = filled(50)
    mark = board.mark()
    assert mark == 1000
    board.show(1234)
    assert board.wait("pin", after=mark)["number"] == 1234
    assert board.wait("pin", after=mark - 1)["number"] == 999
    board.print_line(5)
    assert board.wait_line(after=1000)["number"] == 5


def test_a_listener_gets_each_row_once() -> None:
    board = Board(10)
    heard: list[tuple[str, Event]] = []
    board.listen(lambda what, row: heard.append((what, row)))
    for number in range(100):
        board.show(number)
        board.print_line(number)
    assert [row["number"] for what, row in heard if what == "event"] == list(range(100))
    assert [row["number"] for what, row in heard if what == "line"] == list(range(100))
