"""A board under the safe mode's guard, for its tests: stand-ins for `machine`, the application and
the fault's light, and boots.

Import it before the firmware.
"""

import asyncio
import os
import sys

from tests.simulation import flash as flash_chip


class Reset(BaseException):
    """The chip starts again; args[0] is the next reset_cause()."""


class Machine:
    """Stands in for `machine`. memory: the RTC's."""

    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)

    def __init__(self):
        self.cause = self.PWRON_RESET
        self.memory = b""
        self.dogs = []

    def reset_cause(self):
        return self.cause

    def reset(self):
        raise Reset(self.HARD_RESET)

    def RTC(self):
        return Rtc()

    def WDT(self, timeout):
        self.dogs.append(timeout)
        return self.dogs


class Rtc:
    def memory(self, data=None):
        if data is None:
            return machine.memory
        machine.memory = bytes(data)
        return None


machine = sys.modules["machine"] = Machine()

import firmware.screen
from firmware.guard import supervisor as supervisor

told = []  # instead of stderr
supervisor.log_exception = told.append
supervisor.log = told.append
supervisor.pause_ms = 1
supervisor.retry_ms = 20
supervisor.held_ms = 20


class App:
    """Stands in for firmware.app and fault_screen.

    job(guard): what it does. shown: the faults. runs: how often it was run. extra: the vendor's
    code that it was given.
    """

    def __init__(self):
        self.job = self.crash
        self.shown = []
        self.runs = 0
        self.extra = self.fault_fails = None

    def run(self, times, guard, extra):
        self.runs += 1
        self.guard, self.extra = guard, extra
        self.job(guard)

    async def show(self, reason):
        self.shown.append(reason)
        if self.fault_fails:
            raise self.fault_fails
        await asyncio.sleep(3600)

    def crash(self, guard):
        raise ValueError("crash %d" % self.runs)


app = firmware.app = firmware.screen.fault_screen = App()


def hang(guard):
    """The watchdog bites."""
    guard.start_hardware_watchdog(60_000)
    raise Reset(machine.WDT_RESET)


def lose_power(guard):
    raise Reset(machine.PWRON_RESET)


def interrupt(guard):
    raise KeyboardInterrupt


def boot():
    """From a reset to the next one; None if it ends at the REPL.

    Resets what app counted.
    """
    app.shown.clear()
    app.runs = 0
    try:
        supervisor.run()
    except Reset as reset:
        machine.cause = reset.args[0]
        return machine.cause
    except KeyboardInterrupt:
        pass
    return None


def boots(job, times):
    """So many boots with this application."""
    app.job = job
    for _ in range(times):
        boot()


def is_safe():
    """Would the next boot be the safe mode? Boots."""
    app.job = lambda guard: None
    boot()
    assert app.shown in ([], ["safe_mode"]) and app.runs == (not app.shown)
    return bool(app.shown)


def on_flash():
    """An empty flash to work on."""
    flash = flash_chip.formatted()
    flash_chip.mount(flash)
    os.chdir(flash_chip.PLACE)
    return flash
