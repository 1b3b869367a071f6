"""A newcomer's way over the page, with the real firmware behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .bench import (
    Bench,
    pixels,
    wait_for_facts,
    wait_for_light,
    wait_for_state,
    wait_for_title,
)
from .conftest import MakePage

_LIGHT = "getComputedStyle(document.querySelector('#lamp'))"


@pytest.fixture
def bench() -> Iterator[Bench]:
    """`make run PAIR=page`."""
    # 20 s, and not Frame.io's 60, until it takes a silent device for gone.
    bench = Bench("--pair", "page", "--idle-s", "20")
    yield bench
    bench.stop()


@pytest.mark.timeout(300)
def test_pair_pause_lose_the_air_and_come_back(
    bench: Bench, make_page: MakePage, tmp_path: Path
) -> None:
    page = make_page(bench.url)
    wait_for_state(page, "pairing")
    wait_for_light(page, "blue, rises and falls every 2.0 s")
    page.locator("#code").press_sequentially(bench.code())  # nothing else: it sends itself
    wait_for_state(page, "online")
    page.wait_for_selector('.card[data-online="true"][data-paused="false"]')
    wait_for_light(page, "green, steady")
    wait_for_title(page, "online-1")
    seen = {"State": "online", "Reason": "none", "Project": "Testbed"}
    seen |= {"Next heartbeat": r"in \d+ s", "Memory": r"\d+ KiB used of \d+\.\d MiB"}
    wait_for_facts(page, Connected="Yes", Paused="No", **seen)

    page.get_by_role("button", name="Pause MOCK-DEVICE").click()
    wait_for_state(page, "paused")
    page.wait_for_selector('.card[data-paused="true"]')
    assert page.locator(".card .status").inner_text() == "Online · Paused"
    wait_for_title(page, "paused-1")
    wait_for_facts(page, State="paused", Connected="Yes", Paused="Yes")
    wait_for_light(page, "amber, 1.0 s on, 0.2 s off, 0.2 s on, 0.2 s off")
    name, duration = page.evaluate(f"[{_LIGHT}.animationName, {_LIGHT}.animationDuration]")
    assert name == "recorded" and abs(float(duration.removesuffix("s")) - 1.51) < 0.1

    air = page.get_by_role("switch", name="Wi-Fi in range")
    assert air.get_attribute("aria-checked") == "true"
    air.click()
    wait_for_state(page, "no_network")
    wait_for_light(page, "yellow, 0.2 s on, 1.8 s off")
    wait_for_facts(page, State="no network", Connected="No", Reason=".*Wi-Fi.*")
    page.wait_for_selector('.card[data-online="false"]', timeout=60_000)
    air.click()
    wait_for_state(page, "paused", 90)
    page.wait_for_selector('.card[data-online="true"]')

    page.get_by_role("button", name="Resume MOCK-DEVICE").click()
    wait_for_state(page, "online")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON lines").click()
    saved = tmp_path / "saved.jsonl"
    download.value.save_as(saved)
    text = saved.read_text()
    assert "status_updated paused" in text and '"kind":"state"' in text
    assert "mock-issued-" not in text and "access_token" in text


@pytest.mark.timeout(120)
def test_button_power_and_display(bench: Bench, make_page: MakePage) -> None:
    page = make_page(bench.url)
    wait_for_state(page, "pairing")
    lit = sum(row.count("1") for row in pixels(page))
    assert lit > 200
    page.get_by_role("switch", name="Display plugged in").click()
    page.wait_for_selector('#display[data-state="unplugged"]')
    assert not any("1" in row for row in pixels(page))
    page.get_by_role("switch", name="Display plugged in").click()
    page.wait_for_selector('#display[data-state="on"]')

    page.get_by_role("button", name="Double press").click()
    wait_for_title(page, "log-1")
    page.get_by_role("button", name="Press", exact=True).click()  # the highest brightness is over
    wait_for_light(page, "dark")
    page.wait_for_selector('#display[data-state="dark"]')
    page.get_by_role("button", name="Press the button on the case").click()
    page.wait_for_selector('#display[data-state="on"]')
    page.wait_for_selector('#lamp[aria-label^="Light: blue"]')  # its lowest brightness

    page.get_by_role("button", name="Hold").click()  # cancels the pairing
    wait_for_state(page, "unpaired")
    page.get_by_role("button", name="Hold").click()
    wait_for_state(page, "pairing")
    page.get_by_role("switch", name="Power").click()
    wait_for_state(page, "off")
    assert page.locator('#display[data-state="dark"]').count() == 1
    page.get_by_role("switch", name="Power").click()
    wait_for_state(page, "pairing")


@pytest.mark.timeout(120)
def test_by_keyboard_alone(bench: Bench, make_page: MakePage) -> None:
    page = make_page(bench.url, refusals=1)
    wait_for_state(page, "pairing")
    page.keyboard.press("Tab")  # skip link
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.type("000000")
    page.wait_for_selector("#notice:not([hidden])")
    assert "no such user code" in page.locator("#notice").inner_text()
    page.keyboard.type(bench.code())  # what is there is selected
    wait_for_state(page, "online")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent.trim().slice(0, 30)"))
    assert {"Pause", "Press", "Hold", "Power", "Freeze", "All well again"} <= seen
    page.get_by_role("switch", name="Power").focus()
    page.keyboard.press("Space")
    wait_for_state(page, "off")
