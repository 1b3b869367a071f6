"""`make simulate`: all histories of the simulation, on all cores, with their tables.

make simulate                        all of it
make simulate ONLY="modes fleets"    pairs of faults, modes that last for ever, fleets of real agents,
                                     a crowd of 20,000 schedules, scarcity
make simulate ONLY=million           a million devices beside phoenix.js; writes docs/reliability.md
make simulate ONLY=checked           all pairs, and 300 days: what `make check` runs
make simulate DEPTH=3                triples of faults, each once: hours
make simulate DEPTH=2 PART=5 OF=8    every eighth history of pairs, from the sixth on
make simulate SEEDS=100 DAYS=30      months of random histories; SEEDS=40-49: these
make simulate HISTORY="paired reset 17 keep dead_air 45"    one that has failed, again
make simulate HISTORY="seed 17 30"   the same of a seed of 30 days, which is shrunk first
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from math import sqrt
from pathlib import Path
from typing import Any

from tests.simulation.crowd import peaks
from tools.bytecode import build

ROOT = Path(__file__).parent.parent.parent
MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
KINDS = ("fixed", "paired")
A_JOB = 4000  # histories, or …
DAYS_OF_A_JOB = 10  # … days
CHECKED_SEEDS, CHECKED_DAYS = 20, 15  # `make test` runs the first days of some
SCARCITY_PARTS = 8
EVENTS = ("close_1001", "close_1012", "deploy", "outage")
DEVICES = 100  # of a fleet
FLEETS = 20
CROWD = 20_000
ALL = "pairs modes fleets crowd scarcity"
BACK_S = 90  # within which 95 % are online, where all are admitted
SHARE, HEALTH_SHARE, RECONNECT_SHARE = 0.05, 0.08, 0.20


@functools.cache
def compiled() -> str:
    """The folder with the library as bytecode: the agent loads parts of it again and again."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    build(Path(folder), "lib/")
    return folder


def worker(*arguments: str) -> str:
    """Run tests/simulation/worker.py; what it printed. Raises CalledProcessError."""
    command = [MICROPYTHON, "-X", "heapsize=256m", "-m", "tests.simulation.worker", *arguments]
    path = {**os.environ, "MICROPYPATH": f".:{compiled()}/lib:.frozen"}
    return subprocess.run(
        command, cwd=ROOT, env=path, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def on_all_cores(job: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The job's results, in order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda one: job(*one), arguments))


def part(*arguments: object) -> dict[str, Any]:
    """Run one part of the pairs or seeds; its summary. Failures are printed as they come."""
    *failures, summary = worker(*[str(one) for one in arguments]).split("\n")
    for line in failures:
        print(line, flush=True)
    return json.loads(summary)


def pairs(depth: int = 2, number: int = 0, of: int = 1) -> bool:
    """Every of-th ordered pair or triple of faults from this one; False if one has failed."""
    jobs = []
    for kind in KINDS:
        split = 1 + int(worker("count", kind, str(depth))) // of // A_JOB
        jobs += [("pairs", kind, depth, number + of * at, of * split) for at in range(split)]
    return _summed("pairs", on_all_cores(part, jobs))


def seeds(first: int, count: int, days: int) -> bool:
    """So many seeds from the first one, each of so many days; False if one has failed."""
    each = max(1, DAYS_OF_A_JOB // days)
    jobs = [
        ("seeds", seed, min(each, first + count - seed), days)
        for seed in range(first, first + count, each)
    ]
    return _summed("seeds", on_all_cores(part, jobs))


def _summed(name: str, parts: list[dict[str, Any]]) -> bool:
    """Print what came of all parts; False if a history has failed."""
    failed = sum(one["failed"] for one in parts)
    print(
        f"{name}: {sum(one['histories'] for one in parts)} histories, {failed} failed; "
        f"the worst way back took {max(one['worst_ms'] for one in parts)} ms; "
        f"{sum(one['virtual_ms'] for one in parts) // 3_600_000} virtual hours in "
        f"{sum(one['cpu_ms'] for one in parts) // 1000} s of CPU"
    )
    known: Counter[str] = Counter()
    for one in parts:
        known.update(one["known"])
    print(f"{name}: histories in which a check failed as expected:", dict(known.most_common()))
    return not failed


def checked() -> bool:
    """All pairs, and 300 days of the same seeds each time; False if one has failed."""
    are_well = seeds(0, CHECKED_SEEDS, CHECKED_DAYS)
    return pairs() and are_well


def _asked(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


def _asked_depth() -> bool:
    depth = _asked("DEPTH", 2)
    of = _asked("OF", 1 if depth < 3 else int(worker("variants", str(depth))))
    return pairs(depth, _asked("PART", 0) % of, of)


def _asked_seeds() -> bool:
    first, _, last = os.environ["SEEDS"].rpartition("-")
    if first:
        return seeds(int(first), int(last) + 1 - int(first), _asked("DAYS", 30))
    return seeds(0, int(last), _asked("DAYS", 30))


def scarcity_part(number: int) -> dict[str, Any]:
    """Try one part of the places without memory; its summary. Failures are printed."""
    *failures, summary = worker("scarcity", str(number), str(SCARCITY_PARTS)).split("\n")
    for line in failures:
        print(line, flush=True)
    return json.loads(summary)


def scarcity() -> bool:
    """A day's story without memory at each place; False if the device did not come back."""
    parts = on_all_cores(scarcity_part, [(number,) for number in range(SCARCITY_PARTS)])
    failed = sum(one["failed"] for one in parts)
    tried = sum(one["tried"] for one in parts)
    print(f"scarcity: no memory at {tried} places, one at a time; not recovered from: {failed}")
    return not failed


def mode(number: int) -> dict[str, Any]:
    """Run one mode; what came of it."""
    return json.loads(worker("mode", str(number)))


def modes() -> bool:
    """Requests an hour, by kind, in what goes wrong for ever; False if one is over its limit."""
    results = on_all_cores(mode, [(number,) for number in range(int(worker("modes")))])
    print("modes: requests in the first hour / the mean of the later hours; changes shown an hour")
    for one in results:
        kinds = " ".join(
            f"{kind} {first}/{mean}" for kind, (first, mean) in sorted(one["kinds"].items())
        )
        print(f"{one['mode']:34} {one['shown']:26} {one['changes']:6} {kinds}")
        for check, (count, what) in sorted(one["broken"].items()):
            print(f"    {check}, {count} times: {what}")
    return not any(one["failed"] for one in results)


def fleet(event: str, seed: int) -> dict[str, list[int]]:
    """Run one fleet; how many requests of each kind came in each second."""
    return json.loads(worker("fleet", event, str(seed)))


def limit(event: str, kind: str, devices: int) -> float:
    """The largest share of the devices that may ask in one second; chance is allowed for."""
    share = SHARE
    if kind.endswith("health"):
        share = HEALTH_SHARE
    elif event.startswith(("close_1001", "outage")) and kind in ("upgrade", "join", "identity"):
        share = RECONNECT_SHARE  # identity follows the join
    return share + 4 * sqrt(share * (1 - share) / devices)


def fleets() -> bool:
    """The peak share of devices in any second, by kind; False if one is over its limit."""
    devices = FLEETS * DEVICES
    is_well = True
    print(f"fleets: the peak share of {devices} devices in any one second, and in which")
    for event in EVENTS:
        totals: dict[str, list[int]] = {}
        for counts in on_all_cores(fleet, [(event, seed) for seed in range(FLEETS)]):
            for kind, seconds in counts.items():
                before = totals.get(kind, [0] * len(seconds))
                totals[kind] = [a + b for a, b in zip(before, seconds, strict=True)]
        for kind, seconds in sorted(totals.items()):
            peak = max(seconds)
            is_kept = _is_kept(event, kind, peak / devices, seconds.index(peak), devices)
            is_well = is_well and is_kept
    return is_well


def _is_kept(event: str, kind: str, share: float, second: int, devices: int) -> bool:
    """Print a peak; False if it is over the limit."""
    is_over = not kind.endswith("connection") and share > limit(event, kind, devices)
    over = "   over the limit" if is_over else ""
    print(f"{event:12} {kind:20} {100 * share:6.2f} % in second {second:3}{over}")
    return not is_over


def crowd() -> bool:
    """The same of many more devices, by schedule and backoff alone."""
    print(f"crowd: the peak share of {CROWD} devices in any one second, and in which")
    is_well = True
    for event in EVENTS:
        for kind, (share, second) in peaks(event, CROWD).items():
            is_well = _is_kept(event, kind, share, second, CROWD) and is_well
    return is_well


def million() -> bool:
    """A million devices, in the document; False if one of the design's shares or times is not kept.

    Power-on is no event of the service, so it has no share.
    """
    from tests.simulation import million_report

    found = million_report.everything()
    million_report.write(found)
    print(million_report.table(found), end="")
    is_well = True
    for event in million_report.EVENTS:
        for admitted, one in zip(million_report.BACKENDS, found[event, "Pilotlight"], strict=True):
            for kind, share in {**one.peaks, "upgrade": one.first}.items():
                over = event != "power_on" and share > limit(event, kind, million_report.DEVICES)
                is_well = is_well and not over
                words = " is over the limit" if over else ""
                print(f"{event} {admitted or 'all'} {kind}: {100 * share:.2f} %{words}")
        is_well = is_well and found[event, "Pilotlight"][0].most_s <= BACK_S
    return is_well


def main() -> int:
    """Run what was asked for; 1 if something has failed."""
    if os.environ.get("HISTORY"):
        print(worker("again", *os.environ["HISTORY"].split()))
        return 0
    if os.environ.get("SEEDS"):
        return 0 if _asked_seeds() else 1
    if os.environ.get("DEPTH"):
        return 0 if _asked_depth() else 1
    tables = {
        "checked": checked,
        "pairs": pairs,
        "modes": modes,
        "fleets": fleets,
        "crowd": crowd,
        "scarcity": scarcity,
        "million": million,
    }
    is_well = True
    for name in (os.environ.get("ONLY") or ALL).split():
        is_well = tables[name]() and is_well
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
