"""The console: one JSON line a change on stdout. Its keys are a contract (README)."""

import json
import sys
from collections import OrderedDict

from .indication import Indication


class Console:
    """Writes an indication whenever it differs from the one before."""

    def __init__(self) -> None:
        self._last = ""

    def show(self, indication: Indication, t_ms: int) -> None:
        """Write a line if anything in it is new. t_ms: milliseconds since the firmware started.

        Raises OSError if stdout is closed.
        """
        fields = _fields(indication)
        if fields == self._last:
            return
        self._last = fields
        print('{"t_ms": %d, %s' % (t_ms, fields))
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()


def _fields(indication: Indication) -> str:
    """The line after its time."""
    return json.dumps(
        OrderedDict(
            (
                ("state", indication.state),
                ("reason", indication.reason),
                ("connected", indication.connected),
                ("paused", indication.paused),
                ("light", OrderedDict((("pattern", indication.pattern), ("rgb", indication.rgb)))),
                ("project", indication.project),
                ("creator", indication.creator),
                ("expires_at", indication.expires_at),
                ("user_code", indication.user_code),
            )
        )
    )[1:]
