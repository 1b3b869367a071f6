"""A board without a screen is paired by what its serial console says, and by nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tools.rig import CLIENT_SECRET, CLIENT_VERSION, Rig
from tools.virtual_board.session import ROOT, VirtualBoard

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'
LINE = r"pilotlight: to pair, enter (\d{6}) at (https?://\S+) \(.* for 10 min in all\)"


def test_the_code_on_the_serial_console_pairs_it(tmp_path: Path, rig: Rig) -> None:
    mock = rig.mock("--interval-s", "1")
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "client_secret": CLIENT_SECRET}
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}
    config = {"board": "esp32_devkit", "screen": "none", "frameio": frameio, "wifi": wifi}
    environment = {"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"}
    with VirtualBoard(tmp_path / "board", ROOT, "bare", environment) as board:
        board.write_file("config.json", json.dumps(config))
        board.power_on()
        board.wait_log(" in all)")
        found = re.search(LINE, board.errors)
        assert found, board.errors
        assert mock.approve() == found.group(1)
        board.wait_log("pilotlight: joined")
        assert not board.output
