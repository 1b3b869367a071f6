"""What is done on the page arrives: on the cards, and of every fault."""

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tools.rig import TOKEN, Mock, Rig

from .bench import Bench, wait_for_light, wait_for_state
from .conftest import MakePage


@pytest.mark.timeout(120)
def test_rename_expire_upload_and_remove(rig: Rig, make_page: MakePage) -> None:
    mock, device = rig.online()
    page = make_page(mock.url + "/")
    card = page.locator(".card")
    page.wait_for_selector('.card[data-online="true"]')
    card.get_by_text("Edit").click()
    card.get_by_label("Project").fill("Day 2, Harbour")
    card.get_by_role("button", name="Rename").click()
    card.locator("bdi", has_text="Day 2, Harbour").wait_for()
    card.get_by_label("Expires (UTC)").fill("2027-01-31T18:00")
    card.get_by_role("button", name="Set").click()
    card.get_by_text("2027-01-31 18:00:00Z").wait_for()
    assert identity(mock)["authorization"]["expires_at"] == "2027-01-31T18:00:00Z"
    card.get_by_role("button", name="Never expires").click()
    card.get_by_text("never", exact=True).wait_for()
    assert identity(mock)["project"]["name"] == "Day 2, Harbour"

    for paused in (False, True):
        mock.control("pause" if paused else "resume")
        upload(mock, f"A00{int(paused)}.mov")
    card.get_by_text("Uploads: 2").click()
    assert card.locator(".uploads li").all_inner_texts() == [
        "A001.mov refused: made during a pause (409)",
        "A000.mov arrived",
    ]
    card.get_by_role("button", name="Remove").click()
    assert identity(mock)  # not yet
    card.get_by_role("button", name="Really remove?").click()
    device.wait(state="unpaired")
    card.wait_for(state="detached")
    page.wait_for_selector("#no-cards:not([hidden])")


def identity(mock: Mock) -> Any:
    """What the device would get."""
    headers = {"Authorization": f"Bearer {TOKEN}", "x-client-version": "1.2.3"}
    request = urllib.request.Request(mock.url + "/v2/devices/me", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def upload(mock: Mock, name: str) -> None:
    """A device uploads."""
    body = {"name": name, "filetype": "video/quicktime", "filesize": 1, "offset": 0}
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        mock.url + "/v2/devices/assets", json.dumps(body).encode(), headers
    )
    with contextlib.suppress(urllib.error.HTTPError):  # 409 during a pause
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    """`make run PAIR=auto`."""
    bench = Bench("--pair", "auto")
    yield bench
    bench.stop()


@pytest.mark.timeout(240)
def test_presets_with_the_firmware_behind_them(bench: Bench, make_page: MakePage) -> None:
    page = make_page(bench.url)
    wait_for_state(page, "online")
    page.get_by_role("button", name="Captive portal").click()
    wait_for_state(page, "no_backend", 90)
    page.get_by_text("This network wants a sign-in. Use another network.").wait_for()
    wait_for_light(page, "magenta, 0.2 s on, 0.3 s off, 0.2 s on, 1.8 s off")
    page.get_by_role("button", name="All well again").click()
    wait_for_state(page, "online", 90)
    page.get_by_role("button", name="Wrong clock").click()
    page.get_by_text("The clock may be wrong. Restart it.").wait_for()
    page.get_by_role("button", name="All well again").click()
    wait_for_state(page, "online", 90)
    page.get_by_role("button", name="Remove MOCK-DEVICE").click()
    page.get_by_role("button", name="Really remove? MOCK-DEVICE").click()
    page.locator(".card .status", has_text="Removed").wait_for()
    # The board can't know it before its next call, so its light stays, and the card says why.
    assert page.locator(".card").get_by_text("until then it looks as before").is_visible()
    assert page.locator("#board").get_attribute("data-state") == "online"
    wait_for_light(page, "green, steady")
    page.get_by_role("button", name="Removed device").click()  # this ends its connection, too
    wait_for_state(page, "unpaired", 90)
    page.locator(".card").wait_for(state="detached")
