"""Measures what Pilotlight costs, and writes docs/bench.md, docs/bench.svg and baseline.json.

python -m tools.bench            all of it, about five minutes
python -m tools.bench --quick    only what is gated; the documents stay as they are

The environment's WHY: the reason for which larger figures may become the baseline.
"""

import datetime
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tools.bench import baseline, figures, report, work
from tools.bench.devices import config, live_heap, smallest_heap_kib, told
from tools.bench.figures import Bench, Values
from tools.command_line import CommandLine
from tools.rig import ROOT, TOKEN, Rig

_WATCHED_S = 180


def wake_ups(name: str) -> dict[str, Any]:
    """How often a device's event loop wakes in a minute, and what it allocates.

    name: of its folder in Folders.
    """
    with tempfile.TemporaryDirectory() as scratch:
        rig = Rig(Path(scratch))
        try:
            bench = Bench(rig)
            folder = getattr(bench.folders, name)
            path = config(rig, bench.tls, folder, TOKEN)
            entry = folder / "wake_ups.py"
            return told(rig.device(path, fast=False, heap="4M", entry=entry), _WATCHED_S)
        finally:
            rig.close()


def slow(bench: Bench, values: Values) -> Values:
    """What is not gated. values: the live heaps that are known."""
    rig, tls, folders = bench.rig, bench.tls, bench.folders
    with ThreadPoolExecutor() as pool:  # they sleep most of the time
        host, board = pool.submit(wake_ups, "host"), pool.submit(wake_ups, "board")
        found: Values = {figures.IMAGE: folders.make_romfs()}
        found[figures.ROMFS] = live_heap(rig, tls, folders.rom)["live"]
        for figure, folder, live in (
            (figures.SMALLEST_HOST, folders.host, values[figures.HOST]),
            (figures.SMALLEST_BOARD, folders.board, values[figures.BOARD]),
        ):
            found[figure] = smallest_heap_kib(rig, tls, folder, None, int(live * 0.8) // 1024)
        found[figures.WAKES_HOST] = host.result()["wake_ups"]
        found[figures.WAKES_BOARD] = board.result()["wake_ups"]
        found[figures.GARBAGE] = board.result()["garbage"]
    return found


def main() -> int:
    """Measure, print and write. The exit code: 1 if a gated figure has grown without a reason."""
    parser = CommandLine("tools.bench", __doc__)
    parser.add_argument("--quick", action="store_true", help="only what is gated")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        try:
            bench = Bench(rig)
            values = {**bench.heaps(), **bench.allocations()}
            if work.has_valgrind():
                for figure in figures.INSTRUCTIONS:
                    values |= bench.instructions(figure)
            else:
                print("without valgrind no instructions are counted", file=sys.stderr)
            if not quick:
                values |= slow(bench, values)
        finally:
            rig.close()
    print(report.console(values))
    if not quick:
        date = datetime.date.today().isoformat()
        (ROOT / "docs/bench.md").write_text(report.text(values, date))
        (ROOT / "docs/bench.svg").write_text(report.picture(values, date))
    known = baseline.load() if baseline.PATH.exists() else {}
    entries = baseline.updated(values, known, os.environ.get("WHY", ""))
    baseline.save(entries)
    sentences = baseline.grown(values, entries)
    print("\n".join(sentences), file=sys.stderr)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
