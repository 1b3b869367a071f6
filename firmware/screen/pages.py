"""Indication → pages. Pure layout: no clock, no bus.

A page is a tuple that begins with the function that draws it; pages that are equal look the same.
An indication has one or more pages, shown in turn. Nothing scrolls: a text that is too long for a
page continues on the next one. A long name is cut, to one or two rows. All measures are in pixels.

The screen loads it, and forgets it while all is well.
"""

from micropython import const

from ..unload import unload
from .drawing import GLYPHS, draw_text

# The height from which a QR code fits. At one pixel a module (5 mm) no phone can read it.
_TALL = const(64)
_EDGE = const(2)  # as in drawing.py
_TITLE = const(9)  # as in drawing.py
_ROW = const(9)  # the smallest distance of rows
_WIDEST_ROW = const(11)
_LONGEST_NAME = const(100)  # characters
_LONGEST_TEXT = const(120)
_UNCUT = const(99)  # rows
_SPACE = const(0x20)  # and the font's first character
_DOTS = const(b"...")
_WIRED = const(b"Network cable")


def pages_of(
    indication, width: int, height: int, has_button: bool = True, network=None, has_setup=False
) -> list:
    """The pages of an Indication.

    has_button: the words may speak of one. has_setup: it opens setup mode where there is no network
    or no Frame.io. network: (the Wi-Fi's name or "", address), or None.
    """
    state = indication.state
    if state == "pairing":
        from . import pairing_pages  # only while there is a code

        return pairing_pages.pages_of(indication, width, height)
    unload("firmware.screen.pairing_pages")
    title, texts = words(indication, has_button, has_setup)
    is_tall = height >= _TALL
    is_online = state == "online" or state == "paused"
    layout = width, height, state != "online", is_tall and is_online
    if state == "paused" and not is_tall:  # else a page says "Frame.io resumes"
        texts[:1] = texts[0].replace("; ", ";\n").split("\n")
    rows = [_lines(b"", text, width, _UNCUT) for text in texts]
    most = 2 if is_tall and not indication.reason else 1  # rows of a name
    application = indication.application
    if application and application.line:
        rows.append(_lines(b"", application.line, width, 3 if is_tall else 2))
        most = 1
    book = text_pages(title, rows, *layout)
    if state != "starting" and state != "fault":
        paused, expires_at = indication.paused, indication.expires_at
        # In Frame.io's own words where it has them (Connected, Paused). The higher the number, the
        # sooner is it left out where there is no room.
        facts = [(7, b"Connected: ", "Yes" if indication.connected else "No", 1)]
        if state == "joining" or (is_tall and state == "online"):
            answer = "checking" if paused is None else "Yes" if paused else "No"
            facts.append((1, b"Paused: ", answer, 1))
        device = 0, b"Device: ", indication.name, 2 if is_tall else 1
        facts.insert(0 if is_online else len(facts), device)
        if is_online:
            facts.append((4, b"Project: ", indication.project or "unknown", most))
            facts.append((5, b"User: ", indication.creator, most))
            facts.append((6, b"Expires ", expires_at and _expiry(expires_at), 2))
        shown = [(at, _lines(label, name, width, n)) for at, label, name, n in facts if name]
        if network:
            name, address = network
            wifi = _lines(b"Wi-Fi: ", name, width, 1) if name else [_WIRED]
            ip = _lines(b"IP ", address, width, 1)
            shown += [(2, wifi + ip)] if is_tall else [(2, wifi), (3, ip)]
        most = max(3 if is_tall else 4, len(book) + 1)  # pages
        while True:
            book = text_pages(title, rows + [lines for _, lines in shown], *layout)
            if len(book) <= most:
                break
            shown.remove(max(shown))
    if application:
        from . import application_pages

        book = application_pages.with_own(book, application, width, height)
    return book


_kept: tuple | None = None  # the last answer of `words`, behind what it was asked for


def words(indication, has_button: bool = True, has_setup: bool = False) -> tuple:
    """(title, [what it is, what to do …]) of state and reason. Without memory: the bare words.

    The last ones are kept: another fact may change each second, and loading them takes time.
    """
    global _kept
    asked = indication.state, indication.reason, has_button, has_setup
    if _kept is None or _kept[0] != asked:
        try:
            from .. import strings  # large, and needed for a moment

            _kept = (asked,) + strings.words_of(*asked)
        except MemoryError:
            return indication.state, [indication.reason or ""]
        finally:
            unload("firmware.strings")
    return _kept[1], list(_kept[2])


def _expiry(expires_at: str) -> str:
    """Day and time as Frame.io wrote it; any other text unchanged."""
    if expires_at[10:11] == "T" and len(expires_at) > 16:
        zone = expires_at[-6:] if expires_at[-6] in "+-" else "UTC"
        return "%s at %s %s" % (expires_at[:10], expires_at[11:16], zone)
    return expires_at


def _lines(label: bytes, name: str, width: int, most: int) -> list:
    """The rows of a name: with its label if there is room, else cut."""
    codes = readable(name, _LONGEST_NAME).strip().encode()
    width -= 2 * _EDGE
    lines = wrap(label + codes, width)
    return lines if len(lines) <= most else wrap(codes, width, most)


def text_pages(
    title: str, texts, width: int, height: int, inverse: bool = True, large: bool = False
) -> list:
    """Pages with a title and rows of text. texts: each a str, or a list of rows.

    A text that would be divided begins a new page.
    """
    left = height - (2 * _TITLE if large else _TITLE) - 1  # the lowest pixels stay dark
    room = left // _ROW
    sheets: list = [[]]
    for text in texts:
        lines = text
        if isinstance(text, str):
            lines = wrap(readable(text, _LONGEST_TEXT).strip().encode(), width - 2 * _EDGE)
        if len(lines) <= room < len(sheets[-1]) + len(lines):
            sheets.append([])
        for line in lines:
            if len(sheets[-1]) == room:
                sheets.append([])
            sheets[-1].append(line)
    most = max([len(sheet) for sheet in sheets])
    pitch = min(_WIDEST_ROW, left // max(1, most))
    codes = readable(title, _LONGEST_TEXT).encode()
    return [(draw_text, codes, inverse, large, pitch, tuple(sheet)) for sheet in sheets]


def readable(text: str, longest: int) -> str:
    """The text as the font can show it, at most `longest` characters."""
    if len(text) <= longest and all([0x20 <= byte < 0x7F for byte in text.encode()]):
        return text
    from . import transliteration  # only for names that need it

    return transliteration.readable(text, longest)


def width_of(codes: bytes) -> int:
    """Pixels from the text's first ink to its last."""
    width = -1 if codes else 0
    for code in codes:
        width += GLYPHS[code - _SPACE] & 15
    return width


def wrap(codes: bytes, width: int, most: int = 0) -> list:
    """The text in lines of at most `width` pixels: broken at spaces, else within a word.

    most: if not 0, so many lines at most; the last one of a text that was cut ends with dots.
    """
    lines: list = []
    start = at = line_width = 0
    space = -1
    while at < len(codes):
        line_width += GLYPHS[codes[at] - _SPACE] & 15
        if codes[at] == _SPACE:
            space = at
        elif line_width > width + 1 and at > start:
            if len(lines) == most - 1:
                while width_of(codes[start:at] + _DOTS) > width:
                    at -= 1
                return lines + [codes[start:at].rstrip() + _DOTS]
            at = space if space > start else at
            lines.append(codes[start:at].rstrip())
            while codes[at] == _SPACE:
                at += 1
            start, line_width = at, 0
            continue
        at += 1
    rest = codes[start:].rstrip()
    if rest:
        lines.append(rest)
    return lines
