"""What the pages say and where: nothing is cut or leaves the display, and no name breaks them."""

import os
import sys

import framebuf

from firmware.application import Shown
from firmware.screen import drawing, pages
from firmware.screen.drawing import GLYPHS, draw_line
from firmware.screen.pages import width_of, wrap
from firmware.screen.transliteration import BOX, readable
from firmware.strings import CHANGE_WIFI, MESSAGES, PAGES, REASONS
from pilotlight.status import DeviceStatus
from tests.support.any_indication import Indication
from tests.support.canvas import SIZES, check_inside, drawn, rows_of, texts
from tools.generate.draw_pages import FACES, FAULTS, LONG, books, indication_of

NETWORK = ("Stage 5", "192.168.178.120")


def test_every_page_of_the_pictures_stays_inside():
    for width, height in SIZES:
        for _, book, _ in books(width, height):
            check_inside(book, width, height)


def sources(folder):
    """The text of all modules of a folder but the tables of words."""
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            yield from sources(path)
        elif name.endswith(".py") and name != "strings.py":
            with open(path) as file:
                yield file.read()


def test_each_word_of_the_pictures_is_one_that_the_firmware_says():
    """State and rows follow from the facts; so it is the facts that must be possible."""
    said = {"lib/pilotlight": set(), "firmware/network": set()}
    for _, facts in FACES:
        for name in facts:
            if "reason" in name:
                folder = "firmware/network" if name == "network_reason" else "lib/pilotlight"
                said[folder].add(facts[name])
        assert facts.get("connected") or not facts.get("joined"), facts
        assert facts.get("connected") or not facts.get("fallback"), facts
        assert facts.get("network_up", True) or not facts.get("connected"), facts
        assert facts.get("authorized", True) or not facts.get("name"), facts
    said["firmware"] = {reason for _, reason in FAULTS} | {"hold_again", "fixed_token"}
    for folder in said:
        for text in sources(folder):
            said[folder] = {word for word in said[folder] if '"%s"' % word not in text}
        assert not said[folder], said


def test_each_state_and_each_message_has_a_picture():
    states = {indication_of(facts).state for _, facts in FACES} | {"fault"}
    assert states == set(PAGES), states
    assert set(MESSAGES) == {"set_up", "hold_again", "fixed_token"}  # as books draws them


# What a film set must not be asked to understand.
JARGON = (
    "HTTP",
    "JSON",
    "config",
    "DHCP",
    "NTP",
    "DNS",
    "crash.txt",
    "websocket",
    "proxy",
    "firewall",
    "portal",
)


def test_no_word_on_the_screen_is_a_technician_s():
    for table in (REASONS, PAGES, MESSAGES):
        for key in table:
            for text in table[key]:
                assert not [word for word in JARGON if word.lower() in text.lower()], text


def test_no_reason_is_cut_in_any_state():
    for width, height in SIZES:
        for state in PAGES:
            if state == "pairing":
                continue
            for reason in list(REASONS) + [None]:
                book = pages.pages_of(Indication(state, reason=reason, paused=None), width, height)
                meaning, remedy = REASONS[reason] if reason else PAGES[state][1:]
                shown = (meaning + ">" + remedy if remedy else meaning).replace(" ", "")
                assert shown in texts(book), (state, reason)
                if height >= 64 and state != "paused":  # both are seen together
                    assert shown in texts(book[:1]), (state, reason)
                for page in book:
                    assert page[1] == PAGES[state][0].encode()


def test_each_meaning_and_each_remedy_fit_on_two_rows():
    for meaning, remedy in [REASONS[reason] for reason in REASONS] + [("", CHANGE_WIFI)]:
        assert len(wrap(meaning.encode(), 124)) <= 2, meaning
        assert len(wrap(("> " + remedy).encode(), 124)) <= 2, remedy
        assert readable(meaning + remedy, 200) == meaning + remedy
    for height, rows in ((64, 5), (32, 2)):
        for state in PAGES:
            title = PAGES[state][0].encode()
            scale = 2 if height == 64 and state in ("online", "paused") else 1
            assert 2 + width_of(title) * scale < 128 - 2 - 12, title  # the bars are beside it
        for message in ("hold_again", "fixed_token"):
            assert len(wrap(MESSAGES[message][1].encode(), 124)) <= rows, message


def test_an_unknown_reason_is_shown_as_it_is():
    for state in ("no_backend", "online"):
        shown = texts(pages.pages_of(Indication(state, reason="something_new"), 128, 64))
        assert shown.startswith("somethingnew")


class Starved:
    """Stands in for a module that finds no memory."""

    def words_of(self, state, reason, has_button, has_setup):
        raise MemoryError


def test_without_memory_for_the_words_state_and_reason_are_shown():
    sys.modules["firmware.strings"] = sys.modules["firmware"].strings = Starved()
    book = pages.pages_of(Indication("no_backend", reason="timeout"), 128, 64)
    assert book[0][1] == b"no_backend" and texts(book).startswith("timeout"), book
    assert "firmware.strings" not in sys.modules


def test_the_headline_is_the_state():
    for width, height in SIZES:
        for state in PAGES:
            if state != "pairing":
                for page in pages.pages_of(Indication(state, paused=None), width, height):
                    assert page[1] == PAGES[state][0].encode()
                    assert page[2] is (state != "online")  # the inverse bar


def test_paused_says_what_it_means_and_who_ends_it():
    for width, height in SIZES:
        for reason in (None, "not_stored"):
            indication = Indication("paused", paused=True, reason=reason)
            shown = texts(pages.pages_of(indication, width, height))
            assert shown.startswith("Clipsmadenowstayonthecard;onlyFrame.ioresumes"), shown
            assert ("mayloseitspairing" in shown) is (reason is not None)


def test_no_page_of_paused_says_the_opposite():
    for reason in (None, "http_fallback"):
        book = pages.pages_of(Indication("paused", paused=True, reason=reason), 128, 32)
        assert [rows_of([page]) for page in book[:2]] == [
            ["Clips made now stay", "on the card;"],
            ["only Frame.io", "resumes"],
        ]


def test_a_button_is_named_only_where_there_is_one():
    for width, height in SIZES:
        for reason in list(REASONS) + [None]:
            for state in ("no_network", "unpaired", "no_backend", "online"):
                indication = Indication(state, reason=reason)
                assert "button" not in texts(pages.pages_of(indication, width, height, False))


# What another network does not cure. All else it does, or may.
_HERE = ("memory", "expired", "not_stored", "setup_mode", "code_requested")
_AT_FRAME_IO = ("server_error", "rate_limited", "client_refused")


def test_each_reason_that_another_network_cures_says_how_to_change_it():
    hint = "".join(CHANGE_WIFI.split(" "))
    for width, height in SIZES:
        for reason in list(REASONS) + [None, "something_new"]:
            for state in PAGES:
                if state == "pairing":
                    continue
                indication = Indication(state, reason=reason, paused=None)
                book = pages.pages_of(indication, width, height, True, None, True)
                is_cured = reason is not None and reason not in _HERE + _AT_FRAME_IO
                opens = state in ("no_network", "no_backend")  # as the front panel's test has it
                shown = texts(book)
                assert (hint in shown) is (opens and is_cured), (state, reason)
                if opens:  # no other hold is named
                    assert shown.count("button") == is_cured, (state, reason)
                    assert height < 64 or texts(book[:1]).count("button") == is_cured, reason
                book = pages.pages_of(indication, width, height, True, None, False)
                assert hint not in texts(book), (state, reason)


def test_unknown_is_never_no():
    for width, height in SIZES:
        for paused, word in ((True, "Yes"), (False, "No"), (None, "checking")):
            shown = texts(pages.pages_of(Indication("joining", paused=paused), width, height))
            assert shown.endswith("Paused:" + word), shown
    assert "Paused:No" in texts(pages.pages_of(Indication("online"), 128, 64))


def test_the_bar_of_paused_is_lit():
    lit = drawn(pages.pages_of(Indication("paused", paused=True), 128, 64)[0], 128, 64)
    assert len([1 for _, y in lit if y < 18]) > 128 * 18 * 2 // 3
    online = drawn(pages.pages_of(Indication("online"), 128, 64)[0], 128, 64)
    assert len([1 for _, y in online if y < 18]) < 128 * 18 // 3
    lit = drawn(pages.pages_of(Indication("paused", paused=True), 128, 32)[0], 128, 32)
    assert len([1 for _, y in lit if y < 9]) > 128 * 9 * 2 // 3
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
            "User:AdaLovelace",
            "Expires2030-01-31at12:00UTC",
        ):
            assert part in shown, (part, shown)
        indication.connected = False
        assert "Connected:No" in texts(pages.pages_of(indication, width, height))
        for state in ("no_network", "unpaired", "no_backend"):
            assert "Connected:No" in texts(
                pages.pages_of(Indication(state, connected=False), width, height)
            )


def test_which_device_it_is_and_in_which_network():
    for width, height in SIZES:
        for state in ("online", "paused", "joining", "no_backend", "unpaired"):
            indication = Indication(state, name="A-CAM")
            shown = rows_of(pages.pages_of(indication, width, height, True, NETWORK))
            assert "Device: A-CAM" in shown and "Wi-Fi: Stage 5" in shown, shown
            assert shown[-1] == "IP 192.168.178.120", shown
            shown = rows_of(pages.pages_of(indication, width, height, True, ("", "10.0.0.7")))
            assert shown[-2:] == ["Network cable", "IP 10.0.0.7"], shown
            assert "IP" not in texts(pages.pages_of(indication, width, height))
        for state in ("starting", "fault"):
            shown = texts(pages.pages_of(Indication(state, name="A-CAM"), width, height))
            assert "A-CAM" not in shown and "Connected" not in shown


EXPIRES = "2030-01-31T12:00:00.123456+02:00"
# (name, project, creator, network)
NAMES = (
    (None, None, None, None),
    ("A-CAM", "Testbed", "Ada Lovelace", NETWORK),
    ("W" * 64, "M" * 64, "@" * 64, ("Q" * 32, "255.255.255.255")),
    ("Www " * 16, "Mmm " * 16, "i" * 64, ("", "255.255.255.255")),
)
SHOWN = (
    None,
    Shown("3 clips left, 40 %", "3", None, ()),
    Shown("W" * 100, "WWWW", None, ()),
)


def reasons_in(state):
    """Every reason that status.py may give in a state, and None. Paused and online have few."""
    words = list(REASONS) + [None]
    if state not in ("online", "paused"):
        return words
    seen = set()
    for word in words:
        for joined, fallback, unsaved in ((1, 0, 0), (1, 0, 1), (0, 1, 0), (0, 1, 1)):
            status = DeviceStatus()
            status.update(connected=True, joined=joined, fallback=fallback, unsaved=unsaved)
            status.update(paused=state == "paused", request_reason=word, link_reason=word)
            status.update(network_reason=word, authorization_reason=word)
            assert status.state == state
            seen.add(status.reason)
    return seen


def words_in(state, width):
    """(reason, whether there is a button): one of each whose words take the same rows."""
    seen = {}
    for reason in reasons_in(state):
        for has_button in (True, False):
            _, texts = pages.words(Indication(state, reason=reason), has_button, has_button)
            rows = [len(wrap(text.encode(), width - 4)) for text in texts]
            seen[reason is None, tuple(rows)] = reason, has_button
    return seen.values()


def books_of_all_names(width, height, application):
    """(indication, network, pages) of all states and names, with all words that differ in rows."""
    for state in PAGES:
        if state == "pairing":
            continue  # it has no names
        is_online = state in ("online", "paused")
        for reason, has_button in words_in(state, width):
            for name, project, creator, network in NAMES:
                for paused in (True, None) if state == "joining" else (state == "paused",):
                    for expires_at in (None, EXPIRES) if is_online else (None,):
                        indication = Indication(state, reason=reason, paused=paused, name=name)
                        indication.project, indication.creator = project, creator
                        indication.expires_at, indication.application = expires_at, application
                        book = pages.pages_of(
                            indication, width, height, has_button, network, has_button
                        )
                        yield indication, network, book


def facts_of(indication, network, height):
    """What must be shown of each fact beside a state, a reason and no application's line."""
    state = indication.state
    facts = [indication.name, network and (network[0] or "Network cable")]
    if height < 64:
        return facts
    facts.append(network and "IP ")
    if state != "paused" or indication.reason is None:  # there the title says it
        facts.append("Connected: ")
    if state in ("online", "paused"):
        facts += [indication.project, indication.creator, indication.expires_at and "Expires "]
    return facts


def test_no_names_make_more_than_three_pages():
    """Four on a screen of 32 rows, which has two below its title. There an application's line is
    a page more, and so is a pause beside another trouble.
    """
    pages.unload = str  # does nothing: else the words are compiled for each of them
    for width, height in SIZES:
        for application in SHOWN:
            line = application and application.line
            with_short = {}  # what else is shown → pages with short names
            for indication, network, book in books_of_all_names(width, height, application):
                rows = rows_of(book)
                told = (height, indication.state, indication.reason, rows)
                is_twofold = indication.state == "paused" and indication.reason is not None
                most = 3 if height >= 64 else 4 + bool(line) + is_twofold
                assert len(book) <= most, told
                case = indication.state, indication.reason, indication.expires_at, bool(network)
                if indication.name == "A-CAM":
                    with_short[case] = max(with_short.get(case, 0), len(book))
                elif indication.name:  # a long one
                    assert len(book) <= max(3, with_short[case]), told
                facts = [indication.name] if line else facts_of(indication, network, height)
                if indication.state not in ("starting", "fault"):
                    for fact in facts:
                        shown = [row for row in rows if not fact or fact[:9] in row]
                        assert shown, (fact, told)


def test_three_texts_of_two_rows_leave_a_page_for_the_device():
    pages.words = lambda *_: ("No network", ["looking for the network"] * 3)
    for width, height in SIZES:
        for application in SHOWN[:2]:
            indication = Indication("no_network", connected=False, name="A-CAM")
            indication.application = application
            book = pages.pages_of(indication, width, height, True, NETWORK)
            assert len(book) <= (3 if height >= 64 else 5 if application else 4), rows_of(book)
            assert "Device: A-CAM" in rows_of(book) and "Wi-Fi: Stage 5" in rows_of(book)


def test_a_long_name_is_cut_with_dots_and_its_label_goes_first():
    indication = Indication("online", project="The Lighthouse at the End of the World")
    shown = rows_of(pages.pages_of(indication, 128, 64))
    at = shown.index("The Lighthouse at")
    assert shown[at + 1] == "the End of the Wo...", shown
    assert "The Lighthouse at..." in rows_of(pages.pages_of(indication, 128, 32))
    for most in (1, 2, 3):
        for text in ("a" * 200, "the end of the world " * 9, "W" * 30):
            lines = wrap(text.encode(), 60, most)
            assert len(lines) == most and lines[-1].endswith(b"..."), lines
            assert max([width_of(line) for line in lines]) <= 60


def test_the_strength_of_the_wifi_is_four_bars_in_the_headline():
    def bars_of(state, bars):
        page = pages.pages_of(Indication(state, paused=state == "paused"), 128, 64)[0]
        canvas = framebuf.FrameBuffer(bytearray(128 * 64), 128, 64, framebuf.GS8)
        drawing.draw(page, canvas, 128, 64, bars)
        ink = 0 if page[2] else 1
        columns = [[canvas.pixel(x, y) == ink for y in range(1, 8)] for x in range(114, 126)]
        lit = [sum(column) for column in columns]
        assert lit[0] == lit[1] and not lit[2]
        return [lit[at] for at in range(0, 12, 3)]

    for state in ("online", "paused", "joining"):
        assert bars_of(state, 4) == [1, 3, 5, 7]
        assert bars_of(state, 2) == [1, 3, 1, 1]
        assert bars_of(state, 1) == [1, 1, 1, 1]
        assert bars_of(state, 0) == [0, 0, 0, 0]


def test_nothing_is_written_at_the_display_s_edges():
    """Bars may reach the edges, and a QR code's white."""
    for width, height in SIZES:
        for name, book, bars in books(width, height):
            for page in book:
                if drawing.has_qr_code(page):
                    continue
                canvas = framebuf.FrameBuffer(
                    bytearray(width * height), width, height, framebuf.GS8
                )
                drawing.draw(page, canvas, width, height, bars)
                edge = [canvas.pixel(x, y) for y in range(height) for x in (0, width - 1)]
                ends = [edge[at : at + 2] for at in range(0, len(edge), 2)]
                assert all([one == other for one, other in ends]), (name, page)
                assert not any([canvas.pixel(x, height - 1) for x in range(width)]), (name, page)


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
            assert 1 <= len(book) <= 12
            check_inside(book, width, height)
            indication = Indication(
                "pairing",
                user_code=text or " ",
                verification_uri=text,
                verification_uri_complete=text,
            )
            check_inside(pages.pages_of(indication, width, height), width, height, True)
            indication = Indication("fault", reason=text)
            check_inside(pages.pages_of(indication, width, height), width, height)
            check_inside(pages.text_pages(text, (text,), width, height), width, height, True)
            book = pages.text_pages("Log", ["1" + text] * 12, width, height)
            check_inside(book[:2], width, height)


def test_rows_are_as_wide_as_they_say():
    """Wrapped rows fit, lose no letter, and a word is broken only where it is longer than a row."""
    for text in (
        b"a b",
        b"The quick brown fox jumps over the lazy dog",
        b"Grossl-Lukasiewicz" * 3,
        b"W W W W W W W W W W W W W W W",
        b"44 44",
        b"mmmm mm",
    ):
        for width in (40, 54, 128):
            rows = wrap(text, width)
            assert b"".join(rows).replace(b" ", b"") == text.replace(b" ", b"")
            for row in rows:
                assert row == row.strip() and width_of(row) <= width
                line = framebuf.FrameBuffer(bytearray(160 * 8), 160, 8, framebuf.GS8)
                draw_line(line, row, 0, 0)
                columns = [x for x in range(160) if any([line.pixel(x, y) for y in range(8)])]
                assert columns[0] == 0 and columns[-1] + 1 == width_of(row), (row, columns)
    assert wrap(b"one two", width_of(b"one two")) == [b"one two"]
    assert wrap(b"one two", width_of(b"one two") - 1) == [b"one", b"two"]
    assert wrap(b"", 10) == wrap(b" ", 10) == [] and wrap(b"W", 1) == [b"W"]


def test_pages_that_look_the_same_are_equal():
    assert pages.pages_of(Indication("online"), 128, 64) == pages.pages_of(
        Indication("online"), 128, 64
    )
    assert pages.pages_of(Indication("online"), 128, 64) != pages.pages_of(
        Indication("online", paused=None), 128, 64
    )


def picture_of(text, scale=1, colour=1):
    """The rows of a text, as `#` and `.`."""
    width = width_of(text) * scale
    line = framebuf.FrameBuffer(bytearray(width * 8 * scale), width, 8 * scale, framebuf.GS8)
    line.fill(1 - colour)
    draw_line(line, text, 0, 0, colour, scale, scale)
    return [
        "".join(["#" if line.pixel(x, y) == colour else "." for x in range(width)])
        for y in range(8 * scale)
    ]


def test_an_m_is_a_small_letter():
    stems = "##..##.##.##.##"
    assert picture_of(b"nm") == ["." * 15] * 2 + ["#####..#######."] + [stems] * 4 + ["." * 15]
    assert picture_of(b"m") == picture_of(b"m", 1, 0)


def test_a_character_is_as_wide_as_it_says_whatever_follows():
    for code in range(33, 128):
        letter = bytes([code])
        for other in (b"W", b"!", b"%", b"4", b"m", b"\x7f"):
            both = picture_of(letter + other)
            width = GLYPHS[code - 32] & 15
            assert [row[: width - 1] for row in both] == picture_of(letter), letter
            assert [row[width:] for row in both] == picture_of(other), (letter, other)
            assert not any([row[width - 1] == "#" for row in both])


def test_large_characters_are_the_small_ones_enlarged():
    for text in (b"44", b"Online", b"m\x7f"):
        enlarged = ["".join([pixel * 3 for pixel in row]) for row in picture_of(text)]
        assert picture_of(text, 3) == [row for row in enlarged for _ in range(3)]


def test_drawing_a_page_allocates_nothing():
    """Pages turn every 4 s, for weeks."""
    import micropython

    indication = Indication("online", paused=False, **LONG)
    canvas = framebuf.FrameBuffer(bytearray(1024), 128, 64, framebuf.MONO_VLSB)
    book = pages.pages_of(indication, 128, 64, True, NETWORK)
    for page in book:
        drawing.draw(page, canvas, 128, 64, 3)
        micropython.heap_lock()
        try:
            drawing.draw(page, canvas, 128, 64, 3)
        finally:
            micropython.heap_unlock()


def test_the_sizes_of_the_font_are_those_of_framebuf():
    glyph = bytearray(8)
    canvas = framebuf.FrameBuffer(glyph, 8, 8, framebuf.MONO_HLSB)
    for code in range(33, 127):
        if code == ord("m"):
            continue
        canvas.fill(0)
        canvas.text(chr(code), 0, 0)
        ink = [column for column in range(8) if any([row & 0x80 >> column for row in glyph])]
        width = 7 if code == ord("4") else ink[-1] - ink[0] + 2
        assert GLYPHS[code - 32] == ink[0] << 4 | width, chr(code)


def test_an_application_s_line_badge_and_pages():
    application = Shown("3 clips left, 40 %", "3", None, [("Clips", ["A001.mp4", "A002.mp4"])])
    for width, height in SIZES:
        for state, paused in (("online", False), ("paused", True), ("no_backend", None)):
            plain = pages.pages_of(Indication(state, paused=paused), width, height)
            book = pages.pages_of(
                Indication(state, paused=paused, application=application), width, height
            )
            check_inside(book, width, height)
            assert "3clipsleft,40%" in texts(book) and "A002.mp4" in texts(book[-1:])
            with_badge = set(drawn(book[0], width, height))
            without = Shown(application.line, "", None, [])
            indication = Indication(state, paused=paused, application=without)
            same = pages.pages_of(indication, width, height)
            badge = with_badge ^ set(drawn(same[0], width, height))
            assert badge and min([x for x, _ in badge]) > width // 2, (state, height)
            assert len(same) <= len(plain) + 1
    long = Shown("x" * 100, "1234", None, ())
    for width, height in SIZES:
        check_inside(
            pages.pages_of(Indication("paused", application=long), width, height), width, height
        )


def test_a_badge_of_any_letters_fits():
    for badge in ("\u00e9", "\u20ac\u20ac", "\n", "\u4e2d\u6587", "1234"):
        for width, height in SIZES:
            application = Shown("", badge, None, ())
            check_inside(
                pages.pages_of(Indication("paused", application=application), width, height),
                width,
                height,
            )
