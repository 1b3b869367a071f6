"""Indication → pages, and a page → pixels on any framebuf. Pure layout: no clock, no bus.

A page is a tuple that begins with the function that draws it; pages that are equal look the same.
An indication has one or more pages, shown in turn. Nothing scrolls: text that is too long for a
page continues on the next one. All measures are in pixels.
"""

from micropython import const

from ..unload import unload
from .font import draw as draw_line
from .font import draw_large, width_of, wrap

_WITH_CONNECTED = const(("joining", "unpaired", "no_network"))
# The height from which a QR code fits. At one pixel a module (5 mm) no phone can read it.
_TALL = const(64)
_TITLE = const(10)
_LARGE_TITLE = const(19)
_ROW = const(9)  # the smallest distance of rows
_WIDEST_ROW = const(11)
_LONGEST_NAME = const(100)  # characters
_LONGEST_TEXT = const(120)
_LOG_LINES = const(12)

# The short texts, in Frame.io's own words where it has them (Connected, Paused).
_CONNECTED = const("Connected: Yes")
_NOT_CONNECTED = const("Connected: No")
_BY_HTTP = const("Connected: by HTTP")
_PAUSED = const("Paused: Yes")
_NOT_PAUSED = const("Paused: No")
_PAUSED_UNKNOWN = const("Paused: checking")
_ONLINE_LARGE = const("Online")
_PAUSED_LARGE = const("PAUSED")
_REMEDY = const("> %s")
_PROJECT = const("Project: %s")
_CREATOR = const("Paired by %s")
_UNKNOWN = const("unknown")
_EXPIRES = const("Expires %s")
_EXPIRES_AT = const("Expires %s at %s %s")
_LOG = const("Log")
_LOG_EMPTY = const("Nothing has happened yet")


def draw(page, canvas, width: int, height: int) -> None:
    """Draw a page on the canvas, a framebuf.FrameBuffer, in place of its content."""
    canvas.fill(0)
    page[0](page, canvas, width, height)


def pages_of(indication, width: int, height: int, has_button: bool = True) -> list:
    """The pages of an Indication. has_button: the words may speak of one."""
    if indication.state == "pairing":
        from . import pairing_pages  # only while there is a code

        return pairing_pages.pages_of(indication, width, height)
    unload("firmware.screen.pairing_pages")
    if indication.state == "online" or indication.state == "paused":
        return _online(indication, width, height)
    title, rows = words(indication, has_button)
    if indication.state in _WITH_CONNECTED:
        rows.append(_connected(indication))
    if indication.state == "joining":
        rows.append(_paused(indication))
    return text_pages(title, True, False, (), rows, width, height)


def message_pages(title: str, text: str, width: int, height: int) -> list:
    """The pages of a message."""
    return text_pages(title, True, False, (), (text,), width, height)


def log_pages(lines, width: int, height: int) -> list:
    """The pages of the newest log lines, the newest first. lines: a list, the newest last."""
    return text_pages(
        _LOG,
        False,
        False,
        (),
        list(reversed(lines[-_LOG_LINES:])) or (_LOG_EMPTY,),
        width,
        height,
    )


def has_qr_code(page) -> bool:
    """Whether there is a QR code on the page."""
    return isinstance(page[1], bytearray)  # its modules


def _online(indication, width: int, height: int) -> list:
    paused = indication.paused is True
    rows = [_PROJECT % readable(indication.project or _UNKNOWN, _LONGEST_NAME)]
    if indication.creator:
        rows.append(_CREATOR % readable(indication.creator, _LONGEST_NAME))
    if indication.expires_at:
        rows.append(_expiry(indication.expires_at))
    if indication.reason is not None:
        rows.extend(words(indication)[1])
    fixed: tuple = (_connected(indication),)
    if height < _TALL:
        rows.insert(0, _connected(indication))
        fixed = ()
    if paused:
        return text_pages(_PAUSED_LARGE, True, True, fixed, rows, width, height)
    if height < _TALL:
        return text_pages(_paused(indication), False, False, (), rows, width, height)
    fixed += (_paused(indication),)
    return text_pages(_ONLINE_LARGE, False, True, fixed, rows, width, height)


def words(indication, has_button: bool = True) -> tuple:
    """(title, [meaning, remedy]) of state and reason. Without memory for them, the bare words."""
    reason = indication.reason
    texts, of_reason = None, None
    more: list = []
    try:
        from ..strings import PAGES, REASONS, WITHOUT_BUTTON  # large, and needed for a moment

        texts = PAGES.get(indication.state)
        of_reason = REASONS.get(reason or "")
        if has_button and indication.state == "no_network" and "wifi" in (reason or ""):
            from ..strings import MESSAGES

            more = [_REMEDY % MESSAGES["set_up"][5]]
    except MemoryError:
        pass
    unload("firmware.strings")
    title, meaning, remedy = texts or (indication.state, "", "")
    if reason is not None:
        meaning, remedy = of_reason or (reason.replace("_", " ") if texts else reason, remedy)
    if not has_button and "button" in remedy:
        remedy = WITHOUT_BUTTON
    return title, ([meaning, _REMEDY % remedy] if remedy else [meaning]) + more


def _connected(indication) -> str:
    if indication.connected and indication.fallback:
        return _BY_HTTP
    return _CONNECTED if indication.connected else _NOT_CONNECTED


def _paused(indication) -> str:
    if indication.paused is None:
        return _PAUSED_UNKNOWN
    return _PAUSED if indication.paused else _NOT_PAUSED


def _expiry(expires_at: str) -> str:
    """Day and time as Frame.io wrote it; any other text unchanged."""
    if expires_at[10:11] == "T" and len(expires_at) > 16:
        zone = expires_at[-6:] if expires_at[-6] in "+-" else "UTC"
        return _EXPIRES_AT % (expires_at[:10], expires_at[11:16], zone)
    return _EXPIRES % readable(expires_at, _LONGEST_NAME)


def text_pages(
    title: str, inverse: bool, large: bool, fixed, texts, width: int, height: int
) -> list:
    """Pages with a title and rows of text. The rows in `fixed` are on each page.

    A text that would be divided begins a new page.
    """
    left = height - (_LARGE_TITLE if large else _TITLE)
    room = left // _ROW - len(fixed)
    sheets: list = [[]]
    for text in texts:
        lines = wrap(readable(text, _LONGEST_TEXT).strip(), width)
        if len(lines) <= room < len(sheets[-1]) + len(lines):
            sheets.append([])
        for line in lines:
            if len(sheets[-1]) == room:
                sheets.append([])
            sheets[-1].append(line)
    most = len(fixed) + max([len(sheet) for sheet in sheets])
    pitch = min(_WIDEST_ROW, left // max(1, most))
    title = readable(title, _LONGEST_TEXT)
    return [(_draw_text, title, inverse, large, pitch, fixed + tuple(sheet)) for sheet in sheets]


def _draw_text(page, canvas, width: int, height: int) -> None:
    _, title, inverse, large, pitch, rows = page
    top = _LARGE_TITLE if large else _TITLE
    if inverse:
        canvas.fill_rect(0, 0, width, top - 1 if large else top, 1)
    if large:
        draw_large(
            canvas,
            title,
            (width - width_of(title) * 2) // 2 if inverse else 0,
            2,
            2,
            2,
            0 if inverse else 1,
        )
    else:
        draw_line(canvas, title, 1 if inverse else 0, 1, 0 if inverse else 1)
        if not inverse:
            canvas.hline(0, top - 1, width, 1)
    y = top + pitch - 8
    for row in rows:
        if row == _PAUSED:
            canvas.fill_rect(0, y - 1, width, 9, 1)
            draw_line(canvas, row, 1, y, 0)
        else:
            draw_line(canvas, row, 0, y)
        y += pitch


def readable(text: str, longest: int) -> str:
    """The text as the font can show it, at most `longest` characters."""
    if len(text) <= longest and all([0x20 <= byte < 0x7F for byte in text.encode()]):
        return text
    from . import transliteration  # only for names that need it

    return transliteration.readable(text, longest)
