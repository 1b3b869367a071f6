"""`make mutants`: does a test fail if there is a bug? Writes docs/mutants.md.

python -m tests.mutants              all: those made by rules, and those made by hand
python -m tests.mutants --by-hand    the forty made by hand, each with its own test, as `make check`
python -m tests.mutants --only TEXT  those whose name holds the text; writes nothing
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.mutants.by_hand import FAULTS, Fault
from tests.mutants.document import HARMLESS, Verdict, write
from tests.mutants.generated import Mutant, chosen
from tests.mutants.reach import Reach, measured
from tests.mutants.trials import (
    ROOT,
    SIMULATED,
    Outcome,
    Tree,
    Trial,
    imported_by,
    micropython_trials,
)

_BUDGET_S = 30.0  # of the processor, for one bug
_SIMULATED_S = 20.0
_PYTEST_S = 20.0
_OWN_S = 1.5


def limit_s(seconds: float) -> float:
    """How long a test may take that takes so many seconds without a bug."""
    return 5 + 5 * seconds


def fails(tree: Tree, trial: Trial, longest_s: float) -> tuple[bool, float]:
    """Whether the trial fails, twice: a busy machine may fail one. And the seconds it took.

    Once is enough where it took all of its time, which is far more than it needs.
    """
    first = tree.judge(trial, longest_s)
    if first.passed or first.is_over:
        return not first.passed, first.seconds
    second = tree.judge(trial, longest_s)
    return not second.passed, first.seconds + second.seconds


def trials_for(reach: Reach, path: str, line: int) -> list[tuple[Trial, float]]:
    """The tests that can find a bug in this line, in the order in which they are tried.

    The fastest of each file, then the next of each, for tests of one file look at the same things;
    from a file with a word of the module's name three at a time. A second counts as a turn.
    """
    words = path.rpartition("/")[2].removesuffix(".py").split("_")
    ranked = []
    count: Counter[str] = Counter()
    for trial, seconds in sorted(reach.of(path, line), key=lambda one: one[1]):
        turn = count[trial.file] // (3 if any(word in trial.file for word in words) else 1) + int(
            seconds
        )
        count[trial.file] += 1
        ranked.append((turn, seconds, trial))
    trials = [(trial, seconds) for _, seconds, trial in sorted(ranked)]
    slow = [(trial, _PYTEST_S) for trial in imported_by(ROOT).get(path, ())]
    if path.startswith("lib/"):
        slow += [(trial, _SIMULATED_S) for trial in SIMULATED]
    return trials + slow


def judged(tree: Tree, name: str, kind: str, trials: list[tuple[Trial, float]]) -> Verdict:
    """Run one trial after another, until one fails."""
    spent_s = 0.0
    count = 0
    for trial, usual_s in trials:
        if spent_s > _BUDGET_S and trial not in SIMULATED:
            continue
        count += 1
        failed, seconds = fails(tree, trial, limit_s(usual_s))
        spent_s += seconds
        if failed:
            return Verdict(name, kind, trial, spent_s, count)
    return Verdict(name, kind, None, spent_s, count)


def generated_verdict(mutant: Mutant, reach: Reach, tree: Tree) -> Verdict:
    """Judge a bug made by a rule. One that is known as harmless is not tried."""
    if mutant.name in HARMLESS:
        return Verdict(mutant.name, mutant.kind, None, 0, 0)
    tree.write(mutant.path, mutant.applied((ROOT / mutant.path).read_bytes()))
    try:
        trials = trials_for(reach, mutant.path, mutant.line)
        return judged(tree, mutant.name, mutant.kind, trials)
    finally:
        tree.restore(mutant.path)


def by_hand_verdict(fault: Fault, trials: list[tuple[Trial, float]], tree: Tree) -> Verdict:
    """Judge a bug made by hand. Raises ValueError if its place is not in the file once."""
    source = (ROOT / fault.path).read_text()
    if source.count(fault.old) != 1:
        raise ValueError(f"{fault.path} has changed; write this fault again: {fault.what}")
    tree.write(fault.path, source.replace(fault.old, fault.new).encode())
    try:
        return judged(tree, f"{fault.path}: {fault.what}", "by hand", trials)
    finally:
        tree.restore(fault.path)


def own_trial(fault: Fault, trials: list[Trial]) -> list[tuple[Trial, float]]:
    """The test that a fault names. trials: all for the unix port."""
    if fault.test.startswith("tests/"):
        return [(Trial(fault.test), _PYTEST_S)]
    found = [trial for trial in trials if trial.name == fault.test]
    if len(found) != 1:
        raise ValueError(f"there is no one test {fault.test!r}, which is to find: {fault.what}")
    return [(found[0], _OWN_S)]


def in_trees(jobs: list[Callable[[Tree], Verdict]], workers: int) -> list[Verdict]:
    """Do the jobs, each in a tree that no other one uses meanwhile. Tells each verdict."""
    trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
    made = [Tree() for _ in range(workers)]
    for tree in made:
        trees.put(tree)

    def do(job: Callable[[Tree], Verdict]) -> Verdict:
        tree = trees.get()
        try:
            verdict = job(tree)
        finally:
            trees.put(tree)
        found = f"found by {verdict.test.name}" if verdict.test else "NOT FOUND"
        spent = f"{verdict.seconds:.1f} s, {verdict.tests} tests"
        print(f"{verdict.kind}: {verdict.name}: {found} ({spent})", flush=True)
        return verdict

    try:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(do, jobs))
    finally:
        for tree in made:
            tree.close()


def untouched_fail(trials: set[Trial], workers: int) -> list[Trial]:
    """Those of the trials that fail without a bug, so that their verdicts mean nothing."""

    def outcome(trial: Trial) -> Outcome:
        return tree.judge(trial, 60)

    tree = Tree()
    try:
        with ThreadPoolExecutor(workers) as pool:
            outcomes = list(pool.map(outcome, sorted(trials)))
    finally:
        tree.close()
    return [trial for trial, one in zip(sorted(trials), outcomes, strict=True) if not one.passed]


def main() -> int:
    """0 if all bugs but those known as harmless were found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by-hand", action="store_true", help="only those by hand")
    parser.add_argument("--only", default="", help="only those whose name holds this")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    os.nice(10)
    begun_s = time.monotonic()
    trials = micropython_trials(ROOT)
    jobs: list[Callable[[Tree], Verdict]] = [
        partial(by_hand_verdict, fault, own_trial(fault, trials))
        for fault in FAULTS
        if arguments.only in f"{fault.path}: {fault.what}"
    ]
    if not arguments.by_hand:
        reach = measured(arguments.workers, print)
        jobs += [
            partial(generated_verdict, mutant, reach)
            for mutant in chosen(ROOT)
            if arguments.only in mutant.name
        ]
    verdicts = in_trees(jobs, arguments.workers)
    broken = untouched_fail({one.test for one in verdicts if one.test}, arguments.workers)
    for trial in broken:
        print(f"{trial.name} fails without a bug: what it has found counts for nothing")
    unknown = [one for one in verdicts if not one.test and one.name not in HARMLESS]
    for one in unknown:
        print(f"no test finds {one.kind}: {one.name}")
    print(
        f"{len(verdicts)} bugs, {sum(one.test is not None for one in verdicts)} found; "
        f"{time.monotonic() - begun_s:.0f} s"
    )
    if not arguments.by_hand and not arguments.only and not broken:
        write(verdicts)
    return 1 if unknown or broken else 0


if __name__ == "__main__":
    sys.exit(main())
