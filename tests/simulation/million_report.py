"""What a million devices do, as a table and as plots: `docs/reliability.md` and `docs/reliability`."""

from __future__ import annotations

import bisect
import itertools
import math
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.million import BACKENDS, CLIENTS, DEVICES, EVENTS, Crowd, Result
from tools.on_cpython import ROOT

TARGET = ROOT / "docs/reliability.md"
FOLDER = ROOT / "docs/reliability"
MARKS = "<!-- a million: written by make simulate ONLY=million -->\n", "<!-- /a million -->"
SHOWN_S = range(-20, 161)  # after all is well
_HEAD = (
    "| event | sockets admitted a second | client | upgrades | while it is down | health "
    "| identity | refreshes | half online | 95 % | all | connections |\n"
    + "| --- | --- | --- |"
    + " ---: |" * 9
)
_WIDTH, _HEIGHT = 235, 150  # of a panel
_LEFT, _TOP, _PLOT_HEIGHT = 45, 24, 100
_LOWEST, _HIGHEST = 2, 7  # of the logarithmic scale: a hundred to ten million
_REQUESTS = [
    (1e2, "100"),
    (1e3, "1,000"),
    (1e4, "10,000"),
    (1e5, "100,000"),
    (1e6, "1 M"),
    (1e7, "10 M"),
]
_SHARES = [(share / 4, f"{25 * share} %") for share in range(5)]
_LINES = {  # (kind, client) → its style
    ("upgrade", "phoenix.js"): "theirs",
    ("health", "Pilotlight"): "health",
    ("identity", "Pilotlight"): "identity",
    ("refresh", "Pilotlight"): "refresh",
    ("upgrade", "Pilotlight"): "ours",
}
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img">
  <title>{title}</title>
  <style>
    text {{ font: 11px sans-serif; fill: #1b1f24 }} .head {{ font-weight: bold }}
    .end {{ text-anchor: end }} .grid {{ stroke: #d0d7de }} path {{ fill: none }}
    .ours {{ stroke: #0969da; stroke-width: 2 }} .theirs {{ stroke: #bc4c00; stroke-width: 1.5 }}
    .health {{ stroke: #1a7f37; stroke-dasharray: 3 2 }} .identity {{ stroke: #8250df }}
    .refresh {{ stroke: #cf222e; stroke-dasharray: 1 2 }}
    .limit {{ stroke: #57606a; stroke-dasharray: 6 4 }}
  </style>
  <rect width="{width}" height="{height}" fill="#ffffff"/>
{body}
</svg>
"""


@dataclass(frozen=True)
class Summary:
    """Of a Result. Shares are of all devices; in one second where nothing else is said.

    first: the largest share that tries for the first time. while_down, peaks: the largest share of
    upgrades while the service is down, and of each kind from then on.
    half_s, most_s, all_s: when 50 %, 95 % and all are online. curves: by kind, for SHOWN_S.
    online: the share that is online, for SHOWN_S. connections: a device.
    """

    first: float
    while_down: float
    peaks: dict[str, float]
    half_s: float
    most_s: float
    all_s: float
    connections: float
    curves: dict[str, list[float]]
    online: list[float]


def summary(crowd: Crowd, result: Result, down_s: int) -> Summary:
    """What of it is shown."""
    back_ms = result.back_ms
    devices = len(back_ms)
    upgrades = result.kinds["upgrade"]
    return Summary(
        first=max(crowd.first.values()) / devices,
        while_down=max((n for at, n in upgrades.items() if at < down_s), default=0) / devices,
        peaks={
            kind: max((n for at, n in seconds.items() if at >= down_s), default=0) / devices
            for kind, seconds in result.kinds.items()
        },
        half_s=back_ms[devices // 2 - 1] / 1000,
        most_s=back_ms[math.ceil(devices * 0.95) - 1] / 1000,
        all_s=back_ms[-1] / 1000,
        connections=result.tries / devices,
        curves={
            kind: [seconds[down_s + at] / devices for at in SHOWN_S]
            for kind, seconds in result.kinds.items()
        },
        online=[bisect.bisect_right(back_ms, at * 1000) / devices for at in SHOWN_S],
    )


def summaries(event: str, client: str, devices: int) -> list[Summary]:
    """One for each of BACKENDS, which admits the same share of fewer devices."""
    crowd = Crowd(EVENTS[event], client, devices)
    return [
        summary(
            crowd,
            crowd.back(None if admitted is None else admitted * devices // DEVICES),
            EVENTS[event].down_s,
        )
        for admitted in BACKENDS
    ]


def everything(devices: int = DEVICES) -> dict[tuple[str, str], list[Summary]]:
    """(event, client) → their summaries, on all cores."""
    jobs = [(event, client) for event in EVENTS for client in CLIENTS]
    jobs.sort(key=lambda job: -EVENTS[job[0]].down_s)  # the longest first
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(summaries, *zip(*jobs, strict=True), [devices] * len(jobs))
        return dict(zip(jobs, found, strict=True))


def table(found: dict[tuple[str, str], list[Summary]]) -> str:
    """In Markdown."""
    rows = [_HEAD]
    for event, facts in EVENTS.items():
        for number, admitted in enumerate(BACKENDS):
            for client in CLIENTS:
                one = found[event, client][number]
                cells = (
                    facts.title,
                    "all" if admitted is None else f"{admitted:,}",
                    client,
                    _percent(one.peaks["upgrade"]),
                    _percent(one.while_down) if facts.down_s else "",
                    *(_percent(one.peaks.get(kind)) for kind in ("health", "identity", "refresh")),
                    *(f"{seconds:.0f} s" for seconds in (one.half_s, one.most_s, one.all_s)),
                    f"{one.connections:.1f}",
                )
                rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.{2 if 0 < share < 0.001 else 1}f} %"


def picture(found: dict[tuple[str, str], list[Summary]], number: int) -> str:
    """The plots of one of BACKENDS: a panel an event; above requests, below who is online."""
    admitted = BACKENDS[number]
    words = "all sockets" if admitted is None else f"{admitted:,} sockets a second"
    body = []
    for column, (event, facts) in enumerate(EVENTS.items()):
        left = _LEFT + column * _WIDTH
        ours, theirs = (found[event, client][number] for client in CLIENTS)
        body.append(f'  <text class="head" x="{left}" y="14">{facts.title}</text>')
        body += _frame(left, _TOP, _REQUESTS, _log_y)
        for (kind, client), style in _LINES.items():
            one = ours if client == "Pilotlight" else theirs
            heights = [_log_y(share * DEVICES) for share in one.curves.get(kind, [])]
            body.append(_line(style, left, _TOP, heights))
        if admitted:
            body.append(_line("limit", left, _TOP, [_log_y(admitted)] * len(SHOWN_S)))
        top = _TOP + _HEIGHT
        body += _frame(left, top, _SHARES, _share_y)
        for style, one in (("theirs", theirs), ("ours", ours)):
            body.append(_line(style, left, top, [_share_y(share) for share in one.online]))
    bottom = _TOP + 2 * _HEIGHT + 6
    legend = [
        ("ours", "Pilotlight: upgrades, online"),
        ("health", "Pilotlight: /health"),
        ("identity", "Pilotlight: identity"),
        ("refresh", "Pilotlight: refreshes"),
        ("theirs", "phoenix.js: upgrades, online"),
    ]
    if admitted:
        legend.append(("limit", "sockets that are admitted"))
    for place, (style, text) in enumerate(legend):
        x = _LEFT + place * 185
        body.append(f'  <path class="{style}" d="M{x} {bottom}h20"/>')
        body.append(f'  <text x="{x + 25}" y="{bottom + 4}">{text}</text>')
    title = f"A million devices, by second after all is well; the backend admits {words}"
    width, height = _LEFT + len(EVENTS) * _WIDTH, bottom + 14
    return _PICTURE.format(width=width, height=height, title=title, body="\n".join(body))


def _log_y(count: float) -> float:
    power = math.log10(count) if count > 0 else _LOWEST
    height = (max(power, _LOWEST) - _LOWEST) / (_HIGHEST - _LOWEST)
    return _PLOT_HEIGHT * (1 - height)


def _share_y(share: float) -> float:
    return _PLOT_HEIGHT * (1 - share)


def _frame(
    left: int, top: int, marks: list[tuple[float, str]], y: Callable[[float], float]
) -> list[str]:
    """The axes of a panel. y: from a mark's value to its height."""
    drawn = []
    for value, text in marks:
        at = top + round(y(value))
        drawn.append(f'  <path class="grid" d="M{left} {at}h{len(SHOWN_S) - 1}"/>')
        drawn.append(f'  <text class="end" x="{left - 4}" y="{at + 4}">{text}</text>')
    for second in range(0, SHOWN_S[-1] + 1, 60):
        x = left + second - SHOWN_S[0]
        drawn.append(f'  <path class="grid" d="M{x} {top}v{_PLOT_HEIGHT}"/>')
        drawn.append(f'  <text x="{x - 4}" y="{top + _PLOT_HEIGHT + 13}">{second} s</text>')
    return drawn


def _line(style: str, left: int, top: int, heights: list[float]) -> str:
    """A point a second; each is told by its distance from the one before."""
    points = [round(2 * height) / 2 for height in heights]
    steps = "".join(f"l1 {after - before:g}" for before, after in itertools.pairwise(points))
    return f'  <path class="{style}" d="M{left} {top + points[0]:g}{steps}"/>' if points else ""


def write(found: dict[tuple[str, str], list[Summary]], target: Path = TARGET) -> None:
    """The table in the document, and the plots. Raises ValueError if its marks are missing."""
    text = target.read_text()
    begin, end = MARKS
    before, is_marked, rest = text.partition(begin)
    _, is_ended, after = rest.partition(end)
    if not is_marked or not is_ended:
        raise ValueError(f"{target} must hold the marks {begin}{end}")
    target.write_text(before + begin + table(found) + end + after)
    FOLDER.mkdir(exist_ok=True)
    for number, admitted in enumerate(BACKENDS):
        (FOLDER / f"admits_{admitted or 'all'}.svg").write_text(picture(found, number))
