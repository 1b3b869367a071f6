"""Golden pictures: what is drawn now, compared to the pixel with what a person has looked at."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageChops

from tools.on_cpython import ROOT

GOLDEN = ROOT / "tests/golden"
FAILED = ROOT / ".cache/pictures"
_SMALL = 200  # pixels of width: enlarged, so that a single one can be seen
_ENLARGED = 4
_GAP = 4


def check(name: str, picture: Image.Image, golden: Path = GOLDEN, failed: Path = FAILED) -> None:
    """Compare with the golden picture.

    Raises AssertionError, which names a file with golden, actual and difference.
    """
    path = golden / f"{name}.png"
    if not path.exists():
        raise AssertionError(f"{name} has no golden picture: make pictures, and look at {path}")
    actual = picture.convert("RGB")
    with Image.open(path) as file:
        expected = file.convert("RGB")
    if expected.size == actual.size and expected.tobytes() == actual.tobytes():
        return
    saved = failed / f"{name}.png"
    saved.parent.mkdir(parents=True, exist_ok=True)
    _below_each_other(expected, actual).save(saved)
    raise AssertionError(f"{name} is not its golden picture: golden, actual, difference in {saved}")


def check_all(pictures: Mapping[str, Image.Image], folder: str) -> None:
    """Check all pictures of a folder in GOLDEN, and that no others are there.

    Raises AssertionError, which tells all wrongs.
    """
    wrong = []
    for name, picture in pictures.items():
        try:
            check(name, picture)
        except AssertionError as error:
            wrong.append(str(error))
    wrong += [
        f"{name} is not drawn any more: make pictures" for name in _names(folder) - set(pictures)
    ]
    assert not wrong, "\n".join(wrong)


def write_all(pictures: Mapping[str, Image.Image], folder: str) -> None:
    """Make these the golden pictures of a folder in GOLDEN; others there are removed."""
    for name in _names(folder) - set(pictures):
        (GOLDEN / f"{name}.png").unlink()
    for name, picture in pictures.items():
        path = GOLDEN / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, optimize=True)
    print(f"{len(pictures)} pictures in {(GOLDEN / folder).relative_to(ROOT)}")


def _names(folder: str) -> set[str]:
    return {
        str(path.relative_to(GOLDEN).with_suffix("")) for path in (GOLDEN / folder).rglob("*.png")
    }


def _below_each_other(expected: Image.Image, actual: Image.Image) -> Image.Image:
    """Golden, actual, and what differs in red."""
    width, height = max(expected.width, actual.width), max(expected.height, actual.height)
    first, second = (picture.crop((0, 0, width, height)) for picture in (expected, actual))
    sheet = Image.new("RGB", (width, 3 * height + 2 * _GAP), "grey")
    sheet.paste(first, (0, 0))
    sheet.paste(second, (0, height + _GAP))
    red, green, blue = ImageChops.difference(first, second).split()
    differs = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(
        lambda value: 255 if value else 0
    )
    sheet.paste("black", (0, 2 * (height + _GAP), width, sheet.height))
    sheet.paste("red", (0, 2 * (height + _GAP)), differs)
    scale = _ENLARGED if width < _SMALL else 1
    return sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST)
