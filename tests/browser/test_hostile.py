"""Whatever a name holds, the page shows it as text, in its place."""

from typing import Any

import pytest

from tools.rig import Rig

from . import stub
from .bench import control

IMAGE = "<img src=x onerror='window.hacked = 1'>"
NAMES = {
    "markup": IMAGE,
    "script": "</bdi><script>window.hacked = 1</script>",
    "template": "${window.hacked = 1} {{hacked}} javascript:window.hacked=1",
    "bidi": "\u202eenilnO\u2066\u2069 \u200fabc",
    "long": "W" * 10_000,
    "long words": "Lorem ipsum " * 900,
    "controls": "a\x00b\x1b[2J\nc\td",
    "joined": "e" + "\u0301" * 5000,
    "emoji": "👩\u200d🎬" * 400,
    "arabic": "مشروع الفيلم",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_of_the_service(rig: Rig, make_page: Any, name: str) -> None:
    mock = rig.mock()
    rig.device(rig.config(mock.url)).wait(state="online")
    url = mock.url + "/"
    control(url, "device", project=name, creator=name, expires_at=name)
    control(url, "event", event=name, payload=name)
    page = make_page(url, viewport={"width": 360, "height": 800})
    page.wait_for_selector('.card[data-online="true"]')
    page.wait_for_selector("#rows li")
    stays_text(page)
    for summary in page.locator(".card summary, #rows summary").all()[:6]:
        summary.click()
    stays_text(page)


def stays_text(page: Any) -> None:
    """Nothing of it is markup, runs, or leaves its place."""
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, main script, object, embed").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    card = page.locator(".card").bounding_box()
    assert card["height"] < 800
    shown = page.locator(".card").inner_text()
    assert not set(shown) & set("\u202e\u2066\u2069\u200f\x00\x1b")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_of_the_board(stub_url: str, make_page: Any, name: str) -> None:
    line = {**stub.RECORDED["board_line"], "project": name, "reason": name, "words": [name, name]}
    row = {"t_ms": stub.RECORDED["now_ms"], "sender": "board", "kind": "log", "device": ""}
    row |= {"text": name[:200], "detail": name[:2000]}
    upload = {"name": name[:300], "status": 409, "t_ms": 1}
    card = {**stub.RECORDED["cards"][0], "name": name[:300], "uploads": [upload]}
    script = stub.script(board_line=line, rows=[row], cards=[card], codes=[name])
    page = make_page(stub_url, script=script, viewport={"width": 360, "height": 800})
    page.wait_for_selector("#rows li")
    for summary in page.locator(".card summary, #rows summary").all():
        summary.click()
    stays_text(page)


def test_an_error_that_quotes_what_was_typed(rig: Rig, make_page: Any) -> None:
    page = make_page(rig.mock().url + "/", refusals=1)
    page.locator("#code").evaluate("(input) => { input.maxLength = 1000; }")
    page.locator("#code").fill(IMAGE)
    page.get_by_role("button", name="Pair", exact=True).click()
    page.wait_for_selector("#notice:not([hidden])")
    assert page.locator("#notice img").count() == 0
    assert page.evaluate("window.hacked") is None
