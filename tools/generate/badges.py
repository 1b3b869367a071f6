"""Writes README's badges, docs/badges/NAME.svg: of what is true without any service."""

import re
import sys
from pathlib import Path

from tools.deploy.check import LEAST_VERSION
from tools.generate.files import main
from tools.on_cpython import ROOT

FOLDER = ROOT / "docs/badges"
_LETTER, _EDGE = 6.3, 6  # pixels
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img">
  <title>{left}: {right}</title>
  <clipPath id="round"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{middle}" height="20" fill="#555"/>
    <rect x="{middle}" width="{rest}" height="20" fill="#1f6feb"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{edge}" y="14" textLength="{left_length}">{left}</text>
    <text x="{right_at}" y="14" textLength="{right_length}">{right}</text>
  </g>
</svg>
"""


def badges() -> dict[str, tuple[str, str]]:
    """File name → (what, its value), each read from where it counts."""
    licence = (ROOT / "LICENSE").read_text().split()[0]
    python = re.search(
        r"sys\.version_info < \((\d+), (\d+)\)", (ROOT / "tools/setup.sh").read_text()
    )
    assert python, "tools/setup.sh does not say which Python is the oldest"
    return {
        "licence": ("licence", licence),
        "micropython": ("MicroPython", "{}.{} or later".format(*LEAST_VERSION)),
        "python": ("tools: Python", f"{python[1]}.{python[2]} or later"),
    }


def picture(left: str, right: str) -> str:
    """A badge as an SVG."""
    left_length, right_length = round(_LETTER * len(left)), round(_LETTER * len(right))
    middle = left_length + 2 * _EDGE
    return _PICTURE.format(
        left=left,
        right=right,
        left_length=left_length,
        right_length=right_length,
        middle=middle,
        rest=right_length + 2 * _EDGE,
        width=middle + right_length + 2 * _EDGE,
        edge=_EDGE,
        right_at=middle + _EDGE,
    )


def files() -> dict[Path, str | None]:
    """Path → picture of every badge; None for any other picture in the folder."""
    others: dict[Path, str | None] = dict.fromkeys(FOLDER.glob("*.svg"))
    return {**others, **{FOLDER / f"{name}.svg": picture(*it) for name, it in badges().items()}}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
