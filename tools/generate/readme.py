"""Writes README.md's table of states from the tables that drive the firmware.

They are in status.py, indication.py, blink_patterns.py and strings.py, and in light_card.py here.
"""

import sys
from pathlib import Path

from tools.generate.files import main, replaced
from tools.generate.light_card import COLOURS, description, timing
from tools.on_cpython import ROOT, device_module

LIGHTS = device_module("firmware.indication").LIGHTS
STATES = device_module("firmware.strings").STATES
LADDER = device_module("pilotlight.status").LADDER
README = ROOT / "README.md"


def ladder() -> str:
    """The light card: the table of visible states, in the ladder's order."""
    rows = [
        "| light&nbsp;and&nbsp;6&nbsp;s&nbsp;of&nbsp;it | state | when | timing | colour | the user does |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for state in dict.fromkeys(rung[0] for rung in LADDER):
        pattern, rgb = LIGHTS[state]
        when, does = STATES[state]
        image = f"![{description(state)}](docs/light/{state}.svg)"
        rows.append(
            f"| {image} | `{state}` | {when} | {timing(pattern)} | {COLOURS[rgb]} | {does} |"
        )
    return "\n".join(rows)


def files() -> dict[Path, str | None]:
    """Path → text of what is generated here. Raises ValueError if README.md lacks its marks."""
    return {README: replaced(README.read_text(), {"ladder": ladder()})}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
