"""Writes the light card's pictures, docs/light/STATE.svg, from the light's own tables.

docs/light/card.svg, the card to print, is printed_card.py's.

Each shows a lens that does what the LED does, and beside it the pattern as a strip, for readers
whose browser shows no animation. Where the light is off, the lens is dark with a ring around it,
so it can be seen on white and on black.
"""

import itertools
import sys
from pathlib import Path

from tools.generate.files import main
from tools.on_cpython import ROOT, device_module

LIGHTS = device_module("firmware.indication").LIGHTS
PATTERNS = device_module("firmware.indication").PATTERNS
BREATHING = device_module("firmware.light.breathing").BREATHING
FOLDER = ROOT / "docs/light"
PRINTED = "card.svg"
COLOURS = {
    (0, 0, 0): "off",
    (255, 0, 0): "red",
    (255, 200, 0): "yellow",
    (0, 0, 255): "blue",
    (255, 0, 255): "magenta",
    (0, 255, 0): "green",
    (255, 120, 0): "amber",
}
# pattern → what people see
WORDS = {
    "off": "dark",
    "solid": "steady",
    "fast": "blinks fast",
    "even": "blinks evenly",
    "slow": "blinks slowly",
    "wink": "two winks",
    "one_flash": "one flash",
    "two_flashes": "two flashes",
    "three_flashes": "three flashes",
}
_SPAN_MS = 6000  # two periods of the longest pattern
_WIDTH = 120
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="120" height="24" viewBox="0 0 160 32" role="img">
  <title>{state}: {description}</title>
  <style>
    @keyframes light {{ {frames} }}
    .lamp {{ fill: {colour}; opacity: {still}; animation: light {period} step-end infinite }}
    .dark {{ fill: #1b1f24; stroke: #8b949e }}
    @media (prefers-reduced-motion: reduce) {{ .lamp {{ animation: none }} }}
  </style>
  <circle class="dark" cx="16" cy="16" r="12" stroke-width="2"/>
  <circle class="lamp" cx="16" cy="16" r="11"/>
  <rect class="dark" x="35.5" y="9.5" width="121" height="13"/>
  <g fill="{colour}" shape-rendering="crispEdges">{strip}</g>
</svg>
"""


def timing(pattern: str) -> str:
    """A pattern in words: its steps in seconds."""
    steps = PATTERNS[pattern]
    if len(steps) == 1:
        return "solid" if steps[0][1] else "off"
    words = ", ".join(f"{ms / 1000:g} s {'on' if level else 'off'}" for ms, level in steps)
    return f"{words}; breathing where the LED can fade" if pattern in BREATHING else words


def description(state: str) -> str:
    """Its light in words."""
    pattern, rgb = LIGHTS[state]
    return timing(pattern) if rgb == (0, 0, 0) else f"{COLOURS[rgb]}, {timing(pattern)}"


def in_short(state: str) -> str:
    """Its colour and pattern in a few words, without seconds."""
    pattern, rgb = LIGHTS[state]
    return WORDS[pattern] if rgb == (0, 0, 0) else f"{COLOURS[rgb]}, {WORDS[pattern]}"


def period_s(state: str) -> float:
    """How long its pattern takes, in seconds; 0 if its light does not change."""
    steps = PATTERNS[LIGHTS[state][0]]
    return sum(ms for ms, _ in steps) / 1000 if len(steps) > 1 else 0


def colour(state: str) -> str:
    """Its colour, as SVG writes it."""
    return "#%02x%02x%02x" % LIGHTS[state][1]


def strip(state: str) -> str:
    """What its light does in _SPAN_MS, as the strip's lit parts."""
    return "".join(_part(*span) for span in _spans(_steps(state)) if span[2])


def picture(state: str) -> str:
    """Its light as an SVG."""
    rgb = LIGHTS[state][1]
    steps = _steps(state)
    period_ms = sum(ms for ms, _ in steps)
    return _PICTURE.format(
        state=state,
        description=description(state),
        frames=" ".join(
            f"{at_ms / period_ms:.2%} {{ opacity: {level / 100:g} }}"
            for at_ms, _, level in _spans(steps)[: len(steps)]
        ),
        colour=colour(state),
        still=1 if max(rgb) else 0,
        period=f"{period_ms / 1000:g}s",
        strip=strip(state),
    )


def _steps(state: str) -> tuple[tuple[int, int], ...]:
    """Its (ms, level in percent) steps, as an LED that can fade shows them."""
    pattern = LIGHTS[state][0]
    return BREATHING.get(pattern, PATTERNS[pattern])


def _spans(steps: tuple[tuple[int, int], ...]) -> list[tuple[int, int, int]]:
    """(at_ms, ms, level in percent) of these steps, repeated for _SPAN_MS."""
    spans, at_ms = [], 0
    for ms, level in itertools.cycle(steps):
        spans.append((at_ms, ms, level))
        at_ms += ms
        if at_ms >= _SPAN_MS:
            break
    return spans


def _part(at_ms: int, ms: int, level: int) -> str:
    """A lit part of the strip."""
    scale = _WIDTH / _SPAN_MS
    faded = "" if level == 100 else f' opacity="{level / 100:g}"'
    return f'<rect x="{36 + at_ms * scale:g}" y="10" width="{ms * scale:g}" height="12"{faded}/>'


def files(folder: Path = FOLDER) -> dict[Path, str | None]:
    """Path → picture of every state; None for any other picture in the folder."""
    others: dict[Path, str | None] = dict.fromkeys(folder.glob("*.svg"))
    others.pop(folder / PRINTED, None)
    return {**others, **{folder / f"{state}.svg": picture(state) for state in LIGHTS}}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
