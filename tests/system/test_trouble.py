"""What goes wrong: refusals, drops, silence, portals, certificates, configurations.

With the real firmware and short times.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.mock_frameio import tls
from tools.rig import TOKEN, Rig


@pytest.mark.parametrize(
    "how",
    [{"code": 1000}, {"code": 1001}, {"code": 1012}, {"code": 4000, "reason": "bye"}],
    ids=str,
)
def test_dropped_and_back(rig: Rig, how: dict[str, Any]) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("drop", **how)
    assert device.wait(state="joining", after=mark)["reason"] == "closed"
    device.wait(state="online", after=mark)
    assert len(mock.records(kind="upgrade", status=101)) == 2


def test_killed_and_back(rig: Rig) -> None:
    mock, device = rig.online(tls=True)
    mark = device.mark()
    mock.control("kill")
    device.wait(state="joining", after=mark)
    device.wait(state="online", after=mark)


def test_the_last_known_pause_is_kept_over_a_reconnect(rig: Rig) -> None:
    mock, device = rig.online()
    mock.control("pause")
    device.wait(state="paused")
    mark = device.mark()
    mock.control("kill")
    device.wait(state="paused", after=mark)
    assert all(line["paused"] is True for line in device.lines[mark:])


def test_a_dead_link_shows_and_heals(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("black_hole")
    device.wait(connected=False, state="no_backend", after=mark)
    mark = device.mark()
    mock.control("clear")
    device.wait(state="online", after=mark)


def test_no_server_at_all(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.stop()
    line = device.wait(connected=False, state="no_backend", after=mark)
    assert line["reason"] in ("refused", "closed"), line


def test_a_name_that_is_not_found(rig: Rig) -> None:
    device = rig.device(rig.config("https://pilotlight.invalid"))
    assert device.wait(state="no_backend")["reason"] == "name"


@pytest.mark.parametrize("event", ["phx_error", "phx_close"])
def test_a_lost_channel_is_joined_again_on_the_same_socket(rig: Rig, event: str) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("channel", event=event)
    assert device.wait(state="joining", after=mark)["reason"] == "channel_lost"
    device.wait(state="online", after=mark)
    assert len(mock.records(kind="upgrade")) == 1
    assert len(mock.records(event="phx_join")) == 2


def test_a_channel_that_stays_lost_gets_a_new_socket(rig: Rig) -> None:
    mock, device = rig.online()
    mock.control("refuse_join", reason="crashing")
    mock.control("channel")
    mock.wait(lambda mock: len(mock.records(kind="upgrade")) >= 2)
    assert len(mock.records(event="phx_join")) >= 5  # the first, and four on the same socket
    mark = device.mark()
    mock.control("clear")
    device.wait(state="online", after=mark)


def test_a_channel_that_is_lost_again_and_again_gets_a_new_socket(rig: Rig) -> None:
    """As with a doubled phx_error: a rejoin of a live channel makes the server close the old one."""
    mock, device = rig.online()
    for joins in range(2, 6):
        mock.control("channel", event="phx_close")
        mock.wait(lambda mock: len(mock.records(event="phx_join")) >= joins)
        device.wait(state="online", after=device.mark() - 1)
    assert len(mock.records(kind="upgrade")) == 1
    mock.control("channel", event="phx_close")
    mock.wait(lambda mock: len(mock.records(kind="upgrade")) >= 2)
    device.wait(state="online", after=device.mark() - 1)


def test_a_refused_join_asks_identity_for_the_id(rig: Rig) -> None:
    mock, device = rig.online()
    device.stop()
    mock.control(
        "device", id="00000000-8cd6-4d59-b54d-28c58570a8de"
    )  # the stored id is no longer the device's
    device = rig.device(rig.config(mock.url))
    device.wait(state="online")
    # The old id is tried until identity says another one, which may come while a socket is up.
    reasons = {line["reason"] for line in device.lines if line["reason"]}
    assert "join_refused" in reasons and reasons <= {"join_refused", "device_changed"}
    assert json.loads((rig.folder / "state/a/identity.json").read_text())["id"].startswith(
        "00000000"
    )


def test_another_token_does_not_use_the_stored_id(rig: Rig) -> None:
    mock, device = rig.online()
    device.stop()
    device = rig.device(rig.config(mock.url, token="another-token"))
    assert device.wait(state="unpaired")["reason"] == "token_refused"
    assert len(mock.records(event="phx_join")) == 1


def test_an_expired_token(rig: Rig) -> None:
    mock, device = rig.online()
    device.stop()
    mock.control("expire")
    device = rig.device(
        rig.config(mock.url)
    )  # with a stored id: the upgrade is refused, and identity says why
    line = device.wait(state="unpaired")
    assert line["reason"] == "token_refused" and line["connected"] is True
    assert mock.records(kind="upgrade", status=403)
    mark = device.mark()
    mock.control("renew")
    device.wait(state="online", after=mark)


def test_a_token_that_expires_leaves_the_live_socket_alone(rig: Rig) -> None:
    mock, device = rig.online()
    mock.control("expire")
    device.wait(state="unpaired")
    assert mock.status()["online"] is True
    mark = device.mark()
    mock.control("renew")
    device.wait(state="online", after=mark)
    assert len(mock.records(kind="upgrade")) == 1


def test_a_refused_upgrade_says_nothing_about_the_token(rig: Rig) -> None:
    mock, device = rig.online()
    mark = device.mark()
    mock.control("refuse", part="socket", status=403)
    mock.control("kill")
    assert device.wait(state="joining", reason="upgrade_refused", after=mark)["connected"] is True
    mock.wait(lambda mock: len(mock.records(kind="upgrade", status=403)) >= 3)
    assert not [line for line in device.lines if line["state"] == "unpaired"]
    mock.control("clear")
    device.wait(state="online", after=device.mark())


def test_a_captive_portal_is_not_frame_io(rig: Rig) -> None:
    mock = rig.mock()
    mock.control("refuse", part="all", status=200, body="<html><body>Please sign in</body></html>")
    device = rig.device(rig.config(mock.url))
    line = device.wait(reason="portal")
    assert line["state"] == "no_backend" and line["connected"] is False
    mock.wait(lambda mock: len(mock.records(path="/health", status=200)) >= 2)
    assert not any(line["connected"] for line in device.lines)
    mock.control("clear")
    device.wait(state="online")


@pytest.mark.parametrize("status", [500, 503, 429, 403, 404])
def test_what_proves_nothing(rig: Rig, status: int) -> None:
    mock = rig.mock()
    mock.control("refuse", part="all", status=status, body={"error": "x"})
    device = rig.device(rig.config(mock.url))
    reasons = {429: "rate_limited", 500: "server_error", 503: "server_error"}
    line = device.wait(state="no_backend", reason=reasons.get(status, "http_error"))
    mock.wait(lambda mock: len(mock.records(path="/health", status=status)) >= 2)
    assert not any(line["connected"] for line in device.lines)
    assert line["state"] == "no_backend"


def test_health_proves_the_backend_while_the_socket_fails(rig: Rig) -> None:
    mock = rig.mock()
    mock.control("refuse", part="socket", status=503)
    device = rig.device(rig.config(mock.url))
    assert device.wait(state="joining", reason="upgrade_refused")["connected"] is True
    mock.wait(lambda mock: len(mock.records(path="/health", status=200)) >= 2)
    assert not [line for line in device.lines[2:] if not line["connected"]]


def test_a_certificate_of_another_root(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    tls.server_context(rig.folder / "other")
    device = rig.device(rig.config(mock.url, rig.folder / "other/ca.der"))
    assert device.wait(state="no_backend")["reason"] == "certificate"
    assert not mock.records(kind="request")


def test_the_root_of_the_certificate_is_found_among_others(rig: Rig) -> None:
    """One is in TLS's memory at a time: the others are tried in the same connect."""
    mock = rig.mock(tls=True)
    others = [rig.folder / "one", rig.folder / "other"]
    for folder in others:
        tls.server_context(folder)
    path = rig.config(mock.url, mock.ca)
    config = json.loads(path.read_text())
    config["frameio"]["ca"] = [*(str(folder / "ca.der") for folder in others), str(mock.ca)]
    path.write_text(json.dumps(config))
    device = rig.device(path)
    device.wait(state="online")
    assert not [line for line in device.lines if line["reason"] == "certificate"]


def test_a_certificate_for_another_name(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    device = rig.device(rig.config(mock.url.replace("localhost", "127.0.0.1"), mock.ca))
    assert device.wait(state="no_backend")["reason"] == "host_name"
    assert not mock.records(kind="request")


def test_the_shipped_roots_do_not_trust_the_mock(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    device = rig.device(rig.config(mock.url))
    assert device.wait(state="no_backend")["reason"] == "certificate"


def refusal(rig: Rig, config: Path) -> str:
    """The one sentence with which the firmware refuses this configuration."""
    device = rig.device(config, fast=False)
    assert device.exit_code() == 2
    assert [line["state"] for line in device.lines] == ["fault"]
    assert device.lines[0]["reason"] == "config"
    assert device.errors.count("\n") == 1
    return device.errors


def test_configurations_that_cannot_be_used(rig: Rig) -> None:
    assert "is missing" in refusal(rig, rig.folder / "nowhere.json")
    assert "nearest known one is board" in refusal(rig, rig.config("https://localhost", bord="x"))
    assert "no module named 'firmware.boards.toaster'" in refusal(
        rig, rig.config("https://localhost", board="toaster")
    )
    assert "frameio.url must begin with https://" in refusal(rig, rig.config("http://192.0.2.1"))
    assert "can't be read" in refusal(
        rig, rig.config("https://localhost", rig.folder / "no-ca.der")
    )
    (rig.folder / "ca.der").write_text("this is no certificate")
    assert "not a usable DER certificate" in refusal(
        rig, rig.config("https://localhost", rig.folder / "ca.der")
    )
    assert "does not belong there" in refusal(
        rig, rig.config("https://localhost", token=TOKEN + " x")
    )
    path = rig.config("https://localhost")
    path.write_text(path.read_text()[:-2])
    assert "not valid JSON" in refusal(rig, path)
    path.write_text("[]")
    assert "one JSON object" in refusal(rig, path)


def test_a_console_that_is_switched_off(rig: Rig) -> None:
    mock = rig.mock()
    device = rig.device(rig.config(mock.url, console=False))
    mock.wait(lambda mock: mock.status()["online"])
    assert device.output == ""


def test_a_spoilt_state_folder_costs_only_the_shortcut(rig: Rig) -> None:
    mock, device = rig.online()
    device.stop()
    (rig.folder / "state/a/identity.json").write_bytes(b"\xff\x00{")
    rig.device(rig.config(mock.url)).wait(state="online")
