"""The light: its timing in virtual time, brightness and colour, and that nothing stops it."""

import micropython

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware.indication import LIGHTS, PATTERNS
from firmware.light.breathing import BREATHING
from firmware.light.status_light import StatusLight
from tests.support.expect import raises
from tests.support.recorded_light import Lamp, Timer, edges, pass_time
from tools.virtual_board.virtual_time import Clock

BLUE = (0, 0, 255)
AMBER = (255, 120, 0)


def new_light(fades=True):
    lamp, timer = Lamp(fades), Timer()
    return StatusLight(lamp, timer), lamp, timer


def times(lamp, from_ms):
    return [row[0] - from_ms for row in lamp.shown]


def test_a_pattern_keeps_its_times():
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    light.show("two_flashes", BLUE)
    pass_time(timer, 5199)
    cycle = [0, 200, 500, 700]
    assert times(lamp, begun) == cycle + [2500 + t for t in cycle] + [5000], times(lamp, begun)
    assert [row[3] for row in lamp.shown] == [255, 0] * 4 + [255]
    assert timer.wakes == len(lamp.shown) - 1  # the first was written by show


def test_breathing_has_the_same_times_at_half_its_level():
    for name in BREATHING:
        assert sum([ms for ms, _ in BREATHING[name]]) == sum([ms for ms, _ in PATTERNS[name]])
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    light.show("slow", BLUE)
    pass_time(timer, 6000)
    assert edges(lamp.shown, begun) == [(1000 * i, i % 2 == 0) for i in range(7)]
    assert len({row[3] for row in lamp.shown}) > 10
    for brightness, breathes in ((25, True), (24, False), (5, False), (100, True)):
        light.set_brightness(brightness)  # while it runs: the phase stays
        lamp.shown.clear()
        pass_time(timer, 6000)
        assert (len(lamp.shown) > 6) == breathes
        for t_ms, is_light in edges(lamp.shown, begun)[1:]:
            assert t_ms % 2000 == (0 if is_light else 1000), (brightness, edges(lamp.shown, begun))
    light, lamp, timer = new_light(fades=False)
    light.show("slow", BLUE)
    pass_time(timer, 5999)
    assert len(lamp.shown) == 6 and timer.wakes == 5


def test_a_steady_pattern_arms_nothing():
    light, lamp, timer = new_light()
    light.show("fast", BLUE)
    pass_time(timer, 10_000)
    for pattern in ("solid", "off"):
        light.show(pattern, BLUE)
        assert timer.due_ms is None
    light.show("even", BLUE)
    pass_time(timer, 300)
    light.set_brightness(0)
    assert timer.due_ms is None and lamp.shown[-1][1:] == (0, 0, 0)
    before = len(lamp.shown)
    light.set_brightness(0)
    light.show("fast", AMBER)
    assert timer.due_ms is None and len(lamp.shown) == before


def test_the_same_again_changes_nothing():
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    light.show("even", BLUE)
    for _ in range(30):
        pass_time(timer, 70)
        light.show("even", (0, 0, 255))
    assert times(lamp, begun) == [0, 500, 1000, 1500, 2000], times(lamp, begun)
    light.show("even", AMBER)  # another colour, in the same beat
    pass_time(timer, 450)
    assert times(lamp, begun)[5:] == [2100, 2500]
    light.show("solid", AMBER)
    before = len(lamp.shown)
    light.show("solid", AMBER)
    assert len(lamp.shown) == before


def test_an_unknown_pattern_changes_nothing():
    light, lamp, timer = new_light()
    light.show("even", BLUE)
    with raises(KeyError):
        light.show("disco", BLUE)
    pass_time(timer, 1100)
    assert len(lamp.shown) == 3


def test_late_calls_shift_nothing():
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    light.show("even", BLUE)
    timer.late_ms = 33
    pass_time(timer, 100_000)
    assert times(lamp, begun) == [0] + [500 * i + 33 for i in range(1, 200)]
    lamp.shown.clear()
    timer.late_ms = 7_300  # longer than the pattern: a TLS handshake or a lookup blocks everything
    pass_time(timer, 7_500)
    timer.late_ms = 0
    lamp.shown.clear()
    pass_time(timer, 2_100)
    assert len(lamp.shown) >= 4 and all([t % 500 == 0 for t in times(lamp, begun)]), times(
        lamp, begun
    )
    for t_ms, is_light in edges(lamp.shown, begun):
        assert is_light == (t_ms % 1000 == 0)


def test_a_call_that_was_lost_is_made_good():
    """The interpreter's queue of callbacks is short: a bouncing button can fill it."""
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    light.show("even", BLUE)
    timer.loses = 1
    pass_time(timer, 10_200)
    assert timer.due_ms is None and len(lamp.shown) == 1
    light.show("even", BLUE)
    pass_time(timer, 1000)
    assert times(lamp, begun) == [0, 10_500, 11_000]


def test_brightness_keeps_the_beat_and_shows_at_once():
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    PATTERNS["long"] = ((2700, 100), (300, 0))
    light.show("long", BLUE)
    pass_time(timer, 1000)
    light.set_brightness(50)
    pass_time(timer, 500)
    light.set_brightness(0)
    pass_time(timer, 3200)
    light.set_brightness(100)
    pass_time(timer, 1300)
    assert [(t - begun, blue) for t, _, _, blue in lamp.shown] == [
        (0, 255),
        (1000, 64),
        (1500, 0),
        (4700, 255),
        (5700, 0),
        (6000, 255),
    ]
    for percent, kept in ((140, 100), (-3, 0), (7, 7)):
        light.set_brightness(percent)
        assert light.brightness == kept


def test_dark_for_longer_than_the_ticks_last():
    for days in (5, 6, 7, 12, 13):
        for pattern in ("even", "solid"):
            light, lamp, timer = new_light()
            light.show(pattern, BLUE)
            pass_time(timer, 100)
            light.set_brightness(0)
            pass_time(timer, days * 86_400_000)
            light.set_brightness(100)
            pass_time(timer, 1100)
            assert lamp.shown[-1][0] >= Clock.now_ms - 1100
            assert len(lamp.shown) >= (5 if pattern == "even" else 3) - 1, (
                days,
                pattern,
                lamp.shown,
            )


def test_colours_keep_their_hue_and_never_vanish():
    for rgb in [rgb for _, rgb in LIGHTS.values() if max(rgb)] + [
        (255, 255, 255),
        (1, 0, 0),
        (255, 8, 8),
    ]:
        before = (0, 0, 0)
        for percent in range(101):
            light, lamp, _ = new_light()
            light.set_brightness(percent)
            light.show("solid", rgb)
            seen = lamp.shown[-1][1:]
            for i in range(3):
                part, colour, less = seen[i], rgb[i], before[i]
                assert (part > 0) == (colour > 0 and percent > 0), (rgb, percent, seen)
                assert less <= part <= 255
            if percent and rgb == AMBER:
                red, green, _ = seen
                assert 3 < red / green <= 7, (
                    percent,
                    seen,
                )  # 4.55 at full brightness; yellow has 1.6
            before = seen
        assert max(before) == (255 if max(rgb) == 255 else 1)
        light.set_brightness(1)
        assert max(lamp.shown[-1][1:]) <= 16 or max(rgb) < 255  # anything can be dimmed


def test_gamma():
    light, lamp, _ = new_light()
    light.show("solid", (255, 0, 0))
    levels = []
    for percent in (100, 75, 50, 25, 10, 7, 5, 1, 0):
        light.set_brightness(percent)
        levels.append(lamp.shown[-1][1])
    assert levels == [255, 143, 64, 16, 3, 1, 1, 1, 0], levels


def test_what_can_not_be_dimmed_is_on_from_half_the_level():
    PATTERNS["test"] = ((100, 49), (100, 50), (100, 0), (100, 100))
    light, lamp, timer = new_light(fades=False)
    light.set_brightness(1)
    lamp.shown.clear()
    begun = Clock.now_ms
    light.show("test", BLUE)
    pass_time(timer, 399)
    assert [(t - begun, blue) for t, _, _, blue in lamp.shown] == [(100, 1), (200, 0), (300, 1)]


def test_a_lamp_that_fails_is_tried_again():
    PATTERNS["long"] = ((2700, 100), (300, 0))
    for pattern, fails, expected in (
        ("even", (0, 2), [500, 1500, 2000, 2500]),  # the first that is written is the dark after it
        ("solid", (0, 1), [2000]),
        ("off", (0,), [1000]),
        ("long", (1, 2), [0, 5700]),
    ):
        light, lamp, timer = new_light()
        told, keep = [], lamp.show

        def show(*rgb, fails=fails, told=told, keep=keep):
            told.append(rgb)
            if len(told) - 1 in fails:
                raise OSError(116)
            keep(*rgb)

        lamp.show = show
        begun = Clock.now_ms
        light.show(pattern, BLUE)
        pass_time(timer, expected[-1] + 10)
        assert times(lamp, begun) == expected, (pattern, times(lamp, begun))
        assert (timer.due_ms is None) == (len(PATTERNS[pattern]) == 1)


def test_a_lamp_that_always_fails_ends_nothing():
    light, lamp, timer = new_light()

    def show(*_):
        raise OSError(116)

    kept, lamp.show = lamp.show, show
    light.show("three_flashes", BLUE)
    pass_time(timer, 600_000)
    light.set_brightness(30)
    lamp.show = kept
    pass_time(timer, 3000)
    assert len(edges(lamp.shown)) >= 6


class Storm:
    """Calls at the n-th place where MicroPython runs a scheduled function between bytecodes."""

    def __init__(self, at, call):
        self.at, self.call = at, call
        self.places = 0
        micropython.schedule(self.wait, None)

    def wait(self, _):
        self.places += 1
        if self.places == self.at:
            self.call()
        if self.at:
            micropython.schedule(self.wait, None)


def test_a_timer_that_calls_in_the_midst_of_a_change():
    """At each place in show and set_brightness in turn: afterwards all is as if it had not."""
    changes = (
        lambda light: light.show("fast", AMBER),
        lambda light: light.show("solid", AMBER),
        lambda light: light.show("slow", BLUE),
        lambda light: light.set_brightness(10),
        lambda light: light.set_brightness(0),
    )
    for change in changes:
        expected = None
        at = places = 1 << 20
        while at >= 0:
            light, lamp, timer = new_light()
            light.show("even", BLUE)
            pass_time(timer, 499)
            Clock.now_ms += 1  # it is due, and comes late
            calls = [0]

            def call(timer=timer, calls=calls):
                calls[0] += 1
                callback, due_ms = timer.callback, timer.due_ms
                if due_ms is not None and due_ms <= Clock.now_ms:
                    timer.due_ms = None
                callback(timer)

            storm = Storm(at, call)
            change(light)
            storm.at = 0
            begun = Clock.now_ms
            del lamp.shown[:-1]
            armed = timer.due_ms
            pass_time(timer, 3000)
            seen = armed, [(max(row[0], begun) - begun, row[1:]) for row in lamp.shown]
            seen = armed is None, seen[1]
            if expected is None:
                expected = seen
                at = places = storm.places
                assert places > 10, places
            else:
                assert seen == expected, (at, seen, expected)
                at -= 1


def test_a_timer_that_calls_before_the_change_has_ended_is_not_lost():
    """The timer is armed for 1 ms, and fires before `show` has returned."""
    light, lamp, timer = new_light()
    begun = Clock.now_ms
    light.show("even", BLUE)
    pass_time(timer, 499)
    arm, fired = timer.init, []

    def init(**given):
        arm(**given)
        if not fired:
            fired.append(True)
            Clock.now_ms += 1
            timer.fire()

    timer.init = init
    light.set_brightness(50)
    assert times(lamp, begun) == [0, 499, 500]
    pass_time(timer, 600)
    assert times(lamp, begun) == [0, 499, 500, 1000]


def test_nothing_rises_more_often_than_3_times_a_second():
    """However the patterns change."""
    names = sorted(PATTERNS)
    seed = 7
    for fades in (True, False):
        light, lamp, timer = new_light(fades)
        for _ in range(3000):
            seed = (seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            light.show(names[(seed >> 16) % len(names)], BLUE)
            pass_time(timer, (seed >> 8) % 450)
        rises = []
        for i in range(1, len(lamp.shown)):
            if lamp.shown[i][3] and not lamp.shown[i - 1][3]:
                rises.append(lamp.shown[i][0])
        assert len(rises) > 300
        assert min([rises[i] - rises[i - 1] for i in range(1, len(rises))]) == 334
        light.show("solid", BLUE)
        pass_time(timer, 334)
        assert lamp.shown[-1][3] == 255 and timer.due_ms is None


def test_a_new_pattern_waits_only_for_the_last_rise():
    light, lamp, timer = new_light()
    light.show("even", BLUE)
    pass_time(timer, 300)
    light.set_brightness(50)  # no rise, it was light
    pass_time(timer, 250)
    light.show("fast", BLUE)
    assert lamp.shown[-1] == (Clock.now_ms, 0, 0, 64)
    pass_time(timer, 250)
    light.show("even", BLUE)
    pass_time(timer, 200)
    assert lamp.shown[-1] == (Clock.now_ms - 200 - 250 + 334, 0, 0, 64)


def test_running_makes_no_object():
    class Quiet:
        fades = True

        def show(self, red, green, blue):
            pass

    timer = Timer()
    light = StatusLight(Quiet(), timer)
    for pattern in PATTERNS:
        light.show(pattern, AMBER)
        pass_time(timer, 100)
        micropython.heap_lock()
        try:
            pass_time(timer, 10_000)
            light.set_brightness(40)
            pass_time(timer, 10_000)
            light.show(pattern, AMBER)
            light.set_brightness(100)
        finally:
            micropython.heap_unlock()


def test_a_steady_light_stays_lit_when_the_ticks_come_round():
    """After 2**30 ms (12.4 days) the pattern's begin would seem to lie ahead.

    `show` is called every few seconds.
    """
    light, lamp, timer = new_light()
    light.show("solid", BLUE)
    shown = len(lamp.shown)
    for days_ms in ((1 << 28,) * 3) + ((1 << 28) - 200,):
        Clock.now_ms += days_ms
        light.show("solid", BLUE)
        assert timer.due_ms is None and len(lamp.shown) == shown
