"""Any text, cut to any length: what is shown is in the font.

Latin letters are shown as in Unicode's own decomposition.
"""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from firmware.screen.transliteration import BOX, readable

IN_FONT = {chr(code) for code in range(32, 128)}


@given(st.text(st.characters(codec=None), max_size=60), st.integers(3, 70))
@example("\ud800", 3)
def test_any_text(text: str, longest: int) -> None:
    shown = readable(text, longest)
    assert set(shown) <= IN_FONT
    assert len(shown) <= longest
    assert readable(shown, longest) == shown
    if text.isascii() and text.isprintable() and len(text) <= longest:
        assert shown == text


def test_every_latin_letter_with_marks() -> None:
    """What Unicode decomposes into an ASCII letter and marks is shown as that letter.

    Tested in the ranges that names come from.
    """
    for code in [*range(0xC0, 0x180), *range(0x218, 0x21C), *range(0x1E00, 0x1F00)]:
        base = "".join(
            letter
            for letter in unicodedata.normalize("NFD", chr(code))
            if not unicodedata.combining(letter)
        )
        if len(base) == 1 and base.isascii() and not 0x1E96 <= code <= 0x1E9B:
            assert readable(chr(code), 9) == base, hex(code)


def test_every_character_is_seen_but_for_marks() -> None:
    """Nothing disappears but marks, format characters, skin tones and surrogates.

    Spaces stay spaces.
    """
    for code in [*range(0x20000), *range(0xE0000, 0x10FFFF, 7)]:
        shown = readable(chr(code), 9)
        category = unicodedata.category(chr(code))
        assert set(shown) <= IN_FONT, hex(code)
        assert shown or category in ("Mn", "Me", "Cf", "Cs", "Cn") or 0x1F3FB <= code <= 0x1F3FF, (
            hex(code)
        )
        assert category != "Zs" or shown in (" ", BOX), hex(code)
