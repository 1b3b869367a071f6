"""The page and the mock behind it: what it shows of an end, a restart, and of who may look."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.host.test_mock_socket import joined
from tests.host.test_run import nothing_is_left, running
from tools.on_cpython import ROOT
from tools.rig import Rig

from . import stub
from .bench import Bench, wait_for_state
from .conftest import MakePage

_GONE = "ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)"
_FOREIGN = "http://127.0.0.2:1/"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The TMPDIR of what is started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def wait_for_link(page: Page, state: str, words: str) -> None:
    """Wait until the page says this about the mock."""
    page.locator(f"#link[data-state={state}]", has_text=re.compile(f"^{words}$")).wait_for()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("signals", [[signal.SIGKILL], [signal.SIGINT] * 2], ids=["kill", "ctrl_c"])
def test_the_end_of_make_run_under_an_open_page(
    temporary: Path, make_page: MakePage, signals: list[signal.Signals]
) -> None:
    bench = Bench("--pair", "page")
    page = make_page(bench.url, expected=_GONE)
    wait_for_state(page, "pairing")
    wait_for_link(page, "live", "Live")
    pids = running(bench.process, temporary)
    for number in signals:
        bench.process.send_signal(number)
    assert bench.process.wait(20) == (-signal.SIGKILL if len(signals) == 1 else 0)
    wait_for_link(page, "gone", "The mock is gone; waiting for it")
    nothing_is_left(pids, temporary)
    page.get_by_role("button", name="Hold").click()
    page.get_by_text("Not done: the mock does not answer").wait_for()


@pytest.mark.timeout(120)
def test_a_mock_that_restarts_under_an_open_page(
    rig: Rig, make_page: MakePage, lan_port: int
) -> None:
    mock = rig.mock("--port", str(lan_port))
    page = make_page(mock.url + "/", expected=_GONE)
    with joined(mock):
        page.wait_for_selector('.card[data-online="true"]')
        mock.control("slow", ms=1)
        page.locator("#rows li", has_text="slow").wait_for()
    mock.stop()
    wait_for_link(page, "gone", "The mock is gone; waiting for it")
    grey = "getComputedStyle(document.querySelector('main')).filter"
    assert page.evaluate(grey) == "grayscale(1)"
    again = rig.mock("--port", str(lan_port))
    wait_for_link(page, "live", "Live again: the mock was restarted")
    assert page.evaluate(grey) == "none"
    assert page.locator(".card").count() == 0  # it knows no device
    assert page.locator("#rows li", has_text="slow").count() == 0
    assert page.locator("#active").inner_text() == "0 on"
    with joined(again):
        page.get_by_role("button", name="Pause MOCK-DEVICE").click()
        page.wait_for_selector('.card[data-online="true"][data-paused="true"]')
    assert again.status()["paused"] is True


@pytest.fixture
def page(stub_url: str, make_page: MakePage) -> Page:
    """A page with the recorded batch, whose feed does what a test says."""
    page = make_page(stub_url, script=stub.script())
    page.wait_for_selector(".card")
    return page


def test_a_connection_that_is_lost_and_found(page: Page) -> None:
    wait_for_link(page, "live", "Live")
    page.evaluate("feed.readyState = 0; feed.dispatchEvent(new Event('error'))")
    wait_for_link(page, "gone", "The mock is gone; waiting for it")
    page.evaluate("feed.readyState = 1; feed.dispatchEvent(new Event('open'))")
    stub.tell(page, now_ms=stub.RECORDED["now_ms"] + 3000)
    wait_for_link(page, "live", "Live again")
    assert page.locator("#board").is_hidden()  # the mock told of none this time
    assert page.locator("#no-board").is_visible()
    assert page.locator(".card").count() == 0


def test_a_page_that_is_not_seen_asks_for_nothing(page: Page) -> None:
    hide = """(isHidden) => {
        Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate("window.before = feed")
    page.evaluate(hide, True)
    assert page.evaluate("feed === before && feed.readyState") == 2
    page.evaluate(hide, False)
    page.wait_for_function("feed !== before && feed.readyState === 1")
    wait_for_link(page, "live", "Live")


class LanMock:
    """A mock that is open beyond loopback. url: what it printed, with its key."""

    def __init__(self, folder: Path, lan_port: int) -> None:
        command = [sys.executable, "-m", "tools.mock_frameio", "--tls", "--tls-dir", str(folder)]
        self._process = subprocess.Popen(
            [*command, "--host", "127.0.0.2", "--port", str(lan_port), "--end-with-stdin"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.url = self._process.stdout.readline().split()[-1]

    def stop(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture
def lan_mocks(tmp_path: Path, lan_port: int) -> Iterator[Any]:
    """Starts mocks at one port."""
    mocks: list[LanMock] = []

    def start() -> LanMock:
        for mock in mocks:
            mock.stop()
        mocks.append(LanMock(tmp_path, lan_port))
        return mocks[-1]

    yield start
    mocks[-1].stop()


@pytest.mark.timeout(120)
def test_the_key_of_a_mock_for_the_local_network(lan_mocks: Any, make_page: MakePage) -> None:
    mock = lan_mocks()
    page = make_page(mock.url, expected=f"{_GONE}|status of 403", ignore_https_errors=True)
    wait_for_link(page, "live", "Live")
    assert "key" not in page.url
    page.get_by_role("button", name="Dead air").click()
    page.wait_for_selector("#faults[data-active=true]")
    again = lan_mocks()
    wait_for_link(page, "gone", "The mock refuses this page: open the address that it printed")
    assert again.url != mock.url
    page.goto(again.url)
    wait_for_link(page, "live", "Live")


def test_the_policy_in_chromium(rig: Rig, make_page: MakePage, errors: list[str]) -> None:
    page = make_page(rig.mock().url + "/", expected="Content Security Policy|Trusted")
    wait_for_link(page, "live", "Live")
    with socket.create_server(("127.0.0.1", 0)) as other:
        foreign = f"http://127.0.0.1:{other.getsockname()[1]}/"
        for script in (
            f"fetch('{foreign}', {{ mode: 'no-cors' }}).then(() => 'sent', () => 'refused')",
            f"""new Promise((done) => {{
                const image = new Image();
                image.onerror = () => done("refused");
                image.src = "{foreign}";
            }})""",
            f"""(() => {{
                const script = document.createElement("script");
                try {{ return script.src = "{foreign}"; }} catch {{ return "refused"; }}
            }})()""",
            """(() => {
                try { return document.body.innerHTML = "<b>"; } catch { return "refused"; }
            })()""",
            """(() => {
                const style = document.createElement("style");
                style.textContent = "body { display: none }";
                document.head.append(style);
                return getComputedStyle(document.body).display === "none" ? "taken" : "refused";
            })()""",
        ):
            assert page.evaluate(script) == "refused", script
        other.settimeout(0)
        with pytest.raises(BlockingIOError):
            other.accept()
    assert set(errors) == {f"the page asks elsewhere: {foreign}"}  # it tried
    errors.clear()


def test_an_error_of_a_page_fails_its_test(
    rig: Rig, make_page: MakePage, errors: list[str]
) -> None:
    page = make_page(rig.mock().url + "/")
    wait_for_link(page, "live", "Live")
    page.evaluate("console.error('one')")
    page.evaluate("setTimeout(() => { throw new Error('two'); })")
    page.evaluate(f"location.href = '{_FOREIGN}'")
    page.wait_for_event("requestfailed")
    text = "\n".join(errors)
    assert "one" in text and "two" in text and f"elsewhere: {_FOREIGN}" in text
    errors.clear()
