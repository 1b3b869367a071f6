"""The console: one JSON line a change on stdout. Its keys are a contract (README)."""

import json
import sys
from collections import OrderedDict

from micropython import const

from .text_output import TextOutput, plain

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .indication import Indication


class Console:
    """Writes an indication whenever it differs from the one before.

    is_behind: the newest line is lost: stdout is full, unread or closed, or there was no memory.
    """

    def __init__(self) -> None:
        self.is_behind = False
        self._output = TextOutput(sys.stdout)
        self._last = ""

    def show(self, indication: Indication, t_ms: int) -> None:
        """Write a line if anything in it is new. t_ms: milliseconds since the firmware started."""
        try:
            fields = _fields(indication)
            if fields == self._last:
                return
            self.is_behind = not self._output.write_line('{"t_ms": %d, %s' % (t_ms, fields))
            self._last = "" if self.is_behind else fields
        except MemoryError:
            self.is_behind = True


def _fields(indication: Indication) -> str:
    """The line after its time."""
    fields = OrderedDict(
        (
            ("state", indication.state),
            ("reason", indication.reason),
            ("connected", indication.connected),
            ("paused", indication.paused),
            ("light", OrderedDict((("pattern", indication.pattern), ("rgb", indication.rgb)))),
            ("project", _plain(indication.project)),
            ("creator", _plain(indication.creator)),
            ("expires_at", _plain(indication.expires_at)),
            ("user_code", _plain(indication.user_code)),
        )
    )
    if indication.application:
        fields["application"] = _plain(indication.application.line)
        fields["badge"] = _plain(indication.application.badge)
    return json.dumps(fields)[1:]


def _plain(text: str | None) -> str | None:
    """Text from outside, safe for a terminal that shows the line or a value of it."""
    return None if text is None else plain(text)
