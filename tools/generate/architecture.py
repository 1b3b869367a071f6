"""Writes the generated parts of docs/architecture.md from the code of lib and firmware.

Parts, calls and imports are read by ast (calls.py). The order in which the parts are built stands
here. An arrow that points up, to a part that is built later, is an error.
"""

import ast
import functools
import re
import sys
import textwrap
from collections import defaultdict
from pathlib import Path
from typing import TypeGuard

from tools.generate.calls import Calls
from tools.generate.files import main, replaced
from tools.on_cpython import ROOT

TARGET = ROOT / "docs/architecture.md"
LIBRARY = ROOT / "lib/pilotlight"
FIRMWARE = ROOT / "firmware"
_STATE = "_at_"  # a method of the session with this name is a state
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# Each part may import and call only parts before it. `net` is all of net/ but phoenix.
LIBRARY_ORDER = [
    "net",
    "trust_roots",
    "settings",
    "times",
    "iso_time",
    "status",
    "core",
    "schedule",
    "proof",
    "frameio_api",
    "requests",
    "credentials",
    "token_text",
    "stored_tokens",
    "oauth_api",
    "refresh",
    "tokens",
    "phoenix",
    "link",
    "identity",
    "reconnect",
    "poller",
    "pairing",
    "pairing_request",
    "session",
    "recovery",
    "api_request",
    "parts",
    "agent",
]
FIRMWARE_ORDER = [
    "build",
    "unload",
    "strict_json",
    "timestamps",
    "strings",
    "indication",
    "application",
    "posix",
    "text_output",
    "memory",
    "console",
    "storage",
    "log_entries",
    "event_log",
    "network",
    "stored_roots",
    "config",
    "light",
    "guard",
    "screen",
    "panel",
    "setup",
    "boards",
    "parts",
    "app",
]
# What may point up all the same: (from, to) → why.
FIRMWARE_UP = {
    ("guard", "app"): "the supervisor starts the application, and restarts it after a crash",
    ("guard", "boards"): "safe mode needs the board's light and screen, and its button",
    ("guard", "screen"): "the supervisor shows the fault in safe mode",
}
# Facts that `update` computes.
_COMPUTED = {"starting", "state", "reason", "version"}
# Every part has the core and nearly every part the wire: said in words, not drawn.
_NOT_DRAWN = {"core", "status", "times", "net", "iso_time", "trust_roots", "settings"}
# Whose place among what is made is free: they hold no state. A method makes the tokens.
_NOT_COMPARED = {"net", "frameio_api", "oauth_api", "tokens"}


def part_of_library(path: Path) -> str:
    """The part that a file of lib/pilotlight belongs to."""
    if path.parent.name == "net" and path.stem != "phoenix":
        return "net"
    return path.stem


def part_of_firmware(path: Path) -> str:
    """The folder of a file of firmware/, or the file's own name."""
    inside = path.relative_to(FIRMWARE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


@functools.cache
def calls_of_library() -> Calls:
    """The calls between the parts of lib/pilotlight."""
    return Calls(LIBRARY, part_of_library)


@functools.cache
def calls_of_firmware() -> Calls:
    """The calls between the parts of the firmware."""
    return Calls(FIRMWARE, part_of_firmware)


def upward(
    arrows: set[tuple[str, str]], order: list[str], allowed: set[tuple[str, str]]
) -> list[str]:
    """The arrows that point to a part that is built later, and parts that have no place."""
    wrong = [f"{one} is not in the order" for arrow in arrows for one in arrow if one not in order]
    for caller, called in arrows - allowed:
        if not wrong and order.index(called) > order.index(caller):
            wrong.append(f"{caller} uses {called}, which is built later")
    wrong += [f"{one} → {other} is allowed and not there" for one, other in allowed - arrows]
    return sorted(set(wrong))


def check_library(calls: Calls) -> None:
    """Raises ValueError if an arrow points up, or if the parts are made in another order."""
    wrong = upward(calls.calls.keys() | calls.imports.keys(), LIBRARY_ORDER, set())
    made = [part for part in calls.made["parts"] if part not in _NOT_COMPARED]
    if made != sorted(made, key=LIBRARY_ORDER.index):
        wrong.append(f"the parts are made in another order: {made}")
    if wrong:
        raise ValueError("lib/pilotlight: " + "; ".join(wrong))


def check_firmware(calls: Calls) -> None:
    """Raises ValueError if an import points up and is not in FIRMWARE_UP."""
    wrong = upward(set(calls.imports), FIRMWARE_ORDER, set(FIRMWARE_UP))
    if wrong:
        raise ValueError("firmware: " + "; ".join(wrong))


def parts_chart(calls: Calls) -> str:
    """The parts as a flowchart: who calls whom, and the callbacks."""
    lines = ["```mermaid", "flowchart TD"]
    for part in reversed(LIBRARY_ORDER):
        for called in reversed(LIBRARY_ORDER):
            names = calls.calls.get((part, called), set())
            drawn = not {part, called} & _NOT_DRAWN and not all(name[0].isupper() for name in names)
            if names and drawn:
                lines.append(f"    {part} --> {called}")
    up: dict[tuple[str, str], list[str]] = defaultdict(list)
    for callback in sorted(calls.callbacks):
        for part in callback.goes_to:
            if not {callback.caller, part} & _NOT_DRAWN:
                up[callback.caller, part].append(callback.name)
    for (caller, part), names_up in sorted(up.items()):
        lines.append(f"    {caller} -. {', '.join(names_up)} .-> {part}")
    return "\n".join([*lines, "```"])


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, 100, break_long_words=False, break_on_hyphens=False)


def parts_table(calls: Calls) -> str:
    """The order in which the parts are built, and what each makes and calls."""
    rows = [*_wrapped(f"Build order: {', '.join(LIBRARY_ORDER)}."), ""]
    rows += ["| part | makes | calls |", "| --- | --- | --- |"]
    for part in LIBRARY_ORDER:
        made, called = [], []
        for other in reversed(LIBRARY_ORDER):
            names = calls.calls.get((part, other), set())
            made += [f"`{name}`" for name in sorted(names) if name[0].isupper()]
            methods = [f"`{name}`" for name in sorted(names) if name[0].islower()]
            if methods and other != "net":
                called.append(f"**{other}** {', '.join(methods)}")
        if part != "net" and made + called:
            rows.append(f"| {part} | {', '.join(made)} | {'; '.join(called)} |")
    late = sorted(f"{one} → {other}" for (one, other), is_late in calls.imports.items() if is_late)
    rows += ["", *_wrapped(f"Imported only when it is needed, to save memory: {', '.join(late)}.")]
    return "\n".join(rows)


def firmware_chart(calls: Calls) -> str:
    """The firmware's folders and files as a flowchart: who imports whom."""
    lines = ["```mermaid", "flowchart TD"]
    small = {"build", "timestamps", "strings", "indication", "text_output", "posix"}
    for part, imported in sorted(calls.imports):
        if imported not in small:
            arrow = "-.->" if (part, imported) in FIRMWARE_UP else "-->"
            lines.append(f"    {_node(part)} {arrow} {_node(imported)}")
    lines += ["```", ""]
    lines += [f"- `{one}` → `{other}`: {why}." for (one, other), why in FIRMWARE_UP.items()]
    return "\n".join(lines)


def _node(part: str) -> str:
    return f"{part}[{part}/]" if (FIRMWARE / part).is_dir() else part


def transitions(source: str) -> list[tuple[str, str, str]]:
    """(state, outcome, next state), from the table in the text of session.py above its code.

    Raises ValueError if its methods lead elsewhere.
    """
    tree = ast.parse(source)
    rows = []
    state = ""
    for row in re.findall(r"^    .*→.*$", ast.get_docstring(tree) or "", re.M):
        state = row[4:14].strip() or state
        for outcome, following in re.findall(r"(\w+) → (\w+)", row):
            rows.append((state, outcome, following))
    in_table: dict[str, set[str]] = defaultdict(set)
    for state, _, following in rows:
        in_table[state].add(following)
    in_code = ways(tree)
    for state in sorted(in_table.keys() | in_code.keys()):
        there, here = sorted(in_code.get(state, set())), sorted(in_table[state])
        if there != here:
            raise ValueError(f"the session's {state} leads to {there}, its table says {here}")
    return rows


def ways(tree: ast.Module) -> dict[str, set[str]]:
    """Where each `_at_…` method leads: the `_at_…` methods that it and what it calls return."""
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)}

    def returned(name: str) -> set[str]:
        found = set()
        for one in ast.walk(methods[name]):
            if isinstance(one, ast.Return) and one.value is not None:
                used = {
                    node.attr for node in ast.walk(one.value) if isinstance(node, ast.Attribute)
                }
                for attribute in used & methods.keys():
                    is_state = attribute.startswith(_STATE)
                    found |= {attribute[len(_STATE) :]} if is_state else returned(attribute)
        return found

    return {name[len(_STATE) :]: returned(name) for name in methods if name.startswith(_STATE)}


def session_diagram() -> str:
    """The session's table of transitions as a Mermaid state diagram."""
    rows = transitions((LIBRARY / "session.py").read_text())
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {rows[0][0]}"]
    lines += [f"    {state} --> {following}: {outcome}" for state, outcome, following in rows]
    return "\n".join([*lines, "```"])


def facts() -> list[str]:
    """The facts of DeviceStatus that a part writes, in the order of its constructor."""
    tree = ast.parse((LIBRARY / "status.py").read_text())
    names = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and not node.attr.startswith("_")
    ]
    return [name for name in dict.fromkeys(names) if name not in _COMPUTED]


def written(source: str) -> set[str]:
    """The facts that a file writes: by `update`, or by setting an attribute of a status."""
    found: set[str] = set()
    keys: dict[str, set[str]] = defaultdict(set)  # of each dict, by its name
    updates: list[ast.keyword] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            texts = {ast.literal_eval(key) for key in node.value.keys if _is_text(key)}
            keys[ast.unparse(node.targets[0])] |= texts
        elif isinstance(node, ast.Subscript) and _is_text(node.slice):
            if isinstance(node.ctx, ast.Store):
                keys[ast.unparse(node.value)].add(ast.literal_eval(node.slice))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if ast.unparse(node.value).endswith("status"):
                found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".update"):
            updates += node.keywords
    for keyword in updates:
        found |= {keyword.arg} if keyword.arg else keys[ast.unparse(keyword.value)]
    return found


def _is_text(node: ast.expr | None) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def writers(*folders: Path) -> dict[str, list[str]]:
    """Fact → the files that write it."""
    by_file = {
        str(path.relative_to(ROOT)): written(path.read_text())
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
    }
    return {fact: [path for path, names in by_file.items() if fact in names] for fact in facts()}


def facts_table() -> str:
    """Which file writes which facts."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for fact, paths in writers(LIBRARY, FIRMWARE).items():
        by_file[", ".join(f"`{path}`" for path in paths)].append(f"`{fact}`")
    rows = ["| written by | facts |", "| --- | --- |"]
    return "\n".join(rows + [f"| {path} | {', '.join(names)} |" for path, names in by_file.items()])


def generated(text: str) -> str:
    """The document with its generated parts as they should be. Raises ValueError; see `check_…`."""
    library, firmware = calls_of_library(), calls_of_firmware()
    check_library(library)
    check_firmware(firmware)
    return replaced(
        text,
        {
            "parts": parts_chart(library),
            "calls": parts_table(library),
            "firmware": firmware_chart(firmware),
            "session": session_diagram(),
            "facts": facts_table(),
        },
    )


def files() -> dict[Path, str | None]:
    """Path → text of what is generated here. Raises ValueError if an arrow points up."""
    return {TARGET: generated(TARGET.read_text())}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
