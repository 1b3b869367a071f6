"""A display for the screen's tests, and what else they import.

Import it before the firmware: it installs the virtual clock.
"""

import asyncio
import sys

import framebuf

sys.path[:0] = [".", "lib"]
from tools.virtual_board import virtual_time

virtual_time.install()

from firmware.screen import drawing
from firmware.screen.screen import Screen
from tests.support.any_indication import Indication
from tools.virtual_board.virtual_time import Clock

FULL_FACTS = {
    "name": "RED V-Raptor XL 8K, second unit",
    "project": "The Lighthouse at the End of the World, Episode 2",
    "creator": "Jurgen Grossl-Lukasiewicz",
    "expires_at": "2030-01-31T12:00:00Z",
}
FULL = Indication("online", **FULL_FACTS)  # three pages
PAUSED = Indication("paused", paused=True, creator=None)  # one page


class Display(framebuf.FrameBuffer):
    """A display and its bus: what it shows, and (ms, what was called) of each attempt.

    Unplugged, it knows nothing any more.
    """

    def __init__(self, height=64):
        self.width, self.height = 128, height
        self.buffer = bytearray(128 * height // 8)
        super().__init__(self.buffer, 128, height, framebuf.MONO_VLSB)
        self.plugged = True
        self.failing: str | None = None  # the call that fails with an I/O error
        self.calls = []
        self.lose()

    def lose(self):
        self.ready = self.lit = False
        self.level = self.shown = None

    def unplug(self):
        self.plugged = False
        self.lose()

    def _call(self, name):
        if len(self.calls) == 200:  # weeks go by
            self.calls.clear()
        self.calls.append((Clock.now_ms, name))
        if not self.plugged:
            raise OSError(19)
        if name == self.failing:
            raise OSError(5)

    def init_display(self):
        """As micropython-lib's: it blanks the buffer."""
        self._call("init")
        self.ready = self.lit = True
        self.level = 255
        self.fill(0)
        self.show()

    def show(self):
        self._call("show")
        self.shown = bytes(self.buffer)

    def contrast(self, level):
        self._call("contrast")
        self.level = level

    def poweroff(self):
        self._call("off")
        self.lit = False

    def poweron(self):
        self._call("on")
        self.lit = True

    def seen(self):
        """What a viewer sees: (contrast, picture), or None."""
        return (self.level, self.shown) if self.plugged and self.ready and self.lit else None


class Refreshing(Display):
    """Has refresh(), as ours."""

    def refresh(self):
        self._call("refresh")
        self.ready = self.lit = True
        self.shown = bytes(self.buffer)


KINDS = (Refreshing, Display)


def picture(page, height=64, bars=0):
    buffer = bytearray(128 * height // 8)
    canvas = framebuf.FrameBuffer(buffer, 128, height, framebuf.MONO_VLSB)
    drawing.draw(page, canvas, 128, height, bars)
    return bytes(buffer)


def started(kind=Refreshing, indication=None, height=64, network=None):
    display = kind(height)
    if kind is Display:
        display.init_display()  # stock drivers do it when they are made
        display.calls.clear()
    screen = Screen(display, True, network)
    task = asyncio.create_task(screen.run())
    if indication is not None:
        screen.show(indication)
    return display, screen, task


async def settle():
    for _ in range(4):
        await asyncio.sleep_ms(0)


async def after(ms):
    """Just behind what happens at that moment."""
    await asyncio.sleep_ms(ms)
    await settle()


def attempts(display):
    """The moments at which the bus was tried."""
    return sorted({at for at, _ in display.calls})
