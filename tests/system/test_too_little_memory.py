"""A chip whose system heap has no room for TLS says so, and neither connects nor restarts."""

from pathlib import Path

from tests.system.test_radio_and_clock import QUICK, board_at
from tools.rig import Rig


def test_too_little_memory_is_said_and_nothing_connects(tmp_path: Path, rig: Rig) -> None:
    mock = rig.mock()
    with board_at(mock, tmp_path, {"VIRTUAL_BOARD_LARGEST_BLOCK": "29999"}) as board:
        board.power_on()
        board.wait_line(state="no_network", reason="wifi_not_found")
        board.order("wifi", action="add", **QUICK)
        line = board.wait_line(0, 60, state="fault", reason="too_little_memory")
        assert line["light"] == {"pattern": "fast", "rgb": [255, 0, 0]}
        board.wait_log("this chip has no PSRAM: use the frozen build, docs/memory.md")
        board.order("wifi", action="drop", reason=4)
        board.wait_log("wifi: lost")
        assert board.lines[-1] == line and not mock.records()


def test_just_enough_is_enough(tmp_path: Path, rig: Rig) -> None:
    with board_at(rig.mock(), tmp_path, {"VIRTUAL_BOARD_LARGEST_BLOCK": "30000"}) as board:
        board.power_on()
        board.wait_line(state="no_network", reason="wifi_not_found")
        board.order("wifi", action="add", **QUICK)
        board.wait_line(0, 60, state="online")
