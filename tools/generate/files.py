"""What the generators of text share: write the files, or tell which are stale."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[Path, str | None]  # path → its text, or None if there must be no such file


def stale(files: Files) -> list[Path]:
    """The paths whose text on disk is another one, that are missing, or that must not exist."""
    return sorted(
        path
        for path, text in files.items()
        if text != (path.read_text() if path.exists() else None)
    )


def main(files: Files, description: str | None) -> int:
    """Write what is stale. With --check write nothing. The exit code: 1 if --check found any."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is stale"
    )
    checks = parser.parse_args().check
    paths = stale(files)
    for path in paths:
        text = files[path]
        if checks:
            print(f"{path} is stale: run make docs", file=sys.stderr)
        elif text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if checks and paths else 0
