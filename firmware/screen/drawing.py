"""A page → pixels on any framebuf. pages.py lays pages out.

Texts are in framebuf's own 8x8 font, set proportionally: each character as wide as its ink, and in
any size. They are bytes, of the characters that `transliteration.readable` returns: drawing them
allocates nothing, and a page is drawn at each turn. A line is 8 pixels high.
"""

import framebuf
from micropython import const

_FIRST = const(32)
_BOX_CODE = const(127)
_M_CODE = const(0x6D)  # framebuf's own is a small capital

_EDGE = const(2)  # left and right of a text: a case may hide the outermost pixels
_TITLE = const(9)
_BARS = const(4)
_BAR_PITCH = const(3)
_BADGE = const(18)  # from its right end to the edge, beside the bars
_OF_TEXT = const(6)
_PAUSED = const(b"Paused: Yes")

_glyph = framebuf.FrameBuffer(bytearray(8), 8, 8, framebuf.MONO_HLSB)

# For each character: its first column with ink * 16 + the pixels to the next character. The 4 is as
# wide as the other digits: its bar is cut. A test compares them with framebuf's font.
# fmt: off
GLYPHS = (
    b"\x04\x33\x17\x09\x17\x17\x18\x35\x25\x25\x09\x17\x24\x17\x33\x18"
    b"\x17\x17\x17\x17\x17\x17\x17\x17\x17\x17\x33\x24\x17\x17\x17\x17"
    b"\x17\x17\x17\x17\x17\x17\x17\x17\x17\x25\x17\x17\x17\x18\x17\x17"
    b"\x17\x17\x17\x17\x17\x17\x17\x18\x17\x17\x17\x25\x18\x25\x17\x09"
    b"\x25\x17\x17\x17\x17\x17\x17\x17\x17\x33\x17\x17\x25\x09\x17\x17"
    b"\x17\x17\x17\x17\x08\x17\x17\x18\x17\x17\x17\x17\x33\x17\x18\x07"
)
# fmt: on


def draw(page, canvas, width: int, height: int, bars: int = 0) -> None:
    """Draw a page on the canvas, a framebuf.FrameBuffer, in place of its content.

    bars: the strength of the Wi-Fi, 1 to 4, or 0 without Wi-Fi.
    """
    canvas.fill(0)
    page[0](page, canvas, width, height)
    if bars and page[0] is draw_text:
        for bar in range(_BARS):
            high = 1 + 2 * bar if bar < bars else 1
            x = width - _EDGE - _BAR_PITCH * (_BARS - bar)
            canvas.fill_rect(x, _TITLE - 1 - high, 2, high, 0 if page[2] else 1)


def has_qr_code(page) -> bool:
    """Whether there is a QR code on the page."""
    return isinstance(page[1], bytearray)  # its modules


def draw_text(page, canvas, width: int, height: int) -> None:
    """Draw a page of text, as `pages.text_pages` makes it."""
    inverse = page[2]
    large = page[3]
    scale = 2 if large else 1
    top = _TITLE * scale
    if inverse:
        canvas.fill_rect(0, 0, width, top, 1)
    elif not large:
        canvas.hline(0, top, width, 1)
    colour = 0 if inverse else 1
    draw_line(canvas, page[1], _EDGE, scale, colour, scale, scale)
    if len(page) > _OF_TEXT:  # an application's badge: below the bars, or beside them
        draw_line(canvas, page[5], page[6] - (_EDGE if large else _BADGE), top - 8, colour)
    pitch = page[4]
    y = top + pitch - 8
    for row in page[-1]:
        colour = 1
        if row == _PAUSED:
            canvas.fill_rect(0, y - 1, width, 9, 1)
            colour = 0
        draw_line(canvas, row, _EDGE, y, colour)
        y += pitch


def draw_line(
    canvas, codes: bytes, x: int, y: int, colour: int = 1, scale_x: int = 1, scale_y: int = 1
) -> None:
    """Draw a line of text, each pixel scale_x by scale_y large; the first ink is at x."""
    paper = 1 - colour
    for at in range(len(codes)):
        code = codes[at]
        size = GLYPHS[code - _FIRST]
        width = size & 15
        _glyph.fill(paper)
        if code == _BOX_CODE:
            _glyph.rect(0, 0, 6, 7, colour)
        elif code == _M_CODE:
            _glyph.fill_rect(0, 2, 7, 1, colour)
            for stroke in range(0, 9, 3):
                _glyph.fill_rect(stroke, 3, 2, 4, colour)
        else:
            # The whole line, moved so that only this character is inside: a line of one character
            # would be allocated.
            left = -(size >> 4) - 8 * at
            _glyph.text(codes, left, 0, colour)  # type: ignore[arg-type]  # it takes bytes
            _glyph.fill_rect(width - 1, 0, 8, 8, paper)
        if scale_x == scale_y == 1:
            canvas.blit(_glyph, x, y, paper)
        else:
            for row in range(8):
                for column in range(width - 1):
                    if _glyph.pixel(column, row) == colour:
                        canvas.fill_rect(
                            x + column * scale_x, y + row * scale_y, scale_x, scale_y, colour
                        )
        x += width * scale_x
