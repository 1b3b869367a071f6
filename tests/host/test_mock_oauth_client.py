"""The mock's pairing and tokens, driven over TLS by OAuth clients that we did not write."""

import threading
from typing import Any

import pytest
from msal.oauth2cli import Client
from oauthlib.oauth2 import DeviceClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from tests.host.test_mock_authorization import CODE, SCOPE, TOKENS, UNIT, session
from tools.rig import CLIENT_SECRET, CLIENT_VERSION, Mock, Rig


class Msal:
    """Microsoft's generic OAuth 2 client, over TLS.

    new_tokens: the refresh tokens that it was told to keep.
    """

    def __init__(self, mock: Mock) -> None:
        self.new_tokens: list[str] = []
        self._client = Client(
            {"device_authorization_endpoint": mock.url + CODE, "token_endpoint": mock.url + TOKENS},
            UNIT,
            default_body={"client_secret": CLIENT_SECRET},
            default_headers={"x-client-version": CLIENT_VERSION},
            http_client=session(mock.ca.parent / "ca.pem"),
            on_updating_rt=lambda old, new: self.new_tokens.append(new),
        )

    def begin(self) -> Any:
        """Ask for a device code."""
        return self._client.initiate_device_flow(
            SCOPE.split(), data={"client_secret": CLIENT_SECRET}, timeout=60
        )

    def poll(self, flow: Any, **options: Any) -> Any:
        """Poll, waiting as told, until it is decided."""
        return self._client.obtain_token_by_device_flow(flow, timeout=60, **options)

    def refresh(self, refresh_token: str) -> Any:
        """Refresh."""
        return self._client.obtain_token_by_refresh_token(refresh_token, timeout=60)


def test_a_client_that_we_did_not_write_pairs_and_refreshes(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "0.9", tls=True)
    client = Msal(mock)
    flow = client.begin()
    done: list[Any] = []
    polling = threading.Thread(target=lambda: done.append(client.poll(flow)))
    polling.start()
    mock.wait(lambda mock: bool(mock.records(kind="auth", outcome="authorization_pending")))
    assert mock.approve() == flow["user_code"]
    polling.join(60)
    first = done[0]
    assert (first["token_type"], first["expires_in"]) == ("bearer", 28800)
    assert [record["outcome"] for record in mock.records(kind="auth", grant="device_code")] == [
        "authorization_pending",
        "issued",
    ]

    second = client.refresh(first["refresh_token"])
    assert client.new_tokens == [second["refresh_token"]] != [first["refresh_token"]]
    assert client.refresh(first["refresh_token"]) == {"error": "invalid_request"}
    assert [
        record["generation"] for record in mock.records(kind="auth", grant="refresh_token")
    ] == [1, 1]


def test_a_client_that_we_did_not_write_understands_the_errors(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "60", tls=True)
    mock.control("lives", said_interval_s=0)
    client = Msal(mock)
    flow = client.begin()
    assert client.poll(flow, exit_condition=lambda flow: flow["interval"] >= 5) == {
        "error": "slow_down"
    }
    assert flow["interval"] == 5  # five more than was said
    mock.control("deny")
    with pytest.warns(UserWarning, match="too soon"):  # as we don't wait for them
        assert client.poll(flow) == {"error": "access_denied"}
    mock.control("lives", code_s=0)
    assert client.poll(client.begin()) == {"error": "expired_token"}


def test_requests_oauthlib_pairs_and_refreshes(rig: Rig) -> None:
    """The best known OAuth client of Python's; it leaves the polling to us."""
    mock = rig.mock("--interval-s", "0.1", tls=True)
    plain = session(mock.ca.parent / "ca.pem")
    form = {"client_id": UNIT, "client_secret": CLIENT_SECRET}
    code = plain.post(mock.url + CODE, data={**form, "scope": SCOPE}, timeout=60).json()
    oauth = OAuth2Session(client=DeviceClient(UNIT))
    oauth.trust_env, oauth.verify = False, plain.verify

    def poll() -> Any:
        return oauth.fetch_token(
            mock.url + TOKENS,
            device_code=code["device_code"],
            client_secret=CLIENT_SECRET,
            include_client_id=True,
            timeout=60,
        )

    with pytest.raises(OAuth2Error, match="authorization_pending"):
        poll()
    mock.approve()
    first = poll()
    assert mock.records(kind="auth", grant="device_code")[-1]["outcome"] == "issued"
    assert oauth.get(mock.url + "/v2/devices/me", timeout=60).json()["project"]["name"] == "Testbed"
    second = oauth.refresh_token(mock.url + TOKENS, timeout=60, **form)
    assert second["refresh_token"] != first["refresh_token"]
    with pytest.raises(OAuth2Error, match="invalid_request"):
        oauth.refresh_token(
            mock.url + TOKENS, refresh_token=first["refresh_token"], timeout=60, **form
        )
    dead = {"Authorization": f"Bearer {first['access_token']}"}
    assert plain.get(mock.url + "/v2/devices/me", headers=dead, timeout=60).status_code == 401
