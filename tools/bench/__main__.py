"""Measures memory against the mock, over TLS: `make bench`. Counts and bytes only; 64-bit words.

The rows are those of a comparison of MicroPython websocket clients: live heap when joined, bytes allocated per heartbeat trip,
and the smallest heap with which the whole firmware reaches `online` (as bytecode, and from source), identity of 100 kB.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tests.system.rig import MICROPYTHON, ROOT, Rig
from tools.bytecode import build

_LONGEST_S = 60


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


def reaches_online(rig: Rig, config: Path, entry: Path, kib: int) -> bool:
    """Does the firmware reach `online` in so many KiB, with nothing stored?"""
    (rig.folder / "state/a/identity.json").unlink(missing_ok=True)
    device = rig.device(config, fast=False, heap=f"{kib}k", entry=entry)
    try:
        device.wait(deadline_s=10, state="online")
    except AssertionError:
        return False
    finally:
        device.stop()
        device.errors = device.output = ""  # tracebacks are expected here
    return True


def smallest_heap_kib(rig: Rig, config: Path, entry: Path) -> int:
    """The smallest heap in KiB, by halving."""
    low, high = 64, 256
    while high - low > 1:
        middle = (low + high) // 2
        if reaches_online(rig, config, entry, middle):
            high = middle
        else:
            low = middle
    return high


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        try:
            mock = rig.mock("--identity-bytes", "100000", tls=True)
            config = rig.config(mock.url, mock.ca)
            for name, value in heartbeat_trip(rig, config).items():
                print(f"{name:24} {value:10.1f} {'' if name == 'trips' else 'bytes'}")
            for name, entry in ((".mpy", build(Path(folder) / "board")), (".py", ROOT / "main.py")):
                print(f"{'smallest heap, ' + name:24} {smallest_heap_kib(rig, config, entry):10} KiB", flush=True)
        finally:
            rig.close()


if __name__ == "__main__":
    main()
