"""Tools know nothing of the tests, and the firmware nothing of setup mode before it begins."""

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


def of_setup_mode(tree: ast.AST) -> list[int]:
    """Where a module of the firmware imports setup mode, or the package that this needs."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {"setup", "microdot"} & {*ast.unparse(node).replace(".", " ").split()}
    ]


def test_setup_mode_is_loaded_only_when_it_is_started() -> None:
    """Beside it one function imports it; so a device that is set up has none of it in memory."""
    found = {}
    for path in (ROOT / "firmware").rglob("*.py"):
        tree = ast.parse(path.read_text())
        if path.parent.name != "setup" and of_setup_mode(tree):
            inside = [of_setup_mode(one) for one in tree.body if isinstance(one, ast.FunctionDef)]
            found[path.name] = [line for lines in inside for line in lines] == of_setup_mode(tree)
    assert found == {"parts.py": True}


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
