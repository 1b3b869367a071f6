"""Pages, drawn and read, for the tests of what they show."""

import framebuf

from firmware.screen import drawing

SIZES = ((128, 64), (128, 32))
LINK = "https://next.frame.io/pair"
MARGIN = 24


def rows_of(book):
    """All rows of a book of text pages."""
    return [row.decode() for page in book for row in page[-1]]


def texts(book):
    """They, as one text without spaces."""
    return "".join(rows_of(book)).replace(" ", "")


def canvas(page, width, height):
    """A page, drawn on more room than it has: a byte a pixel, width + MARGIN in a row."""
    pixels = bytearray((width + MARGIN) * (height + MARGIN))
    drawing.draw(
        page,
        framebuf.FrameBuffer(pixels, width + MARGIN, height + MARGIN, framebuf.GS8),
        width,
        height,
    )
    return pixels


def drawn(page, width, height):
    """The lit pixels of a page."""
    pixels, stride = canvas(page, width, height), width + MARGIN
    return [(at % stride, at // stride) for at in range(len(pixels)) if pixels[at]]


def check_inside(book, width, height, dark=False):
    """dark: there may be nothing on a page."""
    assert book
    stride = width + MARGIN
    for page in book:
        pixels = canvas(page, width, height)
        assert dark or any(pixels)
        assert not any(pixels[height * stride :]), page
        assert len(page) != 6 or page[4] >= 9, page  # rows of text keep their distance
        for y in range(height):
            assert pixels[y * stride + width : (y + 1) * stride] == bytes(MARGIN), page
