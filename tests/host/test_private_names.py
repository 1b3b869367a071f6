"""Tests touch no private name of lib or firmware: what is rewritten is judged by the same tests."""

import ast
from collections.abc import Iterator

import pytest

from tools.on_cpython import ROOT

DEVICE_CODE = (ROOT / "lib/pilotlight", ROOT / "firmware")
ALLOWED = {
    "tests/host/test_private_names.py",
    "tests/mutants/by_hand.py",  # these two put bugs into the code itself
    "tests/mutants/generated.py",
    "tests/micropython/test_session.py",  # it compares the table of transitions with the methods
    "tests/proofs/test_session.py",  # the same
}


def is_private(name: str) -> bool:
    """True for one leading underscore."""
    return len(name) > 1 and name[0] == "_" and name[1] != "_"


def defined(tree: ast.AST) -> set[str]:
    """The private names that a file defines: of modules, classes, functions and attributes."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and is_own(node.value)
        ):
            found.add(node.attr)
    return {name for name in found if is_private(name)}


def is_own(node: ast.AST) -> bool:
    """True for `self` and `cls`."""
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def touched(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, private name) of each that is read or set on something else, by whatever way."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not is_own(node.value):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # An argument of getattr, setattr, monkeypatch.setattr; also of "_at_" + step.
            yield node.lineno, node.value.rpartition(".")[2]


def of_device_code() -> set[str]:
    """All private names of lib and firmware."""
    files = [path for folder in DEVICE_CODE for path in folder.rglob("*.py")]
    return set().union(*(defined(ast.parse(path.read_text())) for path in files))


def wrong(source: str, private: set[str]) -> list[tuple[int, str]]:
    """(line, name) of each use of one of these private names that the source does not define."""
    tree = ast.parse(source)
    foreign = private - defined(tree)
    return sorted(
        {
            (line, name)
            for line, name in touched(tree)
            if is_private(name)
            and (name in foreign or any(one.startswith(name) for one in foreign if name[-1] == "_"))
        }
    )


def test_no_test_touches_a_private_name_of_lib_or_firmware() -> None:
    private = of_device_code()
    assert len(private) > 200
    found = {
        str(path.relative_to(ROOT)): uses
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if (uses := wrong(path.read_text(), private))
    }
    assert {path: uses for path, uses in found.items() if path not in ALLOWED} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("agent._phoenix._transport.close()", ["_phoenix", "_transport"]),
        ("world.agent._keeper = None", ["_keeper"]),
        ("from pilotlight.token_keeper import _uuid", ["_uuid"]),
        ("getattr(agent, '_keeper')", ["_keeper"]),
        ("setattr(Walker, '_at_' + step, fail)", ["_at_"]),
        ("monkeypatch.setattr('pilotlight.agent.Agent._show', None)", ["_show"]),
        ("class Fake:\n    def run(self):\n        self._keeper.other._show", ["_show"]),
        ("class Fake:\n    def run(self, other):\n        self._keeper = other._keeper", []),
        ("self._show(cls._keeper, agent.status, agent.__class__, b._unknown)", []),
    ],
)
def test_each_way_to_touch_one_is_seen(source: str, names: list[str]) -> None:
    private = {"_phoenix", "_transport", "_keeper", "_uuid", "_at_clock", "_show"}
    assert [name for _, name in wrong(source, private)] == names
