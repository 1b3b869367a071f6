"""Writes the golden pictures (`make pictures`): each page of the screen, each pattern of the light.

The pages are drawn here, by the firmware's own code; the light's strips by light_strips.py. Tests
compare both to the pixel, and save what differs under .cache/pictures.
"""

import json
import os
import subprocess

from PIL import Image, ImageOps

from tools.generate import golden, light_strips
from tools.on_cpython import ROOT

MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
SHOWN = {  # in README: a page of the display → its enlarged picture
    name: ROOT / f"docs/pictures/{name}.png" for name in ("pairing", "online", "paused")
}
_LONGEST_S = 60
_ENLARGED = 4
_EDGE = 16


def drawn() -> dict[str, Image.Image]:
    """Name → picture (mode 1, a lit pixel is white) of every page, as drawn now."""
    done = subprocess.run(
        [MICROPYTHON, "tools/generate/draw_pages.py"],
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
        pictures["screen/" + name] = picture_of(bytes.fromhex(content), width, height)
    return pictures


def picture_of(content: bytes, width: int, height: int) -> Image.Image:
    """A picture of a MONO_VLSB buffer: a byte is eight pixels of a column, the top one in bit 0."""
    picture = Image.new("1", (width, height))
    picture.putdata(
        [content[y // 8 * width + x] >> y % 8 & 1 for y in range(height) for x in range(width)]
    )
    return picture


def enlarged(page: Image.Image) -> Image.Image:
    """A page of the display as README shows it, with some of the display's black around it."""
    picture = page.resize((page.width * _ENLARGED, page.height * _ENLARGED))
    return ImageOps.expand(picture, _EDGE)


def main() -> None:
    """Write the golden pictures, and README's."""
    pages = drawn()
    golden.write_all(pages, "screen")
    golden.write_all(light_strips.drawn(), "light")
    for name, path in SHOWN.items():
        enlarged(pages[f"screen/128x64/{name}-1"]).save(path, optimize=True)


if __name__ == "__main__":
    main()
