"""The figures that must not grow: baseline.json, and what the gates compare with it.

A figure may be 2 % over its baseline. `make bench` lowers the baseline of one that is more than 2 %
below. `make bench WHY="…"` also raises baselines, in the commit that needs it; the reason is stored
beside the figure.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict

from tools.bench.figures import GATED, Figure

PATH = Path(__file__).parent / "baseline.json"
_PERCENT = 2


class Entry(TypedDict):
    """value: in the figure's unit. why: the reason why it was raised last, or ""."""

    value: float
    why: str


Baseline = Mapping[str, Entry]


def load(text: str | None = None) -> dict[str, Entry]:
    """The baseline: figure's name → entry. text: another file's than PATH."""
    entries = json.loads(PATH.read_text() if text is None else text)
    assert isinstance(entries, dict)
    return entries


def grown(values: Mapping[Figure, float], baseline: Baseline) -> list[str]:
    """A sentence for each gated figure that is too large, or has no baseline."""
    sentences = []
    for figure, value in values.items():
        if figure not in GATED:
            continue
        if figure.name not in baseline:
            sentences.append(f"{figure.name}: there is no baseline")
            continue
        before = baseline[figure.name]["value"]
        if _is_over(value, before):
            percent = (value / before - 1) * 100
            sentences.append(
                f"{figure.name}: {value:,.0f} {figure.unit} are {percent:.1f} % more than the "
                f'baseline, {before:,.0f}. If that is needed: make bench WHY="the reason"'
            )
    return sentences


def updated(values: Mapping[Figure, float], baseline: Baseline, why: str) -> dict[str, Entry]:
    """The baseline with smaller values; with the larger ones, too, if there is a reason why."""
    entries = {figure.name: baseline[figure.name] for figure in GATED if figure.name in baseline}
    for figure in GATED:
        if figure not in values:
            continue
        value = round(values[figure])
        entry = entries.get(figure.name)
        if entry is None:
            entries[figure.name] = {"value": value, "why": ""}
        elif _is_over(entry["value"], value):
            entries[figure.name] = {"value": value, "why": entry["why"]}
        elif why and _is_over(value, entry["value"]):
            entries[figure.name] = {"value": value, "why": why}
    return entries


def unexplained(before: Baseline, after: Baseline, gated: Iterable[Figure] = GATED) -> list[str]:
    """The figures whose baseline is larger after a change, or gone, without a new reason."""
    names = [figure.name for figure in gated if figure.name in before]
    return [
        name
        for name in names
        if name not in after
        or (
            after[name]["value"] > before[name]["value"]
            and after[name]["why"] in ("", before[name]["why"])
        )
    ]


def _is_over(value: float, before: float) -> bool:
    return value * 100 > before * (100 + _PERCENT)


def save(entries: Baseline) -> None:
    """Write baseline.json."""
    PATH.write_text(json.dumps(entries, indent=2) + "\n")
