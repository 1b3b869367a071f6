"""Small bugs, made from the source by rules: which ones, and which of them are tried.

A rule changes one expression or statement, and nothing else: the text around it stays as it is.
What no test should look at is left out: docstrings, annotations, `__repr__`, what is logged or is
only the text of an error, code for mypy alone, and what only frees memory (`gc.collect`, `unload`),
which `make bench` measures.

The choice is by a hash of each bug's own text, module by module. So it is the same on each
machine, and an edit changes it only in the module that was edited.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What a pure module of the firmware does not import.
_HARDWARE = {
    "asyncio",
    "esp32",
    "framebuf",
    "machine",
    "microdot",
    "neopixel",
    "network",
    "ntptime",
    "select",
    "socket",
}
# Data, not code.
_DATA = {
    "lib/pilotlight/trust_roots.py",
    "firmware/build.py",
    "firmware/strings.py",
}
_LINES_PER_MUTANT = 80
_UNSEEN_CALLS = {"collect", "log", "print", "unload", "_log"}

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitXor: ast.BitOr,
}
_OTHER_NAME = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """A bug: in the file `path`, the bytes from start to end become `new`.

    kind: the rule. where: the function. line: where it begins. before, after: its lines as they
    are, and with the bug.
    """

    path: str
    line: int
    start: int
    end: int
    new: str
    kind: str
    where: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """What is changed, in one line."""
        return f"{self.path} {self.where}: {self.before} → {self.after}"

    def applied(self, source: bytes) -> bytes:
        """The file's bytes with this bug."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def _in_line(text: str) -> str:
    """Without line ends, and without a comment at the end."""
    return " ".join(text.partition("  #")[0].split())


class _Finder(ast.NodeVisitor):
    """Finds each place of a module at which a rule applies."""

    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._source = source
        self._starts = [0]
        for line in source.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._names: list[str] = []
        self._functions = 0  # around the place

    def _add(self, kind: str, node: ast.expr | ast.stmt, new: str) -> None:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        first = self._starts[node.lineno - 1]
        last = self._starts[node.end_lineno] - 1
        before = self._source[first:last].decode()
        after = self._source[first:start].decode() + new + self._source[end:last].decode()
        where = ".".join(self._names) or "module"
        self.found.append(
            Mutant(
                self._path,
                node.lineno,
                start,
                end,
                new,
                kind,
                where,
                _in_line(before),
                _in_line(after),
            )
        )

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name == "__repr__":
            return
        self._names.append(node.name)
        self._functions += 1
        for default in node.args.defaults + node.args.kw_defaults:
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)
        self._functions -= 1
        self._names.pop()

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._names.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self._names.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == "_TYPES":
            return
        if isinstance(target, ast.Attribute) and "__init__" not in self._names:
            self._add("removed assignment", node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        operator = _OPERATORS.get(type(node.op))
        if operator is not None:
            self._add(
                "arithmetic",
                node,
                ast.unparse(ast.AugAssign(node.target, operator(), node.value)),
            )
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Constant):
            return  # a docstring
        call = value.value if isinstance(value, ast.Await) else value
        if isinstance(call, ast.Call):
            if _called(call) in _UNSEEN_CALLS or ast.unparse(call.func) == "super().__init__":
                return
            self._add("removed call", node, "pass")
        self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> None:
        self._add("lost await", node, f"({ast.unparse(node.value)})")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "_TYPES":
            return
        kind = "swapped branch" if node.orelse else "negated condition"
        self._add(kind, node.test, f"not ({ast.unparse(node.test)})")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self._add("negated condition", node.test, f"not ({ast.unparse(node.test)})")
            self.visit(node.test)
        for statement in node.body:
            self.visit(statement)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        swapped = ast.IfExp(node.test, node.orelse, node.body)
        self._add("swapped branch", node, f"({ast.unparse(swapped)})")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for at, operator in enumerate(node.ops):
            ops = list(node.ops)
            ops[at] = _COMPARISONS[type(operator)]()
            new = ast.unparse(ast.Compare(node.left, ops, node.comparators))
            self._add("comparison", node, f"({new})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._add("and, or", node, f"({ast.unparse(ast.BoolOp(other, node.values))})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        operator = _OPERATORS.get(type(node.op))
        is_text = any(
            isinstance(side, ast.Constant) and isinstance(side.value, str | bytes)
            for side in (node.left, node.right)
        )
        if operator is not None and not is_text:
            new = ast.unparse(ast.BinOp(node.left, operator(), node.right))
            self._add("arithmetic", node, f"({new})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._add("negated condition", node, f"bool({ast.unparse(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._add("constant", node, str(not value))
        elif isinstance(value, int):
            # A bound that stands alone may be one more or less, so there it is a wrong one.
            if self._functions:
                self._add("off by one", node, str(value + 1))
            else:
                self._add("constant", node, str(2 * value + 1))

    def visit_Call(self, node: ast.Call) -> None:
        if _called(node) in _UNSEEN_CALLS:
            return
        first = node.args[:2]
        is_plain = len(first) == 2 and not any(
            isinstance(one, ast.Starred | ast.Constant) for one in first
        )
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _OTHER_NAME:
            self._add("wrong call", node.func, _OTHER_NAME[name])
        elif is_plain and ast.unparse(first[0]) != ast.unparse(first[1]):
            swapped = ast.Call(node.func, [first[1], first[0], *node.args[2:]], node.keywords)
            self._add("swapped arguments", node, ast.unparse(swapped))
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._add("lost result", node, "return None")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._add("lost error", node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._add("wrong jump", node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._add("wrong jump", node, "break")

    def visit_Import(self, node: ast.Import) -> None:
        pass

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        pass


def _called(call: ast.Call) -> str:
    """The name of what is called, without its object."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def modules(root: Path) -> list[str]:
    """The files of lib/pilotlight, and of the firmware those that touch no hardware."""
    paths = sorted((root / "lib/pilotlight").rglob("*.py"))
    for path in sorted((root / "firmware").rglob("*.py")):
        if "boards" not in path.parts and not _imported(path) & _HARDWARE:
            paths.append(path)
    names = [str(path.relative_to(root)) for path in paths]
    return [name for name in names if name not in _DATA and not name.endswith("__init__.py")]


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def all_of(root: Path, path: str) -> list[Mutant]:
    """Every bug that a rule makes of this file."""
    source = (root / path).read_bytes()
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    seen = {source}
    different = []
    for mutant in finder.found:
        after = mutant.applied(source)
        if after not in seen:
            seen.add(after)
            different.append(mutant)
    return different


def chosen(root: Path) -> Iterator[Mutant]:
    """The bugs that are tried: from each module, and there of each kind, as many as its size."""
    for path in modules(root):
        mutants = sorted(all_of(root, path), key=_hash)
        lines = (root / path).read_text().count("\n")
        kinds: Counter[str] = Counter()
        for _ in range(1 + lines // _LINES_PER_MUTANT):
            if mutants:
                mutant = min(mutants, key=lambda one: kinds[one.kind])
                kinds[mutant.kind] += 1
                mutants.remove(mutant)
                yield mutant


def _hash(mutant: Mutant) -> str:
    return hashlib.sha256(f"{mutant.kind} {mutant.name}".encode()).hexdigest()
