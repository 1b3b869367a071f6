"""Which crashes, watchdog resets, power cuts and interrupts lead to safe mode.

`machine` is a stand-in.
"""

import asyncio
import os
import sys
import time

from tests.support.expect import raises
from tests.support.guarded_board import (
    Machine,
    Reset,
    app,
    boot,
    boots,
    hang,
    interrupt,
    is_safe,
    lose_power,
    machine,
    on_flash,
    supervisor,
    told,
)


def test_three_crashes_lead_to_the_safe_mode_and_two_do_not():
    on_flash()
    for crashes in (1, 2, 3, 4):
        machine.cause, machine.memory = machine.PWRON_RESET, b""
        boots(app.crash, min(crashes, 3))
        assert machine.cause == machine.HARD_RESET and "crash 1" in str(told.pop())
        if crashes > 3:
            boot()  # is in the safe mode already
            assert app.shown == ["safe_mode"] and not app.runs and "Ctrl-C" in told.pop()
            continue
        assert is_safe() == (crashes >= 3), crashes


def test_the_safe_mode_tries_again_and_one_more_crash_leads_back():
    on_flash()
    boots(app.crash, 3)
    for _ in range(3):
        assert boot() == machine.HARD_RESET and app.shown == ["safe_mode"] and not app.runs
        assert boot() == machine.HARD_RESET and not app.shown and app.runs == 1


def test_watchdog_resets_lead_there_too():
    on_flash()
    boots(hang, 2)
    boots(app.crash, 1)
    assert is_safe()
    machine.cause, machine.memory = machine.PWRON_RESET, b""
    boots(hang, 3)
    assert "RuntimeError: the watchdog has reset the board" in open("crash.txt").read()
    assert is_safe()


def test_a_fault_in_c_is_a_crash():
    on_flash()

    def fault(guard):
        raise Reset(machine.HARD_RESET)

    boots(fault, 3)
    assert is_safe()


def test_cut_power_is_no_crash():
    on_flash()
    boots(lose_power, 5)  # and the memory still holds the mark: that was the reset button
    assert not is_safe()
    boots(app.crash, 2)
    boots(lose_power, 1)  # runs, and loses power
    boots(app.crash, 1)
    assert not is_safe()


def test_two_healthy_minutes_clear_the_count():
    on_flash()

    def healthy_then_crash(guard):
        guard.clear_crashes()
        raise ValueError

    boots(app.crash, 2)
    boots(healthy_then_crash, 1)
    boots(app.crash, 1)
    assert not is_safe()
    boots(healthy_then_crash, 1)
    boots(app.crash, 2)
    assert is_safe()


def test_a_reset_on_purpose_is_no_crash():
    on_flash()

    def reset(guard):
        guard.reset()

    boots(reset, 5)
    assert machine.cause == machine.HARD_RESET and not is_safe()


def test_an_interrupt_reaches_the_repl_and_what_happens_there_is_no_crash():
    on_flash()
    for _ in range(4):
        app.job = interrupt
        with raises(KeyboardInterrupt):
            supervisor.run()
        machine.cause = machine.WDT_RESET  # at the REPL it is not fed
    for _ in range(4):
        boots(interrupt, 1)
        machine.cause = machine.HARD_RESET  # machine.reset() at the REPL
    assert not is_safe() and not os.listdir()


def test_a_vendor_s_own_code_reaches_the_application():
    on_flash()
    app.job = interrupt
    with raises(KeyboardInterrupt):
        supervisor.run(extra=on_flash)
    assert app.extra is on_flash


def test_at_the_repl_no_task_of_the_application_goes_on():
    on_flash()
    ran = []

    async def work():
        while True:
            ran.append(1)
            await asyncio.sleep_ms(1)

    async def main():
        asyncio.create_task(work())
        await asyncio.sleep_ms(5)
        raise KeyboardInterrupt

    boots(lambda guard: asyncio.run(main()), 1)
    assert ran
    ran.clear()
    with raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for_ms(asyncio.Event().wait(), 20))
    assert not ran


def test_an_interrupt_in_the_safe_mode():
    on_flash()
    boots(app.crash, 3)

    async def interrupted(reason):
        raise KeyboardInterrupt

    kept, app.show = app.show, interrupted
    with raises(KeyboardInterrupt):
        supervisor.run()
    app.show = kept
    machine.cause = machine.HARD_RESET  # machine.reset() at the REPL
    assert not is_safe()  # what was mended there is tried at once …
    boots(app.crash, 1)
    assert is_safe()  # … and nothing but that


def test_a_soft_reset_while_the_watchdog_runs_becomes_a_hard_one():
    on_flash()

    def start_dog_and_stop(guard):
        assert guard.start_hardware_watchdog(60_000) is machine.dogs
        raise KeyboardInterrupt

    for _ in range(4):
        boots(start_dog_and_stop, 1)
        assert machine.dogs[-1] == 60_000
        machine.cause = machine.SOFT_RESET
        assert boot() == machine.HARD_RESET and not app.runs
        boots(interrupt, 1)
        machine.cause = machine.SOFT_RESET
        assert boot() is None and app.runs == 1
    assert not is_safe()


def test_a_soft_reset_by_the_application_passes():
    on_flash()

    def soft_reset(guard):
        raise SystemExit

    for _ in range(4):
        app.job = soft_reset
        with raises(SystemExit):
            supervisor.run()
        machine.cause = machine.SOFT_RESET
    assert not is_safe()


def test_an_exception_in_a_task_without_a_waiter_is_a_crash():
    on_flash()

    async def fail():
        await asyncio.sleep_ms(1)
        raise ValueError("in a task")

    async def main():
        asyncio.create_task(fail())
        await asyncio.sleep(10)

    boots(lambda guard: asyncio.run(main()), 1)
    assert machine.cause == machine.HARD_RESET
    assert "ValueError: in a task" in open("crash.txt").read()


def test_a_board_without_rtc_memory_restarts_for_ever():
    on_flash()
    for name in ("RTC", "memory"):
        kept = Machine.RTC
        if name == "RTC":
            del Machine.RTC
        else:
            Machine.RTC = lambda self: object()
        boots(app.crash, 4)
        assert not is_safe()
        Machine.RTC = kept


class Pin:
    """A button's. presses: for how many looks it is held."""

    def __init__(self, looks):
        self.looks = looks

    def value(self):
        self.looks -= 1
        return 0 if self.looks >= 0 else 1


class Board:
    def __init__(self, looks):
        self._looks = looks

    def button(self):
        if self._looks is None:
            raise OSError(5)
        return Pin(self._looks)


def test_a_button_held_from_the_start():
    on_flash()
    boards = __import__("firmware.boards.host").boards
    for looks, safe in ((1 << 20, True), (0, False), (1, False), (None, False)):
        machine.cause, machine.memory = machine.PWRON_RESET, b""
        boards.probe = sys.modules["firmware.boards.probe"] = Board(looks)
        with open("config.json", "w") as file:
            file.write('{"board": "probe", ')
        assert is_safe() == safe, looks
        app.job = app.crash
        assert boot() == machine.HARD_RESET  # in the safe mode or not, it goes on


def test_a_board_without_a_button_or_a_name():
    on_flash()
    for text in ('{"board": "host"}', '{"board": "nonsense"}', ""):
        with open("config.json", "w") as file:
            file.write(text)
        assert not is_safe()


def test_a_fault_that_can_not_be_shown_does_not_keep_the_safe_mode_from_its_retry():
    on_flash()
    for error in (MemoryError("no light"), ImportError("no light"), OSError(19)):
        machine.cause, machine.memory = machine.PWRON_RESET, b""
        boots(app.crash, 3)
        app.fault_fails = error
        begun_ms = time.ticks_ms()
        assert boot() == machine.HARD_RESET and not app.runs
        assert time.ticks_diff(time.ticks_ms(), begun_ms) >= supervisor.retry_ms
        app.fault_fails = None
        assert not is_safe()


class Lit:
    """A board with a light, and the `network` module."""

    STA_IF = 0

    def __init__(self):
        self.done = []

    def light(self):
        return self

    def show(self, pattern, rgb):
        self.done.append(pattern)

    def WLAN(self, interface):
        return self

    def active(self, on):
        self.done.append(on)


def test_the_light_blinks_once_and_the_radio_starts_before_the_application():
    on_flash()
    boards = __import__("firmware.boards.host").boards
    for text, wanted in (
        ('{"board": "probe", "wifi": {"ssid": "Stage 5"}}', ["solid", True, "off", "app"]),
        ('{"board": "probe", "light": false, "wifi": [{"ssid": "Stage 5"}]}', [True, "app"]),
        ('{"board": "probe", "brightness": 0}', ["app"]),
        ('{"board": "probe", "brightness" : 10}', ["solid", "off", "app"]),
        ('{"board": "probe", "repl": false}', ["solid", "off", "app"]),
    ):
        board = Lit()
        boards.probe = sys.modules["firmware.boards.probe"] = sys.modules["network"] = board
        machine.cause, machine.memory = machine.PWRON_RESET, b""
        with open("config.json", "w") as file:
            file.write(text)
        app.job = lambda guard, board=board: board.done.append("app")
        boot()
        assert board.done == wanted, board.done
