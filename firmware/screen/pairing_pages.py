"""The pages of `pairing`: the code, where it is typed in, a QR code. Loaded while there is one."""

from micropython import const

from ..unload import unload
from .drawing import draw_line
from .pages import readable, text_pages, width_of, words

_TALL = const(64)  # as in pages.py
_TITLE = const(9)
_EDGE = const(2)
_LONGEST_NAME = const(100)  # characters
_LARGEST_CODE = const(3)  # times the font's size
_CODE_GAP = const(3)  # between its halves
_QR_MODULES = const(29)
_QR_WIDTH = const(74)  # two pixels a module, and four modules of white on each side
_PAIR = const("Enter code at")
_SCAN = const("Scan or")
_FRAME_IO = const("Frame.io")

_encoded: list = [None, None]  # the last link and its QR code's modules


def pages_of(indication, width: int, height: int) -> list:
    """The pages of an Indication in the state `pairing`."""
    code = readable(indication.user_code, _LONGEST_NAME)
    link = indication.verification_uri or _FRAME_IO
    link = readable(link[link.find("//") + 2 :] if "//" in link else link, _LONGEST_NAME)
    codes, link_codes = code.encode(), link.encode()
    if width_of(codes) > width - 2 * _EDGE:
        return text_pages(_PAIR, (code, link), width, height)
    is_tall = height >= _TALL
    pages: list = [(_draw_code, codes, link_codes if is_tall else _PAIR.encode())]
    if width_of(link_codes) > width - 2 * _EDGE:
        pages.extend(text_pages(_PAIR, (link,), width, height))
    elif not is_tall:  # the title goes on there: the code stays, as large as it can be
        pages.append((_draw_code, codes, link_codes))
    if indication.verification_uri_complete:
        page = qr_page(indication.verification_uri_complete, _SCAN, code, height)
        if page is not None:
            pages.append(page)
    if indication.reason == "not_stored":  # before the user types the code in
        title, texts = words(indication)
        pages.extend(text_pages(title, texts, width, height))
    return pages


def qr_page(text: str, title: str, words: str, height: int):
    """A page with the text's QR code, and title and words beside it. None if it does not fit."""
    rows = _qr_code(text) if height >= _TALL else None
    return None if rows is None else (_draw_qr, rows, title.encode(), words.encode())


def _draw_code(page, canvas, width: int, height: int) -> None:
    _, code, title = page
    # Small letters may reach below the line.
    highest = _LARGEST_CODE if code.isdigit() or code.isupper() else 2
    y = 10
    if height >= _TALL:
        draw_line(canvas, title, max(0, (width - width_of(title)) // 2), height - 13)
        title = _PAIR.encode()
        highest = _LARGEST_CODE + 1
        y = 15
    canvas.fill_rect(0, 0, width, _TITLE, 1)
    draw_line(canvas, title, _EDGE, 1, 0)
    scale = min(_LARGEST_CODE, (width - 1) // (width_of(code) + 1))
    spare = width - width_of(code) * scale
    gap = min(_CODE_GAP, spare - 2)
    half = len(code) // 2 if not len(code) & 1 else len(code)
    x = (spare - gap) // 2
    scale_y = min(highest, scale + 2)
    draw_line(canvas, code[:half], x, y, 1, scale, scale_y)
    x += (width_of(code[:half]) + 1) * scale + gap
    draw_line(canvas, code[half:], x, y, 1, scale, scale_y)


def _draw_qr(page, canvas, width: int, height: int) -> None:
    _, rows, title, code = page
    canvas.fill_rect(0, 0, _QR_WIDTH, height, 1)
    left = (_QR_WIDTH - 2 * _QR_MODULES) // 2
    top = (height - 2 * _QR_MODULES) // 2
    for row in range(_QR_MODULES):
        for column in range(_QR_MODULES):
            if rows[row * 4 + (column >> 3)] & (0x80 >> (column & 7)):
                canvas.fill_rect(left + column * 2, top + row * 2, 2, 2, 0)
    x = _QR_WIDTH + 6
    draw_line(canvas, title, x, 2)
    half = (len(code) + 1) // 2
    scale = min(2, (width - x + 1) // (max(width_of(code[:half]), width_of(code[half:])) + 1))
    draw_line(canvas, code[:half], x, 20, 1, scale, 2)
    draw_line(canvas, code[half:].strip(), x, 42, 1, scale, 2)


def _qr_code(uri: str):
    """The modules of a text's QR code, or None if it is too long or memory is short."""
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
