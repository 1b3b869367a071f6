"""Which configurations close a board's REPL, and how main.py then ends.

`machine` and `micropython` are stand-ins.
"""

import json
import os
import sys

import micropython

from tests.simulation import flash as flash_chip
from tests.support.expect import raises


class Reset(BaseException):
    """The chip starts again."""


class Machine:
    """Stands in for `machine`."""

    def reset_cause(self):
        return 1

    def reset(self):
        raise Reset


class MicroPython:
    """Stands in for `micropython`."""

    heard = None  # the last argument of kbd_intr
    interrupts = 0  # so many Ctrl-C come, each within a kbd_intr
    const = micropython.const

    def kbd_intr(self, character):
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        self.heard = character

    def alloc_emergency_exception_buf(self, size):
        pass


sys.modules["machine"] = Machine()
stand_in = sys.modules["micropython"] = MicroPython()

from firmware.guard import repl, rescued_config

HERE = os.getcwd() + "/"
FRAMEIO = {"client_version": "1.2.3", "access_token": "x"}


def start(text=None):
    """As main.py starts with this configuration. Is Ctrl-C heard then?"""
    flash = flash_chip.formatted()
    flash_chip.mount(flash)
    os.chdir(flash_chip.PLACE)
    if text is not None:
        with open("config.json", "w") as file:
            file.write(text)
    repl.is_open = None
    repl.configure()
    assert stand_in.heard in (3, -1)
    return stand_in.heard == 3


def test_only_a_plain_false_closes_it():
    closed = {"board": "host", "frameio": FRAMEIO, "repl": False}
    for values in (
        closed,
        dict(closed, brightness=150),
        {"repl": False},
        dict(closed, wifi=[{"ssid": "x" * 32}] * 150),
    ):
        assert not start(json.dumps(values))
        with raises(Reset):
            repl.reset_if_closed()
    for value in (True, 0, None, "false", [False]):
        assert start(json.dumps(dict(closed, repl=value))), value
        repl.reset_if_closed()
    assert start(json.dumps({"frameio": dict(FRAMEIO, repl=False)}))


def test_what_can_not_be_read_leaves_it_open():
    """That is what `firmware.config` refuses as no JSON: its author must be able to repair it."""
    for text in (
        (None, "", "[]", '{"repl": false', "false", '"repl"', '\ufeff{"repl": false}')
        + ('{"repl": false, "repl": true}', '{"repl": true, "repl": false}', '{"repl" false}')
        + ('{"repl": false, // x\n"light": true}', '{"repl": false,}', '{"repl": false} x')
        + ('{"repl": false, "a": ' + "[" * 5000, '{"repl": false}' + " " * 9000)
    ):
        assert start(text), text
        repl.reset_if_closed()


def test_an_end_before_the_start_looks_first():
    start('{"repl": false}')
    repl.is_open = None
    with raises(Reset):
        repl.reset_if_closed()


def test_without_memory_at_the_end_it_stays_closed():
    start('{"repl": false}')

    def fail(*_):
        raise MemoryError

    rescued_config.open = fail
    with raises(Reset):
        repl.reset_if_closed()


def test_a_computer_has_no_switch():
    kept = repl.machine
    repl.machine = object()
    assert start('{"repl": false}')
    repl.reset_if_closed()
    repl.machine = kept


def run(name):
    """Run boot.py or main.py as a board does, with a Ctrl-C within its first instructions."""
    with open(HERE + name) as file:
        source = file.read()
    stand_in.interrupts = 1
    exec(source, {"__name__": "__main__", "__file__": HERE + name})


def test_a_ctrl_c_at_the_very_start_of_boot_py_does_not_keep_main_py_from_running():
    stand_in.heard = 3
    run("boot.py")
    assert stand_in.heard == -1 and not stand_in.interrupts


def test_a_ctrl_c_at_the_very_start_of_main_py_is_a_reset_if_the_repl_is_closed():
    start('{"repl": false}')
    for looked in (None, False):
        repl.is_open = looked
        stand_in.heard = 3
        with raises(Reset):
            run("main.py")
        assert stand_in.heard == -1 and not stand_in.interrupts
    start('{"repl": true}')
    with raises(KeyboardInterrupt):
        run("main.py")
