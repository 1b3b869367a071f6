"""The pages of a pairing: a large code, the link, and the QR code."""

import sys

from firmware.screen import drawing, pages
from firmware.strings import PAGES, REASONS
from tests.support.any_indication import Indication
from tests.support.canvas import LINK, MARGIN, SIZES, canvas, check_inside, drawn, rows_of, texts


def digits_of(code, height):
    """(first column, last column, first row, last row) of each digit of a code, by its gaps."""
    page = pages.pages_of(
        Indication("pairing", user_code=code, verification_uri=LINK), 128, height
    )[0]
    top, below = (12, 46) if height == 64 else (9, 32)
    lit = [(x, y) for x, y in drawn(page, 128, height) if top <= y < below]
    columns = sorted({x for x, _ in lit})
    starts = [x for x in columns if x - 1 not in columns]
    ends = [x for x in columns if x + 1 not in columns]
    rows = [y for _, y in lit]
    return [(starts[at], ends[at]) for at in range(len(starts))], min(rows), max(rows)


def test_six_digits_are_readable_at_arms_length():
    for code in ("012345", "987654", "444444", "111111", "000000"):
        digits, first, last = digits_of(code, 64)
        assert len(digits) == 6, (code, digits)
        assert last - first + 1 >= 24
        for start, end in digits:
            assert end - start + 1 >= 16 or code == "111111", digits
        digits, first, last = digits_of(code, 32)
        assert len(digits) == 6 and last - first + 1 >= 21
        for start, end in digits:
            assert end - start + 1 >= 16 or code == "111111", digits


def test_on_a_small_screen_the_title_goes_on_beside_the_code():
    """What to do, and where: there is no room for both, and the code stays."""
    indication = Indication("pairing", user_code="123456", verification_uri=LINK)
    book = pages.pages_of(indication, 128, 32)
    assert [page[2] for page in book] == [b"Enter code at", b"next.frame.io/pair"]
    first, second = [set(drawn(page, 128, 32)) for page in book]
    assert min([y for _, y in first ^ second]) < max([y for _, y in first ^ second]) < 9
    for lit in (first, second):
        assert len([1 for _, y in lit if y < 9]) > 128 * 9 * 2 // 3  # the inverse bar
    check_inside(book, 128, 32)


def test_other_codes_get_smaller():
    for code in ("1234567", "12345678", "WDJB-MJHT", "W" * 16, "0123456789ABCDEFGH"):
        for width, height in SIZES:
            book = pages.pages_of(
                Indication("pairing", user_code=code, verification_uri=LINK), width, height
            )
            check_inside(book, width, height)
            page = book[0]
            shown = "".join(rows_of(book[:1])) if page[1] == b"Enter code at" else page[1].decode()
            assert shown.startswith(code), book
    assert not texts(
        pages.pages_of(Indication("pairing", user_code="0" * 40, verification_uri=LINK), 128, 64)
    ).find("0" * 40)


def test_the_link_is_shown_without_its_scheme_and_never_cut():
    for height in (64, 32):
        assert (
            pages.pages_of(
                Indication("pairing", user_code="123456", verification_uri=LINK), 128, height
            )[-1][2]
            == b"next.frame.io/pair"
        )
        assert (
            pages.pages_of(Indication("pairing", user_code="123456"), 128, height)[-1][2]
            == b"Frame.io"
        )
        long = "https://c2c.some-other-place.example/devices/pair/by/code"
        book = pages.pages_of(
            Indication("pairing", user_code="123456", verification_uri=long), 128, height
        )
        assert texts(book[1:]) == long[8:]


def test_a_link_as_wide_as_the_rows_fits_them():
    """Rows leave two pixels free at each edge."""
    links = ["a.io/" + "l" * thin + "m" * wide for thin in range(30) for wide in range(30)]
    for width in (123, 124):
        link = next(link for link in links if pages.width_of(link.encode()) == width)
        for height in (64, 32):
            book = pages.pages_of(
                Indication("pairing", user_code="123456", verification_uri=link), 128, height
            )
            assert book[-1][2] == link.encode() and len(book) == (1 if height == 64 else 2)
            check_inside(book, 128, height)


class Encoder:
    """Stands in for firmware.screen.qr_code: a checkerboard, or an error."""

    def __init__(self, error=None):
        self.error = error
        self.asked = []

    def encode(self, text):
        self.asked.append(text)
        if self.error:
            raise self.error
        return bytearray(
            [0xAA, 0xAA, 0xAA, 0xA8, 0x55, 0x55, 0x55, 0x50] * 14 + [0xAA, 0xAA, 0xAA, 0xA8]
        )


def with_encoder(encoder, height, code="123456"):
    import firmware.screen

    sys.modules["firmware.screen.qr_code"] = firmware.screen.qr_code = encoder
    indication = Indication(
        "pairing",
        user_code=code,
        verification_uri=LINK,
        verification_uri_complete=LINK + "/" + code,
    )
    return pages.pages_of(indication, 128, height)


def test_the_qr_code_is_dark_on_white_with_its_quiet_zone():
    encoder = Encoder()
    book = with_encoder(encoder, 64)
    assert encoder.asked == [LINK + "/123456"]
    assert [drawing.has_qr_code(page) for page in book] == [False, True]
    pixels = canvas(book[1], 128, 64)
    for x in range(74):
        for y in range(64):
            module_x, module_y = (x - 8) // 2, (y - 3) // 2
            inside = 0 <= module_x < 29 and 0 <= module_y < 29
            assert bool(pixels[y * (128 + MARGIN) + x]) == (
                not inside or bool((module_x + module_y) & 1)
            ), (x, y)
    check_inside(book, 128, 64)


def test_a_link_is_encoded_once_and_the_encoder_forgotten():
    encoder = Encoder()
    assert with_encoder(encoder, 64) == with_encoder(encoder, 64)
    assert encoder.asked == [LINK + "/123456"]
    with_encoder(encoder, 64, "654321")
    assert encoder.asked == [LINK + "/123456", LINK + "/654321"]
    assert "firmware.screen.qr_code" not in sys.modules


def test_these_pages_are_unloaded_with_the_next_state():
    pages.pages_of(Indication("pairing", user_code="123456"), 128, 64)
    assert "firmware.screen.pairing_pages" in sys.modules
    pages.pages_of(Indication("joining"), 128, 64)
    assert "firmware.screen.pairing_pages" not in sys.modules


def test_without_a_qr_code_the_code_is_still_there():
    for error in (ValueError("too long"), MemoryError(), ImportError("no module named qr_code")):
        assert [drawing.has_qr_code(page) for page in with_encoder(Encoder(error), 64)] == [False]
    encoder = Encoder()
    assert len(with_encoder(encoder, 32)) == 2 and not encoder.asked
    assert len(with_encoder(encoder, 64)) == 2  # what has failed is tried again


def test_that_nothing_can_be_stored_is_shown_with_the_code():
    for width, height in SIZES:
        well = Indication("pairing", user_code="123456", verification_uri=LINK)
        told = Indication("pairing", user_code="123456", verification_uri=LINK, reason="not_stored")
        book = pages.pages_of(told, width, height)
        more = len(pages.pages_of(well, width, height))
        assert book[:more] == pages.pages_of(well, width, height) and len(book) > more
        assert book[-1][1] == PAGES["pairing"][0].encode()
        assert "".join(REASONS["not_stored"]).replace(" ", "") in texts(book[more:]).replace(
            ">", ""
        )
        check_inside(book, width, height)
