"""The real firmware on the virtual board's radio and clock, with a real littlefs.

Every way to lose Wi-Fi, and to have no time.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tools.rig import CLIENT_VERSION, TOKEN, Mock, Rig
from tools.virtual_board.session import ROOT, VirtualBoard

SSID, PASSWORD = "Stage 6", "a w1fi password"
QUICK = {"ssid": SSID, "password": PASSWORD, "associate_ms": 0, "address_ms": 0}


def board_at(
    mock: Mock, folder: Path, environment: dict[str, str] | None = None, **options: Any
) -> VirtualBoard:
    """A board with the firmware and a configuration, in an air without access points, off."""
    board = VirtualBoard(
        folder / "board",
        code=ROOT,
        littlefs=True,
        environment={"VIRTUAL_AIR": "[]", **(environment or {})},
    )
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "access_token": TOKEN}
    if mock.url.startswith("https"):
        frameio["ca"] = "ca.der"
        board.write_file("ca.der", mock.ca.read_bytes())
    wifi = {"ssid": SSID, "password": PASSWORD}
    board.write_file(
        "config.json",
        json.dumps(
            {"board": "esp32_devkit", "console": True, "frameio": frameio, "wifi": wifi, **options}
        ),
    )
    return board


def wait(board: VirtualBoard, after: int, **wanted: Any) -> int:
    """Wait for a console line; how many there were then."""
    board.wait_line(after, 60, **wanted)
    return len(board.lines)


@pytest.mark.slow
def test_wifi_lost_in_every_way(tmp_path: Path, rig: Rig) -> None:
    mock = rig.mock()
    with board_at(mock, tmp_path) as board:
        board.power_on()
        after = wait(board, 0, state="no_network", reason="wifi_not_found")
        board.order("wifi", action="add", **QUICK)
        after = wait(board, after, state="online")
        ways: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
            ("wifi_lost", [{"action": "drop", "reason": 4}], []),
            ("wifi_not_found", [{"action": "remove", "ssid": SSID}], [{"action": "add", **QUICK}]),
            (
                "wifi_password",
                [
                    {"action": "change", "ssid": SSID, "password": "another one"},
                    {"action": "drop", "reason": 4},
                ],
                [{"action": "change", "ssid": SSID, "password": PASSWORD}],
            ),
            (
                "no_address",
                [
                    {"action": "change", "ssid": SSID, "dhcp": False},
                    {"action": "drop", "reason": 4},
                ],
                [{"action": "change", "ssid": SSID, "dhcp": True}],
            ),
            ("wifi_lost", [{"action": "wedge"}], []),
        ]
        for reason, harm, remedy in ways:
            for order in harm:
                board.order("wifi", **order)
            after = wait(board, after, state="no_network", reason=reason, connected=False)
            for order in remedy:
                board.order("wifi", **order)
            after = wait(board, after, state="online", reason=None)
        assert [event["cause"] for event in board.events if event["kind"] == "power_on"] == [1]
        assert PASSWORD not in board.output and PASSWORD not in board.errors
        assert "Traceback" not in board.errors


@pytest.mark.slow
def test_two_access_points_and_an_address_that_goes(tmp_path: Path, rig: Rig) -> None:
    far, near = "02:00:00:00:00:01", "02:00:00:00:00:02"
    with board_at(rig.mock(), tmp_path) as board:
        board.power_on()
        board.wait("wifi", event="on")
        board.order("wifi", action="dead_air")
        board.order("wifi", action="add", **QUICK, rssi=-90, bssid=far)
        board.order("wifi", action="add", **QUICK, rssi=-30, bssid=near)
        board.order("wifi", action="dead_air", on=False)
        after = wait(board, 0, state="online")
        assert associations(board)[-1] == near
        board.order("wifi", action="change", bssid=near, fails=5)
        board.order("wifi", action="drop", reason=4)
        after = wait(board, after, state="no_network", reason="wifi_lost")
        after = wait(board, after, state="online")
        assert associations(board)[-1] == far
        board.order("wifi", action="change", bssid=near, fails=None)
        board.order("wifi", action="expire")
        after = wait(board, after, state="no_network", reason="no_address", connected=False)
        wait(board, after, state="online")
        assert associations(board)[-1] == near
        assert "Traceback" not in board.errors


def associations(board: VirtualBoard) -> list[str]:
    """The BSSIDs of the access points that it was associated with, in order."""
    return [event["bssid"] for event in board.events if event.get("event") == "associated"]


def time_is_stored(mock: Mock) -> None:
    """A join proves the time, which is stored at once; the first heartbeat is seconds later."""
    mock.wait(lambda mock: bool(mock.records(event="heartbeat")))


def test_a_cold_clock_without_ntp_is_set_by_a_trusted_answer(tmp_path: Path, rig: Rig) -> None:
    mock = rig.mock(tls=True)
    with board_at(mock, tmp_path, ntp="ntp.one") as board:
        board.power_on()
        wait(board, 0, state="no_network")
        board.order("ntp", action="silence")
        board.order("wifi", action="add", **QUICK)
        wait(board, 0, state="online")
        board.wait_log("Frame.io: its date is taken")
        # The unverified question, the verified one, and only then what bears a token.
        paths = [record["path"] for record in mock.records(kind="http")]
        assert paths[:2] == ["/health"] * 2 and "/health" not in paths[2:], paths
        assert "Traceback" not in board.errors
        time_is_stored(mock)
        board.cut_power()
        assert abs(json.loads(board.read_file("state/clock.json"))["good_s"] - time.time()) < 60


def test_a_cold_clock_without_any_time_sends_no_token_and_the_last_good_time_serves_later(
    tmp_path: Path, rig: Rig
) -> None:
    mock = rig.mock(tls=True)
    mock.control("reset", part="health", times=-1)
    with board_at(mock, tmp_path, ntp=["ntp.one", "ntp.two"]) as board:
        board.power_on()
        wait(board, 0, state="no_network")
        board.order("ntp", action="silence", host="ntp.one")
        board.order("ntp", action="unknown", host="ntp.two")
        board.order("wifi", action="add", **QUICK)
        after = wait(board, 0, state="no_backend", reason="clock")
        board.wait("ntp", host="ntp.one")
        board.wait("ntp", host="ntp.two")
        board.wait_log("Frame.io: ")
        assert {record.get("path") for record in mock.records()} <= {"/health", None}
        board.order("ntp", action="answer", host="ntp.two")
        after = wait(board, after, state="online")
        board.wait_log("ntp.two answers")
        time_is_stored(mock)

        board.cut_power()
        assert json.loads(board.read_file("state/clock.json"))["good_s"] > 1_750_000_000
        since = board.mark()
        board.power_on()
        wait(board, after, state="no_network")
        board.order("ntp", action="silence")
        board.order("wifi", action="add", **QUICK)
        wait(board, after, state="online")
        assert {event["action"] for event in board.events[since:] if event["kind"] == "ntp"} == {
            "silence"
        }
        assert "Traceback" not in board.errors


def test_an_unknown_root_has_its_own_words(tmp_path: Path, rig: Rig) -> None:
    mock = rig.mock(tls=True)
    other = Mock(tmp_path / "other", tls=True)
    other.stop()
    with board_at(mock, tmp_path) as board:
        board.write_file("ca.der", other.ca.read_bytes())
        board.power_on()
        board.wait("wifi", event="on")
        board.order("wifi", action="add", **QUICK)
        wait(board, 0, state="no_backend", reason="certificate")
