"""Measures what docs/memory.md tells, on unix ports with words of 32 bits, and writes its tables.

python -m tools.bench.memory --port PATH --frozen PATH [--row NAME …] [--way NAME …] [--live]

docs/memory.md tells how to build the two ports: a plain one, and one with tools/bench/manifest.py
frozen. With --live nothing is tried for minutes (the smallest heaps stay as they were).
"""

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import tools.rig
from tools.bench.devices import BOARD, HERE, SCREEN, Folders, told
from tools.command_line import CommandLine
from tools.on_cpython import device_module
from tools.rig import ROOT, TOKEN, Device, Mock, Rig

DOCUMENT = ROOT / "docs/memory.md"
RESULTS = ROOT / "build/memory.json"
FIXED_HEAP_KIB = 96  # of ports/PILOTLIGHT_ESP32
_STOCK_HEAP_KIB = 112  # of an ESP32 without PSRAM, before Python takes what Wi-Fi and TLS need
_TLS = {
    "roots": "the five roots that are shipped, all at once",
    "connection": "a connection, while it is open",
    "handshake": "its handshake, besides",
}
WAYS = ("source", ".mpy in RAM", "ROMFS", "frozen")
_TRIED_KIB = range(2, 26, 2)  # above the live heap
_AT_ONCE = 24
_POLL_S = 62  # in which an identity is polled: they are 60 s apart
_STEP_S = 60.0  # for a change of state, on a machine that is busy
_ROM_OVERHEAD = 1 + 3 / 128  # of a block of heap: its share of the tables


class Row(NamedTuple):
    """What is measured. program: of on_device. screen: of config.json. token: fixed, or None."""

    name: str
    program: str
    screen: str = "none"
    token: str | None = None


ROWS = (
    Row("library alone, fixed token", "library_alone.py", token=TOKEN),
    Row("library with pairing, Wi-Fi, clock and storage", "library.py"),
    Row("whole firmware without a screen, paired", "live_heap.py"),
    Row("whole firmware with a screen, paired", "live_heap.py", SCREEN),
)


Heaps = dict[Row, int | None]  # KiB, or None if it lived in none of those that were tried


def folders(top: Path) -> dict[str, Path]:
    """The code in each way, as a device's file system: way → folder."""
    made = Folders(top)
    made.make_romfs()
    source, frozen = top / "source", top / "frozen"
    shutil.copytree(made.host, frozen, ignore=shutil.ignore_patterns("lib", "firmware"))
    shutil.copytree(frozen, source)
    for part in ("lib", "firmware"):
        shutil.copytree(ROOT / part, source / part)
    for chip in (HERE / "chips").glob("*.py"):
        if chip.stem != "socket":
            shutil.copy(chip, source)
    return dict(zip(WAYS, (source, made.board, made.rom, frozen), strict=True))


def device(rig: Rig, mock: Mock, row: Row, folder: Path, heap_bytes: int) -> Device:
    """A device that has just been started."""
    options: dict[str, Any] = {"board": BOARD, "screen": row.screen, "console": True}
    options["wifi"] = {"ssid": "Stage 6", "password": "pilotlight"}
    path = rig.config(mock.url, mock.ca, row.token, **options)
    image = folder / "code.romfs"
    if image.exists():
        heap_bytes += round(image.stat().st_size * _ROM_OVERHEAD)
    return rig.device(path, fast=False, heap=str(heap_bytes), entry=folder / row.program)


def pair(started: Device, mock: Mock, row: Row) -> None:
    """Enter the code that it shows, unless it has a fixed token."""
    if row.token is None:
        code = started.wait(_STEP_S, state="pairing")["user_code"]
        mock.control("approve", user_code=code)


def live(row: Row, folder: Path) -> int:
    """Bytes that live on the heap of a device that is online; one that has just been paired."""
    with tempfile.TemporaryDirectory() as name:
        rig = Rig(Path(name))
        try:
            mock = rig.mock("--identity-bytes", "5000", "--interval-s", "1", tls=True)
            started = device(rig, mock, row, folder, 4 << 20)
            pair(started, mock, row)
            return int(told(started)["live"])
        finally:
            rig.close()


def lives(row: Row, folder: Path, kib: int) -> bool:
    """Whether a device lives with a heap of so many KiB.

    It goes online, is polled, is paused and resumed with a poll after each, loses its socket
    twice, and is online in the end.
    """
    with tempfile.TemporaryDirectory() as name:
        rig = Rig(Path(name))
        mock = rig.mock("--identity-bytes", "20000", "--interval-s", "1", tls=True)
        started = device(rig, mock, row, folder, kib * 1024)
        try:
            pair(started, mock, row)
            started.wait(_STEP_S, state="online")
            time.sleep(_POLL_S)
            for order, state in (("pause", "paused"), ("resume", "online")):
                after = started.mark()
                mock.control(order)
                started.wait(_STEP_S, after, state=state)
                time.sleep(_POLL_S)
            for order in ("kill", "drop"):
                after = started.mark()
                mock.control(order)
                started.wait(_STEP_S, after, state="online")
            time.sleep(_POLL_S)
            return bool(started.lines[-1]["state"] == "online")
        except AssertionError:
            return False
        finally:
            started.stop()
            started.output = started.errors = ""  # tracebacks are expected here
            rig.close()


def smallest(pool: ThreadPoolExecutor, live_bytes: Mapping[Row, int], folder: Path) -> Heaps:
    """The smallest heap in KiB in which each row lives, as in all larger ones that are tried."""
    tried = [(row, size // 1024 + more) for row, size in live_bytes.items() for more in _TRIED_KIB]
    os.environ["BENCH_LIVES"] = "1"
    alive = list(pool.map(lambda pair: lives(pair[0], folder, pair[1]), tried))
    del os.environ["BENCH_LIVES"]
    found: Heaps = dict.fromkeys(live_bytes)
    for row in live_bytes:
        results = {kib: well for (one, kib), well in zip(tried, alive, strict=True) if one == row}
        print(folder.name, row.name, results, flush=True)
        too_small = max((kib for kib, well in results.items() if not well), default=0)
        found[row] = min((kib for kib in results if kib > too_small), default=None)
    return found


def tls(port: str) -> dict[str, int]:
    """Bytes of the system's memory: of a root, of a connection, and of its handshake besides."""
    with tempfile.TemporaryDirectory() as name:
        rig = Rig(Path(name))
        try:
            mock = rig.mock(tls=True)
            roots = [mock.ca]
            for number, root in enumerate(device_module("pilotlight.trust_roots").ROOTS):
                roots.append(Path(name) / f"{number}.der")
                roots[-1].write_bytes(root)

            def peak(count: int, known: Sequence[Path]) -> int:
                out = Path(name) / "massif"
                massif = ["--tool=massif", "--peak-inaccuracy=0.0", f"--massif-out-file={out}"]
                program = [str(HERE / "on_device/tls_memory.py"), str(mock.port), str(count)]
                command = ["valgrind", *massif, port, *program, *map(str, known)]
                subprocess.run(command, check=True, capture_output=True, timeout=300)
                found = re.findall(r"^mem_heap_B=(\d+)$", out.read_text(), re.MULTILINE)
                return max(map(int, found))

            one_root, first = peak(0, roots[:1]), peak(1, roots[:1])
            each = (peak(3, roots[:1]) - first) // 2
            return {
                "roots": peak(0, roots) - one_root,
                "connection": each,
                "handshake": first - one_root - each,
            }
        finally:
            rig.close()


def measured(arguments: argparse.Namespace, code: dict[str, Path]) -> Iterator[dict[str, Any]]:
    """The results, after each that is new: what RESULTS has."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for way, folder in code.items():
            tools.rig.MICROPYTHON = str(arguments.frozen if way == "frozen" else arguments.port)
            rows = [row for row in ROWS if row.name in arguments.row and way in arguments.way]
            cells = {row: results.setdefault(row.name, {}).setdefault(way, {}) for row in rows}
            for row, cell in cells.items():
                cell["live"] = live(row, folder)
            yield results
            if not arguments.live and way != "source":
                found = smallest(pool, {row: cell["live"] for row, cell in cells.items()}, folder)
                for row, cell in cells.items():
                    cell["lives"] = found[row]
                yield results
    if shutil.which("valgrind"):
        results["tls"] = tls(str(arguments.port))
        yield results


def tables(results: dict[str, Any], date: str) -> dict[str, str]:
    """The marked parts of docs/memory.md."""
    heaps = [["", *WAYS]]
    chips = [["", *WAYS]]
    left = [["frozen", "lives in", f"of {FIXED_HEAP_KIB} KiB, left for your code"]]
    for row in ROWS:
        cells = results.get(row.name, {})
        heaps.append([row.name, *(_heaps(cells.get(way, {})) for way in WAYS)])
        chips.append([row.name, *(_chip(way, cells.get(way, {})) for way in WAYS)])
        kib = cells.get("frozen", {}).get("lives")
        if kib:
            left.append([row.name, f"{kib} KiB", f"{FIXED_HEAP_KIB - kib} KiB"])
    tls_rows = [["of the system's memory", "bytes"]]
    for name, text in _TLS.items():
        if "tls" in results:
            tls_rows.append([text, f"{results['tls'][name]:,}"])
    named = {"chips": chips, "heaps": heaps, "left": left, "tls": tls_rows}
    return {name: f"Measured on {date}.\n\n{_table(rows)}" for name, rows in named.items()}


def filled(text: str, parts: Mapping[str, str]) -> str:
    """A document with each part between its marks."""
    for name, part in parts.items():
        marks = rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- /{name} -->)"
        text = re.sub(marks, rf"\g<1>{part}\n\g<2>", text, flags=re.DOTALL)
    return text


def _table(rows: list[list[str]]) -> str:
    head, *others = rows
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _heaps(cell: dict[str, int]) -> str:
    if "live" not in cell:
        return "not measured"
    return f"{cell['live']:,} B" + (f" / {cell['lives']} KiB" if cell.get("lives") else "")


def _chip(way: str, cell: dict[str, int]) -> str:
    """The least that runs it."""
    if "live" not in cell:
        return "not measured"
    has_own_image = way in ("ROMFS", "frozen")
    most_kib = FIXED_HEAP_KIB if has_own_image else _STOCK_HEAP_KIB
    kib = cell.get("lives")
    if (kib or cell["live"] / 1024) > most_kib:
        return "PSRAM, own image" if has_own_image else "PSRAM"
    if kib is None:
        return "not tried"
    return "own image" if has_own_image else "stock image"


def main() -> None:
    """Measure, and write build/memory.json and docs/memory.md."""
    parser = CommandLine("tools.bench.memory", __doc__)
    parser.add_argument("--port", type=Path, required=True, help="a unix port, 32 bits")
    parser.add_argument("--frozen", type=Path, required=True, help="the same, with frozen code")
    names = [row.name for row in ROWS]
    parser.add_argument("--row", nargs="+", choices=names, default=names)
    parser.add_argument("--way", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--live", action="store_true", help="only what lives on the heap")
    arguments = parser.parse_args()
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "1000000000"  # the heap below 2^30, as on an ESP32
    with tempfile.TemporaryDirectory() as folder:
        for results in measured(arguments, folders(Path(folder))):
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    parts = tables(results, datetime.date.today().isoformat())
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), parts))
    print(*parts.values(), sep="\n\n")


if __name__ == "__main__":
    main()
