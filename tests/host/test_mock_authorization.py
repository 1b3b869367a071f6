"""The mock's pairing and tokens: each documented manner, by plain HTTP."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from websockets.exceptions import InvalidStatus

from tests.host.test_mock_rest import call
from tests.host.test_mock_socket import joined, url_of
from tools.mock_frameio.tokens import MARK
from tools.rig import CLIENT_SECRET, CLIENT_VERSION, TOKEN, Mock, Rig

UNIT = "0d1b7a0e-6a53-4a5f-9d58-2b6a3f3c9a51"
CODE, TOKENS, REVOKE = "/v2/auth/device/code", "/v2/auth/token", "/v2/auth/revoke"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = "asset_create offline"
UNAUTHORIZED = {
    "code": 401,
    "errors": [
        {
            "code": 401,
            "detail": "You are not allowed to access that resource",
            "status": 401,
            "title": "Not Authorized",
        }
    ],
    "message": "Not Authorized",
}
Answer = tuple[int, Any]
Fields = Mapping[str, str | None]


def session(ca: Path | None = None) -> requests.Session:
    """A session that trusts this CA, and asks the environment for no proxy and no other CA."""
    made = requests.Session()
    made.trust_env = False
    made.verify = str(ca) if ca else True
    return made


def post(
    mock: Mock,
    path: str,
    fields: Fields,
    multipart: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """(status, JSON or text) of a call with the unit's fields and these. None omits a field."""
    form = {"client_id": UNIT, "client_secret": CLIENT_SECRET, **fields}
    form = {name: value for name, value in form.items() if value is not None}
    body: dict[str, Any] = (
        {"files": {name: (None, value) for name, value in form.items()}}
        if multipart
        else {"data": form}
    )
    headers = {"x-client-version": CLIENT_VERSION, **(headers or {})}
    answer = session().post(mock.url + path, headers=headers, timeout=60, **body)
    return answer.status_code, answer.json() if "json" in answer.headers[
        "content-type"
    ] else answer.text


def new_code(mock: Mock, multipart: bool = True, **headers: str) -> Any:
    """The body of a device code's answer."""
    status, body = post(mock, CODE, {"scope": SCOPE}, multipart, headers)
    assert status == 200, body
    return body


def poll(mock: Mock, code: Any, multipart: bool = True, **fields: str) -> Answer:
    """Poll for a device code's tokens."""
    return post(
        mock,
        TOKENS,
        {"grant_type": DEVICE_GRANT, "device_code": code["device_code"], **fields},
        multipart,
    )


def refresh(mock: Mock, pair: Any, multipart: bool = True) -> Answer:
    """Refresh a pair."""
    return post(
        mock,
        TOKENS,
        {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]},
        multipart,
    )


def paired(mock: Mock) -> Any:
    """Pair; the body with the tokens."""
    code = new_code(mock)
    assert mock.approve() == code["user_code"]
    status, pair = poll(mock, code)
    assert status == 200, pair
    return pair


def accepted(mock: Mock, pair: Any) -> bool:
    """Is the pair's access token accepted, by API and socket alike?"""
    status = call(mock, "GET", "/v2/devices/me", pair["access_token"])[0]
    upgrade = 101
    try:
        with joined(mock, url=url_of(mock, quote(pair["access_token"], safe=""))):
            pass
    except InvalidStatus as refused:
        upgrade = refused.response.status_code
    assert (status, upgrade) in ((200, 101), (401, 403))
    return status == 200


@pytest.mark.parametrize("multipart", [True, False], ids=["multipart", "url-encoded"])
def test_pairing_refreshing_revoking(rig: Rig, multipart: bool) -> None:
    mock = rig.mock("--interval-s", "0")
    mock.control("next_user_code", user_code="000042")
    mock.control("lives", said_interval_s=5)
    code = new_code(mock, multipart)
    assert re.fullmatch(r"[\w-]{76}", code.pop("device_code"))
    assert code == {"expires_in": 120, "interval": 5, "name": "MOCK-DEVICE", "user_code": "000042"}

    code = new_code(mock, multipart, **{"x-client-platypus-enabled": "true"})
    assert re.fullmatch(r"\d{6}", code["user_code"])
    assert code["verification_uri"] == "https://next.frame.io/pair"
    assert code["verification_uri_complete"] == f"https://next.frame.io/pair/{code['user_code']}"
    assert mock.status()["user_codes"] == ["000042", code["user_code"]]
    assert poll(mock, code, multipart) == (400, {"error": "authorization_pending"})
    mock.control("approve", user_code=code["user_code"])
    assert mock.status()["user_codes"] == ["000042"]
    status, first = poll(mock, code, multipart)
    kept = {name: first[name] for name in ("access_token", "refresh_token")}
    assert (status, first) == (200, {**kept, "expires_in": 28800, "token_type": "bearer"})
    assert accepted(mock, first)

    status, second = refresh(mock, first, multipart)
    assert (status, second.keys(), second["expires_in"]) == (200, first.keys(), 28800)
    assert accepted(mock, second) and not accepted(mock, first)
    assert refresh(mock, first, multipart) == (400, {"error": "invalid_request"})
    assert mock.status()["generation"] == 2

    assert post(mock, REVOKE, {"token": second["access_token"]}, multipart) == (
        200,
        {"success": True},
    )
    assert not accepted(mock, second)
    assert refresh(mock, second, multipart) == (401, UNAUTHORIZED)
    assert mock.status()["generation"] is None
    assert post(mock, REVOKE, {"token": "unknown"}, multipart) == (200, {"success": True})
    assert call(mock, "GET", "/v2/devices/me", TOKEN)[0] == 200  # the fixed token stands by itself


def test_what_is_no_valid_request(rig: Rig) -> None:
    mock = rig.mock()
    pair = paired(mock)
    asked: dict[str, dict[str, str]] = {
        CODE: {"scope": SCOPE},
        TOKENS: {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]},
        REVOKE: {"token": pair["access_token"]},
    }
    invalid = (400, {"error": "invalid_request"})
    for path, fields in asked.items():
        for name in ("client_id", "client_secret", *fields):
            for value in (None, ""):
                assert post(mock, path, {**fields, name: value}) == invalid, (path, name, value)
        assert post(mock, path, {**fields, "client_secret": "wrong"}) == (
            400,
            {"error": "invalid_client"},
        )
        for version in ("1.2", "v1.2.3", "1.2.03", "1.2.3-", "1.2.3 4", "1.2.3-01", "firmware"):
            assert post(mock, path, fields, headers={"x-client-version": version}) == invalid, (
                version
            )
        bodies = (
            (
                "application/json",
                json.dumps({"client_id": UNIT, "client_secret": CLIENT_SECRET, **fields}),
            ),
            ("multipart/form-data", "no boundary"),
            ("multipart/form-data; boundary=x", "--x\r\nnonsense"),
            ("application/x-www-form-urlencoded; charset=unheard-of", "client_id=1"),
            ("application/x-www-form-urlencoded", b"client_id=\xff"),
        )
        for content_type, body in bodies:
            answer = session().post(
                mock.url + path, data=body, headers={"content-type": content_type}, timeout=60
            )
            assert (answer.status_code, answer.json()) == invalid, content_type
    assert post(mock, CODE, {"scope": "everything"}) == invalid
    assert post(mock, TOKENS, {"grant_type": "password"}) == invalid
    assert post(mock, TOKENS, {"grant_type": DEVICE_GRANT}) == invalid
    assert refresh(mock, pair)[0] == 200  # none of all that has spent it
    for version in ("0.0.0", "1.2.3-rc.1+build.5", "10.20.30--x.0"):
        assert post(mock, CODE, {"scope": SCOPE}, headers={"x-client-version": version})[0] == 200


def test_how_a_poll_is_refused(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "60")
    code = new_code(mock)
    assert code["interval"] == 60
    assert poll(mock, code) == (400, {"error": "authorization_pending"})
    assert poll(mock, code) == (400, {"error": "slow_down"})
    assert poll(mock, code, client_id="another unit") == (400, {"error": "invalid_grant"})
    assert poll(mock, code, device_code="unknown") == (400, {"error": "invalid_grant"})
    mock.control("deny")
    assert poll(mock, code) == (400, {"error": "access_denied"})
    mock.control("lives", code_s=0, said_code_s=2)
    code = new_code(mock)
    assert code["expires_in"] == 2
    assert poll(mock, code) == (400, {"error": "expired_token"})
    mock.control("lives", code_s=60)
    code = new_code(mock)
    mock.control("approve", user_code=code["user_code"])
    assert poll(mock, code)[0] == 200
    assert poll(mock, code) == (400, {"error": "invalid_grant"})
    words = [record["outcome"] for record in mock.records(kind="auth", grant="device_code")]
    assert words[:4] == ["authorization_pending", "slow_down", "invalid_grant", "invalid_grant"]
    assert words[4:] == ["access_denied", "expired_token", "issued", "invalid_grant"]


def test_lives_are_given_on_the_command_line_too(rig: Rig) -> None:
    options = (
        "--token-life-s",
        "0.5",
        "--refresh-life-s",
        "0",
        "--code-life-s",
        "60.5",
        "--interval-s",
        "0.2",
    )
    mock = rig.mock(*options)
    code = new_code(mock)
    assert (code["expires_in"], code["interval"]) == (60, 1)
    mock.control("approve")
    pair = poll(mock, code)[1]
    assert pair["expires_in"] == 0
    assert refresh(mock, pair)[0] == 401
    mock.wait(lambda mock: call(mock, "GET", "/v2/devices/me", pair["access_token"])[0] == 401)


def test_tokens_and_devices_outlive_a_mock_that_keeps_its_state(rig: Rig, tmp_path: Path) -> None:
    options = ("--interval-s", "0", "--state", str(tmp_path / "kept.json"))
    first = rig.mock(*options)
    used = paired(first)
    status, pair = refresh(first, used)
    assert status == 200
    other_unit = "8a0c2f6e-31d1-4a8b-8a55-c1d8ae8a3e04"
    code = post(first, CODE, {"scope": SCOPE, "client_id": other_unit})[1]
    first.approve()
    other = poll(first, code, client_id=other_unit)[1]
    identities = [
        call(first, "GET", "/v2/devices/me", one["access_token"]) for one in (pair, other)
    ]
    first.stop()

    mock = rig.mock(*options)
    for one, (_, identity, _) in zip((pair, other), identities, strict=True):
        assert call(mock, "GET", "/v2/devices/me", one["access_token"])[1]["id"] == identity["id"]
    assert refresh(mock, used) == (400, {"error": "invalid_request"})
    status, newer = refresh(mock, pair)
    assert status == 200
    assert accepted(mock, newer)
    assert not accepted(mock, pair)
    generations = [record["generation"] for record in mock.records(kind="auth")]
    assert generations == [1, 2]
    assert (tmp_path / "kept.json").stat().st_mode & 0o077 == 0


def test_a_lost_refresh_response_costs_the_pairing(rig: Rig) -> None:
    mock = rig.mock()
    pair = paired(mock)
    mock.control("lose_refresh_response")
    with pytest.raises(requests.ConnectionError):
        refresh(mock, pair)
    assert refresh(mock, pair) == (400, {"error": "invalid_request"})
    assert not accepted(mock, pair)
    used = [
        (record["outcome"], record["lost"]) for record in mock.records(kind="auth", generation=1)
    ]
    assert used == [("issued", True), ("invalid_request", False)]
    assert mock.status()["generation"] == 2
    assert refresh(mock, paired(mock))[0] == 200  # one was ordered
    mock.control("lose_refresh_response", times=2)
    mock.control("clear")
    assert refresh(mock, paired(mock))[0] == 200


def test_a_removed_device(rig: Rig) -> None:
    mock = rig.mock()
    pair = paired(mock)
    with joined(mock):
        mock.control("remove_device")
        assert mock.status()["online"] is True  # live sockets stay
    assert not accepted(mock, pair)
    assert not accepted(mock, {"access_token": TOKEN})
    short = {"error": "invalid_client"}
    for status, shape, body in (
        (401, "errors", UNAUTHORIZED),
        (401, "error", short),
        (400, "error", {"error": "invalid_request"}),
    ):
        mock.control("lost_status", status=status)
        mock.control("error_body", shape=shape)
        assert refresh(mock, pair) == (status, body)
        assert refresh(mock, {"refresh_token": "unknown"}) == (status, body)
    assert call(mock, "GET", "/v2/devices/me", pair["access_token"])[:2] == (401, short)
    assert accepted(mock, paired(mock))


def test_access_tokens_expire_and_the_refresh_token_stays(rig: Rig) -> None:
    mock = rig.mock()
    pair = paired(mock)
    mock.control("expire")
    assert not accepted(mock, pair)
    mock.control("renew")
    assert accepted(mock, pair)
    mock.control("expire")
    assert accepted(mock, refresh(mock, pair)[1])


@pytest.mark.parametrize(("part", "path"), [("code", CODE), ("token", TOKENS), ("revoke", REVOKE)])
def test_refusals(rig: Rig, part: str, path: str) -> None:
    mock = rig.mock()
    pair = paired(mock)
    fields = {
        "scope": SCOPE,
        "grant_type": "refresh_token",
        "refresh_token": pair["refresh_token"],
        "token": pair["access_token"],
    }
    for status, body in (
        (403, "<html>no</html>"),
        (503, "<html>busy</html>"),
        (429, {"error": "slow"}),
        (502, {"any": 1}),
    ):
        mock.control("refuse", part=part, status=status, body=body, times=1)
        assert post(mock, path, fields) == (status, body)
    mock.control("refuse", part="all", status=500, times=1)
    assert post(mock, path, fields)[0] == 500
    assert mock.records(kind="auth", generation=1) == []  # nothing of that was carried out
    assert post(mock, path, fields)[0] == 200


def test_controls_that_make_no_sense_are_refused(rig: Rig) -> None:
    mock = rig.mock()
    for action, body in (
        ("approve", {}),
        ("deny", {"user_code": "123456"}),
        ("next_user_code", {}),
        ("lives", {"acces_s": 1}),
        ("lost_status", {"status": 403}),
        ("error_body", {"shape": "round"}),
    ):
        answer = session().post(f"{mock.url}/control/{action}", json=body, timeout=60)
        assert (answer.status_code, answer.json()["ok"]) == (400, False), action


def test_records_and_status_hold_no_secret(rig: Rig) -> None:
    mock = rig.mock()
    code = new_code(mock)
    mock.control("approve")
    first = poll(mock, code)[1]
    second = refresh(mock, first)[1]
    refresh(mock, {"refresh_token": first["access_token"]})
    post(mock, TOKENS, {"grant_type": second["refresh_token"]})
    post(mock, CODE, {"client_secret": "wrong-secret", "scope": SCOPE})
    post(mock, REVOKE, {"token": second["access_token"]})
    seen = json.dumps([mock.records(), mock.status()])
    secrets = [CLIENT_SECRET, TOKEN, "wrong-secret", code["device_code"]]
    secrets += [
        pair[name] for pair in (first, second) for name in ("access_token", "refresh_token")
    ]
    assert [secret for secret in secrets if secret in seen] == []
    assert all(secret.startswith(MARK) for secret in secrets[3:])
    assert [
        (record["part"], record["outcome"]) for record in mock.records(kind="auth", client_id=UNIT)
    ] == [
        ("code", "issued"),
        ("token", "issued"),
        ("token", "issued"),
        ("token", "unauthorized"),
        ("token", "invalid_request"),
        ("code", "invalid_client"),
        ("revoke", "revoked"),
    ]
    assert mock.records(kind="http", path=CODE)[0]["client_version"] == CLIENT_VERSION
