"""Indication → pages, and a page → pixels on any framebuf. Pure layout: no clock, no bus.

A page is a tuple that begins with the function that draws it; pages that are equal look the same.
An indication has one or more pages, shown in turn. Nothing scrolls: text that is too long for a
page continues on the next one. All measures are in pixels.
"""

from micropython import const

from ..unload import unload
from .font import draw as draw_line
from .font import draw_large, width_of, wrap

# The height from which a QR code fits. At one pixel a module (5 mm) no phone can read it.
_TALL = const(64)
_TITLE = const(10)
_LARGE_TITLE = const(19)
_ROW = const(9)  # the smallest distance of rows
_WIDEST_ROW = const(11)
_LONGEST_NAME = const(100)  # characters
_LONGEST_TEXT = const(120)
_LARGEST_CODE = const(3)  # times the font's size
_CODE_GAP = const(3)  # between its halves
_QR_MODULES = const(29)
_QR_WIDTH = const(74)  # two pixels a module, and four modules of white on each side
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
_PAIR = const("Enter code at")
_SCAN = const("Scan or")
_FRAME_IO = const("Frame.io")
_LOG = const("Log")
_LOG_EMPTY = const("Nothing has happened yet")

_encoded: list = [None, None]  # the last link and its QR code's modules


def draw(page, canvas, width: int, height: int) -> None:
    """Draw a page on the canvas, a framebuf.FrameBuffer, in place of its content."""
    canvas.fill(0)
    page[0](page, canvas, width, height)


def pages_of(indication, width: int, height: int) -> list:
    """The pages of an Indication."""
    if indication.state == "pairing":
        return _pairing(indication, width, height)
    if indication.state == "online" or indication.state == "paused":
        return _online(indication, width, height)
    title, meaning, remedy = _words(indication)
    rows = [meaning]
    if remedy:
        rows.append(_REMEDY % remedy)
    if (
        indication.state == "joining"
        or indication.state == "unpaired"
        or indication.state == "no_network"
    ):
        rows.append(_connected(indication))
    if indication.state == "joining":
        rows.append(_paused(indication))
    return _texts(title, True, False, (), rows, width, height)


def message_pages(title: str, text: str, width: int, height: int) -> list:
    """The pages of a message."""
    return _texts(title, True, False, (), (text,), width, height)


def log_pages(lines, width: int, height: int) -> list:
    """The pages of the newest log lines, the newest first. lines: a list, the newest last."""
    return _texts(
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
    return page[0] is _draw_qr


def _online(indication, width: int, height: int) -> list:
    paused = indication.paused is True
    rows = [_PROJECT % _readable(indication.project or _UNKNOWN, _LONGEST_NAME)]
    if indication.creator:
        rows.append(_CREATOR % _readable(indication.creator, _LONGEST_NAME))
    if indication.expires_at:
        rows.append(_expiry(indication.expires_at))
    if indication.reason is not None:
        _, meaning, remedy = _words(indication)
        rows.append(meaning)
        rows.append(_REMEDY % remedy)
    fixed: tuple = (_connected(indication),)
    if height < _TALL:
        rows.insert(0, _connected(indication))
        fixed = ()
    if paused:
        return _texts(_PAUSED_LARGE, True, True, fixed, rows, width, height)
    if height < _TALL:
        return _texts(_paused(indication), False, False, (), rows, width, height)
    return _texts(_ONLINE_LARGE, False, True, fixed + (_paused(indication),), rows, width, height)


def _words(indication) -> tuple:
    """(title, meaning, remedy) of state and reason. Without memory for them, the bare words."""
    reason = indication.reason
    texts, of_reason = None, None
    try:
        from ..strings import PAGES, REASONS  # large, and needed for a moment

        texts = PAGES.get(indication.state)
        of_reason = REASONS.get(reason or "")
    except MemoryError:
        pass
    unload("firmware.strings")
    title, meaning, remedy = texts or (indication.state, "", "")
    if reason is not None:
        meaning, remedy = of_reason or (reason.replace("_", " ") if texts else reason, remedy)
    return title, meaning, remedy


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
    return _EXPIRES % _readable(expires_at, _LONGEST_NAME)


def _texts(title: str, inverse: bool, large: bool, fixed, texts, width: int, height: int) -> list:
    """Pages with a title and rows of text. The rows in `fixed` are on each page.

    A text that would be divided begins a new page.
    """
    left = height - (_LARGE_TITLE if large else _TITLE)
    room = left // _ROW - len(fixed)
    sheets: list = [[]]
    for text in texts:
        lines = wrap(_readable(text, _LONGEST_TEXT).strip(), width)
        if len(lines) <= room < len(sheets[-1]) + len(lines):
            sheets.append([])
        for line in lines:
            if len(sheets[-1]) == room:
                sheets.append([])
            sheets[-1].append(line)
    most = len(fixed) + max([len(sheet) for sheet in sheets])
    pitch = min(_WIDEST_ROW, left // max(1, most))
    title = _readable(title, _LONGEST_TEXT)
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


def _pairing(indication, width: int, height: int) -> list:
    code = _readable(indication.user_code, _LONGEST_NAME)
    link = indication.verification_uri or _FRAME_IO
    link = _readable(link[link.find("//") + 2 :] if "//" in link else link, _LONGEST_NAME)
    if width_of(code) > width:
        return _texts(_PAIR, True, False, (), (code, link), width, height)
    pages: list = [(_draw_code, code, link)]
    if width_of(link) > width:
        pages.extend(_texts(_PAIR, True, False, (), (link,), width, height))
    if height >= _TALL and indication.verification_uri_complete:
        rows = _qr_code(indication.verification_uri_complete)
        if rows is not None:
            pages.append((_draw_qr, rows, code))
    if indication.reason == "not_stored":  # before the user types the code in
        _, meaning, remedy = _words(indication)
        rows = (meaning, _REMEDY % remedy)
        pages.extend(_texts(_PAIR, True, False, (), rows, width, height))
    return pages


def _draw_code(page, canvas, width: int, height: int) -> None:
    _, code, link = page
    scale = min(_LARGEST_CODE, (width + 1) // (width_of(code) + 1))
    y = 0
    link_y = height - 8
    highest = _LARGEST_CODE
    if height >= _TALL:
        canvas.fill_rect(0, 0, width, _TITLE, 1)
        draw_line(canvas, _PAIR, (width - width_of(_PAIR)) // 2, 1, 0)
        highest += 1
        y = 15
        link_y -= 5
    spare = width - width_of(code) * scale
    gap = min(_CODE_GAP, spare)
    half = len(code) // 2 if not len(code) & 1 else len(code)
    x = (spare - gap) // 2
    scale_y = min(highest, scale + 2)
    draw_large(canvas, code[:half], x, y, scale, scale_y)
    draw_large(
        canvas, code[half:], x + (width_of(code[:half]) + 1) * scale + gap, y, scale, scale_y
    )
    draw_line(canvas, link, max(0, (width - width_of(link)) // 2), link_y)


def _draw_qr(page, canvas, width: int, height: int) -> None:
    _, rows, code = page
    canvas.fill_rect(0, 0, _QR_WIDTH, height, 1)
    left = (_QR_WIDTH - 2 * _QR_MODULES) // 2
    top = (height - 2 * _QR_MODULES) // 2
    for row in range(_QR_MODULES):
        for column in range(_QR_MODULES):
            if rows[row * 4 + (column >> 3)] & (0x80 >> (column & 7)):
                canvas.fill_rect(left + column * 2, top + row * 2, 2, 2, 0)
    x = _QR_WIDTH + 6
    draw_line(canvas, _SCAN, x, 2)
    half = (len(code) + 1) // 2
    scale = min(2, (width - x + 1) // (max(width_of(code[:half]), width_of(code[half:])) + 1))
    draw_large(canvas, code[:half], x, 20, scale, 2)
    draw_large(canvas, code[half:], x, 42, scale, 2)


def _readable(text: str, longest: int) -> str:
    """The text as the font can show it, at most `longest` characters."""
    if len(text) <= longest and all([0x20 <= byte < 0x7F for byte in text.encode()]):
        return text
    from .transliteration import readable  # only for names that need it

    return readable(text, longest)


def _qr_code(uri: str):
    """The modules of a link's QR code, or None if it is too long or memory is short."""
    if _encoded[0] != uri:
        try:
            # Only now, because few devices need it. __import__ returns the outermost package.
            package = __import__("firmware.screen.qr_code").screen
            _encoded[1] = package.qr_code.encode(uri)
            _encoded[0] = uri
        except (ImportError, ValueError, MemoryError):
            return None
        package = None
        unload("firmware.screen.qr_code")  # it is large, and the next code comes in minutes
    return _encoded[1]
