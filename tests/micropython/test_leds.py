"""Each state is recognised from the pins alone, for each kind of LED, brightness and phase."""

import asyncio

import micropython

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

from machine import Timer
from virtual import events

from firmware.indication import LIGHTS
from firmware.light.status_light import StatusLight
from tests.support.recorded_light import edges
from tools.virtual_board.lamps import KINDS, Eye
from tools.virtual_board.virtual_time import Clock

# The ladder's timing as design has it: light, dark, light, … in ms. Not taken from patterns.py.
TIMING = {
    "fault": (200, 200),
    "starting": (),
    "no_network": (200, 1800),
    "pairing": (1000, 1000),
    "no_backend": (200, 300, 200, 1800),
    "unpaired": (200, 300, 200, 300, 200, 1800),
    "joining": (500, 500),
    "paused": (1000, 170, 170, 170),
    "online": (),
}
LONGEST_MS = max([sum(times) for times in TIMING.values()])


def states_of(found, until_ms):
    """The states that match edges seen from an unknown phase on.

    edges: [(t_ms, is it light?)]; the first is how it was found.
    """
    if len(found) == 1:
        return [
            state for state in TIMING if not TIMING[state] and (state == "online") == found[0][1]
        ]
    spans = [(found[i][1], found[i + 1][0] - found[i][0]) for i in range(len(found) - 1)] + [
        (found[-1][1], until_ms - found[-1][0])
    ]
    return [
        state
        for state, times in TIMING.items()
        if any([fits(times, phase, spans) for phase in range(len(times))])
    ]


def fits(times, phase, spans):
    """Whether the seen edges are a pattern from a phase on. The first and last are cut off."""
    for i, (is_light, ms) in enumerate(spans):
        at = (phase + i) % len(times)
        is_whole = 0 < i < len(spans) - 1
        if is_light != (at % 2 == 0) or ms > times[at] or (is_whole and ms != times[at]):
            return False
    return True


def window(found, from_ms, until_ms):
    """Of the edges, what is seen from one time to another."""
    before = [edge for edge in found if edge[0] <= from_ms]
    return [before[-1]] + [edge for edge in found if from_ms < edge[0] < until_ms]


async def test_each_state_is_read_from_the_pins_alone():
    for kind in KINDS:
        for brightness in (100, 25, 24, 5, 1):
            for state in TIMING:
                span = 2 * sum(TIMING[state]) or 2 * LONGEST_MS
                begun = Clock.now_ms
                with Eye(kind) as eye:
                    light = StatusLight(eye.lamp, Timer(0))
                    light.set_brightness(brightness)
                    light.show(*LIGHTS[state])
                    await asyncio.sleep_ms(2 * span)
                    light.show("off", (0, 0, 0))
                found = edges([(begun, 0, 0, 0)] + eye.shown, begun)
                for phase in range(0, span, 93):
                    read = states_of(window(found, phase, phase + span), phase + span)
                    assert read == [state], (kind, brightness, state, phase, found)


def test_what_is_no_pattern_is_no_state():
    """So that the test above can fail."""
    seen = [(0, True), (100, False), (300, True), (500, False), (700, True)]
    assert states_of(seen, 800) == ["fault"]
    assert states_of(seen, 901) == []
    assert states_of([(0, True), (100, False), (300, True), (510, False), (700, True)], 800) == []
    assert states_of([(0, True), (201, False), (401, True), (601, False), (801, True)], 850) == []
    assert sorted(states_of([(0, True), (200, False), (500, True), (700, False)], 2000)) == [
        "no_backend",
        "unpaired",
    ]


async def test_colours_arrive_where_they_belong():
    for kind in KINDS:
        with Eye(kind) as eye:
            for red, green, blue in ((255, 56, 3), (0, 0, 7), (0, 9, 0), (4, 0, 0), (0, 0, 0)):
                await asyncio.sleep_ms(1)
                eye.lamp.show(red, green, blue)
                most = max(red, green, blue)
                expected = (red, green, blue)
                if "led" in kind:
                    expected = (255, 255, 255) if most else (0, 0, 0)
                elif "pwm" in kind:
                    expected = (most, most, most)
                assert eye.shown[-1][1:] == expected, (kind, eye.shown)


async def test_other_pixels_are_left_alone():
    seen = []

    def on_event(event):
        if event["kind"] == "neopixel":
            seen.append(event["pixels"])

    events.listen(on_event)
    second, all_of_them = KINDS["second pixel"][0](), KINDS["strip"][0]()
    all_of_them.show(0, 0, 0)
    second.show(1, 2, 3)
    all_of_them.show(4, 5, 6)
    events.ignore(on_event)
    assert seen[-2:] == [[[0, 0, 0], [1, 2, 3], [0, 0, 0]], [[4, 5, 6]] * 3]


def test_lamps_make_no_object():
    for make, _, _ in KINDS.values():
        lamp = make()
        lamp.show(0, 0, 0)
        micropython.heap_lock()
        try:
            for i in range(256):
                lamp.show(i, 255 - i, 7)
        finally:
            micropython.heap_unlock()


def test_the_kinds_that_fade():
    for kind in KINDS:
        assert Eye(kind).lamp.fades == ("led" not in kind), kind


async def test_a_light_is_driven_by_the_boards_timer_to_the_millisecond():
    with Eye("pixel") as eye:
        light = StatusLight(eye.lamp, Timer(0))
        begun = Clock.now_ms
        light.show("three_flashes", (255, 0, 0))
        await asyncio.sleep_ms(6050)
        light.show("off", (0, 0, 0))
    times = [row[0] - begun for row in eye.shown]
    assert times == [
        0,
        200,
        500,
        700,
        1000,
        1200,
        3000,
        3200,
        3500,
        3700,
        4000,
        4200,
        6000,
        6050,
    ], times
