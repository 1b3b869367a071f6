"""A phone gives a blank board its Wi-Fi, in real Chromium, from the captive portal to pairing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.phone import ADDRESS, PASSWORD, STAGE, BlankBoard
from tools.rig import Rig

from .conftest import WIDTH, MakePhone

PROBE = "http://captive.apple.com/hotspot-detect.html"  # how an iPhone looks for the internet
LONG = "W" * 32
WANTED = {"setup": "wanted"}  # the note that the button leaves
_SMALLEST_TARGET_PX = 24  # WCAG 2.2, success criterion 2.5.8
_SIZES = """() => [...document.querySelectorAll("input:not([type=hidden]), select, button, summary")]
    .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().height)"""


def check_for_everybody(page: Page) -> None:
    """Nothing is cut, can't be touched, or keeps people out."""
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert all(height >= _SMALLEST_TARGET_PX for height in page.evaluate(_SIZES))
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], one["help"]) for one in found]


@pytest.mark.timeout(300)
def test_from_setup_mode_to_pairing(tmp_path: Path, rig: Rig, phone: MakePhone) -> None:
    mock = rig.mock()
    with BlankBoard(tmp_path, mock.url, wifi={"ssid": "House"}) as board:
        known = [{"ssid": ssid} for ssid in (LONG, "Yesterday's stage")]
        board.write_file("state/known_networks.json", json.dumps({"networks": known, **WANTED}))
        board.power_on()
        board.wait_setup()
        page = phone(board)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(PROBE)
        assert page.url == f"http://{ADDRESS}/"
        check_for_everybody(page)
        page.get_by_text("Fixed address").click()
        assert page.get_by_label("Gateway").is_visible()
        check_for_everybody(page)

        assert page.get_by_text("It always knows: House").is_visible()
        page.get_by_text("It knows").click()
        check_for_everybody(page)
        page.get_by_role("button", name="Forget Yesterday's stage").click()
        page.get_by_text(f"It knows: {LONG}", exact=True).click()
        assert page.get_by_role("button", name="Forget").all_inner_texts() == [f"Forget {LONG}"]
        page.get_by_role("button", name=f"Forget {LONG}").click()
        page.get_by_text("It knows").wait_for(state="detached")

        page.get_by_label("Network", exact=True).select_option(label=f"{STAGE}: strong signal")
        page.get_by_label("Password").fill("wr0ng-passw0rd")
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("heading", name=f"Trying {STAGE}").wait_for()
        check_for_everybody(page)
        page.context.set_offline(True)  # the radio follows the network's channel
        board.wait("wifi", event="disconnected")
        page.wait_for_timeout(2500)  # so that the page asks in vain
        page.context.set_offline(False)
        alert = page.get_by_role("alert")
        alert.wait_for()
        assert alert.inner_text() == (
            f"Not connected to {STAGE}. The Wi-Fi refused the password. Check the Wi-Fi password."
        )
        assert page.get_by_label("Network", exact=True).input_value() == STAGE
        assert page.get_by_label("Password").input_value() == ""
        check_for_everybody(page)

        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Password").press("Enter")
        page.get_by_role("heading", name=f"Connected to {STAGE}").wait_for()
        check_for_everybody(page)
        board.wait_line(state="pairing")
        assert not errors
        assert PASSWORD not in board.output + board.errors


@pytest.mark.timeout(300)
def test_without_javascript(tmp_path: Path, phone: MakePhone) -> None:
    with BlankBoard(tmp_path) as board:
        board.power_on()
        board.wait_setup()
        page = phone(board, java_script_enabled=False)
        page.goto(f"http://{ADDRESS}/")
        page.get_by_label("Its name").fill("Vault")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("heading", name="Connected to Vault").wait_for()
