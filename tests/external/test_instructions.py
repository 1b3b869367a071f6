"""The gates of instructions, counted by valgrind.

Nothing may take over 2 % more than tools/bench/baseline.json says.
"""

import pytest

from tools.bench import baseline, figures
from tools.bench.figures import Bench, Figure
from tools.rig import Rig


@pytest.mark.parametrize("figure", figures.INSTRUCTIONS, ids=lambda figure: figure.name)
def test_it_takes_no_more_than_before(rig: Rig, figure: Figure) -> None:
    assert baseline.grown(Bench(rig).instructions(figure), baseline.load()) == []
