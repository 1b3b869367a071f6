"""Each state is read back from what its light does on the pins alone, for each kind of lamp, brightness and phase."""

import micropython

from tests import virtual_time

virtual_time.install()

from firmware.face import LIGHTS
from firmware.lamps import Pixel
from firmware.light import Light
from tests.micropython.recorded_light import KINDS, Eye, Pixels, Timer, edges, pass_time
from tests.virtual_time import Clock

# The ladder's timing as design has it: light, dark, light, … in ms. Not taken from patterns.py.
TIMING = {
    "fault": (200, 200),
    "starting": (),
    "no_network": (200, 1800),
    "pairing": (1000, 1000),
    "no_backend": (200, 300, 200, 1800),
    "unpaired": (200, 300, 200, 300, 200, 1800),
    "joining": (500, 500),
    "paused": (2700, 300),
    "online": (),
}
LONGEST_MS = max([sum(times) for times in TIMING.values()])


def states_of(found, until_ms):
    """The states that go with edges seen from an unknown phase on: [(t_ms, is it light?)]; the first is how it was found."""
    if len(found) == 1:
        return [state for state in TIMING if not TIMING[state] and (state == "online") == found[0][1]]
    spans = [(found[i][1], found[i + 1][0] - found[i][0]) for i in range(len(found) - 1)] + [
        (found[-1][1], until_ms - found[-1][0])
    ]
    return [state for state, times in TIMING.items() if any([fits(times, phase, spans) for phase in range(len(times))])]


def fits(times, phase, spans):
    """Whether what was seen is a pattern from a phase on. Of the first and last light or dark it saw but a part."""
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


def test_each_state_is_read_from_the_pins_alone():
    for name, make in KINDS.items():
        for brightness in (100, 50, 25, 24, 5, 1):
            for state in TIMING:
                eye, timer = Eye(), Timer()
                light = Light(make(eye), timer)
                light.set_brightness(brightness)
                begun = Clock.now_ms
                pattern, rgb = LIGHTS[state]
                light.show(pattern, rgb)
                span = 2 * sum(TIMING[state]) or 2 * LONGEST_MS
                pass_time(timer, 2 * span)
                found = edges(eye.shown, begun)
                for phase in range(0, span, 93):
                    assert states_of(window(found, phase, phase + span), phase + span) == [state], (
                        name,
                        brightness,
                        state,
                        phase,
                        found,
                    )


def test_what_is_no_pattern_is_no_state():
    """So that the test above can fail."""
    seen = [(0, True), (100, False), (300, True), (500, False), (700, True)]
    assert states_of(seen, 800) == ["fault"]
    assert states_of(seen, 901) == []
    assert states_of([(0, True), (100, False), (300, True), (510, False), (700, True)], 800) == []
    assert states_of([(0, True), (201, False), (401, True), (601, False), (801, True)], 850) == []
    assert sorted(states_of([(0, True), (200, False), (500, True), (700, False)], 2000)) == ["no_backend", "unpaired"]


def test_colours_arrive_where_they_belong():
    for name, make in KINDS.items():
        eye = Eye()
        lamp = make(eye)
        lamp.show(255, 56, 3)
        if "led" in name or "pwm" in name:
            assert eye.shown[-1][2] == 255
        else:
            assert eye.shown[-1][1:] == (255, 56, 3), (name, eye.shown)
        lamp.show(0, 0, 0)
        assert eye.shown[-1][1:] == (0, 0, 0), name
    bytes_seen = []
    Pixel(Pixels(lambda data: bytes_seen.append(bytes(data)), n=3), 1).show(1, 2, 3)
    Pixel(Pixels(lambda data: bytes_seen.append(bytes(data)), n=2)).show(1, 2, 3)
    Pixel(Pixels(lambda data: bytes_seen.append(bytes(data)), n=1, bpp=4)).show(1, 2, 3)
    assert bytes_seen == [b"\0\0\0\2\1\3\0\0\0", b"\2\1\3\2\1\3", b"\2\1\3\0"]


def test_lamps_make_no_object():
    for make in KINDS.values():

        class Nobody:
            def part(self, i, inverted=False):
                return lambda light: None

            def grb(self, data, at=0):
                pass

        lamp = make(Nobody())
        micropython.heap_lock()
        try:
            for i in range(256):
                lamp.show(i, 255 - i, 7)
        finally:
            micropython.heap_unlock()


def test_the_kinds_that_fade():
    for name, make in KINDS.items():
        assert make(Eye()).fades == ("led" not in name), name
