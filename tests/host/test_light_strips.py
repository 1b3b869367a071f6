"""The golden timing strips of the light: what it does on the pins, compared to the pixel."""

from pathlib import Path

import pytest
from PIL import Image

from tools import light_strips


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image.Image]:
    return light_strips.drawn()


def test_every_strip_is_its_golden_picture(pictures: dict[str, Image.Image]) -> None:
    assert {path.stem for path in light_strips.GOLDEN.glob("*.png")} == set(pictures)
    wrong = []
    for name, picture in pictures.items():
        try:
            light_strips.check(name, picture)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)


def test_a_pixel_that_differs_is_seen_and_saved_as_a_picture(pictures: dict[str, Image.Image], tmp_path: Path) -> None:
    wrong = pictures["even"].copy()
    wrong.putpixel((200, 20), (1, 2, 3))
    with pytest.raises(AssertionError, match=r"even is not its golden picture.*even\.difference\.png"):
        light_strips.check("even", wrong, failed=tmp_path)
    with Image.open(tmp_path / "even.png") as saved:
        assert saved.tobytes() == wrong.tobytes()
    with Image.open(tmp_path / "even.difference.png") as saved:
        difference = saved.crop((0, 2 * wrong.height + 8, wrong.width, saved.height))
        assert difference.getbbox() == (0, 0, *difference.size)  # on grey
        assert [colour for colour in difference.getcolors() or [] if colour[0] == 1] == [(1, (255, 0, 0))]
        assert difference.getpixel((200, 20)) == (255, 0, 0)


def test_another_size_and_no_golden_picture_are_seen(pictures: dict[str, Image.Image], tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="even is not"):
        light_strips.check("even", pictures["even"].crop((0, 0, 300, 300)), failed=tmp_path)
    Image.new("RGB", (2, 8)).save(tmp_path / "black.png")
    with pytest.raises(AssertionError, match="black is not"):
        light_strips.check("black", Image.new("RGB", (8, 2)), golden=tmp_path, failed=tmp_path / "failed")
    with pytest.raises(AssertionError, match="disco has no golden picture"):
        light_strips.check("disco", pictures["even"], failed=tmp_path)


def test_a_strip_shows_the_times() -> None:
    """A pattern that the test knows, read back from the picture."""
    picture = light_strips.picture_of({("pixel", 100): [(0, 255, 0, 0), (200, 0, 0, 0), (500, 64, 0, 0), (1000, 0, 0, 255)]})
    band = [picture.getpixel((74 + t_ms // 10, 5)) for t_ms in (0, 190, 200, 490, 500, 990, 1000, 5990)]
    red, black, dim, blue = (255, 0, 0), (0, 0, 0), (128, 0, 0), (0, 0, 255)
    assert band == [red, red, black, black, dim, dim, blue, blue]
    curve = [sum(picture.getpixel((74 + t_ms // 10, y)) == (200, 200, 200) for y in range(14, 30)) for t_ms in (0, 300, 500)]
    assert curve == [15, 0, 8]
