"""The bugs of `make mutants` fit the code, and the tests that are to find them are there."""

import ast
from pathlib import Path

import pytest

from tests.mutants import trials
from tests.mutants.by_hand import FAULTS, Fault
from tests.mutants.generated import chosen
from tests.mutants.trials import SIMULATED, Tree, Trial, micropython_trials

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_fault_fits_the_code(fault: Fault) -> None:
    source = (ROOT / fault.path).read_text()
    assert source.count(fault.old) == 1, "the code has changed: write this fault again"
    ast.parse(source.replace(fault.old, fault.new))


def test_each_fault_has_its_test() -> None:
    names = [trial.name for trial in micropython_trials(ROOT)]
    for fault in FAULTS:
        path, _, function = fault.test.partition("::")
        if path.startswith("tests/"):
            assert f"def {function}(" in (ROOT / path).read_text(), fault.what
        else:
            assert names.count(fault.test) == 1, fault.what


def test_the_rules_change_code_only() -> None:
    mutants = list(chosen(ROOT))
    assert len(mutants) >= 120
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        source = (ROOT / mutant.path).read_bytes()
        assert ast.dump(ast.parse(mutant.applied(source))) != ast.dump(ast.parse(source)), (
            mutant.name
        )


@pytest.mark.parametrize("trial", SIMULATED, ids=[trial.function for trial in SIMULATED])
def test_the_simulation_is_a_judge_that_can_say_yes(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would find each bug if it failed without one, too."""
    depth, number, _ = trials.SIMULATED_PART
    monkeypatch.setattr(trials, "SIMULATED_PART", (depth, number, "40000"))
    tree = Tree()
    try:
        assert tree.judge(trial, 60).passed
    finally:
        tree.close()
