"""Any two states are told apart: by timing alone, and so by those who see no red or no green.

Each pattern is seen from any moment on, for so long; two look alike for as long as they can. Colours
are those that the LED emits, at full brightness. How they look without one kind of cones is from
Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision
Deficiency (IEEE TVCG 15, 2009; severity 1.0), with the primaries of sRGB, for want of any LED's own.
"""

import functools
import itertools
import re
from collections.abc import Iterator

import pytest

from tools.on_cpython import ROOT, device_module

LIGHTS: dict[str, tuple[str, tuple[int, int, int]]] = {
    **device_module("firmware.indication").LIGHTS,
    "uploading": device_module("firmware.application").UPLOADING,
}
PATTERNS = device_module("firmware.indication").PATTERNS
BREATHING = device_module("firmware.light.breathing").BREATHING
StatusLight = device_module("firmware.light.status_light").StatusLight
WithoutRed = device_module("firmware.light.without_red").WithoutRed

Matrix = tuple[tuple[float, float, float], ...]
Steps = tuple[tuple[int, int], ...]  # of a pattern: (ms, level in percent)
STEP_MS = 10
SPAN_MS = 4_000
SHORT_MS = 1_500
LEAST_MS = 150  # that two patterns must differ by, and that a colour must be lit for
LEAST_DISTANCE = 20  # CIE 1976 delta E, of which 2.3 are just noticeable side by side
VISIONS: dict[str, Matrix] = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
# IEC 61966-2-1: linear sRGB to XYZ; and the white of both.
TO_XYZ: Matrix = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)
WHITE = (0.9505, 1.0, 1.0890)
OLD_WINK = ((2700, 100), (300, 0))


class Lamp:
    """Keeps the last colour, in linear light."""

    fades = True
    rgb = (0, 0, 0)

    def show(self, red: int, green: int, blue: int) -> None:
        self.rgb = (red, green, blue)


class Timer:
    """Never needed by a steady light."""

    def deinit(self) -> None: ...


def emitted(state: str, has_red: bool) -> tuple[int, int, int]:
    """What the LED emits in this state while it is lit."""
    lamp = Lamp()
    light = StatusLight(lamp if has_red else WithoutRed(lamp), Timer())
    light.show("off" if LIGHTS[state][0] == "off" else "solid", LIGHTS[state][1])
    return lamp.rgb


@functools.cache
def views(steps: Steps, span_ms: int) -> frozenset[int]:
    """All that can be seen in so long: a bit each 10 ms, set where it is light."""
    wave = [level >= 50 for ms, level in steps for _ in range(ms // STEP_MS)]
    return frozenset(
        sum(wave[(at + i) % len(wave)] << i for i in range(span_ms // STEP_MS))
        for at in range(len(wave))
    )


@functools.cache
def apart_ms(one: Steps, other: Steps, span_ms: int) -> int:
    """For how long two patterns differ at least, in so long."""
    pairs = itertools.product(views(one, span_ms), views(other, span_ms))
    return min(bin(a ^ b).count("1") for a, b in pairs) * STEP_MS


def lit_ms(steps: Steps, span_ms: int) -> int:
    """For how long it is light at least, in so long."""
    return min(bin(view).count("1") for view in views(steps, span_ms)) * STEP_MS


def times(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def lab(rgb: tuple[int, int, int], vision: str) -> tuple[float, float, float]:
    """CIE L*a*b* of linear light, 0..255 each, as this vision sees it."""
    seen = times(VISIONS[vision], tuple(part / 255 for part in rgb))
    parts = times(TO_XYZ, tuple(min(1.0, max(0.0, part)) for part in seen))
    x, y, z = (
        (part / white) ** (1 / 3)
        if part / white > 216 / 24389
        else 841 / 108 * part / white + 4 / 29
        for part, white in zip(parts, WHITE, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, vision: str, has_red: bool = True) -> float:
    """CIE 1976 delta E of two states' colours."""
    a, b = (lab(emitted(state, has_red), vision) for state in (one, other))
    return sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5


def pairs() -> Iterator[tuple[str, str]]:
    return itertools.combinations(LIGHTS, 2)


def steps_of(state: str) -> Steps:
    return tuple(PATTERNS[LIGHTS[state][0]])


def is_told(one: str, other: str, span_ms: int, vision: str, has_red: bool = True) -> bool:
    """By the timing, or by two colours that both are seen for long enough."""
    a, b = steps_of(one), steps_of(other)
    if apart_ms(a, b, span_ms) >= LEAST_MS:
        return True
    is_seen = min(lit_ms(a, span_ms), lit_ms(b, span_ms)) >= LEAST_MS
    return is_seen and distance(one, other, vision, has_red) >= LEAST_DISTANCE


def test_the_firmware_shows_no_other_light() -> None:
    """So these pairs are all. Setup mode has the light of no_network, safe mode that of fault, and
    white is only the blink at power-on. A new light has to stand in LIGHTS here, or beside it.
    """
    assert set(PATTERNS) == {pattern for pattern, _ in LIGHTS.values()}
    text = "".join(
        path.read_text()
        for path in (ROOT / "firmware").rglob("*.py")
        if path.parent.name != "light"
    )
    assert set(re.findall(r"light(?:\(\))?\.show\((.*)\)", text)) == {
        "indication.pattern, indication.rgb",
        "self.indication.pattern, self.indication.rgb",
        "self._indication.pattern, self._indication.rgb",
        '"solid", _BLINK_RGB',
        '"off", _BLINK_RGB',
        '"off", (0, 0, 0)',
    }
    assert set(re.findall(r"\.pattern, \S+\.rgb = (.*)", text)) == {
        "LIGHTS[self.state]",
        'LIGHTS["no_network"]',  # setup mode
        "application.light",  # of an application: uploading, or none
    }
    assert set(re.findall(r"\blight = (.*) if is_uploading", text)) == {"UPLOADING"}


def test_any_two_are_told_within_4_s_by_timing_alone() -> None:
    """On one plain LED, too."""
    alike = [pair for pair in pairs() if apart_ms(*map(steps_of, pair), SPAN_MS) < LEAST_MS]
    assert alike == []


def test_what_is_not_dark_for_long_is_told_in_any_1500_ms() -> None:
    """Paused from solid, above all. The flashes have pauses of 1.8 s, in which all look off."""
    for one, other in pairs():
        if max(lit_ms(steps_of(state), SHORT_MS) for state in (one, other)) >= LEAST_MS:
            assert apart_ms(steps_of(one), steps_of(other), SHORT_MS) >= LEAST_MS, (one, other)
    assert apart_ms(steps_of("paused"), steps_of("online"), SHORT_MS) >= 300


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("has_red", [True, False])
def test_any_two_are_told_by_any_eye(vision: str, has_red: bool) -> None:
    alike = [pair for pair in pairs() if not is_told(*pair, SPAN_MS, vision, has_red)]
    assert alike == []
    assert is_told("paused", "online", SHORT_MS, vision, has_red)


def test_colour_alone_would_not_do() -> None:
    """With the old pattern paused looked like online, for those who see no green or no red."""
    assert apart_ms(OLD_WINK, steps_of("online"), SHORT_MS) == 0
    assert distance("paused", "online", "full") > 100
    assert distance("paused", "online", "deuteranopia") < LEAST_DISTANCE
    assert distance("fault", "joining", "deuteranopia") < 1.5 * LEAST_DISTANCE


def test_breathing_has_the_timing_of_its_pattern() -> None:
    for name, steps in BREATHING.items():
        assert views(tuple(steps), SPAN_MS) == views(tuple(PATTERNS[name]), SPAN_MS)


def test_without_red_there_is_none() -> None:
    """At any brightness; and what was told by its colour still is: online is green alone."""
    seen = {state: emitted(state, False) for state in LIGHTS}
    assert [rgb[0] for rgb in seen.values()] == [0] * len(LIGHTS)
    assert all(any(rgb) for state, rgb in seen.items() if state != "starting")
    assert seen["fault"] == (0, 0, 255) and seen["online"] == emitted("online", True)
    for state in LIGHTS:
        if state not in ("starting", "joining", "online", "uploading"):
            for vision in VISIONS:
                assert distance(state, "online", vision, False) > 100, state
