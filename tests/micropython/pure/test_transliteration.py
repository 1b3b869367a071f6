"""Any text becomes what the font can show, of bounded length, with bounded work."""

from firmware.screen.transliteration import BOX, readable


def test_latin_letters_lose_their_accents():
    for text, shown in (
        ("Amélie Poulain", "Amelie Poulain"),
        ("Jürgen Größl", "Jurgen Grossl"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("Søren Ærø Þór ðe", "Soren AEro Thor de"),
        ("Đorđe Ěščřžýáíé", "Dorde Escrzyaie"),
        ("Nguyễn Thị Hằng Ơn Ước", "Nguyen Thi Hang On Uoc"),
        ("Ștefan Țepeș", "Stefan Tepes"),
        ("İstanbul ığüş", "Istanbul igus"),
        ("Œuvre STRAẞE ĳ ŉ", "OEuvre STRASSE ij n"),
        ("e\u0301 a\u0308", "e a"),
        ("ǍǎǛǜ ſ", "AaUu s"),
        ("Ḁḁ Ẑẑ Ẕẕ Ạạ Ỹỹ", "Aa Zz Zz Aa Yy"),
    ):
        assert readable(text, 100) == shown, (text, readable(text, 100))


def test_signs():
    for text, shown in (
        ("“Dune” ‘x’ – a — b … 5 × 3", "\"Dune\" 'x' - a - b ... 5 x 3"),
        ("a\u00a0b\u2009c\u3000d\te\nf", "a b c d e f"),
        ("«½» €5 №", "<1/2> EUR5 " + BOX),
        ("Ｔａｋｅ　２", "Take 2"),
        ("a\u200bb\u2060\ufeff\u00adc", "abc"),
        ("\u202eabc", "abc"),
    ):
        assert readable(text, 100) == shown, (text, readable(text, 100))


def test_a_box_for_each_character_of_another_script():
    assert readable("海の灯台", 100) == BOX * 4
    assert readable("Ωμέγα Привет", 100) == BOX * 5 + " " + BOX * 6
    assert readable("a\x00\x7f\x85b", 100) == "a" + BOX * 3 + "b"
    assert readable("🎬👍🏽", 100) == BOX * 2


def test_broken_surrogates():
    assert readable("\ud83d\ude00", 100) == BOX  # a pair that JSON has left as two
    assert readable("\ud83da\ude00", 100) == "a" + BOX


def test_what_is_too_long_is_cut_and_says_so():
    assert readable("", 10) == ""
    assert readable("0123456789", 10) == "0123456789"
    assert readable("0123456789A", 10) == "0123456..."
    assert readable("012345678ß", 10) == "0123456..."
    assert readable("x" * 10_000, 100) == "x" * 97 + "..."


def test_the_work_is_bounded():
    """Of a text without end, as much is read as can matter."""
    read = [0]

    def endless(letter):
        while True:
            read[0] += 1
            yield letter

    for letter in ("x", "\u0301", "½", "海"):
        read[0] = 0
        assert len(readable(endless(letter), 100)) <= 100
        assert read[0] <= 400, (letter, read)
