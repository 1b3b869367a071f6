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


def _measure() -> bytes:
    """For each character: its first column with ink * 16 + the pixels to the next character."""
    sizes = bytearray(96)
    for code in range(_FIRST + 1, _BOX_CODE):
        _glyph.fill(0)
        _glyph.text(chr(code), 0, 0, 1)
        ink = 0
        for row in _rows:
            ink |= row
        first = 0
        while not ink & (0x80 >> first):
            first += 1
        last = 7
        while not ink & (0x80 >> last):
            last -= 1
        sizes[code - _FIRST] = first << 4 | (last - first + 2)
    sizes[0] = _SPACE_PX
    # As wide as the other digits; its bar reaches into the gap.
    sizes[ord("4") - _FIRST] = sizes[ord("0") - _FIRST]
    sizes[_BOX_CODE - _FIRST] = 7
    return bytes(sizes)


_SIZES = _measure()


def width_of(text: str) -> int:
    """Pixels from the text's first ink to its last."""
    width = -1 if text else 0
    for letter in text:
        width += _SIZES[ord(letter) - _FIRST] & 15
    return width


def wrap(text: str, width: int) -> list:
    """The text in lines of at most `width` pixels: broken at spaces, else within a word."""
    lines = []
    start = at = line_width = 0
    space = -1
    while at < len(text):
        line_width += _SIZES[ord(text[at]) - _FIRST] & 15
        if text[at] == " ":
            space = at
        elif line_width > width + 1 and at > start:
            at = space if space > start else at
            lines.append(text[start:at].rstrip())
            while text[at] == " ":
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
    for letter in text:
        size = _SIZES[ord(letter) - _FIRST]
        if ord(letter) == _BOX_CODE:
            canvas.rect(x, y, 6, 7, colour)
        else:
            canvas.text(letter, x - (size >> 4), y, colour)
        x += size & 15


def draw_large(
    canvas, text: str, x: int, y: int, scale_x: int, scale_y: int, colour: int = 1
) -> None:
    """Draw a line of text with each pixel scale_x by scale_y large; the first ink is at x."""
    for letter in text:
        size = _SIZES[ord(letter) - _FIRST]
        _glyph.fill(0)
        draw(_glyph, letter, 0, 0)
        for row in range(8):
            for column in range((size & 15) - 1):
                if _rows[row] & (0x80 >> column):
                    canvas.fill_rect(
                        x + column * scale_x, y + row * scale_y, scale_x, scale_y, colour
                    )
        x += (size & 15) * scale_x
