"""`make units` from the list to a board that is online: esptool writes to a chip's bootloader, and
the virtual board starts with what was written."""

from __future__ import annotations

import json
import os
import select
import threading
import tty
from collections.abc import Sequence
from pathlib import Path

import pytest
from esp32_mock_bootloader import server

from tests.support.firmware_file import PLUS, firmware_file
from tools.image import esptool, units
from tools.rig import CLIENT_VERSION, TOKEN, Rig
from tools.virtual_board.session import VirtualBoard

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'
_LOOK_S = 0.05


class Bootloader:
    """An ESP32-S3 that waits for esptool at a pty. flash: what is written to it."""

    def __init__(self) -> None:
        self._chip, self._computer = os.openpty()
        tty.setraw(self._computer)
        self.port = os.ttyname(self._computer)
        self.flash = server.FlashImage()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        # Else the mock forgets its stub when the computer is busy behind the last block.
        server.handle_client(
            self, self._is_over, "esp32s3", flash=self.flash, exit_on_disconnect=True
        )

    def recv(self, size: int) -> bytes:
        """What esptool sends; no bytes are an end to the mock."""
        if not select.select([self._chip], [], [], _LOOK_S)[0]:
            raise TimeoutError
        return os.read(self._chip, size)

    def sendall(self, data: bytes) -> None:
        """To esptool."""
        while data:
            data = data[os.write(self._chip, data) :]

    def set_timeout(self, _: float) -> None:
        """It has its own."""

    def close(self) -> None:
        """The mock's, after each session; the line stays."""

    def unplug(self) -> None:
        """Take the chip away."""
        self._is_over.set()
        self._thread.join()
        os.close(self._chip)
        os.close(self._computer)


def test_a_unit_is_written_and_comes_online(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frameio = {"url": rig.mock().url, "client_version": CLIENT_VERSION}
    common = {"board": "esp32_s3_devkit", "console": True, "frameio": frameio}
    (tmp_path / "config.json").write_text(json.dumps(common))
    (tmp_path / "micropython.bin").write_bytes(firmware_file(rows=PLUS))
    (tmp_path / "units.csv").write_text(
        "serial;name;wifi.ssid;wifi.password;frameio.access_token\n"
        f"CAM-17;cam-17;Stage 5;pilotlight;{TOKEN}\n"
    )
    chip, port = Bootloader(), tmp_path / "ttyUSB0"
    port.symlink_to(chip.port)
    environment = {"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"}
    with VirtualBoard(
        tmp_path / "board", None, "s3", environment, littlefs=True, serial=True
    ) as board:

        def write(kind: str, at: str, parts: Sequence[tuple[int, Path]]) -> None:
            """Write it; the chip leaves its bootloader, and starts what is in its flash."""
            really_write(kind, at, parts)
            for offset, path in parts:
                data = path.read_bytes()
                assert chip.flash.data[offset : offset + len(data)] == data
            chip.unplug()
            assert board.image and board.serial
            board.image.path.write_bytes(chip.flash.data[parts[1][0] :])
            port.unlink()
            port.symlink_to(board.serial.path)
            board.power_on()

        really_write = esptool.write
        monkeypatch.setattr(esptool, "write", write)
        words = ["units", str(tmp_path / "units.csv"), "--port", str(port), "--flash", "4MB"]
        words += ["--firmware", str(tmp_path / "micropython.bin")]
        words += ["--config", str(tmp_path / "config.json"), "--results", str(tmp_path / "r.csv")]
        monkeypatch.setattr("sys.argv", words)
        assert units.main() == 0
        assert board.lines[-1]["state"] == "online" and "Traceback" not in board.output
    said = capsys.readouterr()
    assert "CAM-17: pass, " in said.out and TOKEN not in said.out + said.err
    assert "24:0a:c4:" in (tmp_path / "r.csv").read_text("utf-8-sig")
    assert units.main() == 0 and "1 have passed already" in capsys.readouterr().out
