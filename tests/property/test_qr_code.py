"""The QR code against segno, module by module, and read back from a picture by ZXing."""

from typing import Any

import pytest
import segno
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from segno import encoder

from tools.on_cpython import device_module

qr_code: Any = device_module("firmware.screen.qr_code")
SIZE = 29
PAIR = "https://next.frame.io/pair/987654"

texts = st.text(max_size=53).filter(lambda text: 0 < len(text.encode()) <= 53)
full = st.text(st.characters(max_codepoint=127), min_size=53, max_size=53)


@pytest.fixture(autouse=True, scope="module")
def _segno_pads_as_the_standard() -> Any:
    """Make segno pad as the standard says.

    Segno 1.6.6 adds a codeword 00 before the pad codewords if the text ends with a whole one;
    section 7.4.10 of the standard does not.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            encoder,
            "write_padding_bits",
            lambda buff, version, length: buff.extend([0] * (-length % 8)),
        )
        yield


def modules(picture: bytes) -> list[list[int]]:
    """What encode() gives, as segno has it."""
    assert len(picture) == 4 * SIZE and not any(byte & 7 for byte in picture[3::4])
    return [[picture[4 * y + x // 8] >> (7 - x % 8) & 1 for x in range(SIZE)] for y in range(SIZE)]


def by_segno(text: str, mask: int | None = None) -> list[list[int]]:
    """The same by segno; without a mask it takes the one with the fewest points."""
    code = segno.make_qr(
        text.encode(), error="l", version=3, mode="byte", mask=mask, boost_error=False
    )
    return [list(row) for row in code.matrix]


def with_mask(text: str, mask: int) -> bytes:
    """As encode(), with a mask of one's own."""
    masked = [0] * (SIZE + 8)
    qr_code.apply_mask(qr_code.modules(qr_code.codewords(text.encode())), mask, masked)
    return bytes(qr_code.with_format(masked, mask))


@given(texts | full)
@example(PAIR)
@example("\x00")
@settings(max_examples=40)
def test_every_mask_is_segnos(text: str) -> None:
    for mask in range(8):
        assert modules(with_mask(text, mask)) == by_segno(text, mask), mask


@given(texts | full)
@example(PAIR)
@settings(max_examples=60)
def test_the_mask_is_the_one_that_segno_takes(text: str) -> None:
    assert modules(qr_code.encode(text)) == by_segno(text)


pieces = st.sampled_from(
    ["1011101", "0000", "10111011101", "1011101011101", "11111", "00000", "0", "1", "10", "110"]
)
lines = st.lists(pieces, min_size=12).map(
    lambda parts: int("".join(parts)[:SIZE], 2)
) | st.integers(0, 2**SIZE - 1)


def transposed(rows: list[int]) -> list[int]:
    """Rows and columns change places."""
    return [
        sum((row >> (SIZE - 1 - column) & 1) << (SIZE - 1 - at) for at, row in enumerate(rows))
        for column in range(SIZE)
    ]


@given(st.lists(lines, min_size=SIZE, max_size=SIZE), st.booleans())
@settings(max_examples=40)
def test_the_points_are_segnos(rows: list[int], turned: bool) -> None:
    """Of any picture, and above all of such as cost points."""
    rows = transposed(rows) if turned else rows
    matrix = tuple(bytearray(row >> (SIZE - 1 - x) & 1 for x in range(SIZE)) for row in rows)
    quiet = [0] * 4
    assert qr_code.penalty(quiet + rows + quiet) == encoder.evaluate_mask(matrix, SIZE, SIZE)


def read(text: str, scale: int) -> bytes:
    """What ZXing reads in the picture as the display shows it.

    Dark modules are black, the quiet zone is four modules.
    """
    side = SIZE + 8
    image = Image.new("L", (side, side), 255)
    for y, row in enumerate(modules(qr_code.encode(text))):
        for x, dark in enumerate(row):
            if dark:
                image.putpixel((x + 4, y + 4), 0)
    codes = zxingcpp.read_barcodes(
        image.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    )
    assert (
        len(codes) == 1
        and codes[0].format == zxingcpp.BarcodeFormat.QRCode
        and codes[0].ec_level == "L"
    )
    return codes[0].bytes


@given(texts | full, st.integers(2, 8))
@example(PAIR, 2)
@settings(max_examples=60)
def test_zxing_reads_it(text: str, scale: int) -> None:
    assert read(text, scale) == text.encode()


@given(st.text(min_size=18, max_size=80).filter(lambda text: len(text.encode()) > 53))
@example("x" * 54)
@example("€" * 18)
@settings(max_examples=20)
def test_a_longer_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 53"):
        qr_code.encode(text)
