"""Is a unit good? Judged by what its own console says. Pure."""

from __future__ import annotations

import json
from typing import Any

from tools.on_cpython import device_module
from tools.run.readable import printable

_REASONS = device_module("firmware.strings").REASONS
_NO_NETWORK = ("fault", "starting", "no_network")
_PASSED = ("pairing", "paused", "online")  # Frame.io has said something that only it can say
_KEYS = {"t_ms", "state", "reason", "connected", "light"}
_LONGEST = 100
BOOT, LIGHT, NETWORK, TIME, FRAMEIO = "boot", "light", "network", "time", "Frame.io"


class Verdict:
    """What is known of a unit so far.

    is_passed: it boots, its light is on, it has a network and the time, and Frame.io answers.
    is_failed: it can't get better by itself.
    """

    def __init__(self) -> None:
        self.is_passed = self.is_failed = False
        self._line: dict[str, Any] | None = None
        self._is_lit = False
        self._last = ""

    def hear(self, text: str) -> None:
        """A line that it has said."""
        line = _console_line(text)
        if line is None:
            self._last = printable(text.strip())[:_LONGEST] or self._last
            return
        self._line = line
        self._is_lit = self._is_lit or line["light"]["pattern"] != "off"
        is_there = line["connected"] and line["state"] in _PASSED
        self.is_passed = bool(self._is_lit and is_there)
        self.is_failed = line["state"] == "fault"

    def step(self) -> str:
        """The first of the steps that it has not made."""
        line = self._line
        if line is None or line["state"] == "fault":
            return BOOT
        if not self._is_lit:
            return LIGHT
        if line["state"] in _NO_NETWORK:
            return NETWORK
        if line["reason"] == "clock":
            return TIME
        return FRAMEIO

    def why(self) -> str:
        """Why it has not made that step, for a person."""
        if self._line is None:
            return f'not started; it says "{self._last}"' if self._last else "it says nothing"
        reason = self._line["reason"]
        if not isinstance(reason, str):
            return f"it stays in {printable(str(self._line['state']))}"
        meaning, remedy = _REASONS.get(reason, (reason, ""))
        return printable(f"{meaning}: {remedy}" if remedy else meaning)


def _console_line(text: str) -> dict[str, Any] | None:
    """A line of the console, or None if it is something else."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    is_one = isinstance(line, dict) and line.keys() >= _KEYS and isinstance(line["light"], dict)
    return line if is_one and "pattern" in line["light"] else None
