"""`make simulate`: all histories of the simulation, on all cores, with their tables.

make simulate                        all of it
make simulate ONLY="modes fleets"    pairs of faults, modes that last for ever, fleets of real agents,
                                     a crowd of 20,000 schedules, scarcity
make simulate HISTORY="paired reset 17 dead_air 45 keep"    one that has failed, again
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from math import sqrt
from pathlib import Path
from typing import Any

from tests.simulation.crowd import peaks

ROOT = Path(__file__).parent.parent.parent
MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
KINDS = ("fixed", "paired")
PARTS = 151
SCARCITY_PARTS = 8
EVENTS = ("close_1001", "close_1012", "deploy", "outage")
DEVICES = 100  # of a fleet
FLEETS = 20
CROWD = 20_000
SHARE, HEALTH_SHARE, RECONNECT_SHARE = 0.05, 0.08, 0.20


def worker(*arguments: str) -> str:
    """Run tests/simulation/worker.py; what it printed. Raises CalledProcessError."""
    command = [MICROPYTHON, "-X", "heapsize=256m", "-m", "tests.simulation.worker", *arguments]
    path = {**os.environ, "MICROPYPATH": ".:lib:.frozen"}
    return subprocess.run(
        command, cwd=ROOT, env=path, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def on_all_cores(job: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The job's results, in order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda one: job(*one), arguments))


def part(kind: str, number: int) -> dict[str, Any]:
    """Run one part of the pairs; its summary. Failures are printed as they come."""
    *failures, summary = worker("pairs", kind, str(number), str(PARTS)).split("\n")
    for line in failures:
        print(line, flush=True)
    return json.loads(summary)


def pairs() -> bool:
    """Every ordered pair of faults; False if a history has failed."""
    parts = on_all_cores(part, [(kind, number) for number in range(PARTS) for kind in KINDS])
    failed = sum(one["failed"] for one in parts)
    print(
        f"pairs: {sum(one['histories'] for one in parts)} histories, {failed} failed; "
        f"the worst way back took {max(one['worst_ms'] for one in parts)} ms; "
        f"{sum(one['virtual_ms'] for one in parts) // 3_600_000} virtual hours"
    )
    known: Counter[str] = Counter()
    for one in parts:
        known.update(one["known"])
    print("pairs: histories in which a check failed as expected:", dict(known.most_common()))
    return not failed


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
    elif event in ("close_1001", "outage") and kind in ("upgrade", "join", "identity"):
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


def main() -> int:
    """Run what was asked for; 1 if something has failed."""
    if os.environ.get("HISTORY"):
        print(worker("again", *os.environ["HISTORY"].split()))
        return 0
    tables = {
        "pairs": pairs,
        "modes": modes,
        "fleets": fleets,
        "crowd": crowd,
        "scarcity": scarcity,
    }
    is_well = True
    for name in (os.environ.get("ONLY") or " ".join(tables)).split():
        is_well = tables[name]() and is_well
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
