"""What the documents link to exists: files, and headings in them."""

import os
import re
from pathlib import Path

from tests.host.test_plain_words import files
from tools.rig import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")


def prose(path: Path) -> str:
    """A document without its code."""
    return re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)


def anchors(path: Path) -> set[str]:
    """What a heading is called in an address, as GitHub makes it."""
    found = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def dead(path: Path) -> list[str]:
    """The links of a document that lead nowhere; those to other hosts are not looked at."""
    found = []
    for link in ("".join(one) for one in LINK.findall(prose(path))):
        name, _, anchor = link.partition("#")
        target = Path(os.path.normpath(path.parent / name)) if name else path
        if ":" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


def test_each_link_leads_somewhere() -> None:
    found = {name: dead(ROOT / name) for name in files(".md")}
    assert len(found) > 20
    assert {name: links for name, links in found.items() if links} == {}


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One `two`: three\n[a](b.md) [c](#one-two-three) [d](#four)\n")
    assert dead(tmp_path / "a.md") == ["b.md", "#four"]
