"""The memory gates: heaps, allocations and bytecode, in bytes, on words of 64 bits.

Nothing may be over 2 % more than tools/bench/baseline.json says.
"""

import pytest

from tools.bench import baseline, figures
from tools.bench.figures import Bench
from tools.rig import Rig


@pytest.fixture
def bench(rig: Rig) -> Bench:
    return Bench(rig)


def test_no_heap_and_no_bytecode_has_grown(bench: Bench) -> None:
    values = bench.heaps()
    assert baseline.grown(values, baseline.load()) == []
    assert set(values) == set(figures.HEAPS)


def test_no_work_allocates_more_than_before(bench: Bench) -> None:
    values = bench.allocations()
    assert baseline.grown(values, baseline.load()) == []
    assert set(values) == set(figures.ALLOCATIONS)
