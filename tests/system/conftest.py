"""The `rig` fixture."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A Rig in a folder of its own."""
    rig = Rig(tmp_path)
    yield rig
    rig.close()
