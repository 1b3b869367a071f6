"""Words that make a sentence be read twice stay out, and lines of documents stay short."""

import os
import re
from pathlib import Path

import pytest

from tools.rig import ROOT

HUNTED = re.compile(
    r"\b(nobody|somebody|whoever|anew|to be had|that is none|foresaw|foreseen"
    r"|hence|midst|reckon\w*)\b"
    r"|, for (it|they|there|he|she|we|ticks|none|nothing|whatever) ",
    re.IGNORECASE,
)
COLUMNS = 100
IGNORED = {"__pycache__", "build", "state"}  # and what begins with a dot
# Tables, pictures, their captions and headings are one line each; so is a link that stands alone.
LONG = re.compile(r"\s*(\||<|!\[|#|\[[^\]]*\]: |\*\*\d|- `[^`]*`:?$|\S+$)")


def files(*suffixes: str) -> list[str]:
    """The project's files of these kinds, without what git ignores; no repository is needed."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name[0] != "." and name not in IGNORED]
        paths = [Path(folder, name) for name in names]
        found += [str(path.relative_to(ROOT)) for path in paths if path.suffix in suffixes]
    return sorted(found)


def hunted(text: str) -> list[str]:
    """The lines that hold such a word."""
    return [line.strip() for line in text.splitlines() if HUNTED.search(line)]


def too_long(text: str) -> list[str]:
    """The lines of a document that are too long, but code, tables, pictures and headings."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for line in prose.splitlines() if len(line) > COLUMNS and not LONG.match(line)]


def test_no_hunted_word() -> None:
    names = ["Makefile", *files(".py", ".pyi", ".md", ".js", ".html", ".sh")]
    assert len(names) > 500
    this = "tests/host/test_plain_words.py"
    found = {name: hunted((ROOT / name).read_text()) for name in names if name != this}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("name", files(".md"))
def test_documents_have_short_lines(name: str) -> None:
    assert too_long((ROOT / name).read_text()) == []


def test_what_is_seen() -> None:
    assert hunted("Nobody knows.\nIt waits, for it is late.\nIt waits for it.") == [
        "Nobody knows.",
        "It waits, for it is late.",
    ]
    words = "word " * 25
    text = f"{words}\n| {words}|\n```\n{words}\n```\n# {words}\n  - {words}\n"
    assert too_long(text) == [words, f"  - {words}"]
