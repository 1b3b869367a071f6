"""Real Chromium, and pages in which an error on the console fails the test."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.phone import BlankBoard
from tools.rig import Rig

MakePage = Callable[..., Page]
MakePhone = Callable[..., Page]
WIDTH = 360  # of a small phone


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """Starts the system's Chromium, with more arguments."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "there is no chromium; .ci/run installs it"
    # Chromium's sandbox does not work for root, nor in most containers; no foreign page is opened.
    arguments = ["--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none"]
    with sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(
            executable_path=path, args=[*arguments, *more]
        )


@pytest.fixture
def phone(launch: Callable[..., Any]) -> Iterator[MakePhone]:
    """Makes the page of a phone on a board's Wi-Fi, where each name leads to the board."""
    browsers = []

    def make(board: BlankBoard, **options: Any) -> Page:
        browsers.append(launch(f"--host-resolver-rules=MAP * 127.0.0.1:{board.port}"))
        return browsers[-1].new_page(viewport={"width": WIDTH, "height": 740}, **options)

    yield make
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Any]) -> Iterator[Any]:
    """The system's Chromium."""
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def stub_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a mock that gives its files and takes no order; the feed is a stub."""
    rig = Rig(tmp_path_factory.mktemp("stub"))
    yield rig.mock().url + "/"
    rig.close()


@pytest.fixture
def errors() -> Iterator[list[str]]:
    """The errors of the pages. There may be none at the end of the test."""
    errors: list[str] = []
    yield errors
    assert not errors


@pytest.fixture
def make_page(chromium: Any, errors: list[str]) -> Iterator[MakePage]:
    """Make pages: url, and options of the context."""
    contexts = []

    def make(
        url: str, refusals: int = 0, script: str = "", expected: str = "$.", **options: Any
    ) -> Page:
        """refusals: so many orders will be answered 400, which Chromium tells as an error.

        script: what the page runs before its own. expected: a pattern of errors that may come.
        """
        left = [refusals]

        def said(message: Any) -> None:
            if message.type == "error":
                is_refusal = "status of 400" in message.text and left[0] > 0
                left[0] -= is_refusal
                is_expected = is_refusal or re.search(expected, message.text)
                errors.extend([] if is_expected else [message.text])

        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", said)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: _check(request.url, url, errors))
        if script:
            page.add_init_script(script)
        page.goto(url)
        return page

    yield make
    for context in contexts:
        context.close()


def _check(asked: str, url: str, errors: list[str]) -> None:
    if not asked.startswith((url.partition("/?")[0], "blob:")):
        errors.append(f"the page asks elsewhere: {asked}")
