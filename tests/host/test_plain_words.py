"""Words that make a sentence be read twice stay out, and lines of documents stay short."""

import re
import subprocess

import pytest

from tools.rig import ROOT

HUNTED = re.compile(
    r"\b(nobody|somebody|whoever|anew|to be had|that is none|foresaw|foreseen)\b"
    r"|, for (it|they|there|he|she|we|ticks|none|nothing|whatever) ",
    re.IGNORECASE,
)
COLUMNS = 100
# Tables, pictures, their captions and headings are one line each; so is a link that stands alone.
LONG = re.compile(r"\s*(\||<|!\[|#|\[[^\]]*\]: |\*\*\d|- `[^`]*`:?$|\S+$)")


def files(*patterns: str) -> list[str]:
    """What git knows of these patterns."""
    done = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def hunted(text: str) -> list[str]:
    """The lines that hold such a word."""
    return [line.strip() for line in text.splitlines() if HUNTED.search(line)]


def too_long(text: str) -> list[str]:
    """The lines of a document that are too long, but code, tables, pictures and headings."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for line in prose.splitlines() if len(line) > COLUMNS and not LONG.match(line)]


def test_no_hunted_word() -> None:
    names = files("*.py", "*.pyi", "*.md", "*.js", "*.html", "*.sh", "Makefile")
    assert len(names) > 500
    this = "tests/host/test_plain_words.py"
    found = {name: hunted((ROOT / name).read_text()) for name in names if name != this}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("name", files("*.md"))
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
