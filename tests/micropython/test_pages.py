"""What the pages say and where: nothing is cut or leaves the display, and no name breaks them."""

import sys

import framebuf

from firmware.screen import pages
from firmware.screen.font import GLYPHS, draw, draw_large, width_of, wrap
from firmware.screen.transliteration import BOX, readable
from firmware.strings import PAGES, REASONS
from tests.support.canvas import SIZES, check_inside, drawn, texts
from tools.generate.draw_pages import Indication, books


def test_every_page_of_the_pictures_stays_inside():
    for width, height in SIZES:
        for _, book in books(width, height):
            check_inside(book, width, height)


def test_no_reason_is_cut_in_any_state():
    for width, height in SIZES:
        for state in PAGES:
            for reason in list(REASONS) + [None]:
                book = pages.pages_of(Indication(state, reason=reason, paused=None), width, height)
                meaning, remedy = REASONS[reason] if reason else PAGES[state][1:]
                assert (meaning + ">" + remedy if remedy else meaning).replace(" ", "") in texts(
                    book
                ), (state, reason)
                assert height < 64 or len(book) == 1, (state, reason)
                assert len(book) <= 4
                for page in book:
                    assert page[1] == PAGES[state][0]


def test_no_reason_is_cut_while_online():
    for width, height in SIZES:
        for reason in REASONS:
            for paused in (True, False, None):
                indication = Indication(
                    "paused" if paused else "online", paused=paused, reason=reason
                )
                shown = (
                    texts(pages.pages_of(indication, width, height))
                    .replace("Connected:Yes", "")
                    .replace("Paused:No", "")
                )
                meaning, remedy = REASONS[reason]
                assert (meaning + ">" + remedy).replace(" ", "") in shown.replace(
                    "Paused:checking", ""
                ), (reason, shown)


def test_each_meaning_and_each_remedy_fit_on_two_rows():
    for meaning, remedy in [REASONS[reason] for reason in REASONS]:
        assert len(wrap(meaning, 128)) <= 2, meaning
        assert len(wrap("> " + remedy, 128)) <= 2, remedy
        assert readable(meaning + remedy, 200) == meaning + remedy


def test_an_unknown_reason_is_shown_as_it_is():
    assert texts(
        pages.pages_of(Indication("no_backend", reason="something_new"), 128, 64)
    ).startswith("somethingnew")
    assert "something_new" in texts(
        pages.pages_of(Indication("online", reason="something_new"), 128, 64)
    )


class Starved:
    """Stands in for a module that finds no memory."""

    @property
    def PAGES(self):
        raise MemoryError


def test_without_memory_for_the_words_state_and_reason_are_shown():
    sys.modules["firmware.strings"] = sys.modules["firmware"].strings = Starved()
    shown = texts(pages.pages_of(Indication("no_backend", reason="timeout"), 128, 64))
    assert shown == "timeout", shown
    assert "firmware.strings" not in sys.modules


def test_paused_is_on_each_page_and_unknown_is_never_no():
    for width, height in SIZES:
        for state, paused, words in (
            ("paused", True, ("PAUSED",)),
            ("online", False, ("Paused: No",)),
            ("online", None, ("Paused: checking",)),
        ):
            for page in pages.pages_of(
                Indication(state, paused=paused, expires_at="2030-01-31T12:00:00Z"), width, height
            ):
                assert page[1] in words or page[-1][1] in words, page
                assert page[2] is (paused is True)  # the inverse bar
                assert paused is False or "Paused: No" not in (page[1], page[-1])
        for paused, word in ((True, "Yes"), (False, "No"), (None, "checking")):
            shown = texts(pages.pages_of(Indication("joining", paused=paused), width, height))
            assert shown.endswith("Paused:" + word), shown


def test_the_bar_of_paused_is_lit():
    for width, height in SIZES:
        lit = drawn(
            pages.pages_of(Indication("paused", paused=True), width, height)[0], width, height
        )
        assert len([1 for _, y in lit if y < 18]) > 128 * 18 * 2 // 3
    online = drawn(pages.pages_of(Indication("online"), 128, 64)[0], 128, 64)
    assert len([1 for _, y in online if y < 18]) < 128 * 18 // 3
    # Known from before while it goes online again: an inverse row.
    row = [
        y
        for x, y in drawn(pages.pages_of(Indication("joining", paused=True), 128, 64)[0], 128, 64)
        if x == 127 and y > 9
    ]
    assert len(row) == 9


def test_what_frame_io_asks_for():
    for width, height in SIZES:
        indication = Indication("online", expires_at="2030-01-31T12:00:00Z")
        shown = texts(pages.pages_of(indication, width, height))
        for part in (
            "Connected:Yes",
            "Project:Testbed",
            "PairedbyAdaLovelace",
            "Expires2030-01-31at12:00UTC",
        ):
            assert part in shown, (part, shown)
        indication.fallback, indication.connected = True, True
        assert "Connected:byHTTP" in texts(pages.pages_of(indication, width, height))
        indication.connected = False
        assert "Connected:No" in texts(pages.pages_of(indication, width, height))
        for state in ("no_network", "unpaired"):
            assert "Connected:No" in texts(
                pages.pages_of(Indication(state, connected=False), width, height)
            )
        assert (
            pages.pages_of(Indication("no_backend", connected=False), width, height)[0][1]
            == "Connected: No"
        )


def test_times_of_expiry():
    for text, shown in (
        ("2030-01-31T12:00:00.123456+02:00", "Expires 2030-01-31 at 12:00 +02:00"),
        ("2030-01-31T12:00", "Expires 2030-01-31T12:00"),
        ("never", "Expires never"),
        ("T", "Expires T"),
    ):
        rows = pages.pages_of(
            Indication("online", project="P", creator="C", expires_at=text), 128, 64
        )
        assert shown.replace(" ", "") in texts(rows), texts(rows)


HOSTILE = (
    "",
    " ",
    "   a   b   ",
    "\x00\x01\n\r\t",
    "\u0301" * 300,
    "\u200b",
    "日本語" * 40,
    "🎬" * 200,
    "\ud800\udc00\ud800",
    "W" * 10_000,
    "i " * 10_000,
    "word" * 2_500,
    BOX * 200,
    "https://",
    "//",
    "%s %d %",
    "\\",
)


def test_no_name_breaks_a_page():
    for width, height in SIZES:
        for text in HOSTILE:
            indication = Indication(
                "online", project=text, creator=text, expires_at=text, reason=text
            )
            book = pages.pages_of(indication, width, height)
            assert 1 <= len(book) <= 35
            check_inside(book[:2] + book[-1:], width, height)
            indication = Indication(
                "pairing",
                user_code=text or " ",
                verification_uri=text,
                verification_uri_complete=text,
            )
            check_inside(pages.pages_of(indication, width, height), width, height, True)
            indication = Indication("fault", reason=text)
            check_inside(pages.pages_of(indication, width, height), width, height)
            check_inside(pages.message_pages(text, text, width, height), width, height, True)
            check_inside(pages.log_pages([text] * 30, width, height)[:2], width, height)


def test_rows_are_as_wide_as_they_say():
    """Wrapped rows fit, lose no letter, and a word is broken only where it is longer than a row."""
    for text in (
        "a b",
        "The quick brown fox jumps over the lazy dog",
        "Grossl-Lukasiewicz" * 3,
        "W W W W W W W W W W W W W W W",
        "44 44",
    ):
        for width in (40, 54, 128):
            rows = wrap(text, width)
            assert "".join(rows).replace(" ", "") == text.replace(" ", "")
            for row in rows:
                assert row == row.strip() and width_of(row) <= width
                line = framebuf.FrameBuffer(bytearray(160 * 8), 160, 8, framebuf.GS8)
                draw(line, row, 0, 0)
                columns = [x for x in range(160) if any([line.pixel(x, y) for y in range(8)])]
                assert columns[0] == 0 and columns[-1] + 1 == width_of(row) + (row[-1] == "4"), (
                    row,
                    columns,
                )
    assert wrap("one two", width_of("one two")) == ["one two"]
    assert wrap("one two", width_of("one two") - 1) == ["one", "two"]
    assert wrap("", 10) == wrap(" ", 10) == [] and wrap("W", 1) == ["W"]


def test_pages_that_look_the_same_are_equal():
    assert pages.pages_of(Indication("online"), 128, 64) == pages.pages_of(
        Indication("online"), 128, 64
    )
    assert pages.pages_of(Indication("online"), 128, 64) != pages.pages_of(
        Indication("online", paused=None), 128, 64
    )


def test_the_log_begins_with_the_newest():
    book = pages.log_pages(["%d" % number for number in range(40)], 128, 64)
    assert [row for page in book for row in page[-1]] == [
        "%d" % number for number in range(39, 27, -1)
    ]


def test_large_characters_keep_their_gaps():
    line = framebuf.FrameBuffer(bytearray(64 * 24), 64, 24, framebuf.GS8)
    draw_large(line, "44", 0, 0, 3, 3)
    assert not any([line.pixel(x, y) for x in (18, 19, 20) for y in range(24)])
    assert all([line.pixel(x, 13) for x in (0, 17, 21, 38)]) and not line.pixel(39, 13)


def test_the_sizes_of_the_font_are_those_of_framebuf():
    glyph = bytearray(8)
    canvas = framebuf.FrameBuffer(glyph, 8, 8, framebuf.MONO_HLSB)
    for code in range(33, 127):
        canvas.fill(0)
        canvas.text(chr(code), 0, 0)
        ink = [column for column in range(8) if any([row & 0x80 >> column for row in glyph])]
        width = 7 if code == ord("4") else ink[-1] - ink[0] + 2
        assert GLYPHS[code - 32] == ink[0] << 4 | width, chr(code)
