"""The mock's device socket, driven by another project's WebSocket client.

The messages are those of Frame.io's guide.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tools.rig import TOKEN, Mock, Rig

GUIDE_URL = "wss://api.frame.io/devices/websocket?Authorization=Bearer ACCESS_TOKEN"
JOIN = (
    '{"topic":"devices:YOUR_DEVICE_ID", "event":"phx_join", "payload":"", "ref":"channel_connect"}'
)
JOINED = '{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"channel_connect","topic":"devices:YOUR_DEVICE_ID"}'
HEARTBEAT = '{"topic":"phoenix", "event":"heartbeat", "payload":"", "ref":"heartbeat"}'
BEATEN = '{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"heartbeat","topic":"phoenix"}'


def url_of(mock: Mock, token: str = TOKEN, more: str = "") -> str:
    """The guide's address, the space encoded as every URL library does."""
    url = GUIDE_URL.replace("wss://api.frame.io", mock.url.replace("http", "ws"))
    return url.replace("ACCESS_TOKEN", token).replace(" ", "%20") + more


@contextmanager
def dial(mock: Mock, **options: Any) -> Iterator[Connection]:
    """Connect as the guide says."""
    options = {"origin": None, "ping_interval": None, "compression": None, **options}
    with connect(options.pop("url", url_of(mock)), **options) as client:
        yield client


@contextmanager
def joined(mock: Mock, **options: Any) -> Iterator[Connection]:
    """Connect and join as the guide says."""
    with dial(mock, **options) as client:
        client.send(JOIN.replace("YOUR_DEVICE_ID", mock.status()["device_id"]))
        assert client.recv(60) == JOINED.replace("YOUR_DEVICE_ID", mock.status()["device_id"])
        yield client


def test_the_lines_of_the_guide(rig: Rig) -> None:
    mock = rig.mock()
    assert mock.status()["online"] is False
    with joined(mock) as client:
        assert mock.status()["online"] is True
        client.send(HEARTBEAT)
        assert client.recv(60) == BEATEN
    mock.wait(lambda mock: mock.status()["online"] is False)


def test_the_lines_of_the_guide_over_tls(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    with joined(
        mock, ssl=ssl.create_default_context(cafile=str(mock.ca.parent / "ca.pem"))
    ) as client:
        client.send(HEARTBEAT)
        assert client.recv(60) == BEATEN


@pytest.mark.parametrize(
    "options",
    [
        lambda mock: {"url": url_of(mock, "wrong")},
        lambda mock: {"url": url_of(mock, more="&vsn=9.9.9")},
        lambda mock: {"origin": "https://elsewhere.example"},
        lambda mock: {"url": url_of(mock).split("?")[0]},
    ],
    ids=["token", "vsn", "origin", "no token"],
)
def test_refused_upgrades(rig: Rig, options: Callable[[Mock], dict[str, Any]]) -> None:
    mock = rig.mock()
    with pytest.raises(InvalidStatus) as caught, dial(mock, **options(mock)):
        pass
    assert caught.value.response.status_code == 403
    assert not caught.value.response.body


def test_an_expired_token_is_refused_and_a_live_socket_stays(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock) as client:
        mock.control("expire")
        with pytest.raises(InvalidStatus), dial(mock):
            pass
        client.send(HEARTBEAT)
        assert client.recv(60) == BEATEN


def test_pause_and_resume_are_broadcast(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock) as one, joined(mock) as two:
        for action, word in (("pause", "paused"), ("resume", "resumed")):
            mock.control(action)
            for client in (one, two):
                assert json.loads(client.recv(60)) == {
                    "event": "status_updated",
                    "payload": word,
                    "ref": None,
                    "topic": f"devices:{mock.status()['device_id']}",
                }


@pytest.mark.parametrize(
    "message",
    [
        b"binary",
        "",
        "no json",
        "[]",
        '"text"',
        '{"topic":"phoenix","event":"heartbeat","payload":""}',
        '{"event":"heartbeat"}',
    ],
    ids=str,
)
def test_what_crashes_the_socket(rig: Rig, message: str | bytes) -> None:
    with dial(rig.mock()) as client:
        client.send(message)
        with pytest.raises(ConnectionClosed):
            client.recv(60)
        assert client.close_code == 1011


def event_of(text: str | bytes) -> tuple[str, str | None, Any]:
    """(event, ref, status) of a message."""
    message = json.loads(text)
    payload = message["payload"]
    return (
        message["event"],
        message["ref"],
        payload.get("status") if isinstance(payload, dict) else payload,
    )


def test_joining_twice_answers_first_and_closes_the_old_channel_then(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock) as client:
        client.send(JOIN.replace("YOUR_DEVICE_ID", mock.status()["device_id"]))
        assert event_of(client.recv(60)) == ("phx_reply", "channel_connect", "ok")
        assert event_of(client.recv(60)) == ("phx_close", None, None)
        assert mock.status()["online"] is True


def test_topics_that_are_not_ours(rig: Rig) -> None:
    mock = rig.mock()
    with dial(mock) as client:
        for topic, reason in (
            ("rooms:1", "unmatched topic"),
            ("devices:someone-else", "unauthorized"),
        ):
            client.send(
                json.dumps({"topic": topic, "event": "phx_join", "payload": "", "ref": "r"})
            )
            assert json.loads(client.recv(60))["payload"] == {
                "response": {"reason": reason},
                "status": "error",
            }
        client.send(
            json.dumps({"topic": "devices:x", "event": "anything", "payload": "", "ref": "r"})
        )
        assert json.loads(client.recv(60))["payload"]["response"] == {"reason": "unmatched topic"}


def test_leaving_and_an_event_without_a_clause(rig: Rig) -> None:
    mock = rig.mock()
    topic = f"devices:{mock.status()['device_id']}"
    with joined(mock) as client:
        client.send(json.dumps({"topic": topic, "event": "phx_leave", "payload": "", "ref": "bye"}))
        assert event_of(client.recv(60)) == ("phx_reply", "bye", "ok")
        assert event_of(client.recv(60))[0] == "phx_close"
    with joined(mock) as client:
        client.send(json.dumps({"topic": topic, "event": "unheard_of", "payload": "", "ref": "x"}))
        assert event_of(client.recv(60))[0] == "phx_error"
        client.send(HEARTBEAT)  # the socket lives on
        assert client.recv(60) == BEATEN


def test_silence_is_closed_with_1000_and_a_ping_is_no_silence(rig: Rig) -> None:
    mock = rig.mock("--idle-s", "4")
    with joined(mock) as client:
        begun = time.monotonic()
        for _ in range(3):
            assert client.ping().wait(60)
            with pytest.raises(TimeoutError):
                client.recv(1.8)
        with pytest.raises(ConnectionClosed):
            client.recv(60)
        assert client.close_code == 1000
        assert time.monotonic() - begun > 5.4  # without the pings: 4


def test_faults_of_the_control_api(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock) as client:
        mock.control("drop", code=1012, reason="deploy")
        with pytest.raises(ConnectionClosed):
            client.recv(60)
        assert (client.close_code, client.close_reason) == (1012, "deploy")
    with joined(mock) as client:
        mock.control("kill")
        with pytest.raises(ConnectionClosed):
            client.recv(60)
        assert client.close_code == 1006
    with joined(mock) as client:
        mock.control("black_hole")
        client.send(HEARTBEAT)
        with pytest.raises(TimeoutError):
            client.recv(0.5)
        mock.control("clear")
        assert client.recv(60) == BEATEN
    with joined(mock) as client:
        mock.control("slow", ms=400)
        begun = time.monotonic()
        client.send(HEARTBEAT)
        assert client.recv(60) == BEATEN
        assert time.monotonic() - begun >= 0.4


def test_records_hold_no_token(rig: Rig) -> None:
    mock = rig.mock()
    with joined(mock):
        pass
    assert TOKEN not in json.dumps(mock.records())
    assert [record["kind"] for record in mock.records() if record["kind"] != "control"][:3] == [
        "request",
        "upgrade",
        "message",
    ]
