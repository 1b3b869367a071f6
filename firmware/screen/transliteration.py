"""Any text → ASCII, which framebuf's font has; each other script's character becomes BOX. Pure.

The names come from users all over the world through Frame.io, or from an impostor in its place.
"""

from micropython import const

BOX = "\x7f"

# Characters read for each one that may be shown: a text of accents alone costs no more than
# another.
_READ_FOR_ONE = const(4)

# (first code point, what is shown for it and the following ones)
_RUNS = (
    (
        0xA0,
        " !c\x7f\x7f\x7f|\x7f\"Ca<\x7f\x7fR-o\x7f23'u\x7f.,1o>\x7f\x7f\x7f?"
        "AAAAAA\x7fCEEEEIIIIDNOOOOOxOUUUUY\x7f\x7faaaaaa\x7fceeeeiiiidnooooo/ouuuuy\x7fy"
        "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi\x7f\x7fJjKkkLlLlLlLlLl"
        "NnNnNnnNnOoOoOo\x7f\x7fRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs",
    ),
    (0x1A0, "Oo"),
    (0x1AF, "Uu"),
    (0x1CD, "AaIiOoUuUuUuUuUu"),
    (0x218, "SsTt"),
    (0x2000, "           "),
    (0x2010, "------|_''''\"\"\"\"++*>"),
    (0x2028, "  "),
    (0x202F, " "),
    (0x2032, "'\""),
    (0x2039, "<>"),
    (0x205F, " "),
    (0x2212, "-"),
    (0x3000, " "),
)
# U+1E00..1EFF (Vietnamese and others): the capitals. Each is followed by its small letter.
_CAPITALS = (
    "ABBBCDDDDDEEEEEFGHHHHHIIKKKLLLLMMMNNNNOOOOPPRRRRSSSSSTTTTUUUUUVVWWWWWXXYZZZ"
    "\x7f\x7f\x7f\x7f\x7f"
    "AAAAAAAAAAAAEEEEEEEEIIOOOOOOOOOOOOUUUUUUUYYYY\x7f\x7f\x7f"
)
_LONGER = {
    0xBC: "1/4",
    0xBD: "1/2",
    0xBE: "3/4",
    0xC6: "AE",
    0xDE: "Th",
    0xDF: "ss",
    0xE6: "ae",
    0xFE: "th",
    0x132: "IJ",
    0x133: "ij",
    0x152: "OE",
    0x153: "oe",
    0x1E9E: "SS",
    0x2026: "...",
    0x20AC: "EUR",
    0x2122: "TM",
}
# First and last code points without a width: combining marks, joining and direction controls, skin
# tones, and the first half of a character that came as two surrogates.
_UNSEEN = (
    (0xAD, 0xAD),
    (0x300, 0x36F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x20D0, 0x20FF),
    (0xD800, 0xDBFF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xFEFF, 0xFEFF),
    (0x1F3FB, 0x1F3FF),
    (0xE0000, 0xE0FFF),
)


def readable(text: str, longest: int) -> str:
    """The text in characters 32..126 and BOX, at most `longest` (3 or more) of them.

    A text that was cut ends with three dots.
    """
    shown = ""
    left = longest * _READ_FOR_ONE
    for letter in text:
        left -= 1
        shown += _shown(ord(letter))
        if not left or len(shown) > longest:
            return shown[: longest - 3] + "..."
    return shown


def _shown(code: int) -> str:
    if 32 <= code < 127:
        return chr(code)
    if code < 0xA0:
        return " " if 9 <= code <= 13 else BOX
    if code in _LONGER:
        return _LONGER[code]
    for first, last in _UNSEEN:
        if first <= code <= last:
            return ""
    for first, letters in _RUNS:
        if first <= code < first + len(letters):
            return letters[code - first]
    if 0x1E00 <= code <= 0x1EFF:
        capital = _CAPITALS[(code - 0x1E00) // 2]
        return capital.lower() if code & 1 else capital
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    return BOX
