"""The golden pictures: every page of the screen as a PNG, drawn by the firmware itself. `make pictures` makes them anew.

A test compares them to the pixel; what differs is saved under .cache/pictures/screen.
"""

import json
import os
import subprocess
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests/golden/screen"
FAILED = ROOT / ".cache/pictures/screen"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
_LONGEST_S = 60
_ENLARGED = 4


def drawn() -> dict[str, Image.Image]:
    """Name → picture (mode 1, a lit pixel is white) of every page, as drawn now."""
    done = subprocess.run(
        [MICROPYTHON, "tools/draw_pages.py"],
        cwd=ROOT,
        env={**os.environ, "MICROPYPATH": ".:lib:.frozen"},
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"drawing the pages failed:\n{done.stdout[-2000:]}{done.stderr}")
    pictures = {}
    for line in done.stdout.splitlines():
        name, width, height, content = json.loads(line)
        pictures[name] = picture_of(bytes.fromhex(content), width, height)
    return pictures


def picture_of(content: bytes, width: int, height: int) -> Image.Image:
    """A picture of a MONO_VLSB buffer: a byte is eight pixels of a column, the top one in bit 0."""
    picture = Image.new("1", (width, height))
    picture.putdata([content[y // 8 * width + x] >> y % 8 & 1 for y in range(height) for x in range(width)])
    return picture


def check(name: str, picture: Image.Image, golden: Path = GOLDEN, failed: Path = FAILED) -> None:
    """Compare with the golden picture. Raises AssertionError, which names a file with golden, actual and difference."""
    path = golden / f"{name}.png"
    if not path.exists():
        raise AssertionError(f"{name} has no golden picture: make pictures, and look at {path}")
    with Image.open(path) as file:
        expected = file.convert("1")
    if expected.size == picture.size and expected.tobytes() == picture.tobytes():
        return
    saved = failed / f"{name}.png"
    saved.parent.mkdir(parents=True, exist_ok=True)
    _side_by_side(expected, picture).save(saved)
    raise AssertionError(f"{name} is not its golden picture: golden, actual, difference in {saved}")


def _side_by_side(expected: Image.Image, actual: Image.Image) -> Image.Image:
    """Golden, actual, and what differs in red, below each other and enlarged."""
    width, height = max(expected.width, actual.width), max(expected.height, actual.height)
    sheet = Image.new("RGB", (width, height * 3 + 8), "grey")
    first, second = (picture.convert("L").crop((0, 0, width, height)) for picture in (expected, actual))
    sheet.paste(first, (0, 0))
    sheet.paste(second, (0, height + 4))
    difference = Image.new("RGB", (width, height))
    difference.paste("red", mask=ImageChops.difference(first, second))
    sheet.paste(difference, (0, 2 * height + 8))
    return sheet.resize((sheet.width * _ENLARGED, sheet.height * _ENLARGED), Image.Resampling.NEAREST)


def main() -> None:
    """Write the golden pictures, and remove those of pages that are gone."""
    pictures = drawn()
    for path in GOLDEN.rglob("*.png"):
        if str(path.relative_to(GOLDEN).with_suffix("")) not in pictures:
            path.unlink()
    for name, picture in pictures.items():
        path = GOLDEN / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, optimize=True)
    print(f"{len(pictures)} pictures in {GOLDEN.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
