"""What the page makes of what it is told: cards, light and facts; and its controls by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from . import stub
from .bench import wait_for_light
from .conftest import MakePage
from .stub import tell

NOW_MS = stub.RECORDED["now_ms"]
CARD = stub.RECORDED["cards"][0]
OTHER = {**CARD, "id": "other", "name": "OTHER", "is_board": False, "heartbeat_ms": NOW_MS}
_COLOUR = "(element) => getComputedStyle(element).backgroundColor"
_FOCUSABLE = "a[href], button, input, summary, [tabindex='0']"
_SMALLEST_TARGET_PX = 24  # WCAG 2.2, success criterion 2.5.8
# Notes each focus, and whether it can be seen.
_WATCH_FOCUS = """() => {
    window.seen = [];
    document.addEventListener("focusin", ({ target }) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(target);
        window.seen.push([target, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2]);
    });
}"""
_WANTED = (
    f"""[...document.querySelectorAll("{_FOCUSABLE}")].filter((one) => one.checkVisibility())"""
)


@pytest.fixture
def page(request: pytest.FixtureRequest, stub_url: str, make_page: MakePage) -> Page:
    """The page with the recorded batch and a second device."""
    script = stub.script(cards=[CARD, OTHER])
    viewport = {"width": getattr(request, "param", 1280), "height": 900}
    page = make_page(stub_url, script=script, viewport=viewport)
    page.wait_for_selector(".card >> nth=1")
    return page


def fact(page: Page, name: str) -> Any:
    """What stands below the device."""
    return page.locator("#facts div", has=page.get_by_text(name, exact=True)).locator("dd")


def test_the_next_heartbeat_is_that_of_the_boards_device(page: Page) -> None:
    beat = fact(page, "Next heartbeat")

    def told(**changes: Any) -> str:
        tell(page, cards=[{**CARD, **changes}], board_power=True)
        return str(beat.inner_text())

    assert told() == "in 2 s"  # although OTHER's was a second later
    assert told(heartbeat_ms=NOW_MS) == "in 15 s"
    assert told(heartbeat_ms=NOW_MS - 15_001) == "now"
    assert told(heartbeat_ms=None) == "soon"
    assert told(online=False) == "\u2013"
    assert told(is_board=False) == "\u2013"


def test_a_card_shows_its_state_by_colour_and_by_words(page: Page) -> None:
    card = page.locator(".card", has_text="OTHER")
    dot = "(card) => getComputedStyle(card.querySelector('.status'), '::before').backgroundColor"
    grey = "grayscale(1)"

    def told(**changes: Any) -> tuple[str, str]:
        tell(page, cards=[{**OTHER, **changes}])
        filter_ = card.evaluate("(card) => getComputedStyle(card).filter")
        return card.locator(".status").inner_text(), filter_

    assert told(paused=False) == ("Online", "none")
    red, green, blue = map(int, card.evaluate(dot)[4:-1].split(", ")[:3])
    assert green > 1.5 * max(red, blue)
    assert told(paused=True) == ("Online · Paused", "none")
    mark = "(card) => getComputedStyle(card.querySelector('.status'), '::before').backgroundImage"
    assert "gradient" in card.evaluate(mark)  # two bars
    assert told(online=False, paused=True) == ("Offline · Paused", grey)
    assert told(online=False, paused=False) == ("Offline", grey)
    assert told(online=False, removed=True) == ("Removed", grey)
    card.get_by_text("Its next call tells the device; until then it looks as before.").wait_for()
    assert card.get_by_role("button").count() == 0
    assert page.locator("#count").inner_text() == "1"
    assert told(removed=False)[0] == "Online · Paused"  # paired again
    assert card.get_by_role("button").count() == 2


@pytest.mark.parametrize("told", [{"cards": [{**OTHER, "removed": True}]}, {"gone": ["other"]}])
def test_the_focus_of_a_card_that_leaves_stays_near(page: Page, told: dict[str, Any]) -> None:
    page.get_by_role("button", name="Remove OTHER").focus()
    tell(page, cards=[{**CARD, "paused": False}])
    assert page.evaluate("document.activeElement.textContent") == "Remove"  # another card's news
    tell(page, **told)
    assert page.evaluate("document.activeElement.id") == "cards-heading"


def test_the_editor_begins_with_what_is_so(page: Page) -> None:
    card = page.locator(".card", has_text="OTHER")
    card.get_by_text("Edit").click()
    project = card.get_by_label("Project")
    assert project.input_value() == "Testbed"
    project.fill("half a na")
    tell(page, cards=[{**OTHER, "project": "Renamed by another"}])
    assert project.input_value() == "half a na"


def test_the_light_shines_as_its_edges_were(page: Page) -> None:
    wait_for_light(page, "amber, 1.0 s on, 0.2 s off, 0.2 s on, 0.2 s off")
    lamp = page.locator("#lamp")
    at = """(lamp, ms) => {
        const [animation] = lamp.getAnimations();
        animation.pause();
        animation.currentTime = ms;
        return getComputedStyle(lamp).backgroundColor;
    }"""
    shown = [lamp.evaluate(at, ms) for ms in range(5, 1500, 50)]
    assert len(set(shown)) == 2
    amber = max(set(shown), key=shown.count)
    dark = (set(shown) - {amber}).pop()
    assert 6 <= shown.count(dark) <= 8  # 0.34 of 1.51 s, in two parts
    red, green, blue = map(int, amber[4:-1].split(", "))
    assert red == 255 and 100 < green < 180 and blue == 0
    assert max(map(int, dark[4:-1].split(", "))) < 90
    edges = [[NOW_MS - 3000 + 500 * i, 0, 255 * (i % 2), 0] for i in range(7)]
    tell(page, edges=edges)
    wait_for_light(page, "green, 0.5 s on, 0.5 s off")
    assert {lamp.evaluate(at, ms) for ms in range(50, 1000, 100)} == {"rgb(0, 255, 0)", dark}
    tell(page, now_ms=NOW_MS + 60_000, edges=[[NOW_MS + 10_000, 0, 255, 0]])
    wait_for_light(page, "green, steady")


@pytest.mark.parametrize("page", [1280, 360], indirect=True)
def test_every_control_is_reached_by_tab_and_seen(page: Page) -> None:
    for summary in page.locator(".card summary, #faults summary").all():
        summary.click()
    page.evaluate(_WATCH_FOCUS)
    page.locator(".skip").focus()
    page.evaluate("seen.length = 0")  # that was not by keyboard
    count = page.evaluate(f"{_WANTED}.length")
    assert count > 60
    for _ in range(count + 40):  # a date has several stops
        page.keyboard.press("Tab")
    missed = page.evaluate(
        f"""{_WANTED}.filter((one) => !seen.some(([target]) => target === one))
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert missed == []
    unseen = page.evaluate(
        "seen.filter(([, isSeen]) => !isSeen).map(([one]) => one.outerHTML.slice(0, 80))"
    )
    assert unseen == []


@pytest.mark.parametrize("page", [1280, 360], indirect=True)
def test_every_control_has_room_for_a_finger(page: Page) -> None:
    for summary in page.locator(".card summary, #faults summary").all():
        summary.click()
    width = page.evaluate("innerWidth")
    controls = page.evaluate(
        f"""{_WANTED}.filter((one) => ["BUTTON", "INPUT"].includes(one.tagName)).map((one) => {{
            const {{ left, right, height }} = one.getBoundingClientRect();
            return [one.outerHTML.slice(0, 80), left, right, height];
        }})"""
    )
    assert len(controls) > 50
    for name, left, right, height in controls:
        assert left >= 0 and right <= width, name
        assert min(height, right - left) >= _SMALLEST_TARGET_PX, name
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_skip_link_leads_to_the_device(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "device-heading"
