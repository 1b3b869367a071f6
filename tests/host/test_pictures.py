"""The golden pictures: every page of the screen and every strip of the light, to the pixel; the QR
code is read by zxing-cpp, too."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tools.generate import golden, light_strips, pictures


@pytest.fixture(scope="module")
def pages() -> dict[str, Image.Image]:
    return pictures.drawn()


@pytest.fixture(scope="module")
def strips() -> dict[str, Image.Image]:
    return light_strips.drawn()


def test_every_page_is_its_golden_picture(pages: dict[str, Image.Image]) -> None:
    golden.check_all(pages, "screen")


@pytest.mark.parametrize("name", pictures.SHOWN)
def test_readme_shows_the_page(pages: dict[str, Image.Image], name: str) -> None:
    wanted = pictures.enlarged(pages[f"screen/128x64/{name}-1"])
    with Image.open(pictures.SHOWN[name]) as shown:
        assert shown.convert("1").tobytes() == wanted.tobytes()


def test_every_strip_is_its_golden_picture(strips: dict[str, Image.Image]) -> None:
    golden.check_all(strips, "light")


def test_a_golden_picture_that_nothing_draws_is_told(strips: dict[str, Image.Image]) -> None:
    with pytest.raises(AssertionError, match="light/even is not drawn any more"):
        golden.check_all(
            {name: strip for name, strip in strips.items() if name != "light/even"}, "light"
        )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairing-2", "https://next.frame.io/pair/987654"),
        ("setup-1", "WIFI:T:WPA;S:Pilotlight-0A1B;P:3z5rhzkbhem7;;"),
    ],
)
def test_a_phone_reads_the_qr_code(name: str, text: str) -> None:
    """Enlarged, because a camera has several pixels for one of the display's.

    The white around the code is all that the display has room for.
    """
    with Image.open(golden.GOLDEN / f"screen/128x64/{name}.png") as file:
        picture = file.convert("L")
    for scale in (1, 4):
        enlarged = picture.resize(
            (picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC
        )
        assert [code.text for code in zxingcpp.read_barcodes(enlarged)] == [text]


def test_a_difference_of_one_pixel_fails_and_is_saved(tmp_path: Path) -> None:
    picture_of = pictures.picture_of
    seen, failed = tmp_path / "golden", tmp_path / "failed"
    seen.mkdir()
    picture_of(bytes([1, 2, 4, 8]), 4, 8).save(seen / "page.png")
    golden.check("page", picture_of(bytes([1, 2, 4, 8]), 4, 8), seen, failed)
    assert not failed.exists()
    with pytest.raises(AssertionError, match=r"failed/page\.png"):
        golden.check("page", picture_of(bytes([1, 2, 4, 9]), 4, 8), seen, failed)
    with Image.open(failed / "page.png") as saved:
        # Golden, actual, difference, four rows apart and enlarged four times; the pixel is at 3, 0.
        assert [saved.getpixel((3 * 4, y * 4)) for y in (0, 8 + 4, 16 + 8)] == [
            (0, 0, 0),
            (255, 255, 255),
            (255, 0, 0),
        ]
        assert saved.getpixel((0, 0)) == (255, 255, 255) and saved.getpixel((0, 24 * 4)) == (
            0,
            0,
            0,
        )
    with pytest.raises(AssertionError, match="is not its golden"):
        golden.check("page", picture_of(bytes([1, 2, 4, 8, 0]), 5, 8), seen, failed)
    Image.new("RGB", (2, 8)).save(seen / "black.png")
    with pytest.raises(AssertionError, match="black is not"):
        golden.check("black", Image.new("RGB", (8, 2)), seen, failed)
    with pytest.raises(AssertionError, match="make pictures"):
        golden.check("other", picture_of(bytes(4), 4, 8), seen, failed)


def test_a_pixel_of_a_strip_that_differs_is_red_and_all_others_are_black(
    strips: dict[str, Image.Image], tmp_path: Path
) -> None:
    wrong = strips["light/even"].copy()
    wrong.putpixel((200, 20), (1, 2, 3))
    with pytest.raises(
        AssertionError, match=r"light/even is not its golden picture.*light/even\.png"
    ):
        golden.check("light/even", wrong, failed=tmp_path)
    with Image.open(tmp_path / "light/even.png") as saved:
        difference = saved.crop((0, 2 * (wrong.height + 4), wrong.width, saved.height))
    assert sorted(difference.getcolors() or []) == [
        (1, (255, 0, 0)),
        (wrong.width * wrong.height - 1, (0, 0, 0)),
    ]
    assert difference.getpixel((200, 20)) == (255, 0, 0)


def test_a_strip_shows_the_times() -> None:
    """A pattern that the test knows, read back from the picture."""
    picture = light_strips.picture_of(
        {("pixel", 100): [(0, 255, 0, 0), (200, 0, 0, 0), (500, 64, 0, 0), (1000, 0, 0, 255)]}
    )
    band = [
        picture.getpixel((74 + t_ms // 10, 5)) for t_ms in (0, 190, 200, 490, 500, 990, 1000, 5990)
    ]
    red, black, dim, blue = (255, 0, 0), (0, 0, 0), (128, 0, 0), (0, 0, 255)
    assert band == [red, red, black, black, dim, dim, blue, blue]
    curve = [
        sum(picture.getpixel((74 + t_ms // 10, y)) == (200, 200, 200) for y in range(14, 30))
        for t_ms in (0, 300, 500)
    ]
    assert curve == [15, 0, 8]
