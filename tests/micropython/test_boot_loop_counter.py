"""The mark in the RTC's memory: what is one, and what it counts."""

import os

import micropython

from tests.support.guarded_board import Machine, app, boots, is_safe, machine, on_flash

# isort: split
from firmware.guard.boot_loop_counter import BootLoopCounter


def mark(magic, count, flags):
    data = magic + bytes((count, flags))
    return data + bytes([(sum(data) ^ 0xA5) & 0xFF])


def test_what_happens_to_be_in_memory_is_no_mark():
    on_flash()
    machine.memory, machine.cause = mark(b"pilot", 2, 1), machine.HARD_RESET
    assert is_safe()
    good = mark(b"pilot", 7, 1)
    wrong_sum, longer = good[:-1] + b"\x00", good[:-1] + bytes(50) + good[-1:]
    for garbage in (
        b"",
        b"\xff" * 8,
        mark(b"Pilot", 7, 1),
        wrong_sum,
        longer,
        b"pilot\x07",
        bytes(2048),
        os.urandom(64),
    ):
        for cause in (
            machine.PWRON_RESET,
            machine.HARD_RESET,
            machine.WDT_RESET,
            machine.SOFT_RESET,
        ):
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
    mark = BootLoopCounter(machine)
    Machine.RTC = kept
    micropython.heap_lock()
    mark.mark_running()
    mark.mark_watchdog_started()
    mark.set_count(2)
    mark.mark_stopped()
    micropython.heap_unlock()
    assert Unwritten.writes == 5


def test_a_count_in_memory_that_outlives_a_power_on_is_void():
    on_flash()
    boots(app.crash, 3)
    machine.cause = machine.PWRON_RESET
    assert not is_safe()
