"""`make mount`, `make repl` and `make log` on a virtual board, as the Makefile has them."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cable import Cable
from tools.rig import CLIENT_VERSION, TOKEN, Mock, Rig
from tools.virtual_board.session import DEADLINE_S, HARD_RESET, ROOT, VirtualBoard

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'


def recipe(target: str, cable: Cable) -> str:
    """The command of a target; `make` itself would look after .venv first."""
    make = ["make", "--no-print-directory", "-n", target, f"PORT={cable.port}"]
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()[-1]


@pytest.fixture
def mock(rig: Rig) -> Mock:
    """The service."""
    return rig.mock()


@pytest.fixture
def config(mock: Mock) -> str:
    """A configuration with which a board goes online."""
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "access_token": TOKEN}
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}
    return json.dumps(
        {"board": "esp32_s3_devkit", "console": True, "frameio": frameio, "wifi": wifi}
    )


def made(tmp_path: Path, code: Path | None) -> VirtualBoard:
    """A board at the bench's access point."""
    environment = {"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"}
    return VirtualBoard(tmp_path / "board", code, "s3", environment, littlefs=True, serial=True)


def test_mount_runs_the_working_tree_and_leaves_nothing_here(tmp_path: Path, config: str) -> None:
    names = set(os.listdir(ROOT))
    with made(tmp_path, None) as board:
        board.write_file("config.json", config)
        board.write_file("firmware/app.mpy", b"what is on the board does not count")
        board.write_file("main.py", "print('the board has restarted')\n")
        board.power_on()
        cable = Cable(board, tmp_path)
        process = subprocess.Popen(
            recipe("mount", cable).split(), cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            board.wait_line(state="online")
            after = board.mark()
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
        assert process.returncode == 0
        assert "project Testbed" in said and said.endswith("restarts with what is on it\n")
        board.wait("power_on", after, cause=HARD_RESET)
        board.cut_power()
        assert board.read_file("board.txt") == b"esp32_s3_devkit"
    assert {name for name in os.listdir(ROOT) if name not in names} <= {"__pycache__"}


def test_log_tells_what_is_not_stored_yet_and_the_board_goes_on(
    tmp_path: Path, config: str, mock: Mock
) -> None:
    """After a first save, 5 s after the start, the next one comes 65 s later by itself."""
    with made(tmp_path, ROOT) as board:
        board.write_file("config.json", config)
        board.power_on()
        board.wait_line(state="online")
        mock.control("pause")
        board.wait_line(state="paused")
        seen = len(board.lines)
        command = recipe("log", Cable(board, tmp_path))
        done = subprocess.run(
            command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S
        )
        assert done.returncode == 0, done.stderr
        last = done.stdout.splitlines()[-1].split()
        assert last[0] == time.strftime("%Y-%m-%d", time.gmtime()) and last[2:] == ["paused"]
        board.wait_line(seen, state="paused")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """(the person's end, the program's end)"""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_repl_is_the_board_s_prompt(tmp_path: Path, terminal: tuple[int, int]) -> None:
    with made(tmp_path, None) as board:
        board.power_on()
        command = recipe("repl", Cable(board, tmp_path)).split()
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=terminal[1], stdout=terminal[1], start_new_session=True
        )
        # Keys are lost until mpremote has set the terminal.
        _typed(terminal[0], b">>> ", b"print(6 * 7)\r", meanwhile=b"\r")
        _typed(terminal[0], b"\r\n42\n", b"\x1d")
        assert process.wait(DEADLINE_S) == 0


def _typed(end: int, expected: bytes, keys: bytes, meanwhile: bytes = b"") -> None:
    """Type these keys when this has been shown, and others again and again until then."""
    seen = b""
    while expected not in seen:
        if select.select([end], [], [], 0.5)[0]:
            seen += os.read(end, 1)
        else:
            os.write(end, meanwhile)
    os.write(end, keys)
