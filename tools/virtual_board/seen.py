"""What has been seen of a virtual board, and waits for more."""

from __future__ import annotations

import codecs
import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

DEADLINE_S = 120.0  # ends what hangs; no test may depend on it: a machine may be busy
_CHARACTERS_A_ROW = 64

Event = dict[str, Any]
Rows = Callable[[], list[Event]]


class Seen:
    """events: what the board has shown, in order. lines: JSON objects that it printed. output:
    stdout. errors: stderr.

    most_rows: so many events and lines are kept at least, and at most twice as many, and 64 to 128
    characters of output and errors for each; `wait` and `wait_line` then see the kept ones only.
    None: everything is kept. Its methods may be called from any thread.
    """

    def __init__(self, most_rows: int | None = None) -> None:
        self._most_rows = most_rows
        self._dropped = {"events": 0, "lines": 0}
        self._listeners: list[Callable[[str, Event], object]] = []
        self.events: list[Event] = []
        self.lines: list[Event] = []
        self.output = ""
        self.errors = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._news = threading.Condition()
        self._is_on = False

    def mark(self) -> int:
        """How many events there were so far: what `wait(after=…)` takes."""
        with self._news:
            return self._dropped["events"] + len(self.events)

    def listen(self, function: Callable[[str, Event], object]) -> None:
        """Have function("event" or "line", row) called with all that comes from now on.

        It is called in the thread that heard it, and must not wait for the board.
        """
        self._listeners.append(function)

    def wait(
        self,
        what: str | Callable[[Event], bool],
        after: int = 0,
        deadline_s: float = DEADLINE_S,
        **fields: Any,
    ) -> Event:
        """Wait for an event behind the first `after` ones.

        what: a kind, with these fields, or a function: what(event) is true.
        """
        if isinstance(what, str):
            fields["kind"] = what
        test = what if callable(what) else lambda event: fields.items() <= event.items()
        return self._wait_in(
            lambda: self._rows("events", after), test, deadline_s, f"{what} {fields}"
        )

    def wait_line(self, after: int = 0, deadline_s: float = DEADLINE_S, **fields: Any) -> Event:
        """Wait for a console line with these fields, behind the first `after` lines."""
        return self._wait_in(
            lambda: self._rows("lines", after),
            lambda line: fields.items() <= line.items(),
            deadline_s,
            f"{fields}",
        )

    def wait_log(self, text: str, after: int = 0, deadline_s: float = DEADLINE_S) -> None:
        """Wait for a text on stderr, behind its first `after` characters."""
        self._wait_in(
            lambda: [{"text": self.errors[after:]}],
            lambda log: text in log["text"],
            deadline_s,
            text,
        )

    def wait_output(self, text: str, after: int = 0, deadline_s: float = DEADLINE_S) -> None:
        """Wait for a text on stdout, behind its first `after` characters."""
        self._wait_in(
            lambda: [{"text": self.output[after:]}],
            lambda said: text in said["text"],
            deadline_s,
            text,
        )

    def _rows(self, name: str, after: int) -> list[Event]:
        rows: list[Event] = getattr(self, name)
        return rows[max(0, after - self._dropped[name]) :]

    def _wait_in(
        self, rows: Rows, test: Callable[[Event], bool], deadline_s: float, wanted: str
    ) -> Event:
        end = time.monotonic() + deadline_s
        with self._news:
            while True:
                is_on = self._is_on
                for row in rows():
                    if test(row):
                        return row
                left_s = end - time.monotonic()
                if not is_on or left_s <= 0:
                    state = "on" if is_on else "off"
                    last = rows()[-20:]
                    raise AssertionError(
                        f"never seen: {wanted}; the board is {state}; {last}; stderr: {self.errors}"
                    )
                self._news.wait(left_s)

    def _hear(self, data: bytes) -> None:
        """What came over the serial line."""
        begun = self.output.rfind("\n") + 1
        with self._news:
            self.output += self._decode(data)
            self.errors = self.output
            self._news.notify_all()
        for text in self.output[begun:].split("\n")[:-1]:
            self._read_line(text)
        self.output = self.errors = self._kept(self.output)

    def _read_line(self, text: str) -> None:
        if text.startswith("{") and text.rstrip().endswith("}"):
            with contextlib.suppress(ValueError):  # what is not a console line is only output
                self._add("lines", json.loads(text))

    def _add(self, name: str, row: Event) -> None:
        with self._news:
            rows: list[Event] = getattr(self, name)
            rows.append(row)
            if self._most_rows and len(rows) > 2 * self._most_rows:
                self._dropped[name] += len(rows) - self._most_rows
                del rows[: -self._most_rows]
            self._news.notify_all()
        for function in self._listeners:
            function(name.removesuffix("s"), row)

    def _kept(self, text: str) -> str:
        """The end of a text that must not grow."""
        most = (self._most_rows or 0) * _CHARACTERS_A_ROW
        return text[-most:] if most and len(text) > 2 * most else text
