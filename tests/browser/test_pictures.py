"""The golden pictures of the page, which README shows; and that nothing on it keeps people out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageChops
from playwright.sync_api import Page

from tools.on_cpython import ROOT

from . import stub

GOLDEN = ROOT / "tests/golden/page"
FAILED = ROOT / "build/failed_pictures"
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 1440}},
    "dark": {"viewport": {"width": 1280, "height": 1440}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 2600}},
}
TOPS = {  # README's picture: the page without its time line
    "light": ROOT / "docs/pictures/bench.png",
    "dark": ROOT / "docs/pictures/bench-dark.png",
}
_TOP_PIXELS = 895
_FAR = 40  # of 255: a colour that differs by more is another one, not another rounding
_MOST_FAR = 0.02  # share of the pixels: edges of letters, in another version of Chromium


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest, stub_url: str, make_page: Any) -> tuple[str, Page]:
    """(its name, the page with the recorded batch)."""
    options = {"reduced_motion": "reduce", **VIEWS[request.param]}
    page = make_page(stub_url, script=stub.script(), **options)
    page.wait_for_selector(".card")
    page.wait_for_selector("#rows li")
    return request.param, page


def test_the_page_looks_as_it_should(view: tuple[str, Page]) -> None:
    name, page = view
    FAILED.mkdir(parents=True, exist_ok=True)
    path = FAILED / f"page-{name}.png"
    page.screenshot(path=path)
    golden = GOLDEN / f"{name}.png"
    if os.environ.get("WRITE_PICTURES"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        path.replace(golden)
        if name in TOPS:
            top_of(golden).save(TOPS[name], optimize=True)
        return
    share = difference(path, golden)
    assert share <= _MOST_FAR, f"{share:.1%} of {path} is not as in {golden}"
    path.unlink()


def top_of(golden: Path) -> Image.Image:
    """The upper part of a picture, in 256 colours: a quarter of the bytes."""
    with Image.open(golden) as picture:
        return (
            picture.convert("RGB")
            .crop((0, 0, picture.width, _TOP_PIXELS))
            .quantize(256, Image.Quantize.FASTOCTREE)
        )


@pytest.mark.parametrize("name", TOPS)
def test_readme_shows_the_golden_picture(name: str) -> None:
    with Image.open(TOPS[name]) as shown:
        assert (
            shown.convert("RGB").tobytes()
            == top_of(GOLDEN / f"{name}.png").convert("RGB").tobytes()
        )


def difference(seen: Any, golden: Any) -> float:
    """The share of pixels that are far from the golden ones."""
    with Image.open(seen) as one, Image.open(golden) as other:
        assert one.size == other.size
        gap = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
    far = sum(gap.point(lambda value: value > _FAR, "L").histogram()[1:])
    return far / (gap.width * gap.height)


def test_another_picture_is_told(tmp_path: Any) -> None:
    assert difference(GOLDEN / "light.png", GOLDEN / "light.png") == 0
    assert difference(GOLDEN / "light.png", GOLDEN / "dark.png") > 10 * _MOST_FAR
    with Image.open(GOLDEN / "light.png") as file:
        picture = file.convert("RGB")
    picture.paste((255, 255, 255), (650, 60, 1250, 500))  # the device is gone
    picture.save(tmp_path / "without.png")
    assert difference(tmp_path / "without.png", GOLDEN / "light.png") > _MOST_FAR


def test_nothing_is_wider_than_the_window(view: tuple[str, Page]) -> None:
    name, page = view
    width = VIEWS[name]["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_axe_finds_nothing(view: tuple[str, Page]) -> None:
    _, page = view
    for summary in page.locator("summary:visible").all()[:6]:
        summary.click()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_strip_tells_what_is_under_the_pointer(view: tuple[str, Page]) -> None:
    _, page = view
    strip = page.locator("#strip")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box
    tip = page.locator("#tip")
    told = set()
    for x in range(90, int(box["width"]), 3):
        page.mouse.move(box["x"] + x, box["y"] + 20)
        if tip.is_visible():
            told.add(tip.inner_text())
            inside = tip.bounding_box()
            assert inside and inside["x"] + inside["width"] <= box["x"] + box["width"] + 1
    assert any("heartbeat" in text for text in told), told
    assert any("POST /v2/auth/token" in text for text in told), told


def test_reduced_motion_moves_nothing(view: tuple[str, Page]) -> None:
    _, page = view
    assert page.evaluate("document.getAnimations().length") == 0
    assert (
        page.locator("#lamp-words").inner_text()
        == "amber, 1.0 s on, 0.2 s off, 0.2 s on, 0.2 s off"
    )
