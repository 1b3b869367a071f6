"""The display's pages in setup mode: how a phone joins the device's access point. Pure layout."""

from ..screen.pages import text_pages
from ..screen.pairing_pages import qr_page
from ..strings import MESSAGES


def pages_of(name: str, password: str, width: int, height: int) -> list:
    """The pages: a QR code if the display is tall enough for one, then name and password."""
    title, join, by_password, scan, scan_more = MESSAGES["set_up"][:5]
    rows = (join, name, by_password, password)
    pages = text_pages(title, rows, width, height)
    page = qr_page(qr_text(name, password), scan, scan_more, height)
    return pages if page is None else [page] + pages


def qr_text(name: str, password: str) -> str:
    """What a phone's camera takes for a Wi-Fi with WPA2 (ZXing's "WIFI:" format)."""
    for special in '\\;,:"':
        name = name.replace(special, "\\" + special)
        password = password.replace(special, "\\" + special)
    return "WIFI:T:WPA;S:%s;P:%s;;" % (name, password)
