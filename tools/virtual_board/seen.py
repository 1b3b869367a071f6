"""What has been seen of a virtual board, and waits for more."""

from __future__ import annotations

import codecs
import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

DEADLINE_S = 120.0  # ends what hangs; no test may depend on it, for a machine may be busy

Event = dict[str, Any]
Rows = Callable[[], list[Event]]


class Seen:
    """events: what the board has shown, in order. lines: JSON objects that it printed. output:
    stdout. errors: stderr.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
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
            return len(self.events)

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
        return self._wait_in(lambda: self.events[after:], test, deadline_s, f"{what} {fields}")

    def wait_line(self, after: int = 0, deadline_s: float = DEADLINE_S, **fields: Any) -> Event:
        """Wait for a console line with these fields, behind the first `after` lines."""
        return self._wait_in(
            lambda: self.lines[after:],
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

    def wait_news(self, lines: int, events: int) -> None:
        """Wait until there are more console lines or events than these, or the board is off.

        There is no deadline.
        """
        with self._news:
            self._news.wait_for(lambda: len(self.lines) > lines or len(self.events) > events)

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

    def _read_line(self, text: str) -> None:
        if text.startswith("{") and text.rstrip().endswith("}"):
            with contextlib.suppress(ValueError):  # what is not a console line is only output
                self._add(self.lines, json.loads(text))

    def _add(self, rows: list[Event], row: Event) -> None:
        with self._news:
            rows.append(row)
            self._news.notify_all()
