"""The `fault` state of a firmware that can't run: on console, light and screen of whatever board this is."""

import asyncio
import sys

from micropython import const

from pilotlight.status import DeviceStatus

from . import board_name
from .console import Console
from .face import Face
from .words import PAGES

_FOR_DAYS_MS = const(400_000_000)  # what ticks can count
_HEIGHT = const(64)  # what is fitted is in the configuration, which may be what is broken
_SCREEN_ERRORS = (ImportError, AttributeError, OSError, ValueError, MemoryError)


def tell(reason: str, t_ms: int = 0) -> Face:
    """A console line with the fault; its Face. reason: a key of words.REASONS."""
    status = DeviceStatus()
    status.update(fault=reason)
    face = Face(status)
    Console().show(face, t_ms)
    return face


async def show(reason: str, text: str = "", t_ms: int = 0) -> None:
    """Show the fault for ever, on all that the board has and that works. text: for the screen, instead of the reason's words."""
    face = tell(reason, t_ms)
    board = board_name.find()
    jobs = [_for_ever()]
    try:
        if hasattr(board, "light"):
            board.light().show(face.pattern, face.rgb)
        if hasattr(board, "screen"):
            from .screen import Screen

            screen = Screen(board.screen(_HEIGHT))
            screen.show(face)
            if text:
                screen.message(PAGES[face.state][0], text, _FOR_DAYS_MS)
            jobs.append(screen.run())
    except _SCREEN_ERRORS as error:
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # the stubs' two kinds of streams
    await asyncio.gather(*jobs)


async def _for_ever() -> None:
    while True:
        await asyncio.sleep(3600)
