"""Measures memory against the mock, over TLS: `make bench`. Counts and bytes only; 64-bit words.

The rows are those of a comparison of MicroPython websocket clients: live heap when joined, bytes
allocated per heartbeat trip, and the smallest heap with which the whole firmware reaches `online`
(as bytecode, and from source), identity of 100 kB; then what the parts of a board with light,
screen and Wi-Fi keep besides.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.bytecode import build
from tools.rig import MICROPYTHON, ROOT, TOKEN, Mock, Rig

_LONGEST_S = 300


def heartbeat_trip(rig: Rig, config: Path) -> dict[str, float]:
    """What heartbeat_trip.py prints."""
    done = subprocess.run(
        [MICROPYTHON, "tools/bench/heartbeat_trip.py"],
        cwd=ROOT,
        env={**os.environ, "PILOTLIGHT_CONFIG": str(config)},
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=True,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(figures, dict)
    return figures


def board_parts(root: Path) -> dict[str, int]:
    """What board_parts.py prints."""
    command = [MICROPYTHON, str(Path(__file__).parent / "board_parts.py"), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=True)
    parts = json.loads(done.stdout)
    assert isinstance(parts, dict)
    return parts


def reaches_online(rig: Rig, mock: Mock, token: str | None, entry: Path, kib: int) -> bool:
    """Does the firmware reach `online` in so many KiB, with nothing stored?

    token: a fixed one, or None: it is paired first.
    """
    shutil.rmtree(rig.folder / "state", ignore_errors=True)
    device = rig.device(
        rig.config(mock.url, mock.ca, token), fast=False, heap=f"{kib}k", entry=entry
    )
    try:
        if token is None:
            mock.control(
                "approve", user_code=device.wait(deadline_s=10, state="pairing")["user_code"]
            )
        device.wait(deadline_s=10, state="online")
    except AssertionError:
        return False
    finally:
        device.stop()
        device.errors = device.output = ""  # tracebacks are expected here
    return True


def smallest_heap_kib(rig: Rig, mock: Mock, token: str | None, entry: Path) -> int:
    """The smallest heap in KiB, by halving."""
    low, high = 64, 320
    while high - low > 1:
        middle = (low + high) // 2
        if reaches_online(rig, mock, token, entry, middle):
            high = middle
        else:
            low = middle
    return high


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        try:
            mock = rig.mock("--identity-bytes", "100000", "--interval-s", "1", tls=True)
            config = rig.config(mock.url, mock.ca)
            for name, value in heartbeat_trip(rig, config).items():
                print(f"{name:40} {value:10.1f} {'' if name == 'trips' else 'bytes'}")
            bytecode = build(Path(folder) / "board")
            for name, value in board_parts(bytecode.parent).items():
                print(f"{'board: ' + name:40} {value:10} bytes")
            for name, token, entry in (
                ("fixed token, .mpy", TOKEN, bytecode),
                ("paired, .mpy", None, bytecode),
                ("paired, .py", None, ROOT / "main.py"),
            ):
                heap_kib = smallest_heap_kib(rig, mock, token, entry)
                print(f"{'smallest heap, ' + name:40} {heap_kib:10} KiB", flush=True)
        finally:
            rig.close()


if __name__ == "__main__":
    main()
