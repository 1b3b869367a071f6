"""The bench as a process, and what is read off its page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from typing import Any

from PIL import Image
from playwright.sync_api import Page

from tools.on_cpython import ROOT

TITLE_ROWS = 10
_DEADLINE_S = 30
PIXELS_SCRIPT = """(canvas) => {
    const [pitch, context] = [4, canvas.getContext("2d")];
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const rows = [];
    for (let y = 1; y < canvas.height; y += pitch) {
        let row = "";
        for (let x = 1; x < canvas.width; x += pitch) {
            row += data[4 * (y * canvas.width + x) + 3] > 127 ? "1" : "0";
        }
        rows.push(row);
    }
    return rows;
}"""


class Bench:
    """`make run`, where the page pairs. url: the page's. code: what the device shows first."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.run", *arguments],
            cwd=ROOT,
            env={**os.environ, "TERM": "dumb"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = self._read(r"open (http\S+)")

    def code(self) -> str:
        """The next code that the device shows."""
        return self._read(r"enter the code (\d{6})")

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(20) == 0

    def _read(self, wanted: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(wanted, line):
                return found.group(1)
        raise AssertionError(f"never printed: {wanted}")


def control(url: str, order: str, **body: Any) -> None:
    """Give the mock an order."""
    request = urllib.request.Request(
        f"{url}control/{order}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def pixels(page: Page) -> list[str]:
    """What the display on the page shows: a row of 0 and 1 each."""
    rows: list[str] = page.locator("#display").evaluate(PIXELS_SCRIPT)
    return rows


def golden_rows(name: str, count: int) -> list[str]:
    """The first rows of a golden picture of the firmware's screen."""
    with Image.open(ROOT / f"tests/golden/screen/128x64/{name}.png") as file:
        picture = file.convert("1")
    return [
        "".join("1" if picture.getpixel((x, y)) else "0" for x in range(picture.width))
        for y in range(count)
    ]


def wait_for_title(page: Page, name: str) -> None:
    """Wait until the display on the page has the title of a golden picture."""
    wanted = golden_rows(name, TITLE_ROWS)
    end = time.monotonic() + _DEADLINE_S
    while pixels(page)[:TITLE_ROWS] != wanted:
        assert time.monotonic() < end, f"the display never showed {name}"
        page.wait_for_timeout(50)


def facts(page: Page) -> dict[str, str]:
    """What stands below the device."""
    names, values = (page.locator(f"#facts {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def wait_for_facts(page: Page, **wanted: str) -> None:
    """Wait until these stand below the device; a value is a pattern."""
    end = time.monotonic() + _DEADLINE_S
    while not all(re.fullmatch(value, facts(page)[name]) for name, value in wanted.items()):
        assert time.monotonic() < end, f"never so: {wanted}; {facts(page)}"
        page.wait_for_timeout(50)


def wait_for_state(page: Page, state: str, timeout_s: float = 60) -> None:
    """Wait until the device is in this state, on the page."""
    page.wait_for_selector(f"#board[data-state={state}]", timeout=timeout_s * 1000)


def wait_for_light(page: Page, words: str, timeout_s: float = 30) -> None:
    """Wait until the light is described so."""
    page.wait_for_selector(f'#lamp[aria-label="Light: {words}"]', timeout=timeout_s * 1000)
