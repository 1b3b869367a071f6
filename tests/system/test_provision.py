"""`make provision` on a virtual board: what is asked, what is refused, what is on the board then."""

from __future__ import annotations

import json
import os
import pty
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cable import Cable
from tools.command_line import Refused
from tools.deploy import provision, settings
from tools.deploy.connection import Connection
from tools.deploy.settings import Questions
from tools.run.mock_process import LAN_SECRET, MockProcess
from tools.virtual_board.session import ROOT, VirtualBoard

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'
ANSWERS = ("esp32_s3_devkit", "Stage 5", "pilotlight", "2.1.0", "s3cret-of-the-model", "CAM-17")
CONFIG: dict[str, Any] = {
    "board": "esp32_s3_devkit",
    "frameio": {
        "client_version": "2.1.0",
        "client_secret": "s3cret-of-the-model",
        "client_id": "CAM-17",
    },
    "wifi": [{"ssid": "Stage 5", "password": "pilotlight"}],
}


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    """A board with MicroPython alone; it is off."""
    with VirtualBoard(tmp_path / "board", littlefs=True, serial=True) as board:
        yield board


def command(cable: Cable, *options: str) -> list[str]:
    """What `make provision` runs."""
    return [sys.executable, "-m", "tools.deploy.provision", *options, cable.port]


def told(cable: Cable, *answers: str) -> str:
    """Give these answers; what it prints."""
    done = subprocess.run(
        command(cable),
        input="".join(f"{answer}\n" for answer in answers),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    return done.stdout


def written(board: VirtualBoard) -> Any:
    """The configuration on the board, which is off then."""
    board.cut_power()
    return json.loads(board.read_file("config.json"))


def test_a_new_board(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    assert "written: config.json" in told(Cable(board, tmp_path), *ANSWERS)
    assert written(board) == CONFIG


def test_what_the_firmware_would_refuse_is_asked_again(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    said = told(
        Cable(board, tmp_path),
        *("esp32", "esp32_s3_devkit", "Stage 5", "short", "Stage 5", "pilotlight"),
        *("v2", "2.1.0", "s3cret with spaces", "s3cret-of-the-model", "CAM-17"),
    )
    assert "there is no firmware/boards/esp32.py" in said
    assert "wifi[0].password must be text of 8 to 64 bytes" in said
    assert 'frameio.client_version is "v2"; it must be a semantic version' in said
    assert "[v2]" not in said and "frameio.client_secret is empty, is longer" in said
    assert written(board) == CONFIG


def test_empty_answers_keep_what_is_there(board: VirtualBoard, tmp_path: Path) -> None:
    old = {**CONFIG, "brightness": 30, "country": "DE"}
    board.write_file("config.json", json.dumps(old))
    board.power_on()
    said = told(Cable(board, tmp_path), "", "", "", "", "", "CAM-18")
    assert "Wi-Fi network [Stage 5]" in said and "CAM-17" in said
    assert written(board) == {**old, "frameio": {**CONFIG["frameio"], "client_id": "CAM-18"}}


def test_another_network_goes_before_those_that_are_known(
    board: VirtualBoard, tmp_path: Path
) -> None:
    board.write_file("config.json", json.dumps(CONFIG))
    board.power_on()
    told(Cable(board, tmp_path), "", "Café", "", "", "", "")
    assert written(board)["wifi"] == [{"ssid": "Café"}, *CONFIG["wifi"]]


@pytest.mark.parametrize("old", ["{", '{"board": "host", "x": 1}', "[]"])
def test_an_unusable_one_is_replaced(old: str, board: VirtualBoard, tmp_path: Path) -> None:
    board.write_file("config.json", old)
    board.power_on()
    assert "; it is replaced" in told(Cable(board, tmp_path), *ANSWERS)
    assert written(board) == CONFIG


def test_an_answer_is_missing(board: VirtualBoard, tmp_path: Path) -> None:
    board.write_file("config.json", json.dumps(CONFIG))
    board.power_on()
    cable = Cable(board, tmp_path)
    done = subprocess.run(
        command(cable), input="host\n", cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1 and done.stderr.startswith("make provision: an answer is missing")
    assert written(board) == CONFIG


def test_a_terminal_does_not_show_secrets(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    end, terminal = pty.openpty()
    process = subprocess.Popen(
        command(Cable(board, tmp_path)),
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen = b""
    for question, answer in zip(
        (b"Board", b"Wi-Fi network", b"password", b"version", b"client_secret", b"id,"),
        ANSWERS,
        strict=True,
    ):
        while question not in seen.rpartition(b"\n")[2] or not seen.endswith(b": "):
            seen += os.read(end, 1)
        os.write(end, answer.encode() + b"\n")
    while b"written" not in seen:
        seen += os.read(end, 1)
    assert process.wait(60) == 0
    os.close(end)
    assert b"Stage 5" in seen and b"s3cret" not in seen and b"pilotlight" not in seen
    assert written(board) == CONFIG


@pytest.mark.parametrize("power_goes_too", [False, True])
@pytest.mark.parametrize("after_bytes", [10, 900, 1_000, 1_100, 1_300])
def test_a_cable_is_pulled(
    after_bytes: int, power_goes_too: bool, board: VirtualBoard, tmp_path: Path
) -> None:
    """While config.json is written: the file is then missing or whole, and whole in the end."""
    board.power_on()
    cable = Cable(board, tmp_path)
    ended: queue.Queue[object] = queue.Queue()

    def write() -> None:
        try:
            with Connection(cable.port, print) as connection:
                connection.run(lambda board: board.facts())
                cable.pull_after(after_bytes)
                connection.run(lambda board: provision.write(board, {"config.json": b"new" * 50}))
            ended.put(None)
        except BaseException as error:
            ended.put(error)

    threading.Thread(target=write, daemon=True).start()
    cable.wait_until_out()
    if power_goes_too:
        board.cut_power()
        assert board.image
        if "/config.json" in board.image.names():
            assert board.read_file("config.json") == b"new" * 50
        board.power_on()
    cable.plug()
    assert ended.get(timeout=120) is None
    board.cut_power()
    assert board.read_file("config.json") == b"new" * 50


def test_a_board_reaches_the_bench_and_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lan_port: int
) -> None:
    monkeypatch.setattr(settings, "LAN_FOLDER", tmp_path / "ca")
    monkeypatch.setattr(settings, "LAN_PORT", lan_port)
    answers = iter([*ANSWERS[:3], *["", "", "", *ANSWERS[3:]]])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr(sys, "stdin", open(os.devnull))
    environment = {"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"}
    with VirtualBoard(
        tmp_path / "board", ROOT, "s3", environment, littlefs=True, serial=True
    ) as board:
        board.power_on()
        cable = Cable(board, tmp_path)
        monkeypatch.setattr(sys, "argv", ["", "--bench", "--host", "127.0.0.2", cable.port])
        assert provision.main() == 0
        mock = MockProcess(LAN_SECRET, tmp_path / "ca", (), ("127.0.0.2", lan_port))
        try:
            mock.enter_code(board.wait_line(state="pairing")["user_code"])
            board.wait_line(state="online")
        finally:
            mock.stop()
        monkeypatch.setattr(sys, "argv", ["", cable.port])
        assert provision.main() == 0
        assert written(board) == CONFIG
        assert board.read_file("bench.der") == (tmp_path / "ca/ca.der").read_bytes()


def test_a_secret_that_is_in_the_image_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["wt32_eth01", "2.1.0", ""])  # by its cable: no Wi-Fi
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    facts = {"machine": "Generic ESP32 module with ESP32", "has_model_secret": True}
    asked = Questions({}, {}, facts, print).answers(None)
    assert asked == {"board": "wt32_eth01", "frameio": {"client_version": "2.1.0"}}


def test_without_a_network_a_phone_sets_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["esp32_devkit", "", "2.1.0", ""])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    facts = {"machine": "Generic ESP32 module with ESP32", "has_model_secret": True}
    asked = Questions({}, {}, facts, print).answers(None)
    assert asked == {"board": "esp32_devkit", "frameio": {"client_version": "2.1.0"}}


def test_a_computer_without_a_network_is_told_to_name_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "_NOWHERE", ("not an address", 9))
    with pytest.raises(Refused, match="HOST="):
        settings.bench_host()
