"""The `fault` state of a firmware that can't run: on console, light and screen of whatever board this is."""

import asyncio
import sys

from micropython import const

from pilotlight.status import DeviceStatus

from ..console import Console
from ..event_log import EventLog
from ..guard.board_name import configured, find
from ..indication import Indication
from ..storage import FileStorage
from ..strings import PAGES
from ..uptime import Uptime

_FOR_DAYS_MS = const(400_000_000)  # what ticks can count
_SCREEN_ERRORS = (ImportError, AttributeError, OSError, ValueError, MemoryError)


def tell(reason: str, t_ms: int = 0) -> Indication:
    """A console line with the fault; its Indication. reason: a key of strings.REASONS."""
    status = DeviceStatus()
    status.update(fault=reason)
    indication = Indication(status)
    Console().show(indication, t_ms)
    return indication


async def show(reason: str, text: str = "", t_ms: int = 0) -> None:
    """EventLog the fault, and show it for ever, on all that the board has and that works.

    text: for the screen, instead of the reason's words.
    """
    indication = tell(reason, t_ms)
    log = EventLog(FileStorage(configured("state_dir") or "state"), Uptime(), _no_time, _ignore)
    log.add(indication.state, reason)
    log.save()
    board = find()
    fitted = configured("screen")
    jobs = [_for_ever()]
    try:
        if hasattr(board, "light"):
            board.light().show(indication.pattern, indication.rgb)
        if hasattr(board, "screen") and fitted != "none":
            from .screen import Screen

            screen = Screen(board.screen(32 if fitted == "128x32" else 64))
            screen.show(indication)
            if text:
                screen.message(PAGES[indication.state][0], text, _FOR_DAYS_MS)
            jobs.append(screen.run())
    except _SCREEN_ERRORS as error:
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # the stubs' two kinds of streams
    await asyncio.gather(*jobs)


def _no_time() -> None:
    return None


def _ignore(line: str) -> None:
    """Where not even the log can be written, there is nothing to be said."""


async def _for_ever() -> None:
    while True:
        await asyncio.sleep(3600)
