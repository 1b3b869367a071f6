"""The virtual board beside the mock, as the process that owns it tells of it and obeys for it.

Lines of JSON: what the board shows comes on stdin, orders for it go to stdout.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

ACTIONS = (
    "press",
    "hold",
    "double_press",
    "power_on",
    "power_off",
    "wifi_in_range",
    "wifi_out_of_range",
    "plug_display",
    "unplug_display",
)


class Board:
    """One board.

    send(line): writes a line to its process. client_of_code(user_code): the client_id that a code
    was made for, or None. client_id: that of the code which the board showed last. facts: what it
    shows now: `power` and `wifi` and `display` (booleans), `line` (the last console line), `screen`
    (the display's picture), `memory` (free and used bytes), each once it is known.
    """

    def __init__(
        self, send: Callable[[str], object], client_of_code: Callable[[str], str | None]
    ) -> None:
        self._send = send
        self._client_of_code = client_of_code
        self.client_id: str | None = None
        self.facts: dict[str, Any] = {}

    def order(self, action: str) -> None:
        """Have its process do something."""
        self._send(json.dumps({"action": action}))

    def heard(self, text: str, feed: Any, scale: Callable[[float], int]) -> None:
        """Take a line of its process.

        scale(monotonic_s): the time on the feed's scale.
        """
        told = json.loads(text)
        self.facts.update(told.get("facts", {}))
        code = (self.facts.get("line") or {}).get("user_code")
        if code:
            self.client_id = self._client_of_code(code) or self.client_id
        for at_s, red, green, blue in told.get("edges", ()):
            feed.edges.add([scale(at_s), red, green, blue])
        for at_s, sender, kind, words, detail in told.get("rows", ()):
            feed.add(scale(at_s), sender, kind, words, detail)
        feed.touch()
