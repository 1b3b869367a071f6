"""Fifty devices: what a batch and a click cost, in work; and that nothing grows."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

import pytest
import websockets.sync.client
from playwright.sync_api import Page
from websockets.sync.client import ClientConnection

from tools.rig import CLIENT_SECRET, Mock, Rig

from . import stub
from .stub import tell

COUNT = 50
_CLICK_MS = 100
_COUNT_WORK = """() => {
    document.querySelectorAll(".card").forEach((card, i) => { card.dataset.key = i; });
    window.work = new Map();
    new MutationObserver((changes) => {
        for (const { target } of changes) {
            const card = (target.closest ? target : target.parentElement)?.closest(".card");
            const key = card ? card.dataset.key : "";
            window.work.set(key, (window.work.get(key) ?? 0) + 1);
        }
    }).observe(document.querySelector("#cards"), {
        subtree: true, childList: true, characterData: true, attributes: true,
    });
}"""


def cards(**changes: Any) -> list[dict[str, Any]]:
    """So many devices."""
    first = stub.RECORDED["cards"][0]
    return [
        {**first, "id": f"id-{i}", "name": f"CAMERA-{i}", "paused": False, **changes}
        for i in range(COUNT)
    ]


@pytest.fixture
def page(stub_url: str, make_page: Any) -> Page:
    """The page with all of them."""
    script = stub.script(cards=cards())
    page = make_page(stub_url, script=script, viewport={"width": 1280, "height": 900})
    page.wait_for_selector(f".card >> nth={COUNT - 1}")
    return page


def cpu_ms(page: Page, action: Any) -> float:
    """Milliseconds of the page's main thread that an action needs, not counting its waits."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    before = spent()
    action()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return 1000 * (spent() - before)


def test_a_click_is_cheap_and_touches_its_own_card(page: Page) -> None:
    orders: list[Any] = []

    def answer(route: Any) -> None:
        orders.append((route.request.url.rpartition("/")[2], json.loads(route.request.post_data)))
        route.fulfill(json={"ok": True})

    page.route("**/control/*", answer)
    page.evaluate(_COUNT_WORK)
    button = page.get_by_role("button", name="Pause CAMERA-7", exact=True)
    button.scroll_into_view_if_needed()

    def click() -> None:
        button.evaluate("(button) => button.click()")
        tell(page, cards=[cards(paused=True)[7]])
        page.wait_for_selector('.card[data-key="7"][data-paused="true"]')

    assert cpu_ms(page, click) < _CLICK_MS
    assert orders == [("pause", {"device_id": "id-7"})]
    work = dict(page.evaluate("[...window.work]"))
    assert work.keys() == {"7"} and work["7"] < 12, work


def test_a_batch_in_which_all_change_is_cheap(page: Page) -> None:
    page.evaluate(_COUNT_WORK)
    now_ms = stub.RECORDED["now_ms"]
    rows = [
        {"t_ms": now_ms, "sender": "device", "kind": "frame", "device": f"id-{i}"}
        | {"text": "heartbeat", "detail": "{}"}
        for i in range(COUNT)
    ]
    batches = 5

    def all_beat() -> None:
        for i in range(batches):
            tell(page, rows=rows, cards=cards(heartbeat_ms=now_ms + i))

    assert cpu_ms(page, all_beat) < batches * _CLICK_MS
    assert dict(page.evaluate("[...window.work]")) == {}  # a heartbeat changes nothing on a card


def test_nothing_grows(page: Page) -> None:
    """As many rows as 50 devices make in ten minutes: a beat and its reply every 15 s, and more."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def heap() -> dict[str, float]:
        session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        wanted = ("JSHeapUsedSize", "Nodes")
        return {one["name"]: one["value"] for one in metrics if one["name"] in wanted}

    def minutes(first: int, last: int) -> None:
        for minute in range(first, last):
            rows = [
                {"t_ms": minute * 60_000 + i * 60, "sender": "device", "kind": "frame"}
                | {"device": "", "text": f"heartbeat {minute} {i}", "detail": "x" * 200}
                for i in range(1000)
            ]
            for at in range(0, len(rows), 100):
                tell(page, rows=rows[at : at + 100], cards=cards(paused=at % 200 == 0))

    minutes(0, 6)  # the lists are full
    before = heap()
    minutes(6, 12)
    after = heap()
    assert after["JSHeapUsedSize"] < 1.1 * before["JSHeapUsedSize"] + 500_000, (before, after)
    assert after["Nodes"] < 1.05 * before["Nodes"] + 100, (before, after)
    assert page.locator("#rows li").count() <= 120


def connect(mock: Mock, unit: str) -> ClientConnection:
    """Pair a device and join its topic; its socket."""
    form = {"client_id": unit, "client_secret": CLIENT_SECRET}
    code = post(mock, "device/code", **form, scope="asset_create offline")
    mock.control("approve", user_code=code["user_code"])
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    pair = post(mock, "token", **form, grant_type=grant, device_code=code["device_code"])
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    request = urllib.request.Request(mock.url + "/v2/devices/me", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        topic = f"devices:{json.load(answer)['id']}"
    token = urllib.parse.quote(f"Bearer {pair['access_token']}")
    url = mock.url.replace("http", "ws", 1) + f"/devices/websocket?Authorization={token}"
    client = websockets.sync.client.connect(url)
    client.send(json.dumps({"topic": topic, "event": "phx_join", "payload": "", "ref": "1"}))
    assert json.loads(client.recv(10))["payload"]["status"] == "ok"
    return client


def post(mock: Mock, path: str, **form: str) -> dict[str, Any]:
    """Ask the OAuth side."""
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{mock.url}/v2/auth/{path}", data, timeout=10) as answer:
        return dict(json.load(answer))


@pytest.mark.timeout(120)
def test_a_click_reaches_one_of_fifty_live_devices(rig: Rig, make_page: Any) -> None:
    mock = rig.mock("--interval-s", "0")
    page = make_page(mock.url + "/")
    clients = [connect(mock, f"unit-{i}") for i in range(COUNT)]
    try:
        page.wait_for_selector(f'.card[data-online="true"] >> nth={COUNT - 1}')
        assert page.locator("#count").inner_text() == str(COUNT)
        page.get_by_role("button", name="Pause MOCK-DEVICE-8", exact=True).click()
        page.locator('.card[data-paused="true"]', has_text="MOCK-DEVICE-8").wait_for()
        assert page.locator('.card[data-paused="true"]').count() == 1
        assert json.loads(clients[7].recv(10))["payload"] == "paused"
        for i in (0, 6, 8, 49):
            with pytest.raises(TimeoutError):
                clients[i].recv(0)
    finally:
        for client in clients:
            client.close()
    page.wait_for_selector('.card[data-online="false"] >> nth=40')
