"""docs/mutants.md: which bugs were tried, which test has found each, and which none can find."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.mutants.trials import ROOT, Trial

# The name of each bug that no test has to find, and why.
HARMLESS = {
    ("lib/pilotlight/net/http_message.py BodyFraming.__init__: self.start = 0 → self.start = 1"): (
        "`next` sets it before anything reads it."
    ),
    (
        "lib/pilotlight/net/json_pick.py JsonPick._escape: digit = "
        "_HEX_DIGITS.find(bytes((byte | 0x20 if byte > 0x40 else byte,))) → digit = "
        "_HEX_DIGITS.find(bytes((byte | 0x20 if (byte >= 64) else byte,)))"
    ): (
        "The one other character, `@`, becomes a grave accent, which is no "
        "hexadecimal digit either."
    ),
    (
        "lib/pilotlight/core.py Record.retry: longest_ms = "
        "min(max(1, self.retry_left_ms()), longest_ms) → longest_ms = "
        "min(max(2, self.retry_left_ms()), longest_ms)"
    ): ("What can't be stored is tried again a millisecond later."),
    (
        "lib/pilotlight/net/deadline.py module: _DAY_MS = const(86_400_000) → "
        "_DAY_MS = const(172800001)"
    ): ("It only bounds a sleep after which the same wait goes on; two days are as good as one."),
    (
        "lib/pilotlight/proof.py Proof.prove: self.count = self.count + 1 & 0xFFFF → "
        "self.count = self.count + 2 & 0xFFFF"
    ): ("The count is only compared with one of a short while before; it wraps after days."),
    (
        "lib/pilotlight/schedule.py Schedule.identity_ends: self._identity_unsent = "
        "min(self._identity_unsent + 1, 16) → self._identity_unsent = "
        "min(self._identity_unsent + 1, 17)"
    ): ("From the tenth one on the bound of five minutes counts."),
    (
        "firmware/light/status_light.py StatusLight._colour_of: value |= max(1, "
        "(root * root + 32640) // 65280) → value |= max(1, (root * root + 32641) // "
        "65280)"
    ): ("No square of 0 to 4080 has another quotient: tried for all of them."),
    (
        "firmware/setup/setup_screen.py pages_of: title, join, by_password, scan, scan_more = "
        'MESSAGES["set_up"][:5] → title, join, by_password, scan, scan_more = '
        'MESSAGES["set_up"][:6]'
    ): ("Its row has five columns."),
    (
        "firmware/screen/qr_code.py penalty: points += 40 * _count(like) → points += "
        "41 * _count(like)"
    ): ("Another mask may be chosen for a code. Readers take each of the eight."),
}

_TEXT = """# Mutants: proof that the tests can fail

`make mutants` puts one small bug after another into a copy of the code, and runs the tests that
reach it, the fastest first, until one fails. A bug that no test finds is a hole in the tests,
unless it changes nothing that can be noticed: then it is listed below with the reason. This file is
generated.

- **By rules** (`tests/mutants/generated.py`): comparisons, constants, arithmetic, conditions,
  branches, `await`, calls, arguments, results, errors, jumps, over all of `lib/pilotlight` and the
  parts of the firmware that touch no hardware. A hash chooses them, so they are the same on each
  machine. Not touched: docstrings, annotations, `__repr__`, what is logged, and what only frees
  memory, which `make bench` measures.
- **By hand** (`tests/mutants/by_hand.py`): faults that this project has had, or that its rules
  forbid. `make check` tries these, each with its one test.

A test counts if it fails twice with the bug, and passes without. One that takes more than five
times as long as usual, and five seconds more, has failed. For one bug the tests get half a minute
of the processor; then two parts of the simulation's pairs of faults are the last judges. What is
listed as harmless is not tried again.

{figures}

## Found by no test

{harmless}

## By hand

| fault | found by |
| --- | --- |
{by_hand}

## By rules

| where | bug | found by |
| --- | --- | --- |
{generated}
"""


@dataclass(frozen=True)
class Verdict:
    """What came of a bug: the test that has found it, or None, after so many seconds and tests."""

    name: str
    kind: str
    test: Trial | None
    seconds: float
    tests: int


def write(verdicts: Iterable[Verdict]) -> None:
    """Write the document."""
    verdicts = list(verdicts)
    by_hand = [one for one in verdicts if one.kind == "by hand"]
    generated = [one for one in verdicts if one.kind != "by hand"]
    kinds = Counter(one.kind for one in generated)
    figures = "".join(
        f"{len(group)} {how}: {sum(one.test is not None for one in group)} found. "
        for group, how in ((generated, "by rules"), (by_hand, "by hand"))
    )
    figures += "By rules: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    missed = [one for one in verdicts if one.test is None]
    harmless = "\n".join(
        f"- `{one.name}`:\n" + _reason(HARMLESS.get(one.name, "**a hole in the tests**"))
        for one in missed
    )
    rows = []
    for one in generated:
        where, _, bug = one.name.partition(": ")
        before, _, after = bug.partition(" → ")
        rows.append(f"| {where} | {_code(before)} → {_code(after)} | {_found(one)} |")
    text = _TEXT.format(
        figures=textwrap.fill(figures + ".", 100),
        harmless=harmless or "None.",
        by_hand="\n".join(f"| {one.name} | {_found(one)} |" for one in by_hand),
        generated="\n".join(rows),
    )
    (ROOT / "docs/mutants.md").write_text(text)


def _reason(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="  ")


def _found(verdict: Verdict) -> str:
    return f"`{verdict.test.name}`" if verdict.test else "nothing"


def _code(text: str) -> str:
    """As code in a table."""
    fence = "``" if "`" in text else "`"
    return fence + text.replace("|", "\\|") + fence
