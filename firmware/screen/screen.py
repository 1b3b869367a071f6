"""When what is shown on the display: pages in turn, dimmed after a while, sent anew now and then, and all past a broken bus.

What is drawn is in pages.py. Nothing here waits for the display, and an absent one is tried once a change or in 25 s.
"""

import asyncio
import time

from micropython import const

from . import pages

_TURN_MS = const(4_000)
_QR_MS = const(8_000)  # a telephone's camera takes its time
_DIM_AFTER_MS = const(120_000)
_REFRESH_MS = const(25_000)  # a display plugged in again shows the right picture within 30 s
_DIMMED = const(1)  # of 255
_UNKNOWN = const(-1)


class Screen:
    """A display as people see it.

    display: a framebuf.FrameBuffer with width, height, show(), contrast(0..255), poweroff(), poweron(), init_display() and, if it
    can be had, refresh(), which sets the display up and sends the whole picture without switching it off. All may raise OSError.
    """

    def __init__(self, display) -> None:
        now_ms = time.ticks_ms()
        self._display = display
        self._news = asyncio.Event()
        self._indication = None  # newer than its pages
        self._notice: tuple | None = (
            None  # asked for: (ms to show it, function of pages, its arguments)
        )
        self._indication_pages: list = []
        self._pages = self._indication_pages  # or those of a notice
        self._at = 0
        self._drawn = None  # the page in the display's buffer
        self._level = 255
        self._light = _UNKNOWN  # as the display was told
        self._broken = False
        self._dimmed = False
        self._turn_at = self._refresh_at = self._notice_ends = now_ms
        self._dim_at = time.ticks_add(now_ms, _DIM_AFTER_MS)

    def show(self, indication) -> None:
        """Show a Indication from now on. What looks the same as before changes nothing."""
        self._indication = indication
        self._news.set()

    def message(self, title: str, text: str, ms: int) -> None:
        """Show a message for so many milliseconds, then the indication again."""
        self._notice = (ms, pages.message_pages, (title, text))
        self._news.set()

    def show_log(self, lines) -> None:
        """Show the newest of these lines, once through, then the indication again."""
        self._notice = (0, pages.log_pages, (lines,))
        self._news.set()

    def wake(self) -> bool:
        """Somebody is there: full brightness again. True if it was dimmed, and there is a display."""
        dimmed = self._dimmed and not self._broken
        self._stay_bright(time.ticks_ms())
        self._news.set()
        return dimmed

    def set_brightness(self, percent: int) -> None:
        """From 0 (dark) to 100."""
        self._level = max(0, min(100, percent)) * 255 // 100
        self._news.set()

    def go_dark(self) -> None:
        """Switch the display off: what it shows is true no more."""
        try:
            self._display.poweroff()
        except OSError:
            pass  # it shows nothing anyhow

    async def run(self) -> None:
        """Keep the display right, for ever."""
        while True:
            wait_ms = self._go_on(time.ticks_ms())
            try:
                await asyncio.wait_for_ms(self._news.wait(), wait_ms)
            except asyncio.TimeoutError:
                pass
            self._news.clear()

    def _go_on(self, now_ms: int) -> int:
        """Do what is due; the milliseconds until something is again."""
        changed = False
        try:
            changed = self._take_news(now_ms)
        except MemoryError:
            pass  # what is new is still there, for the next time
        if self._pages is not self._indication_pages and _due(self._notice_ends, now_ms):
            self._open(self._indication_pages, now_ms)
            changed = True
        if len(self._pages) > 1 and _due(self._turn_at, now_ms):
            self._turn((self._at + 1) % len(self._pages), now_ms)
        if _due(self._dim_at, now_ms):
            self._dimmed = True
        if self._pages:
            self._send(now_ms, changed)
        if _due(self._refresh_at, now_ms):
            self._refresh_at = time.ticks_add(now_ms, _REFRESH_MS)
        wait_ms = time.ticks_diff(self._refresh_at, now_ms)
        if len(self._pages) > 1:
            wait_ms = min(wait_ms, time.ticks_diff(self._turn_at, now_ms))
        if not self._dimmed:
            wait_ms = min(wait_ms, time.ticks_diff(self._dim_at, now_ms))
        if self._pages is not self._indication_pages:
            wait_ms = min(wait_ms, time.ticks_diff(self._notice_ends, now_ms))
        return max(0, wait_ms)

    def _take_news(self, now_ms: int) -> bool:
        """Lay out what was asked for; True if it is something else than before."""
        display = self._display
        changed = False
        if self._indication is not None:
            laid_out = pages.pages_of(self._indication, display.width, display.height)
            self._indication = None
            if laid_out != self._indication_pages:
                if self._pages is self._indication_pages:
                    self._open(laid_out, now_ms)
                self._indication_pages = laid_out
                changed = True
        if self._notice is not None:
            ms, lay_out, arguments = self._notice
            laid_out = lay_out(*arguments, display.width, display.height)
            self._notice = None
            self._open(laid_out, now_ms)
            self._notice_ends = time.ticks_add(now_ms, ms or len(laid_out) * _TURN_MS)
            changed = True
        if changed:
            self._stay_bright(now_ms)
        return changed

    def _open(self, laid_out: list, now_ms: int) -> None:
        self._pages = laid_out
        self._turn(0, now_ms)

    def _turn(self, at: int, now_ms: int) -> None:
        self._at = at
        if self._pages:
            self._turn_at = time.ticks_add(
                now_ms, _QR_MS if pages.has_qr_code(self._pages[at]) else _TURN_MS
            )

    def _stay_bright(self, now_ms: int) -> None:
        self._dimmed = False
        self._dim_at = time.ticks_add(now_ms, _DIM_AFTER_MS)

    def _send(self, now_ms: int, changed: bool) -> None:
        """Bring the display up to date, if there is reason to try."""
        page = self._pages[self._at]
        light = min(self._level, _DIMMED) if self._dimmed else self._level
        due = _due(self._refresh_at, now_ms)
        if self._broken:
            if not changed and not due:
                return
        elif light == self._light and (not light or (page is self._drawn and not due)):
            return
        try:
            if light:
                self._send_page(page, due or self._light <= 0)
            if light != self._light or due:
                self._send_light(light)
            self._broken = False
        except (OSError, MemoryError):
            self._broken = True
            self._light = _UNKNOWN

    def _send_page(self, page, whole: bool) -> None:
        """Send the page; whole: to a display that may have lost all it knew."""
        display = self._display
        refreshes = hasattr(display, "refresh")
        if self._broken and not refreshes:
            display.init_display()
            self._drawn = None
        if page is not self._drawn:
            self._drawn = None
            pages.draw(page, display, display.width, display.height)
            self._drawn = page
        if whole and refreshes:
            display.refresh()
        else:
            display.show()

    def _send_light(self, light: int) -> None:
        if not light:
            self._display.poweroff()
        else:
            if self._light <= 0:
                self._display.poweron()
            self._display.contrast(light)
        self._light = light


def _due(at_ms: int, now_ms: int) -> bool:
    return time.ticks_diff(at_ms, now_ms) <= 0
