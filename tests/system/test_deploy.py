"""`make deploy` to a virtual board: what is on the board then, and a cable that is pulled."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cable import Cable
from tools.command_line import Refused
from tools.deploy.connection import Connection
from tools.deploy.deploy import Built, Deployment, build
from tools.rig import CLIENT_VERSION, TOKEN, Rig
from tools.virtual_board.session import (
    DEADLINE_S,
    HARD_RESET,
    PWRON_RESET,
    ROOT,
    SOFT_RESET,
    VirtualBoard,
)

NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'
MAIN = b"print('main runs')\n"
# As many folders as the firmware has, and less to write.
SMALL = Built(
    {
        "boot.py": b"",
        "firmware/boards/one.mpy": b"M\x06" + bytes(range(256)) * 8,
        "firmware/build.mpy": b"M\x06build",
        **{f"lib/pilotlight/module_{i}.mpy": bytes([i]) * 2000 for i in range(5)},
        "lib/pilotlight/net/deep.mpy": b"M\x06deep",
        "main.py": MAIN,
    },
    mpy=6,
)
# Thousandths of what is sent: while it is asked what it is, files are listed, main.py is removed, the reset, old files are
# removed, folders are made, files are written, main.py is written, all is verified, the restart.
PULLED_AT = (10, 35, 45, 50, 55, 61, 120, 500, 979, 981, 990, 999)
TICKS = """
import asyncio
async def tick():
    while True:
        print("tick")
        await asyncio.sleep_ms(50)
asyncio.run(tick())
"""
OLD = {"main.py": b"old = True\n", "firmware/boards/one.mpy": b"old", "lib/pilotlight/x.py": b"old"}


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    """A board with MicroPython alone; it is off."""
    with VirtualBoard(
        tmp_path / "board",
        wiring="s3",
        environment={"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"},
        littlefs=True,
        serial=True,
    ) as board:
        yield board


def command(cable: Cable, *options: str) -> str:
    """What `make deploy` runs; what it prints."""
    line = [sys.executable, "-m", "tools.deploy", *options, cable.port]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def deployed(cable: Cable, built: Built = SMALL) -> list[str]:
    """Deploy without the command; what it says."""
    said: list[str] = []
    with Connection(cable.port, said.append) as connection:
        Deployment(connection, said.append).run(built)
    return said


def contents(board: VirtualBoard) -> dict[str, bytes]:
    """The board's files; it is off then."""
    board.cut_power()
    assert board.image
    return {name[1:]: board.image.read(name[1:]) for name in board.image.names()}


def test_an_empty_board_goes_online_and_the_second_time_nothing_is_written(
    board: VirtualBoard, tmp_path: Path, rig: Rig
) -> None:
    mock = rig.mock()
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "access_token": TOKEN}
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}
    board.write_file(
        "config.json",
        json.dumps({"board": "esp32_s3_devkit", "console": True, "frameio": frameio, "wifi": wifi}),
    )
    board.power_on()
    cable = Cable(board, tmp_path)
    first = command(cable, "--follow", "5")
    count = len(build().files)
    assert f"verified: {count} files" in first and f"written: {count} files" in first
    assert "online  " in first and "project Testbed" in first and TOKEN not in first
    assert "config.json is missing" not in first
    seen = len(board.lines)
    second = command(cable)
    board.wait_line(seen, state="online")
    assert f"all {count} files are on the board already" in second
    names = contents(board).keys()
    assert {name for name in names if name.endswith(".py")} == {"boot.py", "main.py"}
    assert "lib/pilotlight/net/transport.mpy" in names and "firmware/boards/host.mpy" in names


def test_what_is_left_of_earlier_versions_is_removed_and_nothing_else(
    board: VirtualBoard, tmp_path: Path
) -> None:
    ours = ("lib/pilotlight/module_1.py", "firmware/gone/old.mpy", "pilotlight/__init__.py")
    others = ("lib/other.py", "state/log.json", "config.json", "firmware/notes.txt", "mine.mpy")
    for name in (*ours, *others):
        board.write_file(name, b"old")
    board.power_on()
    said = deployed(Cable(board, tmp_path))
    assert [line for line in said if "removed" in line] == [f"removed: {name}" for name in ours]
    assert contents(board) == {**dict.fromkeys(others, b"old"), **SMALL.files}


def test_only_what_differs_is_written(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    cable = Cable(board, tmp_path)
    deployed(cable)
    files = {**SMALL.files, "firmware/build.mpy": b"M\x06later"}
    assert f"all {len(files)} files are on the board already" in deployed(cable, Built(files, 6))
    files["lib/pilotlight/module_3.mpy"] = b"changed"
    said = deployed(cable, Built(files, 6))
    assert [line for line in said if line.startswith("written: 3 files")], said  # build, main.py
    assert any("config.json is missing" in line for line in said)
    assert contents(board) == files


def test_a_firmware_that_runs_is_switched_off_first(board: VirtualBoard, tmp_path: Path) -> None:
    """By a reset of the chip: a watchdog that runs goes on over mpremote's soft reset."""
    board.write_file("main.py", "import asyncio\nasyncio.run(asyncio.Event().wait())\n")
    board.power_on()
    deployed(Cable(board, tmp_path))
    board.wait(lambda event: event["kind"] == "power_on" and len(causes(board)) == 5)
    assert causes(board) == [PWRON_RESET, SOFT_RESET, HARD_RESET, SOFT_RESET, HARD_RESET]
    assert contents(board)["main.py"] == MAIN


def causes(board: VirtualBoard) -> list[int]:
    """Of all starts."""
    return [event["cause"] for event in board.events if event["kind"] == "power_on"]


@pytest.fixture(scope="module")
def sent_bytes(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many bytes the computer sends in a whole deployment."""
    folder = tmp_path_factory.mktemp("whole")
    with VirtualBoard(folder / "board", littlefs=True, serial=True) as board:
        put_old(board)
        deployed(Cable(board, folder))
        assert board.serial
        return board.serial.received_bytes


def put_old(board: VirtualBoard) -> None:
    """Put an older firmware on it, and switch it on."""
    for name, data in OLD.items():
        board.write_file(name, data)
    board.power_on()


@pytest.mark.parametrize("power_goes_too", [False, True])
@pytest.mark.parametrize("per_mille", PULLED_AT)
def test_a_cable_is_pulled(
    per_mille: int, power_goes_too: bool, board: VirtualBoard, tmp_path: Path, sent_bytes: int
) -> None:
    """The deployment waits, and goes on. Until it is through, the board runs no half of it."""
    put_old(board)
    cable = Cable(board, tmp_path)
    cable.pull_after(sent_bytes * per_mille // 1000)
    ended: queue.Queue[list[str] | Exception] = queue.Queue()
    thread = threading.Thread(target=_deployed_into, args=(ended, cable), daemon=True)
    thread.start()
    cable.wait_until_out()
    if power_goes_too:
        files = contents(board)
        assert "main.py" not in files or files in (OLD, SMALL.files)
        board.power_on()
    cable.plug()
    said = ended.get(timeout=120)
    assert isinstance(said, list), said
    assert any("the board is gone" in line for line in said)
    assert contents(board) == SMALL.files


def _deployed_into(ended: queue.Queue[list[str] | Exception], cable: Cable) -> None:
    try:
        ended.put(deployed(cable))
    except Exception as error:
        ended.put(error)


def test_the_same_command_goes_on_later(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    cable = Cable(board, tmp_path)
    cable.pull_after(20_000)
    line = [sys.executable, "-m", "tools.deploy", cable.port]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        cable.wait_until_out()
        assert process.stdout
        assert any("it goes on where it was" in line for line in process.stdout)
    finally:
        process.kill()
        process.wait()
    cable.plug()
    said = command(cable)
    assert "equal: " in said and "verified: " in said


class Enough(Exception):
    """Ends what goes on for ever."""


def test_what_it_says_is_shown_again_when_the_port_is_back(
    board: VirtualBoard, tmp_path: Path
) -> None:
    """A chip's own USB goes at a reset, and its port with it."""
    board.write_file("main.py", TICKS)
    board.power_on()
    cable = Cable(board, tmp_path)
    is_back = threading.Event()
    ended: queue.Queue[object] = queue.Queue()

    def heard(kind: str, event: dict[str, object]) -> None:
        if event.get("kind") == "reset" and event["cause"] == HARD_RESET:
            cable.pull_after(0)

    def say(line: str) -> None:
        if is_back.is_set() and line == "tick":
            raise Enough

    def follow() -> None:
        try:
            with Connection(cable.port, say) as connection:
                connection.run(lambda found: found.reset())
                connection.follow(None)
        except Exception as error:
            ended.put(error)

    board.listen(heard)
    threading.Thread(target=follow, daemon=True).start()
    cable.wait_until_out()
    is_back.set()
    cable.plug()
    assert isinstance(ended.get(timeout=DEADLINE_S), Enough)


def test_a_board_that_can_t_run_it_is_left_alone(tmp_path: Path) -> None:
    with VirtualBoard(tmp_path / "board", littlefs=True, serial=True, heap="300k") as board:
        board.write_file("main.py", MAIN)
        board.power_on()
        after = board.mark()
        with pytest.raises(Refused, match="PSRAM"):
            deployed(Cable(board, tmp_path))
        board.wait("power_on", after, cause=HARD_RESET)  # and runs its program again
        assert contents(board)["main.py"] == MAIN


def test_ctrl_c_in_the_middle_of_a_file_leaves_no_board_that_is_stopped(
    board: VirtualBoard, tmp_path: Path
) -> None:
    board.write_file("main.py", TICKS)
    board.power_on()
    after = board.mark()

    def press(done: int, size: int) -> None:
        if done > 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Connection(Cable(board, tmp_path).port, print) as made:
        made.run(lambda found: found.write("new", bytes(5000), press))
    board.wait("power_on", after, cause=HARD_RESET)
    assert contents(board)["main.py"].decode() == TICKS


def test_no_such_port_and_no_board_at_it(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "tools.deploy", str(tmp_path / "ttyUSB7")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "there is no port" in done.stderr and "mpremote" in done.stderr
    ends = os.openpty()
    port = os.ttyname(ends[1])
    (tmp_path / "ttyUSB0").symlink_to(port)
    with pytest.raises(Refused, match="does not answer as MicroPython does"):
        Connection(str(tmp_path / "ttyUSB0"), print).run(lambda board: None)
    for end in ends:
        os.close(end)
