"""A page without a mock behind it: the feed is a recorded batch, and time stands still."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDED = json.loads((Path(__file__).parent / "recorded_feed.json").read_text())
_SCRIPT = """
const batch = %s;
performance.now = () => 1000;
window.EventSource = class extends EventTarget {
    constructor() {
        super();
        window.feed = this;
        setTimeout(() => {
            this.dispatchEvent(new Event("open"));
            this.tell(batch);
        });
    }
    tell(told) {
        this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(told) }));
    }
    close() {}
};
"""


def script(**changes: Any) -> str:
    """What a page runs first. changes: of the recorded batch."""
    return _SCRIPT % json.dumps({**RECORDED, **changes})
