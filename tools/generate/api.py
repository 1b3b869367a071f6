"""Writes the generated parts of docs/api.md from the docstrings of lib/pilotlight.

In a docstring a line `name: what it is` becomes an item of a list, and indented lines become code.
"""

import re
import sys
import textwrap
from pathlib import Path

import griffe

from tools.generate.files import main, replaced
from tools.on_cpython import ROOT

TARGET = ROOT / "docs/api.md"
_PACKAGE = ROOT / "lib/pilotlight"
# Part of the document → the classes and functions in it, in this order.
PUBLIC = {
    "agent": ("agent.Agent", "requests.Slot"),
    "told": ("settings.Settings", "settings.SettingsError"),
    "needs": ("Network", "Storage", "Clock"),
    "status": ("status.DeviceStatus",),
    "stock": ("firmware.app.run", "firmware.application.Application"),
    "errors": (
        "credentials.NotAuthorized",
        "frameio_api.ApiError",
        "frameio_api.Unauthorized",
        "frameio_api.BadRequest",
    ),
    "net": (
        "net.endpoint.Endpoint",
        "net.websocket_client.WebSocketClient",
        "net.http_client.HttpClient",
        "net.http_client.Response",
        "net.http_put.PutClient",
        "net.deadline.Deadline",
        "net.backoff.Backoff",
    ),
    "net-errors": (
        "net.errors.NetError",
        "net.errors.Unreachable",
        "net.errors.Untrusted",
        "net.errors.ProtocolError",
        "net.errors.UpgradeRefused",
        "net.errors.LinkClosed",
        "net.storage_answer.PutFailed",
    ),
}
# Methods that only other parts of the library call.
_INTERNAL = {
    "DeviceStatus.update",
    "Endpoint.answered",
    "Endpoint.ended",
    "Endpoint.next_address",
    "Endpoint.tls_context",
    "Endpoint.trust_next",
    "Response.feed",
    "Slot.leave",
    "Slot.locked",
    "Slot.queue",
}
Item = griffe.Object | griffe.Alias
_COLUMNS = 100
_NAME = r"`?\w+(?:\([^)]*\))?`?"
_ITEM = re.compile(rf"({_NAME}(?:, {_NAME})*): (?=\S)")
_SECOND_ITEM = re.compile(r"\. ([a-z]\w*): ")


def markdown(docstring: str) -> str:
    """A docstring as Markdown."""
    blocks = []
    for block in re.split(r"\n[ \t]*\n", docstring.strip()):
        lines = block.split("\n")
        if all(line.startswith("    ") for line in lines):
            code = "\n".join(line[4:] for line in lines)
            blocks.append(f"```python\n{code}\n```")
        else:
            blocks.append("\n".join(_with_lists(lines)).strip())
    return "\n\n".join(blocks)


def _with_lists(lines: list[str]) -> list[str]:
    """The lines of one paragraph; each `name: what it is` begins an item of a list."""
    result: list[str] = []
    items: list[str] = []
    before = "."
    for line in lines:
        # Not inside a sentence, whose next line may begin with a word and a colon.
        found = _ITEM.match(line) if before.endswith((".", "Raises:")) else None
        if found:
            names = [f"`{name.strip('`')}`" for name in re.findall(_NAME, found[1])]
            items.append(f"- {', '.join(names)}: {line[found.end() :]}")
        elif items and not line.startswith(("Raises ", "Returns ", "Never ")):
            items[-1] += f" {line}"
        else:
            result += _list(result, items)
            items = []
            result.append(line)
        before = line
    return result + _list(result, items)


def _list(before: list[str], items: list[str]) -> list[str]:
    """The items as lines, with an empty line around them; [] without items."""
    lines = []
    for item in items:
        for one in _SECOND_ITEM.sub(lambda found: f".\n- `{found[1]}`: ", item).split("\n"):
            lines += textwrap.wrap(one, _COLUMNS, subsequent_indent="  ", break_long_words=False)
    return [*([""] if before and lines else []), *lines, *([""] if lines else [])]


def entry(item: Item) -> str:
    """A class with its public methods, or a function, as Markdown."""
    assert item.docstring, f"{item.path} is public and has no docstring"
    words = f"### {item.name}\n\n"
    if _bases(item):
        words += f"In `{_import_path(item)}`; a subclass of `{_bases(item)[0]}`.\n\n"
    elif item.is_function or "__init__" in item.members:
        source = f"from {_import_path(item)} import {item.name}"
        words += f"```python\n{source}\n\n{_in_lines(_signature(item))}\n```\n\n"
    words += markdown(item.docstring.value)
    for name, member in item.members.items():
        if name.startswith("_") or f"{item.name}.{name}" in _INTERNAL:
            continue
        if member.is_function or "property" in member.labels:
            assert member.docstring, f"{member.path} is public and has no docstring"
            words += f"\n\n#### `{_signature(member)}`\n\n{markdown(member.docstring.value)}"
    return words


def _bases(item: Item) -> list[str]:
    return [str(base) for base in getattr(item, "bases", ()) if str(base) != "Protocol"]


def _import_path(item: Item) -> str:
    """The module to import it from: the package itself, if it exports it."""
    module = item.module.path
    exports = item.package.members
    if item.name in exports:
        return "pilotlight"
    return module if module.startswith(("pilotlight", "firmware")) else f"pilotlight.{module}"


def _signature(item: Item) -> str:
    if "property" in item.labels:
        return item.name
    assert isinstance(item, griffe.Class | griffe.Function)
    text = str(item.signature()).removesuffix(" -> None")
    return f"await {text}" if "async" in item.labels else text


def _in_lines(signature: str) -> str:
    """One that is too long for a line has a line for each parameter."""
    if len(signature) <= _COLUMNS:
        return signature
    name, _, parameters = signature.partition("(")
    lines = re.split(r", (?=\w+(?:: | = |=|,|\)))", parameters.removesuffix(")"))
    return "\n    ".join([f"{name}(", *(f"{line}," for line in lines)]) + "\n)"


def times() -> str:
    """The table of Times: each time with its default and the comment that stands beside it."""
    lines = (_PACKAGE / "times.py").read_text().splitlines()
    rows: list[str] = []
    heading: list[str] = []
    for line in lines:
        comment = re.fullmatch(r"    # (.*)", line)
        value = re.fullmatch(r"    (\w+) = ([^#]+?)(?:\s+# (.*))?", line)
        if comment:
            heading.append(comment[1])
        elif value:
            if heading:
                rows.append(f"| | | **{' '.join(heading)}** |")
                heading = []
            number = value[2].replace("_", " ")
            rows.append(f"| `{value[1]}` | {number} | {value[3] or ''} |")
        elif rows and line.startswith("    def "):
            break
    return "\n".join(["| name | default | what it is |", "| --- | --- | --- |", *rows])


def parts() -> dict[str, str]:
    """Part of the document → its text."""
    package = griffe.load("pilotlight", search_paths=[_PACKAGE.parent], allow_inspection=False)
    net = griffe.load("net", search_paths=[_PACKAGE], allow_inspection=False)
    firmware = griffe.load("firmware", search_paths=[ROOT], allow_inspection=False)
    tops = {"net": net, "firmware": firmware}
    result = {}
    for part, names in PUBLIC.items():
        items = []
        for name in names:
            top, _, rest = name.partition(".")
            items.append(tops[top][rest] if top in tops else package[name])
        result[part] = "\n\n".join(map(entry, items)) + "\n"
    return result | {"times": times()}


def files() -> dict[Path, str | None]:
    """Path → text of what is generated here. Raises ValueError if the document lacks its marks."""
    return {TARGET: replaced(TARGET.read_text(), parts())}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
