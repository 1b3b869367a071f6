"""What is written down of a crash."""

import os

from tests.support.guarded_board import app, boot, boots, is_safe, machine, on_flash, told

# isort: split
from firmware.guard import crash_log


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
    assert (
        "Traceback" in newest
        and "crash_in_words" in newest
        and newest.count("the words of this one") == 2
    )
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


def test_the_time_since_power_on_is_in_seconds():
    on_flash()
    kept = crash_log.time

    class Time:
        @staticmethod
        def ticks_ms():
            return 3_600_000

    crash_log.time = Time
    try:
        crash_log.write(ValueError("late"))
    finally:
        crash_log.time = kept
    assert open("crash.txt").read().startswith("3600 s after power-on or reset: ValueError: late")


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
        machine.cause, machine.memory = machine.PWRON_RESET, b""
        app.job = app.crash
        told.clear()
        assert boot() == machine.HARD_RESET
        assert [line for line in told if "could not be stored" in str(line)], told
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
