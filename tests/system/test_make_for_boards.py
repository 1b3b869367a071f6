"""`make mount`, `make repl` and `make log` on a virtual board, as the Makefile has them."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
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


def recipe(target: str, port: str, *variables: str) -> list[str]:
    """The command of a target; `make` itself would look after .venv first."""
    make = ["make", "--no-print-directory", "-n", target, f"PORT={port}", *variables]
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    return shlex.split(shown.stdout.splitlines()[-1].removeprefix("@"))


def run(target: str, port: str, *variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command of a target to its end."""
    command = recipe(target, port, *variables)
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


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
            recipe("mount", cable.port), cwd=ROOT, stdout=subprocess.PIPE, text=True
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
        assert "Traceback" not in said and said.count(" starting ") == 1
        board.wait("power_on", after, cause=HARD_RESET)
        board.cut_power()
        assert board.read_file("board.txt") == b"esp32_s3_devkit"
    assert {name for name in os.listdir(ROOT) if name not in names} <= {"__pycache__"}


def test_log_tells_what_is_not_stored_yet_and_the_board_goes_on_where_that_is_wanted(
    tmp_path: Path, config: str, mock: Mock
) -> None:
    """After a first save, 5 s after the start, the next one comes 65 s later by itself."""
    with made(tmp_path, ROOT) as board:
        board.write_file("config.json", config)
        board.power_on()
        board.wait_line(state="online")
        mock.control("pause")
        board.wait_line(state="paused")
        seen, after = len(board.lines), board.mark()
        cable = Cable(board, tmp_path)
        for variables, said in (([], "has stopped for this: "), (["RESTART=1"], "the board rest")):
            done = run("log", cable.port, *variables)
            assert done.returncode == 0 and said in done.stderr, done
            last = done.stdout.splitlines()[-1].split()
            assert last[0] == time.strftime("%Y-%m-%d", time.gmtime()) and last[2:] == ["paused"]
            if not variables:
                assert not [event for event in board.events[after:] if event["kind"] == "power_on"]
                assert len(board.lines) == seen and board.output.endswith(">>> ")
        board.wait_line(seen, state="paused")


def test_log_of_a_board_that_has_none(tmp_path: Path) -> None:
    with made(tmp_path, None) as board:
        board.write_file("main.py", "import asyncio\nasyncio.run(asyncio.Event().wait())\n")
        board.power_on()
        after = board.mark()
        done = run("log", Cable(board, tmp_path).port)
        assert done.returncode == 1 and not done.stdout
        assert done.stderr == (
            "make log: the board has no Pilotlight: make deploy PORT=… puts it there\n"
        )
        board.wait("power_on", after, cause=HARD_RESET)  # its own program runs again


def test_log_of_another_folder_with_nothing_in_it(tmp_path: Path) -> None:
    with made(tmp_path, None) as board:
        board.write_file("config.json", '{"state_dir": "elsewhere"}')
        board.write_file(
            "firmware/event_log.py", "def show(state_dir):\n    assert state_dir == 'elsewhere'\n"
        )
        board.power_on()
        done = run("log", Cable(board, tmp_path).port)
        assert done.returncode == 0 and "the event log is empty" in done.stderr, done.stderr


@pytest.mark.parametrize("target", ["log", "repl"])
def test_no_such_port(target: str, tmp_path: Path, terminal: tuple[int, int]) -> None:
    port = str(tmp_path / "ttyUSB7")
    done = subprocess.run(
        recipe(target, port), cwd=ROOT, stdin=terminal[1], capture_output=True, text=True
    )
    (sentence,) = done.stderr.splitlines()
    assert done.returncode == 1 and sentence.startswith(f"make {target}: there is no port {port}:")


def test_log_says_that_it_waits_for_a_silent_port(tmp_path: Path) -> None:
    ends = os.openpty()
    port = os.ttyname(ends[1])
    done = run("log", port)
    for end in ends:
        os.close(end)
    waits, gives_up = done.stderr.splitlines()
    assert waits == f"no answer at {port} yet; trying for 5 s more"
    assert gives_up.startswith(f"make log: {port} does not answer as MicroPython does:")


def test_repl_without_a_terminal(tmp_path: Path) -> None:
    done = run("repl", str(tmp_path / "ttyUSB7"), "BOARD=x")
    (sentence,) = done.stderr.splitlines()
    assert done.returncode == 1 and sentence.startswith("make repl: it needs a terminal")


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
        command = recipe("repl", Cable(board, tmp_path).port)
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
