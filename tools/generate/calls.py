"""Reads by ast who calls whom in device code: the classes, what they are given, what they call.

Types come from annotations, from what constructors and methods are given where they are called, and
from assignments; what is not known is left out. Nothing is imported or run.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Types = frozenset[str]  # of classes ("Poller") and of methods ("Poller.wake")
_NONE: Types = frozenset()
_FOR_TYPES = "_TYPES"  # under this, which is false on a device, stands what only annotations name
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Callback:
    """A callable that was handed over, and who calls it. goes_to: the parts of the known ones."""

    name: str
    caller: str
    goes_to: tuple[str, ...]


@dataclass
class _Class:
    name: str
    part: str
    bases: list[str]
    methods: dict[str, _Function]
    attributes: dict[str, Types] = field(default_factory=lambda: defaultdict(frozenset))
    handed: dict[str, str] = field(default_factory=dict)  # attribute → its parameter's name


class Calls:
    """The calls between the files of a folder.

    part_of: the part that a path belongs to.
    calls: (caller, called) → names of methods and functions, and of classes that are made.
    imports: (importer, imported) → True if each is inside of a function.
    made: part → the parts of the objects that it makes, in the order of the text.
    callbacks: see Callback.
    classes, functions (name → part), given: what _Reader works with.
    """

    def __init__(self, folder: Path, part_of: Callable[[Path], str]) -> None:
        self.calls: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.imports: dict[tuple[str, str], bool] = {}
        self.callbacks: set[Callback] = set()
        self.made: dict[str, list[str]] = defaultdict(list)
        self.classes: dict[str, _Class] = {}
        self.functions: dict[str, str] = {}  # of modules: name → part
        self.given: dict[tuple[str, str], Types] = defaultdict(frozenset)
        files = sorted(folder.rglob("*.py"))
        trees = [(path, part_of(path), ast.parse(path.read_text())) for path in files]
        for path, part, tree in trees:
            self._read_definitions(part, tree)
            self._read_imports(folder, path, part, tree, part_of)
        for _ in range(6):  # each time, more types are known
            self.calls.clear()
            self.callbacks.clear()
            self.made.clear()
            for _, part, tree in trees:
                self._read_module(part, tree)

    def _read_definitions(self, part: str, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                methods = {one.name: one for one in node.body if isinstance(one, _Function)}
                bases = [ast.unparse(base) for base in node.bases]
                self.classes[node.name] = _Class(node.name, part, bases, methods)
            elif isinstance(node, _Function):
                self.functions[node.name] = part

    def _read_imports(
        self,
        folder: Path,
        path: Path,
        part: str,
        tree: ast.Module,
        part_of: Callable[[Path], str],
    ) -> None:
        for_types = [
            node
            for block in tree.body
            if isinstance(block, ast.If) and ast.unparse(block.test) == _FOR_TYPES
            for node in block.body
        ]
        rest = [node for node in ast.walk(tree) if node not in for_types]
        for node in rest + for_types:
            if isinstance(node, ast.ImportFrom) and node.level:
                place = path.parents[node.level - 1]
                base = place.joinpath(*(node.module or "").split("."))
                for target in {base, *(base / alias.name for alias in node.names)}:
                    if target.with_suffix(".py").is_file() and target != folder:
                        imported = part_of(target.with_suffix(".py"))
                        if node not in for_types:
                            self._add_import(part, imported, node not in tree.body)
                        elif imported != part:
                            self.imports.setdefault((part, imported), False)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "__import__":
                # Of a file that is known only at run time: by its folder.
                inner = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                for name in inner:
                    if isinstance(name, str) and name.startswith(folder.name + "."):
                        inside = folder.joinpath(*name.split(".")[1:-1])
                        if inside != folder:
                            self._add_import(part, part_of(inside / "any.py"), True)

    def _add_import(self, part: str, imported: str, is_late: bool) -> None:
        if imported != part:
            self.imports[part, imported] = self.imports.get((part, imported), True) and is_late

    def _read_module(self, part: str, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                for method in self.classes[node.name].methods.values():
                    self._read_function(part, node.name, method)
            elif isinstance(node, _Function):
                self._read_function(part, "", node)

    def _read_function(self, part: str, owner: str, function: _Function) -> None:
        parameters = _parameters(function)
        known = {"self": frozenset({owner})} if owner else {}
        for name, annotation in parameters.items():
            annotated = self.annotated(annotation)
            known[name] = annotated or self.given[f"{owner}.{function.name}", name]
        reader = _Reader(self, part, owner, function, parameters, known)
        reader.read()

    def annotated(self, annotation: ast.expr | None) -> Types:
        if annotation is None:
            return _NONE
        names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
        return frozenset(names & self.classes.keys())

    def family(self, name: str) -> Iterator[_Class]:
        """A class and its bases."""
        if name in self.classes:
            yield self.classes[name]
            for base in self.classes[name].bases:
                yield from self.family(base)

    def is_error(self, name: str) -> bool:
        """The class is an exception: to raise one is no call of its part."""
        return any("Exception" in one.bases for one in self.family(name))


class _Reader:
    """Reads one function: its calls, and what they tell of types."""

    def __init__(
        self,
        calls: Calls,
        part: str,
        owner: str,
        function: _Function,
        parameters: dict[str, ast.expr | None],
        known: dict[str, Types],
    ) -> None:
        self._calls = calls
        self._part = part
        self._owner = owner
        self._function = function
        self._parameters = parameters
        self._known = known

    def read(self) -> None:
        for node in _in_order(self._function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._assign(node.target, node.value)
                self._store(node.target, self._calls.annotated(node.annotation))
            elif isinstance(node, ast.Call):
                self._call(node)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its_value in zip(target.elts, value.elts, strict=True):
                self._assign(one, its_value)
            return
        types = self._types(value)
        self._store(target, types)
        if isinstance(target, ast.Attribute):
            if isinstance(value, ast.BoolOp):
                value = value.values[0]  # `given or default`
            name = value.id if isinstance(value, ast.Name) else ""
            is_function = name in self._parameters or name in self._calls.functions
            is_method = any("." in one for one in types) and isinstance(value, ast.Attribute)
            for owner in self._types(target.value) & self._calls.classes.keys():
                if is_function or is_method:
                    self._calls.classes[owner].handed[target.attr] = ast.unparse(value)

    def _store(self, target: ast.expr, types: Types) -> None:
        if isinstance(target, ast.Name):
            self._known[target.id] = self._known.get(target.id, _NONE) | types
        elif isinstance(target, ast.Attribute):
            for owner in self._types(target.value) & self._calls.classes.keys():
                attributes = self._calls.classes[owner].attributes
                attributes[target.attr] = attributes[target.attr] | types

    def _types(self, node: ast.expr) -> Types:
        if isinstance(node, ast.Name):
            return self._known.get(node.id, _NONE)
        if isinstance(node, ast.Attribute):
            return self._of_attribute(node)
        if isinstance(node, ast.Await):
            return self._types(node.value)
        if isinstance(node, ast.BoolOp):
            return _NONE.union(*(self._types(value) for value in node.values))
        if isinstance(node, ast.IfExp):
            return self._types(node.body) | self._types(node.orelse)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in self._calls.classes:
                return frozenset({node.func.id})
            return _NONE.union(*(self._returned(one) for one in self._types(node.func)))
        return _NONE

    def _of_attribute(self, node: ast.Attribute) -> Types:
        found = _NONE
        for owner in self._types(node.value):
            for one in self._calls.family(owner):
                if node.attr in one.methods:
                    found |= {f"{one.name}.{node.attr}"}
                    break
                found |= one.attributes.get(node.attr, _NONE)
        return found

    def _returned(self, method: str) -> Types:
        owner, _, name = method.partition(".")
        if owner not in self._calls.classes or not name:
            return _NONE
        function = self._calls.classes[owner].methods[name]
        found = self._calls.annotated(function.returns)
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                made = ast.unparse(node.value.func)
                found |= {made} & self._calls.classes.keys()
            elif isinstance(node, ast.Return) and ast.unparse(node).startswith("return self."):
                attribute = ast.unparse(node).partition(".")[2]
                found |= self._calls.classes[owner].attributes.get(attribute, _NONE)
        return found

    def _call(self, node: ast.Call) -> None:
        called = node.func
        if isinstance(called, ast.Name):
            if called.id in self._known and called.id in self._parameters:
                if not self._function.name.startswith("_"):
                    self._called_back(called.id, self._known[called.id])
            elif called.id in self._calls.classes:
                self._make(node, called.id)
            elif not called.id.startswith("_") and called.id in self._calls.functions:
                self._note(self._calls.functions[called.id], called.id)
            return
        if not isinstance(called, ast.Attribute):
            return
        types = self._types(called)
        for owner in self._types(called.value) & self._calls.classes.keys():
            family = list(self._calls.family(owner))
            its_methods = {name for one in family for name in one.methods}
            for one in family:
                if called.attr in one.methods:
                    self._note(one.part, called.attr)
                    self._give(one.name, one.methods[called.attr], node)
                    break
                if called.attr in one.handed and called.attr not in its_methods:
                    self._called_back(called.attr.lstrip("_"), types)

    def _called_back(self, name: str, types: Types) -> None:
        owners = {one.partition(".")[0] for one in types if "." in one}
        parts = {self._calls.classes[owner].part for owner in owners}
        self._calls.callbacks.add(Callback(name, self._part, tuple(sorted(parts))))

    def _make(self, node: ast.Call, name: str) -> None:
        made = self._calls.classes[name]
        if not self._calls.is_error(name):
            self._note(made.part, name)
            self._calls.made[self._part].append(made.part)
        for one in self._calls.family(name):
            if "__init__" in one.methods:
                self._give(one.name, one.methods["__init__"], node)
                return

    def _note(self, part: str, name: str) -> None:
        if part != self._part:
            self._calls.calls[self._part, part].add(name)

    def _give(self, owner: str, function: _Function, node: ast.Call) -> None:
        """Remember the types of what a method is given."""
        names = list(_parameters(function))
        given = dict(zip(names, node.args, strict=False))
        given |= {one.arg: one.value for one in node.keywords if one.arg}
        for name, value in given.items():
            key = (f"{owner}.{function.name}", name)
            self._calls.given[key] = self._calls.given[key] | self._types(value)


def _parameters(function: _Function) -> dict[str, ast.expr | None]:
    """The parameters but self: name → annotation."""
    arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return {one.arg: one.annotation for one in arguments if one.arg != "self"}


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes inside, as the text has them: what a call is given before the call."""
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)
        yield child
