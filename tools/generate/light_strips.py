"""The golden timing strips: what each pattern does on each kind of lamp.

They are drawn from what the light really did on the pins, in virtual time on the unix port. A pixel
is 10 ms wide. Each lamp has a band in the colour that the eye sees, and below it a curve of how
bright that is; the ticks at the bottom are seconds.
"""

import json
import os
import subprocess
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

from tools.on_cpython import ROOT

MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
SPAN_MS = 6000  # two periods of the longest pattern
PERCENTS = (100, 5)
_LONGEST_S = 60
_MS_A_PIXEL = 10
_LABEL = 74
_BAND, _CURVE, _GAP, _TICKS = 14, 16, 4, 8

Seen = list[tuple[int, int, int, int]]
Strip = dict[tuple[str, int], Seen]


def recorded() -> dict[str, Strip]:
    """What the light does now, in linear light.

    Pattern → (kind of lamp, brightness in percent) → [(t_ms, red, green, blue)].
    """
    done = subprocess.run(
        [MICROPYTHON, "tools/generate/record_lights.py", str(SPAN_MS), *map(str, PERCENTS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"recording the lights failed:\n{done.stdout[-2000:]}{done.stderr}")
    strips: dict[str, Strip] = {}
    for line in done.stdout.splitlines():
        pattern, kind, percent, seen = json.loads(line)
        strips.setdefault(pattern, {})[kind, percent] = seen
    return strips


def drawn() -> dict[str, Image.Image]:
    """Pattern → its strip, as drawn now."""
    return {"light/" + pattern: picture_of(strip) for pattern, strip in recorded().items()}


def picture_of(strip: Strip) -> Image.Image:
    """One pattern on all lamps, below each other."""
    row = _BAND + _CURVE + _GAP
    width = _LABEL + SPAN_MS // _MS_A_PIXEL
    picture = Image.new("RGB", (width, len(strip) * row + _TICKS), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default_imagefont()
    for i, ((kind, percent), seen) in enumerate(strip.items()):
        top = i * row
        draw.text((2, top + 8), f"{kind} {percent} %", "black", font)
        for left, right, rgb in _spans(seen):
            colour = tuple(_as_seen(part) for part in rgb)
            draw.rectangle((left, top, right - 1, top + _BAND - 1), colour)
            draw.rectangle((left, top + _BAND, right - 1, top + _BAND + _CURVE - 1), (40, 40, 40))
            height = round(_as_seen(max(rgb)) * (_CURVE - 1) / 255)
            if height:
                draw.rectangle(
                    (left, top + _BAND + _CURVE - height, right - 1, top + _BAND + _CURVE - 1),
                    (200, 200, 200),
                )
    for second in range(SPAN_MS // 1000 + 1):
        x = min(_LABEL + second * 1000 // _MS_A_PIXEL, width - 1)
        draw.line((x, picture.height - _TICKS, x, picture.height - 1), "black")
    return picture


def _spans(seen: Seen) -> Iterator[tuple[int, int, tuple[int, int, int]]]:
    """(left, right, colour) in pixels of all that was shown."""
    ends = [t_ms for t_ms, *_ in seen[1:]] + [SPAN_MS]
    for (t_ms, red, green, blue), end_ms in zip(seen, ends, strict=True):
        left, right = _LABEL + t_ms // _MS_A_PIXEL, _LABEL + end_ms // _MS_A_PIXEL
        if right > left:
            yield left, right, (red, green, blue)


def _as_seen(light: int) -> int:
    """A screen's value, 0..255, for linear light: the eye, and the light's own gamma of 2."""
    return round((light * 255) ** 0.5)
