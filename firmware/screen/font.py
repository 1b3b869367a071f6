"""framebuf's own 8x8 font, set proportionally: each character as wide as its ink, and in any size.

Texts are bytes, of the characters that `transliteration.readable` returns: drawing them allocates
nothing, and a page is drawn at each turn. A line is 8 pixels high.
"""

import framebuf
from micropython import const

_FIRST = const(32)
_BOX_CODE = const(127)
_DOTS = const(b"...")
_M_CODE = const(0x6D)  # framebuf's own is a small capital

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


def width_of(codes: bytes) -> int:
    """Pixels from the text's first ink to its last."""
    width = -1 if codes else 0
    for code in codes:
        width += GLYPHS[code - _FIRST] & 15
    return width


def wrap(codes: bytes, width: int, most: int = 0) -> list:
    """The text in lines of at most `width` pixels: broken at spaces, else within a word.

    most: if not 0, so many lines at most; the last one of a text that was cut ends with dots.
    """
    lines: list = []
    start = at = line_width = 0
    space = -1
    while at < len(codes):
        line_width += GLYPHS[codes[at] - _FIRST] & 15
        if codes[at] == _FIRST:
            space = at
        elif line_width > width + 1 and at > start:
            if len(lines) == most - 1:
                while width_of(codes[start:at] + _DOTS) > width:
                    at -= 1
                return lines + [codes[start:at].rstrip() + _DOTS]
            at = space if space > start else at
            lines.append(codes[start:at].rstrip())
            while codes[at] == _FIRST:
                at += 1
            start, line_width = at, 0
            continue
        at += 1
    rest = codes[start:].rstrip()
    if rest:
        lines.append(rest)
    return lines


def draw(
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
