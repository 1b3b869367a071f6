"""Crashes, watchdog resets, power cuts and prompts, against a stand-in for `machine`: which of them lead to the safe mode."""

import asyncio
import os
import sys
import time

import micropython

from tests.micropython.expect import raises
from tests.simulation import flash as flash_chip


class Reset(BaseException):
    """The chip starts anew; args[0] is the next reset_cause()."""


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

import firmware
from firmware import crash_log, safe_mode
from firmware.crash_mark import CrashMark

told = []  # instead of stderr
safe_mode._tell = told.append
safe_mode._note = told.append
safe_mode.pause_ms = 1
safe_mode.retry_ms = 20
safe_mode.held_ms = 20


class App:
    """Stands in for firmware.app and firmware.fault. job(guard): what it does. shown: the faults. runs: how often it was run."""

    def __init__(self):
        self.job = self.crash
        self.shown = []
        self.runs = 0
        self.fault_fails = None

    def run(self, times, guard):
        self.runs += 1
        self.guard = guard
        self.job(guard)

    async def show(self, reason):
        self.shown.append(reason)
        if self.fault_fails:
            raise self.fault_fails
        await asyncio.sleep(3600)

    def crash(self, guard):
        raise ValueError("crash %d" % self.runs)


app = firmware.app = firmware.fault = App()


def hang(guard):
    """The watchdog bites."""
    guard._start_dog(60_000)
    raise Reset(machine.WDT_RESET)


def lose_power(guard):
    raise Reset(machine.PWRON_RESET)


def interrupt(guard):
    raise KeyboardInterrupt


def boot():
    """From a reset to the next one; None if it ends at the prompt. What was shown and run is counted anew."""
    app.shown.clear()
    app.runs = 0
    try:
        safe_mode.run()
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


def mark(magic, count, flags):
    data = magic + bytes((count, flags))
    return data + bytes([(sum(data) ^ 0xA5) & 0xFF])


def test_what_happens_to_be_in_memory_is_no_mark():
    on_flash()
    machine.memory, machine.cause = mark(b"pilot", 2, 1), machine.HARD_RESET
    assert is_safe()
    good = mark(b"pilot", 7, 1)
    wrong_sum, longer = good[:-1] + b"\x00", good[:-1] + bytes(50) + good[-1:]
    for garbage in (b"", b"\xff" * 8, mark(b"Pilot", 7, 1), wrong_sum, longer, b"pilot\x07", bytes(2048), os.urandom(64)):
        for cause in (machine.PWRON_RESET, machine.HARD_RESET, machine.WDT_RESET, machine.SOFT_RESET):
            machine.memory, machine.cause = garbage, cause
            assert not is_safe(), (garbage, cause)


def test_the_mark_is_written_without_memory():
    class Unwritten:
        writes = 0

        def memory(self, data=None):
            if data is None:
                return b""
            Unwritten.writes += 1
            return None

    kept, Machine.RTC = Machine.RTC, lambda self: Unwritten()
    mark = CrashMark(machine)
    Machine.RTC = kept
    micropython.heap_lock()
    mark.begin()
    mark.dog_started()
    mark.set_count(2)
    mark.end()
    micropython.heap_unlock()
    assert Unwritten.writes == 5


def test_a_count_in_memory_that_outlives_a_power_on_is_void():
    on_flash()
    boots(app.crash, 3)
    machine.cause = machine.PWRON_RESET
    assert not is_safe()


def test_two_healthy_minutes_clear_the_count():
    on_flash()

    def healthy_then_crash(guard):
        guard._healthy()
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


def test_an_interrupt_reaches_the_prompt_and_what_happens_there_is_no_crash():
    on_flash()
    for _ in range(4):
        app.job = interrupt
        with raises(KeyboardInterrupt):
            safe_mode.run()
        machine.cause = machine.WDT_RESET  # at the prompt nobody feeds it
    for _ in range(4):
        boots(interrupt, 1)
        machine.cause = machine.HARD_RESET  # machine.reset() at the prompt
    assert not is_safe() and not os.listdir()


def test_at_the_prompt_no_task_of_the_application_goes_on():
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
        safe_mode.run()
    app.show = kept
    machine.cause = machine.HARD_RESET  # machine.reset() at the prompt
    assert not is_safe()  # what was mended there is tried at once …
    boots(app.crash, 1)
    assert is_safe()  # … and nothing but that


def test_a_soft_reset_while_the_watchdog_runs_becomes_a_hard_one():
    on_flash()

    def start_dog_and_stop(guard):
        assert guard._start_dog(60_000) is machine.dogs
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
            safe_mode.run()
        machine.cause = machine.SOFT_RESET
    assert not is_safe()


def test_an_exception_in_a_task_that_nobody_waits_for_is_a_crash():
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
        assert time.ticks_diff(time.ticks_ms(), begun_ms) >= safe_mode.retry_ms
        app.fault_fails = None
        assert not is_safe()


def test_the_last_three_crashes_are_written_down():
    on_flash()
    for _ in range(5):
        machine.cause, machine.memory = machine.PWRON_RESET, b""
        boots(app.crash, 1)

        def crash_in_words(guard):
            raise RuntimeError("the words of this one")

        boots(crash_in_words, 1)
    assert sorted(os.listdir()) == ["crash.1.txt", "crash.2.txt", "crash.txt"]
    newest, older = open("crash.txt").read(), open("crash.1.txt").read()
    assert "RuntimeError: the words of this one" in newest.split("\n")[0]
    assert "Traceback" in newest and "crash_in_words" in newest and newest.count("the words of this one") == 2
    assert "ValueError: crash 1" in older and "the words" in open("crash.2.txt").read()


def dive(depth, text):
    if not depth:
        raise ValueError(text)
    dive(depth - 1, text)


def test_what_is_written_down_is_bounded():
    on_flash()
    for depth, text in ((60, "deep"), (0, "long " * 2000), (60, "\u00fc" * 300)):
        try:
            dive(depth, text)
        except ValueError as error:
            crash_log.write(error)
        with open("crash.txt", "rb") as file:
            data = file.read()
        assert 200 < len(data) <= 2048, len(data)
        assert b"ValueError: " + text[:20].encode() in data.split(b"\n")[0]
        assert b"Traceback" in data


def test_what_can_not_be_written_down_is_restarted_all_the_same():
    flash = on_flash()
    flash.cut_at = 1
    assert boot() == machine.HARD_RESET
    on_flash()
    kept = crash_log.write
    for failure in (MemoryError(), OSError(28), ImportError()):

        def fail(error):
            raise failure

        crash_log.write = fail
        assert boot() == machine.HARD_RESET
    crash_log.write = kept
    machine.cause, machine.memory = machine.PWRON_RESET, b""
    app.job = app.crash
    assert boot() == machine.HARD_RESET


def test_an_application_that_runs_out_of_memory_is_a_crash():
    on_flash()

    def eat(guard):
        eaten = []
        while True:
            eaten.append(bytearray(1 << 16))

    boots(eat, 3)
    assert "MemoryError" in open("crash.txt").read()
    assert is_safe()
