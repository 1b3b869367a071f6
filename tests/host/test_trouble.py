"""docs/troubleshooting.md has each state's light, as it is, and each reason that the firmware knows."""

import re

import pytest

from tools.generate import light_card, readme

ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in readme.TROUBLE.read_text().splitlines()
    if line.startswith("| ")
]


@pytest.mark.parametrize("state", readme.LADDER)
def test_each_light_is_in_it_with_its_meaning_and_a_remedy(state: str) -> None:
    description = light_card.description(state)
    picture = f"![{description}](light/{state}.svg)"
    (row,) = [row for row in ROWS if row[0] == picture]
    assert row[1] == description
    assert row[2].startswith(f"`{state}`: ") and len(row[3]) > 10


def test_the_lights_are_in_the_ladder_s_order() -> None:
    states = [row[2].split("`")[1] for row in ROWS if row[0].startswith("!")]
    assert states == readme.LADDER


def test_each_word_that_it_names_is_a_reason_and_has_a_row() -> None:
    words = set(readme.STRINGS.REASONS)
    assert {row[0].strip("`") for row in ROWS if len(row) == 3} - {"word", "---"} == words
    for row in ROWS:
        if len(row) == 4 and row[0].startswith("!"):
            for word in re.findall(r"`([a-z_]+)`[,:]", row[3]):
                assert word in words, word
