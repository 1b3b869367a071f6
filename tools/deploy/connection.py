"""The way to a board that may go away and come back: a cable is pulled, the power goes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import TypeVar

from tools.command_line import Refused
from tools.run.readable import Changes, printable

from .serial_board import BoardError, Lost, SerialBoard, Way, is_there, opened

_T = TypeVar("_T")
_FIRST_S = 5.0
_BACK_S = 60.0
_MOST_LOSSES = 5


class Connection:
    """A context manager: leaves the port, and a board that runs its program again.

    say(text): a line for the user. way: how the program is stopped; one that is interrupted stays
    so, unless something goes wrong.
    """

    def __init__(self, port: str, say: Callable[[str], None], way: Way = Way.SOFT_RESET) -> None:
        self._port = port
        self._say = say
        self._way = way
        self._board: SerialBoard | None = None
        self._was_there = False
        self._losses = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._board and self._board.is_stopped and (error or self._way == Way.SOFT_RESET):
            with contextlib.suppress(Lost, BoardError):
                self._board.leave_and_reset()
        self._close()

    def check(self) -> None:
        """See whether the port is there and can be opened; the board is left alone.

        Raises Refused.
        """
        try:
            SerialBoard(self._port, Way.LEFT_ALONE).close()
        except Lost as error:
            raise Refused(_no_answer(self._port, error))

    def run(self, work: Callable[[SerialBoard], _T]) -> _T:
        """Do some work with the board, and from its start again after the board was lost.

        Raises Refused.
        """
        while True:
            try:
                self._board = self._board or self._opened()
                self._was_there = True
                return work(self._board)
            except Lost as error:
                self._lost(error)
            except BoardError as error:
                raise Refused(f"the board says: {printable(str(error))}; reset it and try again")

    def restarted(self) -> SerialBoard:
        """The board after a reset of the chip. Raises Lost."""
        assert self._board
        self._board.reset()
        self._close()
        self._board = opened(self._port, _BACK_S)
        return self._board

    def follow(self, for_s: float | None) -> None:
        """Print what the board says after a reset, for so long; None: for ever.

        Raises Refused if it stays away.
        """
        end_s = None if for_s is None else time.monotonic() + for_s
        changes = Changes()
        while True:
            try:
                if not self._board:
                    self._board = opened(self._port, _BACK_S, Way.LEFT_ALONE)
                for line in self._board.lines():
                    if text := shown(line, changes):
                        self._say(text)
                    if end_s is not None and time.monotonic() > end_s:
                        return
            except Lost as error:  # the port of a chip with USB goes when the chip is reset
                if not self._board:
                    raise Refused(_no_answer(self._port, error))
                self._close()

    def _opened(self) -> SerialBoard:
        """Raises Lost."""
        if self._was_there:
            return opened(self._port, _BACK_S, self._way)
        try:
            return SerialBoard(self._port, self._way)
        except Lost:
            if not is_there(self._port):
                raise
        self._say(f"no answer at {self._port} yet; trying for {_FIRST_S:.0f} s more")
        return opened(self._port, _FIRST_S, self._way)

    def _close(self) -> None:
        if self._board:
            self._board.close()
            self._board = None

    def _lost(self, error: Lost) -> None:
        """Say so. Raises Refused if there is no hope."""
        self._close()
        self._losses += 1
        if not self._was_there or self._losses > _MOST_LOSSES:
            raise Refused(_no_answer(self._port, error))
        self._say(
            f"the board is gone: plug it in again within {_BACK_S:.0f} s, or type the same command "
            "later; it goes on where it was"
        )


def shown(line: str | None, changes: Changes) -> str | None:
    """A line of the board's for a terminal: the console's JSON as a person reads it.

    None if there is nothing to show.
    """
    with contextlib.suppress(ValueError, KeyError, TypeError):
        text = changes.readable(json.loads(line or ""))
        # The line does not tell whether the board has a button.
        return text and text.replace("Hold the button", "Restart, or hold its button,")
    return printable(line) if line else None


def _no_answer(port: str, error: Lost) -> str:
    if not is_there(port):
        return (
            f"there is no port {port}: plug the board in, and see what `.venv/bin/mpremote devs` "
            "lists"
        )
    if "failed to access" in str(error):
        return (
            f"{port} can't be opened: end the program that has it, or get the right to (on Linux: "
            "the group dialout)"
        )
    return (
        f"{port} does not answer as MicroPython does: take the board's port; if it is that, reset "
        'the board and try again at once; `"repl": false` in its config.json closes this way '
        "(docs/security.md)"
    )
