"""What the display shows when: pages in turn, dimmed after a while, refreshed periodically.

pages.py lays the pages out, drawing.py draws them. A display may be missing or unplugged: nothing
waits for it, and it is tried again at each change and every 24 s.
"""

import asyncio
import time

from micropython import const

from pilotlight.net.deadline import TimedEvent

from ..timestamps import beat_ms, begin_beats
from ..unload import unload
from . import drawing

_TURN_MS = const(4_000)
_TURNS_MS = const(30_000)  # after a change or a press: then the first page stays, if all is well
_QR_MS = const(8_000)  # a phone's camera needs time
_DIM_AFTER_MS = const(120_000)
# And on to the next beat, so that the chip does not wake for it alone. A display that is plugged
# in shows the right picture within 30 s.
_REFRESH_MS = const(20_000)
_NO_MEMORY_MS = const(1_000)
_DIMMED = const(1)  # of 255
_UNKNOWN = const(-1)
# AttributeError: there is no network, or it is an application's own.
_DRIVER_ERRORS = (OSError, RuntimeError, AttributeError)
_MISSING_AFTER = const(2)  # failures in a row: one alone may be a disturbance


class Screen:
    """Pages and messages on a display.

    display: a framebuf.FrameBuffer with width, height, show(), contrast(0..255), poweroff(),
    poweron() and init_display(). It may have refresh(), which sets the display up and sends the
    whole picture without switching it off. Each method may raise OSError.
    It may have addr, its I2C address. has_button: the words may speak of one.
    network: a Wifi or an Ethernet of network/, or None; of other kinds nothing is shown.
    """

    def __init__(self, display, has_button: bool = True, network=None) -> None:
        now_ms = time.ticks_ms()
        self._display = display
        self._has_button = has_button
        self._network = network
        self._has_setup = has_button and hasattr(network, "networks")
        self._bars = 0  # of the Wi-Fi's strength, as drawn
        self._changed = TimedEvent()
        self._indication = None  # not laid out yet
        self._is_well = False
        self._kind: tuple | None = None  # state and reason of what is laid out
        # A message or log not laid out yet: (ms to show it, function of pages, its arguments).
        self._notice: tuple | None = None
        self._indication_pages: list = []
        self._pages = self._indication_pages  # or those of a notice
        self._page_index = 0
        self._drawn = None  # the page in the display's buffer
        self._full_contrast = 255
        self._contrast = _UNKNOWN  # as last sent
        self._broken = False
        self._failures = 0  # in a row
        self._dimmed = False
        self._turn_at = self._refresh_at = self._notice_ends = now_ms
        self._dim_at = time.ticks_add(now_ms, _DIM_AFTER_MS)

    @property
    def is_missing(self) -> bool:
        """The display does not answer."""
        return self._failures >= _MISSING_AFTER

    @property
    def address(self) -> str:
        """The display's I2C address."""
        address = getattr(self._display, "addr", None)
        return "its address" if address is None else "address 0x%02x" % address

    def show(self, indication) -> None:
        """Show an Indication from now on. One that looks the same as before changes nothing."""
        self._indication = indication
        self._changed.set()

    def message(self, title: str, text: str, ms: int) -> None:
        """Show a message for `ms` milliseconds, then the indication again."""
        self.show_pages(ms, _text_pages, title, (text,))

    def show_log(self, lines) -> None:
        """Show these lines, the last one first; each page once, then the indication again."""
        self.show_pages(0, _text_pages, "Log", list(reversed(lines)))

    def show_pages(self, ms: int, lay_out, *arguments) -> None:
        """Show lay_out(*arguments, width, height) for `ms`; 0: each page once. Then as before."""
        self._notice = (ms, lay_out, arguments)
        self._changed.set()

    def wake(self) -> bool:
        """Return to full brightness. True if a display is connected and was dimmed."""
        now_ms = time.ticks_ms()
        dimmed = self._dimmed and not self._broken
        if not self._is_turning(now_ms):
            self._turn(self._page_index, now_ms)  # its time to turn may be days ago
        self._stay_bright(now_ms)
        self._changed.set()
        return dimmed

    def set_brightness(self, percent: int) -> None:
        """Set the brightness in percent; 0 is dark."""
        self._full_contrast = max(0, min(100, percent)) * 255 // 100
        self._changed.set()

    def go_dark(self) -> None:
        """Switch the display off, because its picture would be outdated."""
        try:
            self._display.poweroff()
        except OSError:
            pass  # no display

    async def run(self) -> None:
        """Keep the display up to date, for ever."""
        while True:
            self._changed.clear()
            wait_ms = self._step(time.ticks_ms())
            try:
                await self._changed.wait(wait_ms)
            except MemoryError:
                await asyncio.sleep_ms(min(wait_ms, _NO_MEMORY_MS))

    def _step(self, now_ms: int) -> int:
        """Do what is due now. Return the milliseconds until the next step."""
        changed = False
        try:
            changed = self._lay_out(now_ms)
        except MemoryError:
            pass  # the request is still there for the next step
        if self._pages is not self._indication_pages and _due(self._notice_ends, now_ms):
            self._open(self._indication_pages, now_ms)
            changed = True
        if self._is_turning(now_ms) and _due(self._turn_at, now_ms):
            self._turn((self._page_index + 1) % len(self._pages), now_ms)
        if _due(self._dim_at, now_ms):
            self._dimmed = True
        if self._pages:
            self._send(now_ms, changed)
        if _due(self._refresh_at, now_ms):
            self._refresh_at = time.ticks_add(now_ms, _REFRESH_MS + beat_ms())
        wait_ms = time.ticks_diff(self._refresh_at, now_ms)
        if self._is_turning(now_ms):
            wait_ms = min(wait_ms, time.ticks_diff(self._turn_at, now_ms))
        if not self._dimmed:
            wait_ms = min(wait_ms, time.ticks_diff(self._dim_at, now_ms))
        if self._pages is not self._indication_pages:
            wait_ms = min(wait_ms, time.ticks_diff(self._notice_ends, now_ms))
        return max(0, wait_ms)

    def _is_turning(self, now_ms: int) -> bool:
        """Whether the pages turn. If all is well only for a while: each turn wakes the chip."""
        if self._page_index or not self._is_well or self._pages is not self._indication_pages:
            return len(self._pages) > 1
        left_ms = 0 if self._dimmed else time.ticks_diff(self._dim_at, now_ms)
        return len(self._pages) > 1 and left_ms > _DIM_AFTER_MS - _TURNS_MS

    def _lay_out(self, now_ms: int) -> bool:
        """Lay out a new indication or notice. True if it differs from the shown one."""
        indication = self._indication
        if indication is None and self._notice is None:
            return False
        from . import pages

        display = self._display
        changed = False
        if indication is not None:
            laid_out = pages.pages_of(
                indication,
                display.width,
                display.height,
                self._has_button,
                _name_and_address(self._network),
                self._has_setup,
            )
            kind = indication.state, indication.reason
            # An application may change its texts each second: the page at hand stays, and dims.
            is_own = indication.application is not None and kind == self._kind
            self._kind = kind
            self._is_well = kind[0] in ("online", "paused")
            self._indication = None
            if laid_out != self._indication_pages:
                if self._pages is self._indication_pages:
                    if is_own and len(laid_out) == len(self._pages):
                        self._pages = laid_out
                    else:
                        self._open(laid_out, now_ms)
                self._indication_pages = laid_out
                changed = not is_own
        if self._notice is not None:
            ms, lay_out, arguments = self._notice
            laid_out = lay_out(*arguments, display.width, display.height)
            self._notice = None
            self._open(laid_out, now_ms)
            self._notice_ends = time.ticks_add(now_ms, ms or len(laid_out) * _TURN_MS)
            changed = True
        if changed:
            self._stay_bright(now_ms)
        if self._is_well and (indication is None or indication.application is None):
            # The next change is far off, unless it is an application's.
            unload("firmware.screen.pages", "firmware.screen.transliteration")
        return changed

    def _open(self, laid_out: list, now_ms: int) -> None:
        self._pages = laid_out
        begin_beats(now_ms)
        self._turn(0, now_ms)

    def _turn(self, index: int, now_ms: int) -> None:
        self._page_index = index
        if self._pages:
            self._turn_at = time.ticks_add(
                now_ms, _QR_MS if drawing.has_qr_code(self._pages[index]) else _TURN_MS
            )

    def _stay_bright(self, now_ms: int) -> None:
        self._dimmed = False
        self._dim_at = time.ticks_add(now_ms, _DIM_AFTER_MS)

    def _send(self, now_ms: int, changed: bool) -> None:
        """Bring the display up to date, if anything has changed or is due."""
        page = self._pages[self._page_index]
        contrast = min(self._full_contrast, _DIMMED) if self._dimmed else self._full_contrast
        due = _due(self._refresh_at, now_ms)
        if self._broken:
            if not changed and not due:
                return
        elif contrast == self._contrast and (not contrast or (page is self._drawn and not due)):
            return
        try:
            if contrast:
                self._send_page(page, due or self._contrast <= 0)
            if contrast != self._contrast or due:
                self._send_contrast(contrast)
            self._broken = False
            self._failures = 0
        except (OSError, MemoryError) as error:
            self._broken = True
            self._contrast = _UNKNOWN
            if isinstance(error, OSError):
                self._failures += 1

    def _send_page(self, page, whole: bool) -> None:
        """Send the page; whole: all of it, to a display that may have lost its state."""
        display = self._display
        refreshes = hasattr(display, "refresh")
        if self._broken and not refreshes:
            display.init_display()
            self._drawn = None
        bars = _bars(self._network)
        if page is not self._drawn or bars != self._bars:
            self._drawn = None
            drawing.draw(page, display, display.width, display.height, bars)
            self._drawn, self._bars = page, bars
        if whole and refreshes:
            display.refresh()
        else:
            display.show()

    def _send_contrast(self, contrast: int) -> None:
        if not contrast:
            self._display.poweroff()
        else:
            if self._contrast <= 0:
                self._display.poweron()
            self._display.contrast(contrast)
        self._contrast = contrast


def _text_pages(*arguments) -> list:
    from . import pages

    return pages.text_pages(*arguments)


def _due(at_ms: int, now_ms: int) -> bool:
    return time.ticks_diff(at_ms, now_ms) <= 0


def _name_and_address(network):
    """(the Wi-Fi's name or "", address) while the network is up, else None."""
    try:
        if network.is_up():
            if hasattr(network, "wlan"):
                return network.target["ssid"], network.wlan.ipconfig("addr4")[0]
            return "", network.lan.ipconfig("addr4")[0]
    except _DRIVER_ERRORS:
        pass
    return None


def _bars(network) -> int:
    """The Wi-Fi's strength: 1 (below -75 dBm) to 4 (-55 and more); 0 without Wi-Fi."""
    try:
        if hasattr(network, "wlan") and network.is_up():
            return max(1, min(4, (network.wlan.status("rssi") + 95) // 10))
    except _DRIVER_ERRORS:
        pass
    return 0
