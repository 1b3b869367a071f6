"""Writes what mip installs: package.json, the whole library, and lib/net.json, its net/ alone.

Only the library is a package. boot.py and main.py are the product's own, and never in one.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.generate.files import main
from tools.on_cpython import ROOT

LIB = ROOT / "lib"
_PACKAGE = LIB / "pilotlight"


def package(at: Path, sources: Iterable[Path]) -> str:
    """A package in the folder `at`: for each file its path below the board's lib, and its source.

    The source's path may not lead up: over HTTP, some servers refuse that.
    """
    rows = [
        json.dumps([path.relative_to(LIB).as_posix(), path.relative_to(at).as_posix()])
        for path in sorted(sources)
    ]
    return '{\n  "urls": [\n    ' + ",\n    ".join(rows) + "\n  ]\n}\n"


def files() -> dict[Path, str]:
    """The packages. net/ needs the version, which is in the package's __init__.py."""
    net = [_PACKAGE / "__init__.py", *(_PACKAGE / "net").rglob("*.py")]
    return {
        ROOT / "package.json": package(ROOT, _PACKAGE.rglob("*.py")),
        LIB / "net.json": package(LIB, net),
    }


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
