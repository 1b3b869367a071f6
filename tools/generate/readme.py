"""Writes the tables of states from the code that drives the firmware.

They are in status.py and indication.py, and in light_card.py here; the words are in STATES.
README.md's light card is written whole, and README.md gets the program of examples/online.py and
two heaps of docs/memory.md. In docs/embedding.md the states are, and what an integrator does is
kept. A state that is not in STATES gets the words of the screen. docs/troubleshooting.md gets the
words of all reasons.
"""

import ast
import re
import sys
from pathlib import Path

from tools.generate.files import main, part, replaced
from tools.generate.light_card import description, in_short
from tools.on_cpython import ROOT, device_module

LIGHTS = device_module("firmware.indication").LIGHTS
STRINGS = device_module("firmware.strings")
PAGES = STRINGS.PAGES
README = ROOT / "README.md"
EMBEDDING = ROOT / "docs/embedding.md"
EXAMPLE = ROOT / "examples/online.py"
TROUBLE = ROOT / "docs/troubleshooting.md"
MEMORY = ROOT / "docs/memory.md"
IMAGE = "ports/PILOTLIGHT_ESP32/README.md"


def states() -> list[str]:
    """The ladder's states, from the top: what `state_of` of status.py returns, in its order."""
    tree = ast.parse((ROOT / "lib/pilotlight/status.py").read_text())
    words = [
        (one.lineno, one.col_offset, one.value)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "state_of"
        for returned in ast.walk(node)
        if isinstance(returned, ast.Return)
        for one in ast.walk(returned)
        if isinstance(one, ast.Constant)
    ]
    return [str(word) for _, _, word in sorted(words)]


LADDER = states()
# state → (when, what its user is to do)
STATES = {
    "fault": ("it can't run", "ask for help; the display says why"),
    "starting": ("it starts, 3 s at most", "still dark: press once, check power"),
    "no_network": ("no network", "check the cable; on Wi-Fi, hold the button"),
    "pairing": ("it shows a code", "type it into Frame.io"),
    "no_backend": ("no answer from Frame.io", "on Wi-Fi, hold the button"),
    "unpaired": ("not paired", "hold the button for a code"),
    "joining": ("it goes online", "wait for a minute"),
    "paused": (
        "paused",
        "only a user in Frame.io resumes; clips made now stay on the card",
    ),
    "online": ("online, not paused", "nothing to do"),
}


def words(state: str) -> tuple[str, str]:
    """(when it is shown, what its user is to do): of STATES, else what the screen says."""
    return STATES.get(state) or PAGES[state][1:]


def ladder() -> str:
    """The light card: the visible states in the ladder's order, three in a row."""
    cells = [_cell(state) for state in LADDER]
    rows = (cells[at : at + 3] for at in range(0, len(cells), 3))
    return "\n".join(["<table>", *("<tr>" + "\n".join(row) + "</tr>" for row in rows), "</table>"])


def _cell(state: str) -> str:
    """A state's light, what it is, and what its user is to do."""
    when, does = words(state)
    image = f'<img src="docs/light/{state}.svg" height="16"\nalt="{description(state)}">'
    return f'<td width="279">{image}\n<b>{in_short(state)}</b><br>\n{when}: {does}</td>'


def chips() -> str:
    """What runs on which chip, with heaps of docs/memory.md. Raises ValueError if it has none."""
    row = re.search(
        r"^\| whole firmware with a screen, paired \|.* / (\d+ KiB) \|.*\|.* / (\d+ KiB) \|$",
        MEMORY.read_text(),
        re.MULTILINE,
    )
    if row is None:
        raise ValueError("docs/memory.md must have the heaps of the whole firmware")
    return f"""\
- ESP32 or S3 with PSRAM, stock MicroPython: all of it, in
  [{row[1]} of heap](docs/memory.md)
- ESP32 without PSRAM: all of it in {row[2]}, with
  [its code in MicroPython's image]({IMAGE}), not built yet
- ESP32 without PSRAM, stock: the library with a fixed token, no pairing"""


def example() -> str:
    """The program of examples/online.py, without its docstring."""
    program = EXAMPLE.read_text().rpartition('"""\n\n')[2]
    return f"```python\n{program}```"


def embedding_states(text: str) -> str:
    """The states of docs/embedding.md, whose text this is, in the ladder's order."""
    kept = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", part(text, "states"), re.MULTILINE))
    rows = ["| `status.state` | what to do |", "| --- | --- |"]
    for state in LADDER:
        when, does = words(state)
        rows.append(f"| `{state}` | {kept.get(state, f'{when}; the user: {does}')} |")
    return "\n".join([*rows, ""])


def reasons() -> str:
    """The table of reasons: the word, what it is, and what to do."""
    rows = ["| word | what it is | what to do |", "| --- | --- | --- |"]
    for word in STRINGS.REASONS:
        what, remedy = STRINGS.REASONS[word]
        rows.append(f"| `{word}` | {what} | {remedy} |")
    return "\n".join(rows)


def files() -> dict[Path, str | None]:
    """Path → text of what is generated here. Raises ValueError if a document lacks its marks."""
    text = EMBEDDING.read_text()
    return {
        README: replaced(
            README.read_text(), {"ladder": ladder(), "example": example(), "chips": chips()}
        ),
        EMBEDDING: replaced(text, {"states": embedding_states(text)}),
        TROUBLE: replaced(TROUBLE.read_text(), {"reasons": reasons()}),
    }


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
