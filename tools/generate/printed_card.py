"""Writes docs/light/card.svg: the light card with visible words, for one sheet of A4 paper."""

import sys
from pathlib import Path
from xml.sax.saxutils import escape

from tools.generate import light_card
from tools.generate.files import main
from tools.generate.readme import LADDER, words

TARGET = light_card.FOLDER / light_card.PRINTED
FILMING = "Filming goes on with every light: the clips stay on the card."
RULES = (
    "A flash is short light in the dark. A wink is short dark in the light.",
    "One flash or two, yellow or magenta: hold the button until it is dark, let go, and give it "
    "another Wi-Fi with a phone.",
    "Mostly lit, amber or green: do not hold the button. Held twice, it unpairs the device.",
)
_HEADS = ("6 s of the light", "the light", "what it is", "what to do")
_COLUMNS = (40, 330, 590, 790)
_TOP, _ROW = 150, 58
_LONGEST = 44  # letters in a line of the last column; 24 in the one before
_PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="297mm" height="210mm" viewBox="0 0 1188 840">
  <title>Pilotlight: what the light says</title>
  <style>
    text {{ font: 17px sans-serif; fill: #1b1f24 }} .big {{ font-size: 32px }}
    .big, .head, .name {{ font-weight: bold }} .small {{ font-size: 14px }}
    .dark {{ fill: #1b1f24; stroke: #8b949e }} line {{ stroke: #8b949e }}
  </style>
  <rect width="1188" height="840" fill="#ffffff"/>
  <text class="big" x="40" y="62">What the light says</text>
  <text class="name" x="40" y="98">{filming}</text>
{rows}
{rules}
</svg>
"""


def card() -> str:
    """The whole card as an SVG."""
    rows = [_text(x, _TOP - 12, head, "head") for x, head in zip(_COLUMNS, _HEADS, strict=True)]
    for number, state in enumerate(LADDER):
        rows += _row(state, _TOP + number * _ROW)
    end = _TOP + len(LADDER) * _ROW + 45
    return _PAGE.format(
        filming=escape(FILMING),
        rows="\n".join(rows),
        rules="\n".join(_text(40, end + 28 * i, rule) for i, rule in enumerate(RULES)),
    )


def _row(state: str, top: int) -> list[str]:
    """A state's line of the table, whose upper edge is at `top`."""
    when, does = words(state)
    picture, name, meaning, remedy = _COLUMNS
    period_s = light_card.period_s(state)
    every = f", every {period_s:.2g} s" if period_s else ""
    return [
        f'  <line x1="40" y1="{top}" x2="1148" y2="{top}"/>',
        f'  <g transform="translate({picture} {top + 6}) scale(1.45)">'
        f'<circle class="dark" cx="16" cy="16" r="12" stroke-width="2"/>'
        f'<circle cx="16" cy="16" r="11" fill="{light_card.colour(state)}"/>'
        f'<rect class="dark" x="35.5" y="9.5" width="121" height="13"/>'
        f'<g fill="{light_card.colour(state)}">{light_card.strip(state)}</g></g>',
        _text(name, top + 25, light_card.in_short(state), "name"),
        _text(name, top + 45, state + every, "small"),
        *_lines(meaning, top, when, 24),
        *_lines(remedy, top, does, _LONGEST),
    ]


def _lines(x: int, top: int, text: str, longest: int) -> list[str]:
    """A text as one line, or as two that are broken between words."""
    if len(text) <= longest:
        return [_text(x, top + 35, text)]
    space = text.rindex(" ", 0, longest + 1)
    return [_text(x, top + 25, text[:space]), _text(x, top + 47, text[space + 1 :])]


def _text(x: int, y: int, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'  <text{named} x="{x}" y="{y}">{escape(text)}</text>'


def files() -> dict[Path, str | None]:
    """Path → the card."""
    return {TARGET: card()}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
