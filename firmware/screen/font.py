"""framebuf's own 8x8 font, set proportionally: each character as wide as its ink, and in any size.

Texts hold only the characters that `transliteration.readable` returns. A line is 8 pixels high.
"""

import framebuf
from micropython import const

_FIRST = const(32)
_BOX_CODE = const(127)
_SPACE_PX = const(4)

_rows = bytearray(8)
_glyph = framebuf.FrameBuffer(_rows, 8, 8, framebuf.MONO_HLSB)

# For each character: its first column with ink * 16 + the pixels to the next character. The 4 is as
# wide as the other digits; its bar reaches into the gap. A test compares them with framebuf's font.
# fmt: off
GLYPHS = (
    b"\x04\x33\x17\x09\x17\x17\x18\x35\x25\x25\x09\x17\x24\x17\x33\x18"
    b"\x17\x17\x17\x17\x17\x17\x17\x17\x17\x17\x33\x24\x17\x17\x17\x17"
    b"\x17\x17\x17\x17\x17\x17\x17\x17\x17\x25\x17\x17\x17\x18\x17\x17"
    b"\x17\x17\x17\x17\x17\x17\x17\x18\x17\x17\x17\x25\x18\x25\x17\x09"
    b"\x25\x17\x17\x17\x17\x17\x17\x17\x17\x33\x17\x17\x25\x18\x17\x17"
    b"\x17\x17\x17\x17\x08\x17\x17\x18\x17\x17\x17\x17\x33\x17\x18\x07"
)
# fmt: on


def width_of(text: str) -> int:
    """Pixels from the text's first ink to its last."""
    width = -1 if text else 0
    for code in text.encode():  # bytes: MicroPython keeps each single character for ever
        width += GLYPHS[code - _FIRST] & 15
    return width


def wrap(text: str, width: int) -> list:
    """The text in lines of at most `width` pixels: broken at spaces, else within a word."""
    codes = text.encode()
    lines = []
    start = at = line_width = 0
    space = -1
    while at < len(codes):
        line_width += GLYPHS[codes[at] - _FIRST] & 15
        if codes[at] == _FIRST:
            space = at
        elif line_width > width + 1 and at > start:
            at = space if space > start else at
            lines.append(text[start:at].rstrip())
            while codes[at] == _FIRST:
                at += 1
            start, line_width = at, 0
            continue
        at += 1
    rest = text[start:].rstrip()
    if rest:
        lines.append(rest)
    return lines


def draw(canvas, text: str, x: int, y: int, colour: int = 1) -> None:
    """Draw a line of text; the first ink is at x."""
    codes = text.encode()
    for at in range(len(codes)):
        x += _letter(canvas, codes[at : at + 1], x, y, colour)


def draw_large(
    canvas, text: str, x: int, y: int, scale_x: int, scale_y: int, colour: int = 1
) -> None:
    """Draw a line of text with each pixel scale_x by scale_y large; the first ink is at x."""
    codes = text.encode()
    for at in range(len(codes)):
        _glyph.fill(0)
        width = _letter(_glyph, codes[at : at + 1], 0, 0, 1)
        for row in range(8):
            for column in range(width - 1):
                if _rows[row] & (0x80 >> column):
                    canvas.fill_rect(
                        x + column * scale_x, y + row * scale_y, scale_x, scale_y, colour
                    )
        x += width * scale_x


def _letter(canvas, letter: bytes, x: int, y: int, colour: int) -> int:
    """Draw a character; the pixels to the next one."""
    size = GLYPHS[letter[0] - _FIRST]
    if letter[0] == _BOX_CODE:
        canvas.rect(x, y, 6, 7, colour)
    else:
        canvas.text(letter, x - (size >> 4), y, colour)
    return size & 15
