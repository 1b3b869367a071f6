"""docs/reliability.md: each test, file and command that it names exists."""

import re

import pytest

from tests.host.test_certification import has_test
from tools.on_cpython import ROOT

TEXT = (ROOT / "docs/reliability.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def missing(text: str) -> list[str]:
    """What a text names that does not exist."""
    named = re.findall(r"`([\w./]+/[\w.]+(?:::\w+)?)`", text)
    found = [
        name for name in named if not (has_test(name) if "::" in name else (ROOT / name).is_file())
    ]
    targets = re.findall(r"`make (\w+)", text)
    return found + [f"make {name}" for name in targets if f"\n{name}:" not in MAKEFILE]


def test_all_that_is_named_exists() -> None:
    assert len(re.findall(r"::test_", TEXT)) > 15
    assert missing(TEXT) == []


@pytest.mark.parametrize(
    "name", ["tests/host/gone.py", "tests/host/test_no_herd.py::test_gone", "make gone"]
)
def test_what_does_not_exist_is_seen(name: str) -> None:
    assert missing(f"by `{name}`, `make fleet` and `tests/host/test_no_herd.py`") == [name]
