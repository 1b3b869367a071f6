"""Keeps the firmware running on a board: a crash restarts it, and three in a row lead to safe mode.

In safe mode no part of the application runs. The board shows `fault`, and Ctrl-C gives the REPL, if
that is open (repl.py). After ten minutes the application is tried again; one more crash then leads
back to safe mode, and two healthy minutes clear the count. A button held for a second from the
start leads to safe mode too. (On many boards the button is also the chip's boot strap: press it
just after the reset.)
"""

import asyncio
import gc
import sys
import time

import machine

from ..text_output import log
from ..unload import unload
from .boot_loop_counter import BootLoopCounter
from .watchdog import Watchdog

# Tests set their own.
crashes = 3
retry_ms = 600_000
pause_ms = 3_000  # from a crash to the restart: time to read the traceback, or to press Ctrl-C
held_ms = 1_000


class Supervisor:
    """The application's way to the supervisor.

    watchdog: the Watchdog. The application runs it, and its tasks check in with it.
    before_reset(): called before a reset on purpose; the application sets it.
    """

    def __init__(self, boot_loop_counter: BootLoopCounter) -> None:
        self._boot_loop_counter = boot_loop_counter
        self.before_reset = _nothing
        self.watchdog = Watchdog(self.start_hardware_watchdog, log, self.clear_crashes)

    def reset(self) -> None:
        """Reset the board on purpose: this is no crash."""
        self.before_reset()
        self._boot_loop_counter.mark_stopped()
        machine.reset()

    def remember_board(self, name: str) -> None:
        """Store the board's name for a start at which the configuration is unusable."""
        from . import rescued_config

        try:
            rescued_config.remember_board(name)
        except OSError as error:
            log("the board's name could not be stored: %s" % error)
        unload("firmware.guard.rescued_config", "firmware.guard.power_on")

    def start_hardware_watchdog(self, timeout_ms: int) -> machine.WDT:
        """Start the chip's watchdog, which nothing can stop until the next hard reset."""
        self._boot_loop_counter.mark_watchdog_started()
        return machine.WDT(timeout=timeout_ms)

    def clear_crashes(self) -> None:
        """The firmware has run well for a while: earlier crashes no longer count."""
        self._boot_loop_counter.set_count(0)


def run(times=None, extra=None) -> None:
    """Run the application, or safe mode.

    times: a pilotlight.times.Times, for tests. extra: your own code, see app.run.

    Raises KeyboardInterrupt, which leads to the REPL, and SystemExit, which is a soft reset. All
    else ends in a hard reset.
    """
    boot_loop_counter = BootLoopCounter(machine)
    if boot_loop_counter.watchdog_still_runs:
        machine.reset()  # it would reset the board within the new run's grace period
    try:
        if boot_loop_counter.follows_crash and machine.reset_cause() == machine.WDT_RESET:
            _store_crash(RuntimeError("the watchdog has reset the board"))
        if boot_loop_counter.count >= crashes or _at_power_on("is_button_held", held_ms):
            _safe_mode(boot_loop_counter)
        boot_loop_counter.mark_running()
        _at_power_on("start")
        asyncio.get_event_loop().set_exception_handler(_raise)
        from .. import app  # only now: an exception of the import is a crash too

        app.run(times, Supervisor(boot_loop_counter), extra)
        boot_loop_counter.mark_stopped()
    except KeyboardInterrupt:
        boot_loop_counter.mark_stopped()
        asyncio.new_event_loop()  # else the next asyncio.run at the REPL would resume all tasks
        raise
    except (Exception, asyncio.CancelledError) as error:  # CancelledError is no Exception
        gc.collect()
        _store_crash(error)
        time.sleep_ms(pause_ms)
        machine.reset()  # counted as a crash, because the counter still says "running"


def log_exception(error: BaseException) -> None:
    """Write a traceback to stderr."""
    sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]  # two stubs' streams


def _nothing() -> None:
    """Until the application has something to do before a reset."""


def _raise(_loop, context) -> None:
    """An exception has ended a task that nothing awaits. Let it end the application."""
    raise context["exception"]


def _safe_mode(boot_loop_counter: BootLoopCounter) -> None:
    log("safe mode; Ctrl-C for the REPL, if it is open; the firmware is tried again after a while")
    try:
        from ..screen import fault_screen

        asyncio.run(asyncio.wait_for_ms(fault_screen.show("safe_mode"), retry_ms))
    except asyncio.TimeoutError:
        pass
    except Exception as error:  # whatever is broken, the REPL must stay reachable
        log_exception(error)
        time.sleep_ms(retry_ms)
    finally:
        # Also on Ctrl-C: the user may have fixed the cause, so allow one more try.
        boot_loop_counter.set_count(min(boot_loop_counter.count, crashes - 1))
    machine.reset()


def _store_crash(error: BaseException) -> None:
    try:
        log_exception(error)
        from . import crash_log  # only now: most boards never need it

        crash_log.write(error)
    except Exception as failure:
        try:
            log("the crash could not be stored: %s" % failure)
        except Exception:
            pass  # restart even so


def _at_power_on(function: str, *arguments):
    """The result of a function of power_on.py.

    An exception is logged: the application tries again, and a button that can't be read is not
    held.
    """
    try:
        from . import power_on

        return getattr(power_on, function)(*arguments)
    except Exception as error:
        log_exception(error)
        return None
