"""The mock's REST side, with Python's own HTTP client."""

import http.client
import json
from typing import Any

import pytest

from tools.rig import TOKEN, Mock, Rig


def call(
    mock: Mock, method: str, path: str, token: str | None = TOKEN
) -> tuple[int, Any, http.client.HTTPMessage]:
    """(status, JSON or text, header fields) of a call."""
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=60)
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    try:
        return answer.status, json.loads(text), answer.headers
    except ValueError:
        return answer.status, text, answer.headers


def test_identity_says_offline_for_the_call_that_makes_it_online(rig: Rig) -> None:
    mock = rig.mock()
    assert call(mock, "GET", "/v2/devices/me")[1]["status"] == "offline"
    assert call(mock, "GET", "/v2/devices/me")[1]["status"] == "online"
    mock.control("pause")
    assert call(mock, "GET", "/v2/devices/me")[1]["status"] == "paused"


def test_identity_has_the_trap_of_two_ids(rig: Rig) -> None:
    mock = rig.mock()
    body = call(mock, "GET", "/v2/devices/me")[1]
    assert body["id"] == mock.status()["device_id"] != body["device_id"]


def test_tokens(rig: Rig) -> None:
    mock = rig.mock()
    for token in (None, "wrong"):
        for method, path in (("GET", "/v2/devices/me"), ("POST", "/v2/devices/heartbeat")):
            status, body, _ = call(mock, method, path, token)
            assert status == 401
            assert body["errors"][0]["code"] == 401
    assert call(mock, "POST", "/v2/devices/heartbeat")[:2] == (204, "")
    mock.control("expire")
    assert call(mock, "GET", "/v2/devices/me")[0] == 401
    mock.control("renew")
    assert call(mock, "GET", "/v2/devices/me")[0] == 200


def test_a_token_lives_as_long_as_it_was_told(rig: Rig) -> None:
    mock = rig.mock("--token-life-s", "0")
    assert call(mock, "GET", "/v2/devices/me")[0] == 401


def test_health_needs_no_token(rig: Rig) -> None:
    mock = rig.mock()
    assert call(mock, "GET", "/health", None)[:2] == (200, {"ok": True})


@pytest.mark.parametrize("part", ["identity", "health", "heartbeat", "all"])
def test_refusals(rig: Rig, part: str) -> None:
    mock = rig.mock()
    mock.control("refuse", part=part, status=429, body={"error": "slow"}, times=1)
    method, path = {
        "heartbeat": ("POST", "/v2/devices/heartbeat"),
        "health": ("GET", "/health"),
    }.get(part, ("GET", "/v2/devices/me"))
    status, body, fields = call(mock, method, path)
    assert (status, body) == (429, {"error": "slow"})
    assert fields["x-ratelimit-window"] == "60000"
    assert call(mock, method, path)[0] in (200, 204)


def test_identity_grows_on_demand(rig: Rig) -> None:
    mock = rig.mock("--identity-bytes", "100000")
    assert len(json.dumps(call(mock, "GET", "/v2/devices/me")[1])) >= 100_000
