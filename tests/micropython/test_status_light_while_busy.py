"""The light on the virtual board in real time: it goes on while the program blocks the loop."""

from tools.virtual_board import module_path

module_path.install()

import time

from machine import Timer

from firmware.indication import PATTERNS
from firmware.light.status_light import StatusLight
from tools.virtual_board.lamps import Eye

RED = (255, 0, 0)
LONGEST_MS = 20_000


def compute(until):
    """Be busy until that is true, and let nothing run but interrupts."""
    begun = time.ticks_ms()
    while not until():
        assert time.ticks_diff(time.ticks_ms(), begun) < LONGEST_MS, "nothing happens"


def test_it_goes_on_while_the_program_computes():
    with Eye("pixel") as eye:
        light = StatusLight(eye.lamp, Timer(0))
        light.show("fast", RED)
        compute(lambda: len(eye.shown) >= 6)
        light.show("off", RED)
    begun = eye.shown[0][0]
    for i in range(6):
        t_ms, red, _, _ = eye.shown[i]
        assert red == (0 if i % 2 else 255)
        assert t_ms - begun >= 200 * i - 2, (
            eye.shown
        )  # late at worst, and then the next one is no later


def test_changes_and_interrupts_at_any_time_leave_it_alive():
    """Thousands of changes, while the timer interrupts them wherever it will."""
    with Eye("led") as eye:
        light = StatusLight(eye.lamp, Timer(0))
        names = sorted(PATTERNS)
        begun = time.ticks_ms()
        count = 0
        while time.ticks_diff(time.ticks_ms(), begun) < 700:
            light.show(names[count // 3 % len(names)], RED)
            light.set_brightness(count % 101)
            count += 1
        light.set_brightness(100)
        light.show("fast", RED)
        eye.shown.clear()
        compute(lambda: len(eye.shown) >= 4)
        light.show("off", RED)
    assert count > 50
