"""Every page of the screen against its golden picture, to the pixel, and read by others: the QR code by zxing-cpp."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tools.make_pictures import FAILED, GOLDEN, check, drawn, picture_of


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image.Image]:
    return drawn()


def test_every_page_is_its_golden_picture(pictures: dict[str, Image.Image]) -> None:
    wrong = []
    for name, picture in pictures.items():
        try:
            check(name, picture)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)
    golden = {str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.rglob("*.png")}
    assert golden == set(pictures), "make pictures removes what is no page any more"


def test_a_phone_reads_the_qr_code(pictures: dict[str, Image.Image]) -> None:
    """Enlarged, for a camera sees more than a pixel a pixel; the white round the code is all that the display has."""
    names = [name for name in pictures if name.startswith("128x64/pairing-")]
    read = []
    for name in names:
        with Image.open(GOLDEN / f"{name}.png") as file:
            picture = file.convert("L")
        for scale in (1, 4):
            enlarged = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC)
            read += [code.text for code in zxingcpp.read_barcodes(enlarged)]
    assert read == ["https://next.frame.io/pair/987654"] * 2


def test_a_difference_of_one_pixel_fails_and_is_saved(tmp_path: Path) -> None:
    golden, failed = tmp_path / "golden", tmp_path / "failed"
    golden.mkdir()
    picture_of(bytes([1, 2, 4, 8]), 4, 8).save(golden / "page.png")
    check("page", picture_of(bytes([1, 2, 4, 8]), 4, 8), golden, failed)
    assert not failed.exists()
    with pytest.raises(AssertionError, match=r"failed/page\.png"):
        check("page", picture_of(bytes([1, 2, 4, 9]), 4, 8), golden, failed)
    with Image.open(failed / "page.png") as saved:
        # golden, actual, difference, each four rows apart and enlarged four times; the pixel is the one at 3, 0
        assert [saved.getpixel((3 * 4, y * 4)) for y in (0, 8 + 4, 16 + 8)] == [(0, 0, 0), (255, 255, 255), (255, 0, 0)]
        assert saved.getpixel((0, 0)) == (255, 255, 255) and saved.getpixel((0, 24 * 4)) == (0, 0, 0)
    with pytest.raises(AssertionError, match="is not its golden"):
        check("page", picture_of(bytes([1, 2, 4, 8, 0]), 5, 8), golden, failed)
    with pytest.raises(AssertionError, match="make pictures"):
        check("other", picture_of(bytes(4), 4, 8), golden, failed)


def test_where_failures_go() -> None:
    assert FAILED.parts[-3:] == (".cache", "pictures", "screen")
