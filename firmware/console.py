"""The console: one JSON line a change on stdout. Others read it, so its keys are a contract (README)."""

import json
import sys
from collections import OrderedDict

from .face import Face


class Console:
    """Writes a face whenever it differs from the one before."""

    def __init__(self) -> None:
        self._last = ""

    def show(self, face: Face, t_ms: int) -> None:
        """Write a line if anything in it is new. t_ms: milliseconds since the firmware started."""
        fields = _fields(face)
        if fields == self._last:
            return
        self._last = fields
        print('{"t_ms": %d, %s' % (t_ms, fields))
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()


def _fields(face: Face) -> str:
    """The line behind its time."""
    return json.dumps(
        OrderedDict(
            (
                ("state", face.state),
                ("reason", face.reason),
                ("connected", face.connected),
                ("paused", face.paused),
                ("light", OrderedDict((("pattern", face.pattern), ("rgb", face.rgb)))),
                ("project", face.project),
                ("creator", face.creator),
                ("expires_at", face.expires_at),
                ("user_code", face.user_code),
            )
        )
    )[1:]
