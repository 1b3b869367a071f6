"""The firmware from a ROMFS image, on the virtual board, and what is in the image."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tools import romfs
from tools.rig import CLIENT_VERSION, TOKEN, Rig
from tools.virtual_board.session import ROOT, VirtualBoard

BOARD = "esp32_devkit"
BOOT = """
import sys, vfs
with open("code.romfs", "rb") as file:
    image = file.read()
vfs.mount(vfs.VfsRom(image), "/rom")
sys.path += ["/rom", "/rom/lib"]  # as a port with ROMFS does before boot.py
"""


def test_a_board_goes_online_from_the_image(rig: Rig, tmp_path: Path) -> None:
    mock = rig.mock(tls=True)
    code = tmp_path / "code"
    code.mkdir()
    (code / "boot.py").write_text(BOOT)
    (code / "main.py").write_bytes((ROOT / "main.py").read_bytes())
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "access_token": TOKEN}
    config = {
        "board": BOARD,
        "console": True,
        "screen": "128x64",
        "wifi": {"ssid": "Stage 5", "password": "pilotlight"},  # the virtual board's
        "frameio": {**frameio, "ca": "ca.der"},
    }
    with VirtualBoard(tmp_path / "board", code=code, littlefs=True) as board:
        board.write_file("code.romfs", romfs.image(BOARD, for_unix=True))
        board.write_file("ca.der", mock.ca.read_bytes())
        board.write_file("config.json", json.dumps(config))
        board.power_on()
        board.wait_line(state="online")
        mock.control("pause")
        board.wait_line(state="paused")
    assert "Traceback" not in board.errors


def test_other_boards_and_their_network_are_left_out() -> None:
    assert romfs.left_out(None) == {"firmware.boards.host", "firmware.posix"}
    devkit, ethernet = romfs.left_out("esp32_devkit"), romfs.left_out("wt32_eth01")
    assert {"firmware.boards.wt32_eth01", "firmware.network.ethernet"} < devkit
    assert {"firmware.boards.esp32_devkit", "firmware.network.wifi"} < ethernet
    assert {"firmware.setup.setup_mode", "firmware.setup.setup_page", "lib.microdot"} < ethernet


@pytest.mark.parametrize("board", romfs.boards())
def test_nothing_in_the_image_imports_what_is_left_out(board: str) -> None:
    left_out = romfs.left_out(board)
    imported = set()
    for path in (ROOT / "firmware").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module not in left_out:
            imported |= set(romfs.imports(module, path))
    assert f"firmware.boards.{board}" not in left_out
    # Behind questions that no board says yes to, and those without Wi-Fi.
    asked = {"firmware.posix", "firmware.setup.setup_mode", "firmware.network.stored_networks"}
    assert imported & left_out == asked & left_out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--board host", "BOARD: there is no file firmware/boards/host.py for a board; take one"),
        ("--board esp32_devkitt", "BOARD: there is no file firmware/boards/esp32_devkitt.py"),
        ("--partition-bytes 128K", "PARTITION_BYTES: '128K' is no size of a partition"),
        ("--partition-bytes 131073", "PARTITION_BYTES: '131073' is no size of a partition"),
    ],
)
def test_what_can_t_be_used_is_one_sentence(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["romfs", *words.split(), "file"])
    with pytest.raises(SystemExit, match="2"):
        romfs.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"make romfs: {said}")


@pytest.mark.parametrize(
    ("board", "advice"),
    [([], "name the board, BOARD=…, which leaves others out; if"), (["--board", BOARD], "")],
)
def test_an_image_that_is_too_large_is_refused_and_fits_a_larger_partition(
    board: list[str],
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "folder/image"
    monkeypatch.setattr(sys, "argv", ["romfs", *board, str(path)])
    monkeypatch.setattr(romfs, "image", lambda board: bytes(romfs.PARTITION_BYTES + 1))
    assert romfs.main() == 1 and not path.exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert "1 too many for its partition of 131,072: " in line and "PARTITION_BYTES=" in line
    assert advice in line and ("BOARD=" in line) == bool(advice)
    sys.argv[1:1] = ["--partition-bytes", "0x30000"]
    assert romfs.main() == 0 and path.stat().st_size == romfs.PARTITION_BYTES + 1
    assert capsys.readouterr().out == f"{path}: 131,073 of 196,608 bytes\n"
    del sys.argv[1:3]
    monkeypatch.setattr(romfs, "image", lambda board: bytes(romfs.PARTITION_BYTES))
    assert romfs.main() == 0 and path.stat().st_size == romfs.PARTITION_BYTES


def test_the_partition_is_as_large_as_the_gate() -> None:
    rows = (ROOT / "ports/PILOTLIGHT_ESP32/partitions.csv").read_text()
    found = re.search(r"^romfs, *data, *\w+, *\w+, *(\w+),", rows, re.MULTILINE)
    assert found and int(found[1], 16) == romfs.PARTITION_BYTES


@pytest.mark.parametrize("board", romfs.boards())
def test_the_partition_that_the_documents_name_holds_the_firmware(board: str) -> None:
    text = (ROOT / "docs/memory.md").read_text()
    (named,) = re.findall(r"PARTITION_BYTES=(\d+)", text)
    assert len(romfs.image(board)) <= int(named)
