"""docs/certification.md is up to date: each file and test that it names exists.

Each row for which Pilotlight is responsible names a test.
"""

import ast
import re

import pytest

from tools.rig import ROOT

DOCUMENT = ROOT / "docs/certification.md"
SOURCES = {"Checklist", "Authorize", "Tokens", "Status", "Upload", "API"}
YOURS = "yours"


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "requirement" and row[0] != "---"]


def has_test(name: str) -> bool:
    """Does the file define the test? name: FILE::TEST."""
    file, _, test = name.partition("::")
    path = ROOT / file
    if not test.startswith("test_") or not path.is_file():
        return False
    body = ast.parse(path.read_text()).body
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == test
        for node in body
    )


def problem(row: list[str]) -> str | None:
    """What is wrong with a row, or None."""
    if len(row) != 5:
        return "a row has five cells"
    _, sources, who, how, shown_by = row
    if not set(sources.split(", ")) <= SOURCES:
        return "a source is not one of the list"
    for path in re.findall(r"`([\w.]+/[\w./]+)`", how):
        if not (ROOT / path).exists():
            return f"there is no {path}"
    if who == "integrator":
        return None if shown_by == YOURS else "what the integrator does is shown by no test of ours"
    if who not in ("Pilotlight", "both"):
        return "who is Pilotlight, both or integrator"
    for name in shown_by.split(", "):
        if not re.fullmatch(r"`[^`]+`", name) or not has_test(name.strip("`")):
            return f"there is no test {name}"
    return None


def test_every_row_is_true() -> None:
    table = rows(DOCUMENT.read_text())
    assert len(table) > 40
    assert {row[0]: problem(row) for row in table if problem(row)} == {}


@pytest.mark.parametrize(
    "row",
    [
        "| x | Status | Pilotlight | y | `tests/host/test_certification.py::test_of_nothing` |",
        "| x | Status | Pilotlight | y | `tests/host/test_nowhere.py::test_every_row_is_true` |",
        "| x | Status | Pilotlight | y | `tests/host/test_certification.py::has_test` |",
        "| x | Status | Pilotlight | y | `tests/host/test_certification.py` |",
        "| x | Status | Pilotlight | y | yours |",
        "| x | Status | both | y | soon |",
        "| x | Status | both | y | |",
        "| x | Status | integrator | y | `tests/host/test_certification.py::test_every_row_is_true` |",
        "| x | Status | other | y | `tests/host/test_certification.py::test_every_row_is_true` |",
        "| x | Hearsay | Pilotlight | y | `tests/host/test_certification.py::test_every_row_is_true` |",
        "| x | Status | Pilotlight | `lib/pilotlight/nowhere.py` | `tests/host/test_certification.py::test_every_row_is_true` |",
        "| x | Status | Pilotlight | `tests/host/test_certification.py::test_every_row_is_true` |",
    ],
)
def test_a_row_that_is_not_true_is_seen(row: str) -> None:
    assert problem(rows(row)[0])
    assert (
        problem(
            rows(
                "| x | Status, API | both | `lib/pilotlight/agent.py` | `tests/host/test_certification.py::test_every_row_is_true` |"
            )[0]
        )
        is None
    )
