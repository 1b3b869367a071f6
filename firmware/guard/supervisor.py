"""What keeps the firmware going on a board: a crash restarts it, and three in a row lead to the safe mode.

In the safe mode nothing of the application runs: there is the `fault` light, and Ctrl-C gives the prompt, if that is open
(repl.py). After ten minutes the application is tried again; two healthy minutes clear the count, one more crash leads back. A
button that is held for a second from the start leads there, too. (One that is the chip's boot strap as well, as on many boards,
is pressed just after the reset.)
"""

import asyncio
import gc
import sys
import time

import machine

from .boot_loop_counter import BootLoopCounter
from .watchdog import Watchdog

# A test brings its own.
crashes = 3
retry_ms = 600_000
pause_ms = 3_000  # from a crash to the restart: for whoever reads along, and their Ctrl-C
held_ms = 1_000


class Supervisor:
    """What the application has of its keeper. watchdog: the Watchdog to run, which its tasks tell when they are due."""

    def __init__(self, mark: BootLoopCounter) -> None:
        self._mark = mark
        self.watchdog = Watchdog(self._start_dog, _note, self._healthy)

    def reset(self) -> None:
        """Reset the board; this is no crash."""
        self._mark.end()
        machine.reset()

    def remember_board(self, name: str) -> None:
        """The board's name, for when the configuration that says so can't be used."""
        from . import board_name

        try:
            board_name.remember(name)
        except OSError as error:
            _note("the board's name could not be stored: %s" % error)

    def _start_dog(self, timeout_ms: int) -> machine.WDT:
        self._mark.dog_started()
        return machine.WDT(timeout=timeout_ms)

    def _healthy(self) -> None:
        """It has run well for a while: the crashes before count no more."""
        self._mark.set_count(0)


def run(times=None) -> None:
    """Run the application, or the safe mode. times: a pilotlight.times.Times, for tests.

    Raises KeyboardInterrupt, which leads to the prompt, and SystemExit, which is a soft reset. All else ends in a reset.
    """
    mark = BootLoopCounter(machine)
    if mark.dog_is_out:
        machine.reset()  # a soft reset does not stop it, and it would bite in the grace window of the new run
    try:
        if mark.has_counted and machine.reset_cause() == machine.WDT_RESET:
            _write_down(RuntimeError("the watchdog has reset the board"))
        if mark.count >= crashes or _button_is_held():
            _safe_mode(mark)
        mark.begin()
        asyncio.get_event_loop().set_exception_handler(_raise)
        from .. import app  # only now: what that raises is a crash, too

        app.run(times, Supervisor(mark))
        mark.end()
    except KeyboardInterrupt:
        mark.end()
        asyncio.new_event_loop()  # or the next asyncio.run at the prompt would go on with all of our tasks
        raise
    except (
        Exception,
        asyncio.CancelledError,
    ) as error:  # the latter is no Exception, and would end at the prompt
        gc.collect()
        _write_down(error)
        time.sleep_ms(pause_ms)
        machine.reset()  # the mark still says that the application runs: that is what counts it


def _raise(_loop, context) -> None:
    """An exception has ended a task that nobody waits for. It ends the application."""
    raise context["exception"]


def _safe_mode(mark: BootLoopCounter) -> None:
    _note(
        "safe mode; Ctrl-C for the prompt, if it is open; the firmware is tried again after a while"
    )
    try:
        from ..screen import fault_screen

        asyncio.run(asyncio.wait_for_ms(fault_screen.show("safe_mode"), retry_ms))
    except asyncio.TimeoutError:
        pass
    except Exception as error:  # whatever is broken, the prompt must stay in reach
        _tell(error)
        time.sleep_ms(retry_ms)
    finally:
        mark.set_count(
            min(mark.count, crashes - 1)
        )  # also for whoever interrupts it: what they have mended is to be tried
    machine.reset()


def _write_down(error: BaseException) -> None:
    try:
        _tell(error)
        from . import crash_log  # only now: most never need it

        crash_log.write(error)
    except Exception:
        pass  # what can't be written down is restarted from all the same


def _note(text: str) -> None:
    print("pilotlight:", text, file=sys.stderr)


def _tell(error: BaseException) -> None:
    sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # the stubs' two kinds of streams


def _button_is_held() -> bool:
    try:
        from . import board_name

        board = board_name.find()
        pin = board.button() if hasattr(board, "button") else None
        begun_ms = time.ticks_ms()
        while pin is not None and not pin.value():
            if time.ticks_diff(time.ticks_ms(), begun_ms) >= held_ms:
                return True
            time.sleep_ms(20)
    except Exception as error:  # a board that can't be asked is not held
        _tell(error)
    return False
