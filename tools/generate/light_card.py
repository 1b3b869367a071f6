"""Writes the light card's pictures, docs/light/STATE.svg, from the light's own tables.

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
COLOURS = {
    (0, 0, 0): "off",
    (255, 0, 0): "red",
    (255, 200, 0): "yellow",
    (0, 0, 255): "blue",
    (255, 0, 255): "magenta",
    (0, 255, 0): "green",
    (255, 120, 0): "amber",
}
_SPAN_MS = 6000  # two periods of the longest pattern
_WIDTH = 120
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="160" height="32" viewBox="0 0 160 32" role="img">
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


def picture(state: str) -> str:
    """Its light as an SVG."""
    pattern, rgb = LIGHTS[state]
    steps = BREATHING.get(pattern, PATTERNS[pattern])
    period_ms = sum(ms for ms, _ in steps)
    spans, at_ms = [], 0
    for ms, level in itertools.cycle(steps):
        spans.append((at_ms, ms, level))
        at_ms += ms
        if at_ms >= _SPAN_MS:
            break
    return _PICTURE.format(
        state=state,
        description=description(state),
        frames=" ".join(
            f"{at_ms / period_ms:.2%} {{ opacity: {level / 100:g} }}"
            for at_ms, _, level in spans[: len(steps)]
        ),
        colour="#%02x%02x%02x" % rgb,
        still=1 if max(rgb) else 0,
        period=f"{period_ms / 1000:g}s",
        strip="".join(_part(*span) for span in spans if span[2]),
    )


def _part(at_ms: int, ms: int, level: int) -> str:
    """A lit part of the strip."""
    scale = _WIDTH / _SPAN_MS
    faded = "" if level == 100 else f' opacity="{level / 100:g}"'
    return f'<rect x="{36 + at_ms * scale:g}" y="10" width="{ms * scale:g}" height="12"{faded}/>'


def files(folder: Path = FOLDER) -> dict[Path, str | None]:
    """Path → picture of every state; None for any other picture in the folder."""
    others: dict[Path, str | None] = dict.fromkeys(folder.glob("*.svg"))
    return {**others, **{folder / f"{state}.svg": picture(state) for state in LIGHTS}}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
