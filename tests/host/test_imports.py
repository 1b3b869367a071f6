"""Tools know nothing of the tests."""

import ast
from pathlib import Path

import pytest

from tools.on_cpython import ROOT


def imported(source: str) -> set[str]:
    """The absolute names of what a module imports, also inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return found


def imports_tests(source: str) -> bool:
    return any(name.partition(".")[0] == "tests" for name in imported(source))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tools").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_tool_imports_a_test(path: Path) -> None:
    assert not imports_tests(path.read_text())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import tests", True),
        ("import json, tests.support.relay as relay", True),
        ("from tests import conftest", True),
        ("def late():\n    from tests.support.relay import Relay", True),
        ("import tests_of_another_kind\nfrom tools import tests", False),
    ],
)
def test_such_an_import_is_seen(source: str, expected: bool) -> None:
    assert imports_tests(source) == expected
