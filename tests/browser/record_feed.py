"""Records recorded_feed.json: what the page is told in the first 55 s of a board.

It pairs, is paused and resumed, loses its socket, and is paused again:

    PYTHONPATH=.browser .venv/bin/python -m tests.browser.record_feed

Then `make pictures`, because they show it.
"""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from .bench import Bench, control

FILE = Path(__file__).parent / "recorded_feed.json"
# (ms of the bench, order)
STORY = ((21_500, "pause"), (30_600, "resume"), (33_650, "kill"), (45_650, "pause"))
APPROVED_MS, END_MS = 7_500, 55_000


def batch(url: str) -> dict[str, Any]:
    """The first batch of the feed: all that is known."""
    with urllib.request.urlopen(f"{url}feed", timeout=10) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                told: dict[str, Any] = json.loads(line[len(b"data: ") :])
                return told
    raise AssertionError("the feed has ended")


def main() -> None:
    """Record it."""
    bench = Bench("--pair", "page")
    try:
        code = bench.code()
        begun_s = time.monotonic() - batch(bench.url)["now_ms"] / 1000

        def wait_until(at_ms: int) -> None:
            time.sleep(max(0.0, begun_s + at_ms / 1000 - time.monotonic()))

        wait_until(APPROVED_MS)
        control(bench.url, "approve", user_code=code)
        for at_ms, order in STORY:
            wait_until(at_ms)
            control(bench.url, order)
        wait_until(END_MS)
        told = batch(bench.url)
    finally:
        bench.stop()
    assert not told["lost"] and told["rows"][0]["text"] == "power on"
    FILE.write_text(json.dumps(told))


if __name__ == "__main__":
    main()
