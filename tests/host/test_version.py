"""The product's version stands in lib/pilotlight/__init__.py and nowhere else."""

import re
from pathlib import Path

from tools.on_cpython import ROOT, device_module

VERSION = device_module("pilotlight").__version__
ITS_PLACE = "lib/pilotlight/__init__.py"
FOLDERS = ("docs", "examples", "firmware", "lib", "tests", "tools")
# The versions of what is installed, and of Phoenix's protocol.
OF_OTHERS = ("requirements*.txt", "tools/mock_frameio/device_socket.py")
RELEASES = "CHANGES.md"  # a heading for each release


def texts(root: Path) -> list[Path]:
    """Every file of the root and of the folders that may name a version."""
    found = [path for path in root.iterdir() if path.is_file()]
    for folder in FOLDERS:
        found += (root / folder).rglob("*")
    kinds = {".py", ".md", ".toml", ".ini", ".json", ".txt", ".yml", ""}
    return [path for path in found if path.is_file() and path.suffix in kinds]


def places(root: Path, version: str) -> set[str]:
    """The files that name this version."""
    pattern = re.compile(rf"(?<![\d.]){re.escape(version)}(?![-+]|\.?\d)")
    return {
        str(path.relative_to(root))
        for path in texts(root)
        if not any(path.match(other) for other in OF_OTHERS)
        and path.name != RELEASES
        and pattern.search(path.read_text(errors="replace"))
    }


def test_there_is_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", VERSION)
    assert places(ROOT, VERSION) == {ITS_PLACE}


def test_a_second_place_is_seen(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/run.py").write_text('_CLIENT_VERSION = "9.8.7"\n')
    (tmp_path / "README.md").write_text("Pilotlight 9.8.7.\n")
    (tmp_path / "requirements.txt").write_text("pytest==9.8.7\n")
    (tmp_path / "main.py").write_text('URL = "http://127.9.8.7:80"\n')
    assert places(tmp_path, "9.8.7") == {"README.md", "tools/run.py"}
