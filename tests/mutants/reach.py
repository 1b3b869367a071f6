"""Which tests reach which lines: measured by a tree in which each block of code leaves a mark.

MicroPython's unix port has no `sys.settrace`, so the marks are written into the source.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.mutants.generated import modules
from tests.mutants.trials import ROOT, Tree, Trial, micropython_trials

_LONGEST_S = 20.0
_RUNNER = "tests/micropython/marked_runner.py"
_MARKS = "marks_of_mutants"

_RUNNER_TEXT = """
import sys
root = __file__.rpartition("/")[0].rpartition("/")[0].rpartition("/")[0]
sys.path[:0] = [root, root + "/lib"]
import %(marks)s
runner = root + "/tests/micropython/runner.py"
try:
    with open(runner) as file:
        exec(compile(file.read(), runner, "exec"), {"__file__": runner, "__name__": "__main__"})
finally:
    with open(sys.argv[1] + "." + sys.argv[2], "wb") as file:
        file.write(%(marks)s.reached)
""" % {"marks": _MARKS}


class Reach:
    """For each block of code, the trials that reach it and their seconds."""

    def __init__(self, blocks: list[tuple[str, int, int]]) -> None:
        self.blocks = blocks  # path, first and last line
        self.trials: list[tuple[Trial, float, set[int]]] = []

    def of(self, path: str, line: int) -> list[tuple[Trial, float]]:
        """The trials that reach this line, and their seconds."""
        inner = [
            (last - first, number)
            for number, (name, first, last) in enumerate(self.blocks)
            if name == path and first <= line <= last
        ]
        number = min(inner)[1]
        return [(trial, seconds) for trial, seconds, reached in self.trials if number in reached]


class _Marker(ast.NodeTransformer):
    def __init__(self, path: str, blocks: list[tuple[str, int, int]]) -> None:
        self._path = path
        self._blocks = blocks

    def marked(self, body: list[ast.stmt], first: int) -> list[ast.stmt]:
        last = body[-1].end_lineno
        assert last is not None
        self._blocks.append((self._path, first, last))
        text = f"_reached[{len(self._blocks) - 1}] = 1"
        return ast.parse(text).body + body

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = self.marked(node.body, node.lineno)
        elif isinstance(node, ast.If | ast.For | ast.While):
            node.body = self.marked(node.body, node.body[0].lineno)
            if node.orelse and not isinstance(node.orelse[0], ast.If):
                node.orelse = self.marked(node.orelse, node.orelse[0].lineno)
        elif isinstance(node, ast.ExceptHandler):
            node.body = self.marked(node.body, node.body[0].lineno)
        return node


def _marked(path: str, source: str, blocks: list[tuple[str, int, int]]) -> str:
    tree = ast.parse(source)
    marker = _Marker(path, blocks)
    at = 0
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_text and not is_future:
            break
        at += 1
    body = [marker.visit(node) for node in tree.body[at:]]
    body = marker.marked(body, 1)
    imported = ast.parse(f"from {_MARKS} import reached as _reached").body
    tree.body[at:] = imported + body
    return ast.unparse(ast.fix_missing_locations(tree))


def measured(workers: int, tell: Callable[[str], None]) -> Reach:
    """Run each test once, but those that the last run has measured, if the code is the same."""
    blocks: list[tuple[str, int, int]] = []
    texts = {path: _marked(path, (ROOT / path).read_text(), blocks) for path in modules(ROOT)}
    reach = Reach(blocks)
    cache = ROOT / "build/mutants" / f"{_hash(_sources())}.json"
    known: dict[str, list[Any]] = json.loads(cache.read_text()) if cache.exists() else {}
    keys = {}
    todo = []
    for trial in micropython_trials(ROOT):
        keys[trial] = f"{trial.name} {trial.heap} {_hash([ROOT / trial.file])}"
        if keys[trial] in known:
            seconds, reached = known[keys[trial]]
            reach.trials.append((trial, seconds, set(reached)))
        else:
            todo.append(trial)
    if not todo:
        return reach
    tell(f"measuring what {len(todo)} tests reach")
    tree = Tree()
    try:
        for path, text in texts.items():
            tree.write(path, text.encode())
        tree.write(_RUNNER, _RUNNER_TEXT.encode())
        tree.write(f"lib/{_MARKS}.py", f"reached = bytearray({len(blocks)})\n".encode())

        def run(trial: Trial) -> None:
            outcome = tree.judge(trial, _LONGEST_S, _RUNNER)
            marks = Path(f"{tree.root / trial.file}.{trial.function}")
            if outcome.is_over or not marks.exists():
                tell(f"not measured: {trial.name} {outcome.seconds:.1f} s {outcome.output[-200:]}")
                return
            reached = {number for number, mark in enumerate(marks.read_bytes()) if mark}
            reach.trials.append((trial, outcome.seconds, reached))
            known[keys[trial]] = [round(outcome.seconds, 2), sorted(reached)]

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, todo))
    finally:
        tree.close()
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps(known))
    return reach


def _sources() -> list[Path]:
    """What a test's reach depends on, but for its own file."""
    folders = ("lib", "firmware", "tests/simulation", "tests/support", "tools/virtual_board")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
