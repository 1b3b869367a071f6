"""Coming online, staying online, and the pause, with the real main.py against the mock."""

import itertools

import pytest

from tests.support.relay import Relay
from tools.bytecode import build
from tools.rig import CLIENT_VERSION, TOKEN, Rig


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_online(rig: Rig, tls: bool) -> None:
    mock, device = rig.online(fast=False, tls=tls)
    line = device.wait(state="online")
    assert [line["state"] for line in device.lines] == ["starting", "joining", "online"]
    assert line["connected"] is True and line["paused"] is False and line["reason"] is None
    assert (line["project"], line["creator"]) == ("Testbed", "Ada Lovelace")
    assert line["light"] == {"pattern": "solid", "rgb": [0, 255, 0]}
    assert mock.status()["online"] is True
    assert mock.records(path="/v2/devices/me", status=200)[0]["client_version"] == CLIENT_VERSION
    assert len(mock.records(event="phx_join", ref="channel_connect")) == 1


def test_after_a_restart_one_connection_leads_to_joined(rig: Rig) -> None:
    mock, device = rig.online(fast=False, tls=True)
    device.stop()
    before = len(mock.records())
    relay = Relay(mock.port)
    device = rig.device(rig.config(f"https://localhost:{relay.port}", mock.ca), fast=False)
    mock.wait(lambda mock: len(mock.records(event="phx_join")) >= 2)
    seen = mock.records()[before:]
    upgrades = [record for record in seen if record["kind"] == "upgrade"]
    joins = [record for record in seen if record.get("event") == "phx_join"]
    until_joined = seen[: seen.index(joins[0])]
    assert [record["path"] for record in until_joined if record["kind"] == "request"] == [
        "/devices/websocket"
    ]
    assert (len(upgrades), len(joins)) == (1, 1)
    device.wait(state="online")
    # Each connection carried a request: the upgrade, and the identity that follows the join.
    requests = [
        record for record in mock.records(kind="request") if record["t_ms"] >= seen[0]["t_ms"]
    ]
    assert relay.connections == len(requests) == 2


def test_paused_and_resumed_by_event(rig: Rig) -> None:
    mock, device = rig.online(fast=False)
    mock.control("pause")
    line = device.wait(state="paused")
    assert line["paused"] is True and line["light"]["pattern"] == "wink"
    mark = device.mark()
    mock.control("resume")
    assert device.wait(state="online", after=mark)["paused"] is False


def test_paused_before_power_on(rig: Rig) -> None:
    mock = rig.mock()
    mock.control("pause")
    device = rig.device(rig.config(mock.url))
    device.wait(state="paused")
    assert not [line for line in device.lines if line["paused"] is False]


def test_a_lying_event_is_corrected_by_identity(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("event", event="status_updated", payload="paused")
    device.wait(state="paused", after=mark)
    mark = device.mark()
    device.wait(state="online", paused=False, after=mark)


def test_doubled_and_reordered_events_are_settled_by_identity(rig: Rig) -> None:
    mock, device = rig.online()
    mock.control("pause", push=False)
    mark = device.mark()
    for word in ("paused", "paused", "resumed", "paused", "resumed", "resumed"):
        mock.control("event", event="status_updated", payload=word)
    polls = len(mock.records(path="/v2/devices/me", status=200))
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=200)) > polls)
    device.wait(state="paused", paused=True, after=mark)
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=200)) > polls + 1)
    assert device.lines[-1]["paused"] is True


def test_an_event_as_an_object(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("event", event="status_updated", payload={"status": "paused"})
    device.wait(state="paused", after=mark)


def test_a_missed_event_is_found_by_identity(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("pause", push=False)
    device.wait(state="paused", after=mark)


def test_what_is_shown_follows_identity(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("device", project="Zweiter Tag ü", creator=None, expires_at="2030-01-01T00:00:00Z")
    line = device.wait(after=mark, project="Zweiter Tag ü")
    assert line["creator"] is None and line["expires_at"] == "2030-01-01T00:00:00Z"


def test_unknown_events_change_nothing(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    for payload in ("online", None, 7, ["paused"], {"paused": True}):
        mock.control("event", event="status_updated", payload=payload)
        mock.control("event", event="something_new", payload=payload)
    mock.control("pause")
    assert device.wait(state="paused", after=mark) == device.lines[mark]


@pytest.mark.parametrize(
    ("token", "heap"), [(TOKEN, "190k"), (None, "196k")], ids=["fixed token", "paired"]
)
def test_online_over_tls_in_a_small_heap_with_an_identity_of_100_kb(
    rig: Rig, token: str | None, heap: str
) -> None:
    """Seen with 64-bit words: 179 and 187 KiB."""
    mock = rig.mock("--identity-bytes", "100000", "--interval-s", "1", tls=True)
    device = rig.device(
        rig.config(mock.url, mock.ca, token),
        fast=False,
        heap=heap,
        entry=build(rig.folder / "board", "lib/", "./"),
    )
    if token is None:
        mock.approve()
    assert device.wait(state="online")["project"] == "Testbed"


@pytest.mark.slow
def test_the_real_heartbeat_and_the_real_poll(rig: Rig) -> None:
    mock, device = rig.online(fast=False)
    mock.control(
        "event", event="status_updated", payload="paused"
    )  # a lie, and the real 60 s to find out
    device.wait(state="paused")
    mark = device.mark()
    device.wait(state="online", after=mark, deadline_s=180)
    mock.wait(lambda mock: len(mock.records(event="heartbeat")) >= 5)
    joined = mock.records(event="phx_join")[0]["t_ms"]
    beats = [joined] + [record["t_ms"] for record in mock.records(event="heartbeat")]
    gaps = [after - before for before, after in itertools.pairwise(beats)]
    # The mock sees arrivals, which a busy machine delays: to the millisecond the same is tested in
    # virtual time.
    assert 2_000 <= gaps[0] < 10_000, gaps  # soon, to see that the socket works
    assert all(10_000 <= gap < 25_000 for gap in gaps[1:]), gaps
    polls = [record["t_ms"] for record in mock.records(kind="request", path="/v2/devices/me")]
    assert len(polls) == 2 and 59_500 <= polls[1] - polls[0] < 90_000
    assert len(mock.records(kind="upgrade")) == 1


@pytest.mark.slow
def test_a_dead_link_shows_by_the_real_times(rig: Rig) -> None:
    mock, device = rig.online(fast=False)
    mark = device.mark()
    mock.control("black_hole")
    # How long that takes is tested in virtual time, to the millisecond. Here: it is main.py's time,
    # and the heartbeat tells it, before any request does.
    line = device.wait(connected=False, state="no_backend", after=mark)
    assert line["reason"] == "no_reply"
    device.wait_log("no reply to a heartbeat in time")
    assert TOKEN not in device.output
