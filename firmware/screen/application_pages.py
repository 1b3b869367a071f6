"""What a vendor's application adds to the pages of a state. Loaded only where there is one."""

from micropython import const

from .pages import readable, text_pages, width_of

_LONGEST_BADGE = const(4)


def with_own(pages: list, application, width: int, height: int) -> list:
    """The state's pages with the badge in their headline, and the application's own behind them.

    application: an application.Shown.
    """
    codes = readable(application.badge, _LONGEST_BADGE).encode()  # one letter may become several
    if codes:
        pages = [page[:-1] + (codes, width - width_of(codes), page[-1]) for page in pages]
    for title, rows in application.pages:
        pages = pages + text_pages(title, rows, width, height, False)
    return pages
