"""The `fault` state of a firmware that can't run, on console, light and screen."""

import asyncio
import sys

from pilotlight.status import DeviceStatus

from ..console import Console
from ..event_log import EventLog
from ..guard import rescued_config
from ..indication import Indication
from ..storage import FileStorage
from ..text_output import log
from ..timestamps import Uptime

_SCREEN_ERRORS = (ImportError, AttributeError, OSError, ValueError, MemoryError)


def print_fault(reason: str, t_ms: int = 0) -> Indication:
    """Write a console line with the fault, and return its Indication.

    reason: a key of strings.REASONS. t_ms: milliseconds since the firmware started.
    """
    indication = Indication(DeviceStatus(fault=reason))
    Console().show(indication, t_ms)
    return indication


async def show(reason: str, t_ms: int = 0) -> None:
    """Log the fault, and show it for ever on every output that the board has and that works.

    reason: a key of strings.REASONS. t_ms: milliseconds since the firmware started.
    """
    indication = print_fault(reason, t_ms)
    storage = FileStorage(rescued_config.text("state_dir") or "state")
    event_log = EventLog(storage, Uptime(), _no_time, log)
    event_log.add(indication.state, reason)
    event_log.save()
    board = rescued_config.board()
    size = rescued_config.text("screen")
    jobs = [_for_ever()]
    try:
        if hasattr(board, "light"):
            board.light().show(indication.pattern, indication.rgb)
        if hasattr(board, "screen") and size != "none":
            from .screen import Screen

            screen = Screen(board.screen(32 if size == "128x32" else 64))
            screen.show(indication)
            jobs.append(screen.run())
    except _SCREEN_ERRORS as error:
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # two stubs' streams
    await asyncio.gather(*jobs)


def _no_time() -> None:
    return None


async def _for_ever() -> None:
    while True:
        await asyncio.sleep(3600)
