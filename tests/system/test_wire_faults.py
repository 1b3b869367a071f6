"""Faults of the wire: the real firmware is not affected, or ends the link and is online again.

It ends the link for a named reason, which it tells the mock. Several faults follow each other in
one run of the firmware.
"""

import itertools
from typing import Any

import pytest

from tools.rig import Device, Mock, Rig

# Many links in a row take little time. Identity is asked at once, but only after an event.
SOON: dict[str, Any] = {
    "backoff_cap_ms": 50,
    "backoff_dropped_ms": 20,
    "identity_spacing_ms": 200,
    "identity_ms": (600_000, 600_000),
}
# What is slow, but well, must not end.
PATIENT = {"stall_ms": 20_000, "total_ms": 60_000, "tls_total_ms": 60_000, "proof_ms": 20_000}
PROTOCOL, BAD_TEXT, TOO_LARGE = ("protocol", 1002), ("protocol", 1007), ("too_large", 1009)

# what comes: (order for /control/raw, (reason that is shown, close code that the device sends))
# Nothing follows what breaks the rule: bytes that the device has not read when it closes would make
# TCP reset the connection, and then its close frame may be lost.
BAD_FRAMES: dict[str, tuple[dict[str, Any], tuple[str, int]]] = {
    "masked": ({"hex": "818000000000"}, PROTOCOL),
    "RSV1": ({"hex": "c100"}, PROTOCOL),
    "RSV3": ({"hex": "9100"}, PROTOCOL),
    "data opcode 3": ({"hex": "8300"}, PROTOCOL),
    "control opcode 11": ({"hex": "8b00"}, PROTOCOL),
    "ping in fragments": ({"hex": "0900"}, PROTOCOL),
    "ping of 126 bytes": ({"hex": "897e007e"}, PROTOCOL),
    "continuation of nothing": ({"hex": "800161"}, PROTOCOL),
    "message in a message": ({"hex": "010161810161"}, PROTOCOL),
    "length not shortest": ({"hex": "817e000161"}, PROTOCOL),
    "close of one byte": ({"hex": "880103"}, PROTOCOL),
    "close 999": ({"hex": "880203e7"}, PROTOCOL),
    "close 1005": ({"hex": "880203ed"}, PROTOCOL),
    "close 5000": ({"hex": "88021388"}, PROTOCOL),
    "close with a bad reason": ({"hex": "880303e8ff"}, BAD_TEXT),
    "bad UTF-8": ({"hex": "8101ff"}, BAD_TEXT),
    "UTF-8 cut at the end": ({"hex": "8102e282"}, BAD_TEXT),
    "surrogate over two fragments": ({"hex": "0101ed8002a080"}, BAD_TEXT),
    "no JSON": ({"hex": "81027b78"}, BAD_TEXT),
    "binary": ({"hex": "820161"}, ("protocol", 1003)),
    "65537 bytes": ({"hex": "817f0000000000010001"}, TOO_LARGE),
    "2**62 bytes": ({"hex": "817f4000000000000000"}, TOO_LARGE),
    "fragments for ever": ({"hex": "010161", "again": "0000", "times": 1025}, TOO_LARGE),
    "65537 bytes in fragments": (
        {"hex": "010120", "again": "0040" + "20" * 64, "times": 1024},
        TOO_LARGE,
    ),
}


def lost_and_back(mock: Mock, device: Device, action: str, **body: Any) -> tuple[str, int]:
    """Order what ends the live socket, and wait until it is back.

    The reason that was shown, and the code of the device's close frame.
    """
    mark, ends = device.mark(), len(mock.records(kind="socket_end"))
    mock.control(action, **body)
    reason = device.wait(state="joining", after=mark)["reason"]
    device.wait(state="online", after=mark)
    mock.wait(lambda mock: len(mock.records(kind="socket_end")) > ends)
    return reason, mock.records(kind="socket_end")[ends]["code"]


def poll_fails(mock: Mock, device: Device, reason: str, action: str, **body: Any) -> None:
    """Spoil what identity is answered: the log has the reason, and nothing else comes of it."""
    mark, said, ends = device.mark(), len(device.errors), len(mock.records(kind="socket_end"))
    mock.control(action, part="identity", **body)
    mock.control(
        "event", event="status_updated", payload="resumed"
    )  # no news, but identity is to confirm it
    device.wait_log(f"request failed: {reason}: ", after=said)
    mock.control("clear")
    polls = len(mock.records(path="/v2/devices/me", status=200))
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=200)) > polls)
    assert device.lines[mark:] == []
    assert len(mock.records(kind="socket_end")) == ends


def nothing_answers(mock: Mock, device: Device, reason: str, action: str, **body: Any) -> None:
    """Spoil every answer, and end the link: Frame.io can't be reached, with this reason."""
    mark = device.mark()
    mock.control(action, **body)
    mock.control("reset")
    device.wait(state="no_backend", reason=reason, after=mark)
    mark = device.mark()
    mock.control("clear")
    device.wait(state="online", after=mark)


def upgrade_fails(mock: Mock, device: Device, reason: str, action: str, **body: Any) -> None:
    """Spoil the upgrade's answer, and end the link: not joined, with this reason, but connected."""
    mark = device.mark()
    mock.control(action, part="socket", **body)
    mock.control("reset")
    device.wait(state="joining", reason=reason, after=mark)
    mock.wait(lambda mock: len(mock.records(kind="spoilt", path="/devices/websocket")) > 1)
    assert {line["state"] for line in device.lines[mark:]} == {"joining"}
    mark = device.mark()
    mock.control("clear")
    device.wait(state="online", after=mark)


def test_bad_frames(rig: Rig) -> None:
    mock, device = rig.online(times=SOON)
    seen = {
        name: lost_and_back(mock, device, "raw", **order) for name, (order, _) in BAD_FRAMES.items()
    }
    assert seen == {name: wanted for name, (_, wanted) in BAD_FRAMES.items()}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_fragments_and_dribble_change_nothing(rig: Rig, tls: bool) -> None:
    mock, device = rig.online(tls=tls, times={**SOON, **PATIENT, "reply_ms": 4_000})
    mock.control("fragment", bytes=1)
    mark = device.mark()
    mock.control("event", event="status_updated", payload={"note": "ü€😀", "status": "paused"})
    device.wait(state="paused", after=mark)
    mock.control("dribble")
    device.wait(state="online", after=mark)  # so says identity, a byte at a time
    beats = len(mock.records(event="heartbeat"))
    mock.wait(
        lambda mock: len(mock.records(event="heartbeat")) >= beats + 2
    )  # so a reply was understood: without one the link ends
    assert [line["state"] for line in device.lines[mark:]] == ["paused", "online"]
    assert not mock.records(kind="socket_end")
    pongs = [int(record["body"].split()[1]) for record in mock.records(kind="pong")]
    assert max(pongs) > 100  # the event is the only message that is so long
    assert all(after in (before + 1, 1) for before, after in itertools.pairwise(pongs))
    assert lost_and_back(mock, device, "drop", code=1000) == (
        "closed",
        1000,
    )  # the upgrade and the join come so too
    mark = device.mark()
    mock.control("pause")
    device.wait(state="paused", after=mark)


def test_garbage(rig: Rig) -> None:
    mock, device = rig.online(times=SOON)
    for seed in range(8):
        reason, code = lost_and_back(mock, device, "garbage", seed=seed)
        # 1006: the rest of it came when the device had closed.
        assert reason in ("protocol", "too_large"), (seed, reason, code)
        assert code in (1002, 1003, 1007, 1009, 1006), (seed, reason, code)
    poll_fails(mock, device, "protocol", "garbage", seed=1)
    nothing_answers(mock, device, "protocol", "garbage", seed=1, part="all")
    nothing_answers(mock, device, "closed", "garbage", seed=1, bytes=0, part="all")
    upgrade_fails(mock, device, "protocol", "garbage", seed=1)


def test_what_never_ends(rig: Rig) -> None:
    mock, device = rig.online(
        tls=True, times={**SOON, "stall_ms": 3_000, "total_ms": 6_000, "tls_total_ms": 6_000}
    )
    assert lost_and_back(mock, device, "endless", what="frame")[0] == "too_large"
    assert lost_and_back(mock, device, "endless", what="message")[0] == "too_large"
    for what in ("head", "body"):
        poll_fails(mock, device, "too_large", "endless", what=what)
    nothing_answers(mock, device, "too_large", "endless", what="head")
    upgrade_fails(mock, device, "too_large", "endless", what="head")
    upgrade_fails(mock, device, "upgrade_refused", "endless", what="body")
    nothing_answers(
        mock, device, "timeout", "dribble", pause_ms=400
    )  # byte for byte it would take over 50 s


def test_resets(rig: Rig) -> None:
    mock, device = rig.online(tls=True, times=SOON)
    assert lost_and_back(mock, device, "reset") == ("reset", 1006)
    poll_fails(mock, device, "reset", "reset")
    nothing_answers(mock, device, "reset", "reset", part="all")
    upgrade_fails(mock, device, "reset", "reset")


def test_half_open(rig: Rig) -> None:
    times = {**SOON, "stall_ms": 3_000, "reply_ms": 3_000, "proof_ms": 12_000}
    mock, device = rig.online(tls=True, times=times)
    mock.control("slow", ms=10_000)  # so that the request is not answered before
    polls = len(mock.records(kind="request", path="/v2/devices/me"))
    mock.control("event", event="status_updated", payload="resumed")
    mock.wait(lambda mock: len(mock.records(kind="request", path="/v2/devices/me")) > polls)
    mark = device.mark()
    mock.control("half_open")  # a request is under way, too
    mock.control("slow", ms=0)
    device.wait(state="joining", reason="no_reply", after=mark)
    device.wait(state="online", after=mark)
    device.wait_log("request failed: timeout: ")
    assert mock.status()["sockets"] == 2 and not mock.records(kind="socket_end")
    mark = device.mark()
    mock.control("clear")
    mock.wait(lambda mock: mock.status()["sockets"] == 1)  # nothing opens another one
    mock.control("pause")
    assert device.wait(state="paused", after=mark) == device.lines[mark]


def test_closes_of_any_code(rig: Rig) -> None:
    mock, device = rig.online(times={**SOON, "restart_ms": (1_000, 1_500)})
    waits_ms = {}
    for code in (1000, 1001, 1002, 1007, 1009, 1011, 1012, 1013, 3000, 4999, None):
        before = len(mock.records())
        assert lost_and_back(
            mock, device, "drop", code=code, reason="" if code is None else "ü"
        ) == ("closed", code or 1000)
        records = mock.records()[before:]
        times = [
            record["t_ms"]
            for record in records
            if record.get("action") == "drop" or record["kind"] == "upgrade"
        ]
        waits_ms[code] = times[1] - times[0]
    assert (
        waits_ms.pop(1012) >= 1_000 and waits_ms.pop(1013) >= 1_000
    )  # a restart: as long as IANA's registration asks
    assert min(waits_ms.values()) < 1_000


def test_events_that_are_late_doubled_or_in_the_wrong_order(rig: Rig) -> None:
    mock, device = rig.online(times=SOON)
    mark = device.mark()
    mock.control("event", event="status_updated", payload="paused", delay_ms=3_000)
    mock.control("pause")
    device.wait(state="paused", after=mark)
    mock.control("resume")
    for number, state in enumerate(
        ("paused", "online", "paused", "online")
    ):  # the late event, and then identity
        device.wait(state=state, after=mark + number)
    mock.control("pause", push=False)
    mark, pushed = device.mark(), len(mock.records(kind="pushed"))
    mock.control("event", event="status_updated", payload="paused", delay_ms=1_500, times=2)
    mock.control("event", event="status_updated", payload="resumed", times=3)
    mock.wait(lambda mock: len(mock.records(kind="pushed")) >= pushed + 5)
    device.wait(state="paused", after=mark)
    mock.control("resume")
    device.wait(state="online", after=mark)
    assert [line["state"] for line in device.lines[mark:]] == ["paused", "online"]
    assert len(mock.records(kind="upgrade")) == 1
