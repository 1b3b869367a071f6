"""The virtual board with a real littlefs in an image file, after resets and power cuts."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from littlefs.errors import LittleFSError

from tools.mock_frameio.tokens import MARK
from tools.rig import CLIENT_SECRET, CLIENT_VERSION, DEADLINE_S, Mock, Rig
from tools.virtual_board.flash_image import BLOCK_BYTES
from tools.virtual_board.session import HARD_RESET, PWRON_RESET, ROOT, VirtualBoard

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'
SLOW = {"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1", "VIRTUAL_BOARD_FLASH_US": "2000"}
CUTS = 3


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    """A board whose programs are on its own flash."""
    with VirtualBoard(tmp_path, littlefs=True) as board:
        yield board


def test_files_survive_resets_and_power_cuts(board: VirtualBoard) -> None:
    board.write_file(
        "lib/counting.py",
        'def count(name):\n    return len(open(name).read()) if name in __import__("os").listdir() else 0',
    )
    board.write_file(
        "main.py",
        """
import json, machine, os
import counting
boots = counting.count("boots") + 1
with open("boots", "w") as file:
    file.write("x" * boots)
print(json.dumps({"boots": boots, "cause": machine.reset_cause(), "folder": os.getcwd(), "file": __file__}))
never_closed = open("lost", "w")
never_closed.write("what was not closed does not reach the flash")
try:
    os.remove("/.virtual_board/esp32.py")
    print("the computer's files are in danger")
except OSError:
    pass
if boots == 1:
    machine.reset()
""",
    )
    board.power_on()
    board.wait_line(boots=2)
    board.cut_power()
    assert board.read_file("boots") == b"xx" and board.read_file("lost") == b""
    board.power_on()
    board.wait_line(boots=3)
    assert [line["cause"] for line in board.lines] == [PWRON_RESET, HARD_RESET, PWRON_RESET]
    assert {(line["folder"], line["file"]) for line in board.lines} == {("/", "/main.py")}
    assert "danger" not in board.output


def test_an_erased_flash_is_formatted_and_a_damaged_one_left_alone(board: VirtualBoard) -> None:
    assert board.image
    board.power_on()
    board.wait("repl")
    board.cut_power()
    assert "initial setup" in board.output and board.image.names() == {"/boot.py"}
    board.write_file("main.py", 'print("it runs")')
    garbage = random.Random(1).randbytes(2 * BLOCK_BYTES)
    with board.image.path.open("r+b") as file:
        file.write(garbage)
    after = board.mark()
    board.power_on()
    board.wait_output("appears to be corrupted")
    board.interrupt()
    board.wait("repl", after)
    board.cut_power()
    assert "it runs" not in board.output and board.image.path.read_bytes().startswith(garbage)
    with pytest.raises(LittleFSError):
        board.read_file("main.py")


def test_the_authorization_is_whole_whenever_the_power_goes(tmp_path: Path, rig: Rig) -> None:
    """With the real firmware, which pairs, and refreshes tokens that live 1 s at each power-on.

    It is cut off while it stores them.
    """
    mock = rig.mock("--interval-s", "1", "--token-life-s", "1")
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "client_secret": CLIENT_SECRET}
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}
    with VirtualBoard(tmp_path / "board", code=ROOT, environment=SLOW, littlefs=True) as board:
        board.write_file(
            "config.json",
            json.dumps(
                {"board": "esp32_devkit", "console": True, "frameio": frameio, "wifi": wifi}
            ),
        )
        board.power_on()
        mock.approve()
        cut_off_while_it_stores(board)
        assert stored(board) in ([], ["access_token", "refresh_token"])
        for _ in range(CUTS):
            come_online(board, mock)
            board.cut_power()
            time.sleep(1)  # of the token's life: it is refreshed as soon as the power is back
            board.power_on()
            cut_off_while_it_stores(board)
            assert stored(board) == ["access_token", "refresh_token"]
        come_online(board, mock)
        assert board.lines[-1]["project"]
        assert (
            "can't be read" not in board.errors
            and "not valid" not in board.errors
            and "Traceback" not in board.errors
        )


def stored(board: VirtualBoard) -> list[str]:
    """The tokens that are whole in the stored authorization; empty if nothing is stored."""
    try:
        record = json.loads(board.read_file("state/authorization.json"))
    except FileNotFoundError:
        return []
    return sorted(
        key for key, value in record.items() if str(value).startswith(MARK) and len(value) > 64
    )


def come_online(board: VirtualBoard, mock: Mock) -> None:
    """Switch it on and do what its user would do until it is online.

    A pair of tokens whose answer was lost to the power cut is lost for good.
    """
    while True:
        seen = len(board.lines)
        board.power_on()
        state = ""
        while state not in ("online", "unpaired"):
            line = board.wait_line(seen)
            seen += 1
            state = line["state"]
            if line["user_code"]:
                mock.approve()
        if state == "online":
            return
        board.cut_power()


def cut_off_while_it_stores(board: VirtualBoard) -> None:
    """Wait until it writes tokens into its flash, and cut its power at some moment of that."""
    assert board.image
    end = time.monotonic() + DEADLINE_S
    begun = board.image.path.read_bytes().count(MARK.encode())
    while board.image.path.read_bytes().count(MARK.encode()) == begun:
        assert time.monotonic() < end, "nothing was stored"
    time.sleep(random.uniform(0, 0.014))
    board.cut_power()
