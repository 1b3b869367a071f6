"""The virtual board as a process: a small program is the firmware, and the session is its user."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.rig import MICROPYTHON, Rig
from tools.virtual_board.session import (
    HARD_RESET,
    PWRON_RESET,
    ROOT,
    SOFT_RESET,
    WDT_RESET,
    VirtualBoard,
)

MakeBoard = Callable[..., VirtualBoard]

_SAY = """
import asyncio, json, machine, os, sys, time
from machine import RTC, WDT, Pin, Timer

def say(**fields):
    print(json.dumps(fields))

async def wait():
    while True:
        await asyncio.sleep(10)
"""


@pytest.fixture
def make_board(tmp_path: Path) -> Iterator[MakeBoard]:
    """Makes boards with these programs as main.py and boot.py, not switched on yet.

    options: VirtualBoard's.
    """
    boards: list[VirtualBoard] = []

    def make(main: str, boot: str | None = None, **options: Any) -> VirtualBoard:
        boards.append(VirtualBoard(tmp_path / f"board{len(boards)}", **options))
        (boards[-1].flash / "main.py").write_text(_SAY + main)
        if boot is not None:
            (boards[-1].flash / "boot.py").write_text(boot)
        return boards[-1]

    yield make
    for board in boards:
        board.cut_power()


def test_ctrl_c_is_not_heard_if_the_program_does_not_want_it(make_board: MakeBoard) -> None:
    boot = "import micropython\nmicropython.kbd_intr(-1)\n"  # which holds for boot.py only
    board = make_board("say(now='waits')\nasyncio.run(wait())", boot)
    board.power_on()
    board.wait_line(now="waits")
    board.interrupt()
    board.wait("repl")
    board = make_board(
        "import micropython\nmicropython.kbd_intr(-1)\nsay(now='waits')\nasyncio.run(asyncio.wait_for(wait(), 3))"
    )
    board.power_on()
    board.wait_line(now="waits")
    board.interrupt()
    board.wait("repl")
    board.wait_log("TimeoutError")
    assert "KeyboardInterrupt" not in board.errors


def test_every_kind_of_reset_has_its_cause_and_keeps_what_it_should(make_board: MakeBoard) -> None:
    board = make_board(
        """
from esp32 import NVS
rtc = RTC()
rtc.memory(rtc.memory() + b"x")
boots = 1 + (int(open("boots").read()) if "boots" in os.listdir() else 0)
open("boots", "w").write(str(boots))
nvs = NVS("test")
try:
    kept = nvs.get_i32("boots")
except OSError:
    kept = 0
nvs.set_i32("boots", boots)
if boots == 3:
    nvs.commit()
memory = len(rtc.memory())
say(boots=boots, cause=machine.reset_cause(), memory=memory, clock=time.time() // 1000, nvs=kept, early=early)
if boots == 1:
    rtc.datetime((2030, 1, 1, 0, 0, 0, 0, 0))
    machine.reset()
elif boots == 2:
    machine.soft_reset()
elif boots == 3:
    WDT(timeout=3000)
    sys.exit()
while True:
    time.sleep(1)
""",
        "early = __file__",
    )
    board.power_on()
    board.wait_line(boots=4)
    board.wait("power_on", cause=WDT_RESET)
    board.wait_line(boots=5)
    board.cut_power()
    board.power_on()
    board.wait_line(boots=6)
    in_2030 = 946_771
    keys = ("boots", "cause", "memory", "clock", "nvs")
    assert [tuple(line[key] for key in keys) for line in board.lines] == [
        (1, PWRON_RESET, 1, 0, 0),
        (2, HARD_RESET, 2, in_2030, 0),
        (3, SOFT_RESET, 3, in_2030, 0),
        (4, SOFT_RESET, 4, in_2030, 3),
        (5, WDT_RESET, 5, in_2030, 3),
        (6, PWRON_RESET, 1, 0, 3),
    ]
    assert board.lines[0]["early"] == str(board.flash / "boot.py")
    assert [event["cause"] for event in board.events if event["kind"] == "reset"] == [
        HARD_RESET,
        SOFT_RESET,
        SOFT_RESET,
        WDT_RESET,
    ]


def test_a_press_reaches_a_program_that_waits_computes_or_is_over(make_board: MakeBoard) -> None:
    board = make_board(
        """
led = Pin(2, Pin.OUT)
button = Pin(0, Pin.IN, Pin.PULL_UP)
releases = 0

def on_edge(pin):
    global releases
    led(not pin.value())
    releases += pin.value()

button.irq(on_edge)
try:
    say(program="waits")
    asyncio.run(wait())
except KeyboardInterrupt:
    say(program="computes")
    while releases < 2:
        [str(number) for number in range(100)]
say(program="is over")
"""
    )
    board.power_on()
    for program in ("waits", "computes", "is over"):
        board.wait_line(program=program)
        after = board.mark()
        board.press(0, ms=30)
        on = board.wait("pin", after, pin=2, level=1)
        board.wait(
            lambda event: (
                event["kind"] == "pin" and not event["level"] and event["t_us"] > on["t_us"]
            ),
            after,
        )
        pressed, released = [
            event["t_us"] for event in board.events[after:] if event["kind"] == "button"
        ]
        assert pressed + 30_000 <= released and pressed < on["t_us"]
        if program == "waits":
            board.interrupt()
    with pytest.raises(ValueError, match="no button"):
        board.press(5)
    with pytest.raises(ValueError, match="no chip knows"):
        board.order("kick")


def test_ctrl_c_ends_a_program_that_waits_once(make_board: MakeBoard) -> None:
    board = make_board(
        """
flag = asyncio.ThreadSafeFlag()
try:
    say(ready=1)
    asyncio.run(flag.wait())
except KeyboardInterrupt:
    asyncio.new_event_loop()
    asyncio.run(asyncio.wait_for_ms(wait(), 50))
"""
    )
    board.power_on()
    board.wait_line(ready=1)
    board.interrupt()
    board.wait_log("TimeoutError")
    board.wait("repl")
    board.interrupt()
    board.press(0)


def test_an_uncaught_ctrl_c_leads_to_the_repl(make_board: MakeBoard) -> None:
    board = make_board("say(ready=1)\nasyncio.run(wait())")
    board.power_on()
    board.wait_line(ready=1)
    board.interrupt()
    board.wait("repl")
    board.wait_log("KeyboardInterrupt")


def test_what_the_user_does_outlasts_resets_and_power_cuts(make_board: MakeBoard) -> None:
    board = make_board(
        """
button = Pin(4, Pin.IN, Pin.PULL_UP)
button.irq(lambda pin: machine.reset())
say(pressed=not button.value())
asyncio.run(wait())
""",
        wiring={"buttons": [4]},
    )
    board.press(4)
    board.power_on()
    board.wait_line(pressed=True)
    board.release(4)
    board.wait_line(pressed=False)
    board.press(4)
    board.wait_line(after=2, pressed=True)
    board.cut_power()
    board.release(4)
    board.power_on()
    board.wait_line(after=3, pressed=False)


def test_main_does_not_run_after_a_boot_that_failed(make_board: MakeBoard) -> None:
    board = make_board("say(main=1)", "1 // 0")
    board.power_on()
    board.wait("repl")
    board.wait_log("ZeroDivisionError")
    board.cut_power()
    assert not board.lines
    (board.flash / "boot.py").unlink()
    board.power_on()
    board.wait_line(main=1)


def test_events_of_a_busy_program_are_all_told_at_their_time(make_board: MakeBoard) -> None:
    board = make_board(
        """
led = Pin(2, Pin.OUT)
for number in range(3000):
    led.toggle()
""",
        heap="120k",
    )
    board.power_on()
    board.wait("repl")
    edges = [event for event in board.events if event["kind"] == "pin"]
    assert [edge["level"] for edge in edges] == [number % 2 for number in range(3001)]
    times = [edge["t_us"] for edge in edges]
    assert times == sorted(times)


def test_the_power_goes_between_two_bytecodes(make_board: MakeBoard) -> None:
    board = make_board(
        """
say(ready=1)
try:
    while True:
        pass
finally:
    open("finally", "w").close()
"""
    )
    board.power_on()
    board.wait_line(ready=1)
    board.cut_power()
    assert (
        board.events[-1] == {"kind": "off", "code": -9} and not (board.flash / "finally").exists()
    )
    with pytest.raises(AssertionError, match="the board is off"):
        board.wait("pin")
    board.press(0)  # does nothing to the board that is off but is remembered
    board.power_on()
    board.wait("button", pressed=True)
    with pytest.raises(AssertionError, match="on already"):
        board.power_on()
    with pytest.raises(AssertionError, match="never seen"):
        board.wait("pin", deadline_s=0.01)


def _start(tmp_path: Path, program: str) -> tuple[subprocess.Popen[str], socket.socket]:
    """A board whose host is the test itself."""
    (tmp_path / "main.py").write_text(program)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [MICROPYTHON, str(ROOT / "tools/virtual_board/power_on.py")],
            env={**os.environ, "VIRTUAL_BOARD": address, "VIRTUAL_BOARD_CODE": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        return process, server.accept()[0]


def test_a_board_goes_off_with_its_host(tmp_path: Path) -> None:
    process, host = _start(tmp_path, "while True: pass")
    host.close()
    assert process.wait(120) == -9


def test_a_host_that_reads_nothing_holds_nothing_up(tmp_path: Path) -> None:
    program = """
from virtual import connection, events
import machine
connection._PATIENCE_MS = 100
while events.is_heard:
    events.emit("noise", text="x" * 10000)
print("told no more")
"""
    process, host = _start(tmp_path, program)
    try:
        assert process.stdout
        assert process.stdout.readline() == "told no more\n"
    finally:
        process.kill()
        host.close()


def test_the_firmware_goes_online_on_the_board(rig: Rig, tmp_path: Path) -> None:
    mock = rig.mock(tls=True)
    environment = {"PILOTLIGHT_CONFIG": str(rig.config(mock.url, mock.ca))}
    with VirtualBoard(tmp_path / "board", code=ROOT, environment=environment) as board:
        board.power_on()
        board.wait_line(state="online")
        mock.control("pause")
        board.wait_line(state="paused")
    assert (
        json.loads(board.output.splitlines()[0])["state"] == "starting"
        and "Traceback" not in board.errors
    )
