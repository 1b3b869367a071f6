"""Writes docs/proofs.md from the docstrings of tests/proofs and the seconds that were measured.

`python -m tools.generate.proofs --measure` runs all proofs on one core and records their seconds of
CPU with the date; nothing else changes these, so that the document does not depend on the machine.
"""

import ast
import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tools.generate.files import main
from tools.on_cpython import ROOT

FOLDER = ROOT / "tests/proofs"
SECONDS = FOLDER / "seconds.json"
TARGET = ROOT / "docs/proofs.md"
_FORM = "a statement, then `Of:`, `For:` or `Within:`, and `By:`"
_INTRODUCTION = """\
# Proofs

What a machine has checked completely about the pure modules: not samples, but every case.
`make check` runs them; `.venv/bin/python -m pytest -q tests/proofs`
runs them by hand. Each has been seen to fail on broken code.

*Of* is the code that the statement is about, *by* the method and what it takes for granted. The
proofs are in `tests/proofs`; this page is generated. Seconds are CPU time on one core, measured on
{date}: {total:.0f} s in all.
"""
_FOR_ALL = """
## For all inputs

{count} statements that hold without a bound on lengths, depths or times.
"""
_WITHIN = """
## Within a bound

Complete up to what *within* says. The *Wp-method* compares a predicate with the smallest automaton
of the language that it should accept, for texts of any length; its bound is that the predicate may
not tell more states apart than is said there.
"""


class Proof(NamedTuple):
    """A test of tests/proofs: what it proves, of which files, for what (or up to what), and how."""

    test: str
    statement: str
    of: str
    scope: str
    by: str
    is_bounded: bool


def proof(test: str, text: str) -> Proof:
    """The proof of this docstring. Raises ValueError if it has another form."""
    found = re.fullmatch(
        r"(?P<what>.+?)\s+Of: (?P<of>.+?)\s+(?P<kind>For|Within): (?P<scope>.+?)\s+By: (?P<by>.+)",
        " ".join(text.split()),
    )
    if not found:
        raise ValueError(f"{test}: the docstring of a proof is {_FORM}")
    for path in found["of"].split(", "):
        if not (ROOT / path).is_file():
            raise ValueError(f"{test}: there is no file {path}")
    is_bounded = found["kind"] == "Within"
    if not is_bounded and not found["scope"].startswith("all "):
        raise ValueError(f"{test}: `For:` begins with all; else it is `Within:`")
    return Proof(test, found["what"], found["of"], found["scope"], found["by"], is_bounded)


def proofs() -> list[Proof]:
    """All of them, by file and place."""
    found = []
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.append(proof(f"{path.name}::{node.name}", ast.get_docstring(node) or ""))
    return found


def page(found: list[Proof], measured: dict[str, float], date: str) -> str:
    """The document. measured: the seconds of each test; one that is missing has a hyphen."""
    total = sum(measured.get(one.test, 0) for one in found)
    count = sum(not one.is_bounded for one in found)
    text = _INTRODUCTION.format(date=date, total=total)
    for is_bounded, title in ((False, _FOR_ALL), (True, _WITHIN)):
        text += title.format(count=count)
        text += f"\n| what holds | {'within' if is_bounded else 'for'} | by | of | seconds |\n"
        text += "| --- | --- | --- | --- | --- |\n"
        for one in found:
            if one.is_bounded == is_bounded:
                text += _row(one, measured.get(one.test))
    return text


def _row(one: Proof, seconds: float | None) -> str:
    files = ", ".join(f"`{path}`" for path in one.of.split(", "))
    shown = "-" if seconds is None else "< 1" if seconds < 1 else f"{seconds:.0f}"
    cells = [part.replace("|", "\\|") for part in (one.statement, one.scope, one.by)]
    return f"| {' | '.join([*cells, files, shown])} |\n"


def files() -> dict[Path, str | None]:
    """Path → text of what is generated here. Raises ValueError; see `proof`."""
    record = json.loads(SECONDS.read_text())
    return {TARGET: page(proofs(), record["seconds"], record["date"])}


def measure() -> int:
    """Run all proofs, one after another, and record their seconds; pytest's exit code."""
    path = {**os.environ, "PROOF_SECONDS": str(SECONDS)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(FOLDER)]
    code = subprocess.run(command, cwd=ROOT, env=path, check=False).returncode
    if not code:
        date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        seconds = json.loads(SECONDS.read_text())
        SECONDS.write_text(json.dumps({"date": date, "seconds": seconds}, indent=1) + "\n")
    return code


if __name__ == "__main__":
    if "--measure" in sys.argv:
        sys.argv.remove("--measure")
        if measure():
            sys.exit(1)
    sys.exit(main(files(), __doc__))
