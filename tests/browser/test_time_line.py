"""The time line: filters, Freeze, what is saved, and a whole minute on its strip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from . import stub
from .conftest import MakePage
from .stub import tell

NOW_MS = stub.RECORDED["now_ms"]
ROWS = stub.RECORDED["rows"]
# Share of the strip's columns, from so many seconds ago to now, in which a lane has a bluish pixel.
_BLUE_SHARE = """(canvas, [lane, from_s]) => {
    const ratio = canvas.width / canvas.clientWidth;
    const [left, right] = [84, canvas.clientWidth - 8];
    const begin = right - ((right - left) * from_s) / 60;
    const y = Math.round((8 + lane * 30 + 12) * ratio);
    const row = canvas.getContext("2d").getImageData(0, y, canvas.width, 1).data;
    let count = 0;
    for (let x = Math.ceil(begin); x < right; x++) {
        const at = 4 * Math.round(x * ratio);
        count += row[at + 2] > 60 && row[at] < 50 && row[at + 3] > 127;
    }
    return count / (right - begin);
}"""
_LIGHT_LANE = 3


@pytest.fixture
def page(stub_url: str, make_page: MakePage) -> Page:
    """The page with the recorded batch."""
    page = make_page(stub_url, script=stub.script())
    page.wait_for_selector("#rows li")
    return page


def row(text: str, **changes: Any) -> dict[str, Any]:
    """A new row."""
    made = {"t_ms": NOW_MS + 1, "sender": "device", "kind": "frame", "device": "", "detail": ""}
    return {**made, "text": text, **changes}


def shown(page: Page) -> list[str]:
    """The texts of the rows, the newest first."""
    return page.locator("#rows .words").all_inner_texts()


def saved(page: Page, folder: Path) -> list[dict[str, Any]]:
    """What Save gives."""
    with page.expect_download() as download:
        page.locator("#save").click()
    path = folder / "saved"
    download.value.save_as(path)
    assert download.value.suggested_filename == "pilotlight-timeline.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_words_filter_what_is_shown_and_saved(page: Page, tmp_path: Path) -> None:
    assert len(shown(page)) == len(ROWS)
    assert saved(page, tmp_path) == ROWS
    page.get_by_label("Filter").fill("  HeartBeat ")
    wanted = [one for one in ROWS if "heartbeat" in one["text"] + one["detail"]]
    assert 0 < len(wanted) < len(ROWS)
    assert shown(page) == [one["text"] for one in reversed(wanted)]
    tell(page, rows=[row("a heartbeat more"), row("something else")])
    assert shown(page)[0] == "a heartbeat more"
    assert saved(page, tmp_path)[-1]["text"] == "a heartbeat more"
    page.get_by_label("Filter").fill("no such thing")
    assert shown(page) == []
    page.get_by_label("Filter").fill("")
    assert shown(page)[:2] == ["something else", "a heartbeat more"]


def test_each_kind_can_be_left_out(page: Page) -> None:
    kinds = {
        "Frames": {"frame"},
        "Requests": {"request", "answer"},
        "States": {"state"},
        "Events": {"event", "end", "display"},
        "Orders": {"order"},
        "Log": {"log"},
    }
    chips = page.locator("#kinds button")
    assert chips.all_inner_texts() == list(kinds)
    for chip in chips.all():
        left = [one for one in ROWS if one["kind"] not in kinds[chip.inner_text()]]
        assert len(left) < len(ROWS)
        chip.click()
        assert chip.get_attribute("aria-pressed") == "false"
        assert shown(page) == [one["text"] for one in reversed(left)]
        chip.click()
        assert chip.get_attribute("aria-pressed") == "true"
        assert len(shown(page)) == len(ROWS)


def test_freeze_holds_everything_until_it_is_released(page: Page, tmp_path: Path) -> None:
    freeze = page.get_by_role("button", name="Freeze")
    freeze.click()
    assert freeze.get_attribute("aria-pressed") == "true"
    page.wait_for_timeout(250)  # the strip is drawn every 200 ms
    strip = "document.querySelector('#strip').toDataURL()"
    before = page.evaluate(strip)
    tell(page, now_ms=NOW_MS + 5000, rows=[row("a heartbeat later")])
    page.wait_for_timeout(250)
    assert page.evaluate(strip) == before
    assert "a heartbeat later" not in shown(page)
    page.get_by_label("Filter").fill("heartbeat")
    assert shown(page) and "a heartbeat later" not in shown(page)
    assert "a heartbeat later" not in [one["text"] for one in saved(page, tmp_path)]
    freeze.click()
    assert shown(page)[0] == "a heartbeat later"
    assert saved(page, tmp_path)[-1]["text"] == "a heartbeat later"
    page.wait_for_timeout(250)
    assert page.evaluate(strip) != before


def test_rows_that_were_too_many_are_told(page: Page) -> None:
    tell(page, lost=7, rows=[row("the next one")])
    assert shown(page)[:2] == ["the next one", "7 rows were too many"]


def test_details_open_by_keyboard(page: Page) -> None:
    summary = page.locator("#rows summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#rows details[open] pre").first.is_visible()


def test_a_light_that_rises_and_falls_fills_its_lane(stub_url: str, make_page: MakePage) -> None:
    edges = [[NOW_MS - 60_000 + 50 * i, 0, 0, 100 + i % 20] for i in range(1200)]
    script = stub.script(edges=edges)
    page = make_page(stub_url, script=script, viewport={"width": 1280, "height": 900})
    page.wait_for_selector("#rows li")
    page.wait_for_timeout(250)
    strip = page.locator("#strip")
    assert strip.evaluate(_BLUE_SHARE, [_LIGHT_LANE, 58]) > 0.95
    assert strip.evaluate(_BLUE_SHARE, [_LIGHT_LANE + 1, 58]) < 0.05
