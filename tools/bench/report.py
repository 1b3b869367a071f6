"""The table of all figures, as text and as a picture, beside what other clients need."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from tools.bench import figures
from tools.bench.figures import TABLE, Figure

PEERS_DATE = "2026-11-26"
PEERS = ("aiohttp 0.0.8", "asyncws 0.3.4", "mpws 1.0.5", "chumicro 0.27.3")
# Measured on that date with the same interpreter, over one local server, side by side. None of
# them speaks Phoenix. Texts had 1,024 bytes there.
PEERS_VALUES = {
    figures.JOINED: (23_264, 13_344, 18_368, 75_072),
    figures.TRIP: (4_896, 4_960, 3_328, 1_280),
    figures.RECEIVED: (2_720, 3_904, 1_376, 2_853),
    figures.TRIP_WORK: (249_000, 416_000, 136_000, 360_000),
    figures.RECEIVED_WORK: (220_000, 290_000, 104_000, 460_000),
    figures.NET: (7_511, 3_544, 6_255, 34_572),
}
HEAD = ("", "unit", "Pilotlight", *PEERS)

_TEXT = """\
# What it costs

These are figures. The page of `make run`, whose heading is also "bench", is in [try.md](try.md).

Measured by `make bench` on {date}, on MicroPython's unix port, against the mock over TLS
(instructions: without TLS), with the code as bytecode. Heaps are the port's: **its words have 64
bits, so no figure here is a board's** (docs/memory.md). "Always loaded": while a board with a
screen that was paired before is online. Smallest heaps are found by halving, with nothing stored.
Growth of the figures in tools/bench/baseline.json by more than 2 % fails `make test` (bytes) or
`make check` (instructions).

Other clients were measured on {peers_date}, with texts of 1,024 bytes; bytecode is the whole client
there. None of them speaks Phoenix, and most verify no certificate by default. micropython-lib's
aiohttp; micropython-async-websocket-client; micropython-websocket, which blocks;
chumicro-websockets.

{table}

![The same table as a picture](bench.svg)
"""
_WIDTHS = (330, 110, 90, 110, 110, 100, 120)
_LINE = 22
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">
  <title>What Pilotlight costs, measured on {date}</title>
  <style>
    text {{ font: 12px sans-serif; fill: #1b1f24 }} .head, .ours {{ font-weight: bold }}
    .number {{ text-anchor: end }}
  </style>
  <rect width="{width}" height="{height}" fill="#ffffff"/>
{rows}
</svg>
"""


def rows(values: Mapping[Figure, float]) -> list[tuple[str, ...]]:
    """The table's rows, each a heading alone or a figure's seven cells."""
    table: list[tuple[str, ...]] = []
    for heading, contents in TABLE.items():
        measured = [figure for figure in contents if figure in values]
        if measured:
            table += [(heading,), *(_cells(figure, values[figure]) for figure in measured)]
    return table


def text(values: Mapping[Figure, float], date: str) -> str:
    """docs/bench.md."""
    lines = ["| " + " | ".join(HEAD) + " |", "| --- | --- |" + " ---: |" * (1 + len(PEERS))]
    for row in rows(values):
        cells = row if len(row) > 1 else (f"**{row[0]}**", *[""] * (len(HEAD) - 1))
        lines.append("| " + " | ".join(cells) + " |")
    return _TEXT.format(date=date, peers_date=PEERS_DATE, table="\n".join(lines))


def picture(values: Mapping[Figure, float], date: str) -> str:
    """docs/bench.svg."""
    drawn = [_row(HEAD, 0, "head")]
    for number, row in enumerate(rows(values), 1):
        drawn.append(_row(row, number, "head" if len(row) == 1 else ""))
    height = _LINE * len(drawn) + 10
    return _PICTURE.format(width=sum(_WIDTHS) + 20, height=height, date=date, rows="\n".join(drawn))


def console(values: Mapping[Figure, float]) -> str:
    """The table for a terminal, without the others."""
    return "\n".join(
        row[0] if len(row) == 1 else f"    {row[0]:52} {row[2]:>12} {row[1]}"
        for row in rows(values)
    )


def _cells(figure: Figure, value: float) -> tuple[str, ...]:
    peers = PEERS_VALUES.get(figure, ("",) * len(PEERS))
    return (
        figure.name,
        figure.unit,
        f"{value:,.0f}",
        *(f"{peer:,}" if isinstance(peer, int) else peer for peer in peers),
    )


def _row(cells: tuple[str, ...], number: int, style: str) -> str:
    texts = []
    left = 10
    for column, cell in enumerate(cells):
        right = left + _WIDTHS[column]
        classes = f"{style or ('ours' if column == 2 else '')}{' number' if column > 1 else ''}"
        x = right - 10 if column > 1 else left
        texts.append(
            f'<text x="{x}" y="{_LINE * (number + 1) - 5}" class="{classes.strip()}">'
            f"{escape(cell)}</text>"
        )
        left = right
    return "  " + "".join(text for text in texts if "></text>" not in text)
