"""A page without a mock behind it: the feed is a recorded batch, and time stands still."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

RECORDED = json.loads((Path(__file__).parent / "recorded_feed.json").read_text())
_SCRIPT = """
const batch = %s;
performance.now = () => 1000;
window.EventSource = class extends EventTarget {
    static CLOSED = 2;
    constructor() {
        super();
        this.readyState = 1;
        window.feed = this;
        setTimeout(() => {
            this.dispatchEvent(new Event("open"));
            this.tell(batch);
        });
    }
    tell(told) {
        this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(told) }));
    }
    close() {
        this.readyState = 2;
    }
};
"""


def script(**changes: Any) -> str:
    """What a page runs first. changes: of the recorded batch."""
    return _SCRIPT % json.dumps({**RECORDED, **changes})


def tell(page: Page, **batch: Any) -> None:
    """Have the feed tell a batch."""
    told = {"now_ms": RECORDED["now_ms"], "rows": [], "edges": [], "cards": [], "gone": []}
    page.evaluate("(batch) => window.feed.tell(batch)", {**told, "lost": 0, **batch})
