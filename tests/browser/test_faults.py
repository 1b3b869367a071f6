"""Each switch and button of the faults, pressed on the page, and what a device then meets."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from websockets.exceptions import InvalidMessage, InvalidStatus

from tests.host.test_mock_socket import JOIN, dial, joined
from tests.host.test_mock_storage import addresses, put
from tests.host.test_mock_wire import HEALTH, call, read_to, upgraded
from tools.rig import CLIENT_SECRET, TOKEN, Mock, Rig

from .conftest import MakePage

_SILENCE_S = 0.5
_LARGE_BYTES = 100_000
_FORM = {"client_id": "unit", "client_secret": CLIENT_SECRET}
_PING = b"\x89\x80\0\0\0\0"
Answer = tuple[str, str]


def ask(mock: Mock, method: str, path: str, body: str = "", token: str = TOKEN) -> Answer:
    """(status or what came in its place, body)"""
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=_SILENCE_S)
    kind = "application/json" if body[:1] == "{" else "application/x-www-form-urlencoded"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    headers["x-client-version"] = "1.2.3"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read(2 * _LARGE_BYTES).decode()
    except TimeoutError:
        return "silence", ""
    except http.client.RemoteDisconnected:
        return "end", ""
    except http.client.HTTPException:
        return "no HTTP", ""
    finally:
        connection.close()
    return str(answer.status), text


def form(mock: Mock, path: str, **fields: str) -> Answer:
    """Ask the OAuth side."""
    return ask(mock, "POST", f"/v2/auth/{path}", urllib.parse.urlencode({**_FORM, **fields}))


def new_code(mock: Mock) -> dict[str, Any]:
    return dict(json.loads(form(mock, "device/code", scope="asset_create offline")[1]))


def poll(mock: Mock, code: dict[str, Any]) -> Answer:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return form(mock, "token", grant_type=grant, device_code=code["device_code"])


def pair(mock: Mock) -> dict[str, Any]:
    code = new_code(mock)
    mock.control("approve", user_code=code["user_code"])
    return dict(json.loads(poll(mock, code)[1]))


def refresh(mock: Mock, token: str) -> Answer:
    return form(mock, "token", grant_type="refresh_token", refresh_token=token)


def upgrade(mock: Mock) -> str:
    try:
        with dial(mock, open_timeout=2):
            return "101"
    except InvalidStatus as error:
        return str(error.response.status_code)
    except (ConnectionResetError, InvalidMessage):  # before the head, or in place of it
        return "reset"


def join(mock: Mock) -> tuple[str, int]:
    """(status of the reply, the longest piece in which it came)"""
    with dial(mock) as client:
        client.send(JOIN.replace("YOUR_DEVICE_ID", mock.status()["device_id"]))
        pieces = list(client.recv_streaming(decode=False))
    return json.loads(b"".join(pieces))["payload"]["status"], max(map(len, pieces))


def dribbles(mock: Mock) -> bool:
    """Does an answer come in many pieces?"""
    with call(mock, HEALTH) as sock:
        return len(read_to(sock, b"\r\n\r\n")) > 3


def health(mock: Mock) -> str:
    return ask(mock, "GET", "/health")[0]


def identity(mock: Mock) -> str:
    return ask(mock, "GET", "/v2/devices/me")[0]


def store(mock: Mock) -> tuple[int, bool]:
    """(status of a PUT of 150 kB, did it take long?)"""
    body = bytes(150_000)
    (url,) = addresses(mock, len(body))
    begun_s = time.monotonic()
    return put(url, body)[0], time.monotonic() - begun_s > 2.5


# The switch's words → (what is looked at, what it is while the switch is on)
SWITCHES: dict[str, tuple[Callable[[Mock], Any], Any]] = {
    "Everything goes silent": (health, "silence"),
    "A sign-in page answers": (lambda mock: ask(mock, "GET", "/health")[1][:6], "<html>"),
    "Frame.io has an outage": (health, "503"),
    "Frame.io asks for patience": (health, "429"),
    "The live connection is refused": (upgrade, "403"),
    "The identity call fails": (identity, "503"),
    "The health call fails": (health, "503"),
    "The HTTP heartbeat fails": (lambda mock: ask(mock, "POST", "/v2/devices/heartbeat")[0], "503"),
    "No pairing code": (lambda mock: form(mock, "device/code", scope="x")[0], "503"),
    "No token": (lambda mock: refresh(mock, "x")[0], "503"),
    "Uploads fail": (lambda mock: ask(mock, "POST", "/v2/devices/assets", "{}")[0], "503"),
    "The storage is busy": (lambda mock: store(mock)[0], 503),
    "Uploads are slow": (lambda mock: store(mock)[1], True),
    "The channel is refused": (lambda mock: join(mock)[0], "error"),
    "Every answer waits": (health, "silence"),
    "Messages come in fragments": (lambda mock: join(mock)[1], 3),
    "Everything dribbles in": (dribbles, True),
    "The health call gets random": (health, "no HTTP"),
    "The identity's answer never": (
        lambda mock: len(ask(mock, "GET", "/v2/devices/me")[1]),
        2 * _LARGE_BYTES,
    ),
    "A firewall cuts": (upgrade, "reset"),
    "The next refresh is carried": (
        lambda mock: refresh(mock, pair(mock)["refresh_token"])[0],
        "end",
    ),
    "A lost pairing": (lambda mock: refresh(mock, "x")[0], "400"),
    "Errors have the short": (
        lambda mock: list(json.loads(ask(mock, "GET", "/v2/devices/me", token="x")[1])),
        ["error"],
    ),
    "New access tokens live": (lambda mock: pair(mock)["expires_in"], 120),
    "The identity is 100 kB": (
        lambda mock: len(ask(mock, "GET", "/v2/devices/me")[1]) >= _LARGE_BYTES,
        True,
    ),
}
_CERTIFICATE = "The certificate has expired"


def switch(page: Page, words: str) -> Any:
    """The switch with these words."""
    return page.locator("#switches [role=switch]", has_text=words)


def expect_on(page: Page, count: int) -> None:
    """Wait until so many are on."""
    page.locator("#active", has_text=f"{count} on").wait_for()


@pytest.fixture
def mock(rig: Rig) -> Mock:
    """A mock that lets a code be asked for at once."""
    return rig.mock("--interval-s", "0")


@pytest.fixture
def page(mock: Mock, make_page: MakePage) -> Page:
    """Its page, with all faults in sight."""
    page = make_page(mock.url + "/")
    page.get_by_text("Every fault, one by one").click()
    return page


@pytest.mark.timeout(120)
def test_what_each_switch_does(mock: Mock, page: Page) -> None:
    words = page.locator("#switches [role=switch]").all_inner_texts()
    told = {one for one in words if one.startswith((*SWITCHES, _CERTIFICATE))}
    assert told == set(words) and len(words) == len(SWITCHES) + 1
    for name, (look, wanted) in SWITCHES.items():
        switch(page, name).click()
        expect_on(page, 1)
        assert switch(page, name).get_attribute("aria-checked") == "true"
        assert look(mock) == wanted, name
        if name == "The next refresh is carried":  # once, and over
            expect_on(page, 0)
            switch(page, name).click()
            expect_on(page, 1)
        switch(page, name).click()
        expect_on(page, 0)
        assert look(mock) != wanted, name


@pytest.mark.timeout(120)
def test_all_well_again_ends_what_was_clicked_last(mock: Mock, page: Page) -> None:
    switches = [one for one in SWITCHES if "Frame.io asks" not in one]  # "all" has one status
    for name in switches:
        switch(page, name).evaluate("(button) => button.click()")
    page.get_by_role("button", name="All well again").evaluate("(button) => button.click()")
    page.locator("#rows li", has_text="clear").wait_for()
    page.wait_for_selector("#faults[data-active=false]")
    expect_on(page, 0)
    for name, (look, wanted) in SWITCHES.items():
        if name != "Every answer waits":  # looks as silence does
            assert look(mock) != wanted, name


def test_an_expired_certificate(rig: Rig, make_page: MakePage) -> None:
    mock = rig.mock(tls=True)
    page = make_page(mock.url + "/", ignore_https_errors=True)
    page.get_by_text("Every fault, one by one").click()
    switch(page, _CERTIFICATE).click()
    expect_on(page, 1)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        call(mock, HEALTH, tls=True)
    switch(page, _CERTIFICATE).click()
    expect_on(page, 0)
    call(mock, HEALTH, tls=True).close()


def raw(mock: Mock, press: Callable[[], None]) -> bytes:
    """What a live connection gets: b"" for its end, b"reset", b"silence"."""
    with upgraded(mock) as sock:
        mock.wait(lambda mock: mock.status()["sockets"] > 0)
        press()
        sock.settimeout(10)
        try:
            return sock.recv(1 << 16)
        except ConnectionResetError:
            return b"reset"


def half_open(mock: Mock, press: Callable[[], None]) -> bytes:
    """What a live connection answers to a ping afterwards."""
    with upgraded(mock) as sock:
        sock.sendall(_PING)
        assert sock.recv(100)
        press()
        mock.wait(lambda mock: bool(mock.records(kind="control", action="half_open")))
        sock.sendall(_PING)
        sock.settimeout(_SILENCE_S)
        try:
            return sock.recv(100)
        except TimeoutError:
            return b"silence"


def pushed(mock: Mock, press: Callable[[], None]) -> tuple[str, Any]:
    """(event, payload) that a joined device gets."""
    with joined(mock) as client:
        press()
        message = json.loads(client.recv(10))
        return message["event"], message["payload"]


def after(look: Callable[[Mock], Any]) -> Callable[[Mock, Callable[[], None]], Any]:
    """What is seen when the order has been carried out."""

    def pressed(mock: Mock, press: Callable[[], None]) -> Any:
        count = len(mock.records(kind="control"))
        press()
        mock.wait(lambda mock: len(mock.records(kind="control")) > count)
        return look(mock)

    return pressed


def denied(mock: Mock, press: Callable[[], None]) -> Answer:
    code = new_code(mock)
    after(lambda mock: None)(mock, press)
    return poll(mock, code)


def uploads_expired(mock: Mock, press: Callable[[], None]) -> int:
    """The status of a PUT to an address that was given before."""
    mock.control("renew")
    (url,) = addresses(mock, 1)
    after(lambda mock: None)(mock, press)
    return put(url, b"x")[0]


# The button → (what is looked at, what is seen)
ONCE: dict[str, tuple[Callable[[Mock, Callable[[], None]], Any], Any]] = {
    "Close": (raw, b"\x88\x02\x03\xe8"),
    "Kill": (raw, b""),
    "Reset": (raw, b"reset"),
    "Half open": (half_open, b"silence"),
    "Crash": (pushed, ("phx_error", {})),
    "Close channel": (pushed, ("phx_close", {})),
    "False event": (pushed, ("status_updated", "paused")),
    "Garbage": (lambda mock, press: len(raw(mock, press)) > 100, True),
    "Raw": (raw, b"\x81"),
    "Endless frame": (lambda mock, press: raw(mock, press)[:3], b"\x81\x7f\x40"),
    "Endless message": (lambda mock, press: raw(mock, press)[:5], b"\x01\x01x\x00\x00"),
    "Expire": (after(identity), "401"),
    "Expire uploads": (uploads_expired, 403),
    "Renew": (after(identity), "200"),
    "Deny": (denied, ("400", '{"error": "access_denied"}')),
    "Zeros": (after(lambda mock: new_code(mock)["user_code"]), "000042"),
}


@pytest.mark.timeout(120)
def test_what_each_button_does(mock: Mock, page: Page) -> None:
    buttons = page.locator("#once button")
    assert buttons.all_inner_texts() == list(ONCE)
    for name, (look, wanted) in ONCE.items():
        button = page.get_by_role("button", name=f"{name}: ")
        assert look(mock, button.click) == wanted, name
        assert page.locator("#notice").is_hidden(), name
        mock.control("clear")
        mock.wait(lambda mock: mock.status()["sockets"] == 0)


@pytest.mark.timeout(120)
def test_the_presets_that_need_no_board(rig: Rig, make_page: MakePage) -> None:
    mock, device = rig.online()
    page = make_page(mock.url + "/")
    card = page.locator('.card[data-online="true"]')
    card.wait_for()

    # Without a reason: the socket has joined. The fallback is online too, and comes earlier.
    def well(at: int) -> None:
        page.get_by_role("button", name="All well again").click()
        device.wait(after=at, state="online", reason=None)
        card.wait_for()

    at = len(device.lines)
    page.get_by_role("button", name="Venue firewall").click()
    device.wait(after=at, state="joining")
    mock.wait(
        lambda mock: bool(mock.records(kind="http", path="/v2/devices/heartbeat", status=204))
    )
    at = len(device.lines)
    well(at)

    at = len(device.lines)
    page.get_by_role("button", name="Deploy").click()
    device.wait(after=at, state="joining", reason="closed")
    device.wait(after=at, state="online", reason=None)  # by itself
    ends = [record["code"] for record in mock.records(kind="socket_end")]
    assert ends[-1] == 1012, ends
    assert [one["status"] for one in mock.records(kind="upgrade")][-3:] == [503, 503, 101]

    at = len(device.lines)
    page.get_by_role("button", name="Dead air").click()
    begun_s = time.monotonic()
    line = device.wait(after=at, state="no_backend")
    assert line["connected"] is False and time.monotonic() - begun_s < 60
    well(len(device.lines))
