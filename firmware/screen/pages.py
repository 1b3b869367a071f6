"""Indication → pages, and a page → pixels on any framebuf. Pure layout: no clock, no bus.

A page is a tuple that begins with the function that draws it; pages that are equal look the same.
An indication has one or more pages, shown in turn. Nothing scrolls: a text that is too long for a
page continues on the next one. A long name is cut, to one or two rows. All measures are in pixels.
"""

from micropython import const

from ..unload import unload
from .font import draw as draw_line
from .font import wrap

# The height from which a QR code fits. At one pixel a module (5 mm) no phone can read it.
_TALL = const(64)
_EDGE = const(2)  # left and right of a text: a case may hide the outermost pixels
_TITLE = const(9)
_ROW = const(9)  # the smallest distance of rows
_WIDEST_ROW = const(11)
_LONGEST_NAME = const(100)  # characters
_LONGEST_TEXT = const(120)
_UNCUT = const(99)  # rows
_BARS = const(4)
_BAR_PITCH = const(3)
_BADGE = const(18)  # from its right end to the edge, beside the bars
_OF_TEXT = const(6)
_PAUSED = const(b"Paused: Yes")
_WIRED = const(b"Network cable")


def draw(page, canvas, width: int, height: int, bars: int = 0) -> None:
    """Draw a page on the canvas, a framebuf.FrameBuffer, in place of its content.

    bars: the strength of the Wi-Fi, 1 to 4, or 0 without Wi-Fi.
    """
    canvas.fill(0)
    page[0](page, canvas, width, height)
    if bars and page[0] is _draw_text:
        for bar in range(_BARS):
            high = 1 + 2 * bar if bar < bars else 1
            x = width - _EDGE - _BAR_PITCH * (_BARS - bar)
            canvas.fill_rect(x, _TITLE - 1 - high, 2, high, 0 if page[2] else 1)


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


def has_qr_code(page) -> bool:
    """Whether there is a QR code on the page."""
    return isinstance(page[1], bytearray)  # its modules


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
    return [(_draw_text, codes, inverse, large, pitch, tuple(sheet)) for sheet in sheets]


def _draw_text(page, canvas, width: int, height: int) -> None:
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


def readable(text: str, longest: int) -> str:
    """The text as the font can show it, at most `longest` characters."""
    if len(text) <= longest and all([0x20 <= byte < 0x7F for byte in text.encode()]):
        return text
    from . import transliteration  # only for names that need it

    return transliteration.readable(text, longest)
