"""The baseline of `make bench`: what a gate refuses, and that no change raises it in silence."""

import subprocess

from tools.bench import baseline, figures, report
from tools.bench.baseline import Baseline
from tools.bench.figures import BOARD, GATED, SMALLEST_HOST, TABLE, TRIP, TRIP_WORK
from tools.rig import ROOT

KNOWN: Baseline = {
    TRIP.name: {"value": 100, "why": ""},
    TRIP_WORK.name: {"value": 1000, "why": "deadlines"},
}
DATE = "2026-11-26"


def committed(revision: str) -> Baseline | None:
    """The baseline of a commit, or None if there is none."""
    name = baseline.PATH.relative_to(ROOT)
    done = subprocess.run(
        ["git", "-C", str(ROOT), "show", f"{revision}:{name}"], capture_output=True, text=True
    )
    return baseline.load(done.stdout) if done.returncode == 0 else None


def test_a_commit_that_raises_the_baseline_says_why() -> None:
    before, last = committed("HEAD^"), committed("HEAD")
    if last is not None:
        assert baseline.unexplained(last, baseline.load()) == []
        assert before is None or baseline.unexplained(before, last) == []


def test_each_gate_has_a_baseline_and_a_row() -> None:
    rows = [figure for contents in TABLE.values() for figure in contents]
    assert list(baseline.load()) == [figure.name for figure in GATED]
    assert set(GATED) <= set(rows) and len(rows) == len(set(rows))
    assert len({figure.name for figure in rows}) == len(rows)


def test_more_than_two_percent_are_refused() -> None:
    assert baseline.grown({TRIP: 102, TRIP_WORK: 1020}, KNOWN) == []
    (sentence,) = baseline.grown({TRIP: 102, TRIP_WORK: 1021}, KNOWN)
    assert sentence.startswith("per heartbeat trip: 1,021 instructions are 2.1 % more")
    assert 'make bench WHY="' in sentence


def test_what_has_no_gate_may_grow_and_what_has_no_baseline_is_refused() -> None:
    assert baseline.grown({SMALLEST_HOST: 1e9}, KNOWN) == []
    assert len(baseline.grown({BOARD: 1}, KNOWN)) == 1


def test_a_baseline_falls_by_itself_and_rises_with_a_reason() -> None:
    lower = baseline.updated({TRIP: 99, TRIP_WORK: 900}, KNOWN, "")
    assert lower[TRIP.name]["value"] == 100  # less than 2 %: it may be chance
    assert lower[TRIP_WORK.name] == {"value": 900, "why": "deadlines"}
    higher = {TRIP: 102, TRIP_WORK: 1021}
    assert baseline.updated(higher, KNOWN, "") == KNOWN
    explained = baseline.updated(higher, KNOWN, "a ping")
    assert explained[TRIP.name] == KNOWN[TRIP.name]
    assert explained[TRIP_WORK.name] == {"value": 1021, "why": "a ping"}


def test_a_rise_without_a_new_reason_and_a_lost_gate_are_seen() -> None:
    names = [TRIP.name, TRIP_WORK.name]
    assert baseline.unexplained(KNOWN, {}) == names
    raised: Baseline = {name: {"value": 2000, "why": KNOWN[name]["why"]} for name in names}
    assert baseline.unexplained(KNOWN, raised) == names
    explained: Baseline = {name: {"value": 2000, "why": "a ping"} for name in names}
    assert baseline.unexplained(KNOWN, explained) == []
    assert baseline.unexplained(explained, KNOWN) == []


def test_text_and_picture_show_the_same_rows() -> None:
    values = dict.fromkeys((TRIP, BOARD, SMALLEST_HOST), 1234.0)
    text, picture = report.text(values, DATE), report.picture(values, DATE)
    rows = report.rows(values)
    assert [row[0] for row in rows if len(row) == 1] == list(TABLE)[:3]
    for row in rows:
        assert all(cell in text and f">{cell}</text>" in picture for cell in row if cell)
    assert DATE in text and DATE in picture and "1,234" in text


def test_the_documents_hold_every_figure() -> None:
    text = (ROOT / "docs/bench.md").read_text()
    picture = (ROOT / "docs/bench.svg").read_text()
    for contents in figures.TABLE.values():
        for figure in contents:
            assert f"| {figure.name} | {figure.unit} |" in text, "run make bench"
            assert f">{figure.name}</text>" in picture, "run make bench"
