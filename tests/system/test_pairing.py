"""Pairing, refresh and what ends them: the real firmware, with short times, against the mock."""

import json

import pytest

from tools.rig import CLIENT_SECRET, Device, Mock, Rig


def unpaired(rig: Rig, *options: str, tls: bool = False) -> tuple[Mock, Device]:
    """A mock and a device that has just been switched on for the first time."""
    mock = rig.mock("--interval-s", "1", *options, tls=tls)
    return mock, rig.device(rig.config(mock.url, mock.ca if tls else None, token=None))


def paired(rig: Rig, *options: str, tls: bool = False) -> tuple[Mock, Device]:
    """The same, paired and online."""
    mock, device = unpaired(rig, *options, tls=tls)
    mock.approve()
    device.wait(state="online")
    return mock, device


def grants(mock: Mock, grant: str) -> list[str]:
    """What became of each request with this grant."""
    return [record["outcome"] for record in mock.records(kind="auth", grant=grant)]


def refreshes(mock: Mock) -> list[str]:
    """What became of each refresh."""
    return grants(mock, "refresh_token")


def test_six_digits_and_the_device_is_online(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "1", tls=True)
    mock.control("next_user_code", user_code="000042")
    device = rig.device(rig.config(mock.url, mock.ca, token=None))
    line = device.wait(user_code="000042")
    assert (line["state"], line["light"]["pattern"], line["connected"], line["paused"]) == (
        "pairing",
        "slow",
        True,
        None,
    )
    assert mock.approve() == "000042"
    line = device.wait(state="online")
    assert (line["user_code"], line["creator"], line["reason"]) == (None, "Ada Lovelace", None)
    codes = mock.records(kind="auth", part="code")
    assert len(codes) == 1 and codes[0]["client_id"].count("-") == 4
    # Identity follows the tokens at once, and the socket that.
    seen = [
        record["path"] for record in mock.records(kind="request") if record["path"] != "/health"
    ]
    after_token = seen[len(seen) - seen[::-1].index("/v2/auth/token") :]
    assert after_token[:2] == ["/v2/devices/me", "/devices/websocket"], seen


def test_after_a_restart_it_is_online_without_its_user(rig: Rig) -> None:
    mock, device = paired(rig)
    device.stop()
    asked = len(mock.records(kind="auth"))
    device = rig.device(rig.config(mock.url, token=None))
    device.wait(state="online")
    assert len(mock.records(kind="auth")) == asked
    assert not [line for line in device.lines if line["user_code"]]
    clients = json.loads((rig.folder / "state/a/client.json").read_text())
    assert clients == {"client_id": mock.records(kind="auth")[0]["client_id"]}


def test_a_factory_serial_is_the_client_id(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "1")
    config = rig.config(mock.url, token=None)
    values = json.loads(config.read_text())
    values["frameio"]["client_id"] = "SN-0001"
    config.write_text(json.dumps(values))
    device = rig.device(config)
    mock.approve()
    device.wait(state="online")
    assert {record["client_id"] for record in mock.records(kind="auth")} == {"SN-0001"}


def test_tokens_are_refreshed_in_time_and_unnoticed(rig: Rig) -> None:
    mock, device = unpaired(rig)
    mock.control("lives", access_s=4)
    mock.approve()
    device.wait(state="online")
    mark = device.mark()
    mock.wait(lambda mock: len(refreshes(mock)) >= 2)
    assert set(refreshes(mock)) == {"issued"}
    used = [record["generation"] for record in mock.records(kind="auth", grant="refresh_token")]
    assert len(set(used)) == len(used)
    assert not device.lines[mark:]
    assert len(mock.records(kind="upgrade")) == 1  # the live socket is left alone
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=200)) >= 3)
    assert not mock.records(path="/v2/devices/me", status=401)


def test_a_refused_token_is_refreshed_once(rig: Rig) -> None:
    mock, device = paired(rig)
    mark = device.mark()
    mock.control("expire")
    mock.control("event", event="status_updated", payload="resumed")  # asks for identity
    mock.wait(lambda mock: bool(mock.records(path="/v2/devices/me", status=401)))
    polls = len(mock.records(path="/v2/devices/me", status=200))
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=200)) > polls)
    assert refreshes(mock) == ["issued"]
    assert not [line for line in device.lines[mark:] if line["state"] != "online"]


def test_a_token_that_has_died_while_the_device_was_off(rig: Rig) -> None:
    mock, device = unpaired(rig)
    mock.control("lives", access_s=2)
    mock.approve()
    device.wait(state="online")
    device.stop()
    mock.control("expire")
    device = rig.device(rig.config(mock.url, token=None))
    device.wait(state="online")
    assert not mock.records(kind="upgrade", status=403) or refreshes(mock)


def test_a_new_token_that_is_refused_as_well_is_somebody_else_s_doing(rig: Rig) -> None:
    mock, device = paired(rig)
    mock.control("refuse", part="identity", status=401, body={"error": "invalid_token"})
    mock.control("event", event="status_updated", payload="resumed")
    line = device.wait(state="unpaired")
    assert line["reason"] == "token_refused"
    refused = len(mock.records(path="/v2/devices/me", status=401))
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=401)) >= refused + 2)
    assert refreshes(mock) == ["issued"]
    mark = device.mark()
    mock.control("clear")
    device.wait(state="online", after=mark)


def test_a_lost_answer_costs_the_pairing_and_says_so(rig: Rig) -> None:
    mock, device = paired(rig)
    mark = device.mark()
    mock.control("lose_refresh_response")
    mock.control("expire")
    mock.control("event", event="status_updated", payload="resumed")
    line = device.wait(state="unpaired", after=mark)
    assert (line["reason"], line["project"], line["paused"]) == ("refresh_lost", None, None)
    assert (
        refreshes(mock)[1:] == ["invalid_request"] and len(refreshes(mock)) == 2
    )  # the old token, once more
    assert mock.status()["online"] is False
    device.stop()
    device = rig.device(rig.config(mock.url, token=None))
    device.wait(state="pairing")
    mock.approve()
    device.wait(state="online")


# A 401 `invalid_client` refuses the client, and the pairing may still be good.
@pytest.mark.parametrize(("status", "shape"), [(400, "errors"), (400, "error"), (401, "errors")])
def test_a_removed_device_says_so(rig: Rig, status: int, shape: str) -> None:
    mock, device = paired(rig)
    mock.control("lost_status", status=status)
    mock.control("error_body", shape=shape)
    mock.control("remove_device")
    mock.control("kill")
    line = device.wait(state="unpaired")
    assert (line["reason"], line["connected"], line["project"], line["creator"]) == (
        "pairing_ended",
        True,
        None,
        None,
    )
    assert len(refreshes(mock)) == 1
    asked = len(mock.records(kind="auth"))
    mock.wait(lambda mock: len(mock.records(path="/health")) >= 2)  # time goes by
    assert len(mock.records(kind="auth")) == asked and device.lines[-1]["state"] == "unpaired"


def test_an_authorization_that_has_run_out_says_so(rig: Rig) -> None:
    mock, device = paired(rig)
    mock.control("device", expires_at="2020-01-01T00:00:00Z")
    device.wait(expires_at="2020-01-01T00:00:00Z")
    mock.control("remove_device")
    assert device.wait(state="unpaired")["reason"] == "authorization_expired"


def test_a_proxy_that_forbids_the_socket(rig: Rig) -> None:
    """One refresh, then the HTTP heartbeat; and back to the socket when it works."""
    mock, device = paired(rig)
    mark = device.mark()
    mock.control("refuse", part="socket", status=403, body="<html>no</html>")
    mock.control("kill")
    device.wait(state="joining", reason="upgrade_refused", after=mark)
    line = device.wait(state="online", reason="http_fallback", after=mark)
    assert line["connected"] is True
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/heartbeat", status=204)) >= 3)
    beats = [record["t_ms"] for record in mock.records(path="/v2/devices/heartbeat", status=204)]
    assert beats[-1] - beats[0] >= 250 * (len(beats) - 1)  # each after 500 to 800 ms
    assert refreshes(mock) == ["issued"]
    mark = device.mark()
    mock.control("pause", push=False)
    device.wait(state="paused", after=mark)
    mock.control("resume", push=False)
    mark = device.mark()
    mock.control("clear")
    device.wait(state="online", reason=None, after=mark)
    assert mock.status()["sockets"] == 1
    beats_before = len(mock.records(path="/v2/devices/heartbeat"))
    mock.wait(lambda mock: len(mock.records(event="heartbeat")) >= 4)
    assert len(mock.records(path="/v2/devices/heartbeat")) == beats_before


def test_a_code_that_is_not_typed_in_is_renewed_and_then_given_up(rig: Rig) -> None:
    mock, device = unpaired(rig, "--code-life-s", "2")
    line = device.wait(state="unpaired", reason="pairing_timeout")
    codes = {line["user_code"] for line in device.lines if line["user_code"]}
    assert len(codes) >= 2 and line["user_code"] is None
    assert "authorization_pending" in grants(mock, "device_code")


def test_a_denied_code_and_a_wrong_secret(rig: Rig) -> None:
    mock, device = unpaired(rig)
    device.wait(state="pairing")
    mock.control("deny")
    assert device.wait(state="unpaired", reason="access_denied")["connected"] is True
    config = rig.config(mock.url, token=None)
    config.write_text(config.read_text().replace(CLIENT_SECRET, "another"))
    assert rig.device(config).wait(state="unpaired", reason="client_refused")


def test_a_code_is_kept_over_trouble(rig: Rig) -> None:
    mock, device = unpaired(rig)
    code = device.wait(state="pairing")["user_code"]
    mock.control("refuse", part="token", status=503, body="<html>", times=1)
    mock.wait(lambda mock: bool(mock.records(path="/v2/auth/token", status=503)))
    mock.control("refuse", part="token", status=429, body={"error": "slow"}, times=1)
    mock.wait(lambda mock: bool(mock.records(path="/v2/auth/token", status=429)))
    mock.control("approve", user_code=code)
    device.wait(state="online")
    assert {line["user_code"] for line in device.lines} == {None, code}


def test_no_code_while_the_service_is_down(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "1")
    mock.control("refuse", part="all", status=503)
    device = rig.device(rig.config(mock.url, token=None))
    assert device.wait(state="no_backend", reason="server_error")["user_code"] is None
    mock.control("clear")
    device.wait(state="pairing")
    mock.approve()
    device.wait(state="online")
