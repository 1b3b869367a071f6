"""Uploads a clip as examples/camera.py does, with its links cut, and looks at the heartbeats.

python -m tools.bench.upload          20 MB over a slow uplink, by the real times
python -m tools.bench.upload --heap   what requests and uploads need of the heap

MICROPYTHON=PATH in the environment names another unix port, such as one with words of 32 bits.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tools.bench.devices import Folders, told
from tools.rig import TOKEN, Mock, Rig
from tools.rig.camera import Camera

CLIP_BYTES = 20_000_000
PART_BYTES = 2_500_000
BYTES_PER_S = 180_000
# The cuts: before which PUT (from 1 on), after how many bytes of its body, and of how many PUTs.
CUTS = ((1, 1_500_000, 2), (4, 2_400_000, 2), (7, 100_000, 1))
_SOCKET_CUT = 6  # the device's socket is cut during this PUT
_LONGEST_S = 400.0


class Uploaded(NamedTuple):
    """What became of it.

    is_whole: the hash of what arrived is the clip's. assets: how often the clip was begun. cuts:
    PUTs whose link was cut. joins: how often the channel was joined meanwhile. ms: how long it
    took. beats: heartbeats that arrived meanwhile. gaps_ms: from one to the next. states: those
    that the device showed.
    """

    is_whole: bool
    assets: int
    cuts: int
    joins: int
    ms: int
    beats: int
    gaps_ms: list[int]
    states: set[str]


def _wait_for_put(mock: Mock, number: int) -> None:
    def has_begun(mock: Mock) -> bool:
        return number <= sum(part["tries"] for facts in mock.uploads() for part in facts["parts"])

    mock.wait(has_begun, _LONGEST_S)


def upload(rig: Rig, bytes_per_s: int, times: Mapping[str, Any]) -> Uploaded:
    """Upload the clip, and cut its link five times and the device's socket once.

    bytes_per_s: how fast the storage reads. times: what differs from the real ones.
    """
    camera = Camera(rig, TOKEN, PART_BYTES, times)
    mock = camera.mock
    mock.control("storage_rate", bytes_per_s=bytes_per_s)
    camera.power_on()
    device = camera.device
    device.wait(state="online")
    mock.wait(lambda mock: bool(mock.records(event="heartbeat")))
    first = device.mark()
    mock.control("storage", what="reset", after_bytes=CUTS[0][1], times=CUTS[0][2])
    sha256 = camera.record("A001.mp4", CLIP_BYTES)
    for number, after_bytes, times_cut in CUTS[1:]:
        _wait_for_put(mock, number - 1)
        mock.control("storage", what="reset", after_bytes=after_bytes, times=times_cut)
        if number == _SOCKET_CUT + 1:
            mock.control("kill")
    device.wait_log("uploaded: A001.mp4\n", deadline_s=_LONGEST_S)
    (begun,) = (record["t_ms"] for record in mock.records(kind="asset"))
    parts = mock.records(kind="part")
    ended = parts[-1]["t_ms"]

    def meanwhile(**wanted: Any) -> list[int]:
        times_ms = [record["t_ms"] for record in mock.records(**wanted)]
        return [t_ms for t_ms in times_ms if begun <= t_ms <= ended]

    beats = meanwhile(event="heartbeat")
    return Uploaded(
        [facts["sha256"] for facts in mock.uploads()] == [sha256],
        len(mock.records(kind="asset")),
        len([part for part in parts if not part["status"]]),
        len(meanwhile(event="phx_join")),
        ended - begun,
        len(beats),
        [after - before for before, after in pairwise(beats)],
        {line["state"] for line in device.lines[first:]},
    )


def heap(rig: Rig) -> dict[str, int]:
    """What lives on the heap at each step of an upload, in bytes; the code is bytecode."""
    mock = rig.mock(tls=True)
    folder = mock.ca.parent
    order = {
        "roots": [str(folder / "ca.der"), str(folder / "storage-ca.der")],
        "url": mock.url,
        "token": TOKEN,
        "size_bytes": 1_000_000,
    }
    (rig.folder / "uploads.json").write_text(json.dumps(order))
    code = Folders(rig.folder / "code").host
    config = rig.config(mock.url, mock.ca)
    return told(rig.device(config, fast=False, heap="4M", entry=code / "uploads.py"))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Uploads, beside the socket, and measures it.")
    parser.add_argument("--heap", action="store_true", help="what they need of the heap")
    is_heap = parser.parse_args().heap
    with tempfile.TemporaryDirectory() as name:
        rig = Rig(Path(name))
        try:
            figures = heap(rig) if is_heap else upload(rig, BYTES_PER_S, {})._asdict()
        finally:
            rig.close()
    for field, value in figures.items():
        print(f"{field}: {value}")


if __name__ == "__main__":
    main()
