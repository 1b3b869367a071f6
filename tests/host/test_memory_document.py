"""docs/memory.md: its tables are made from measured figures, and its words follow from them."""

import re

import pytest

from tools.bench import memory
from tools.bench.memory import DOCUMENT, ROWS, filled, tables
from tools.rig import ROOT


def test_the_document_has_a_place_for_each_table() -> None:
    text = DOCUMENT.read_text()
    for name in tables({}, "2026-11-26"):
        assert filled(filled(text, {name: ""}), {name: "new"}).count("\nnew\n<!-- /") == 1


@pytest.mark.parametrize(
    ("way", "cell", "words"),
    [
        (".mpy in RAM", {"live": 100_000, "lives": 112}, "stock image"),
        (".mpy in RAM", {"live": 100_000, "lives": 113}, "PSRAM"),
        ("source", {"live": 113 * 1024}, "PSRAM"),
        ("source", {"live": 100_000}, "not tried"),
        ("frozen", {"live": 60_000, "lives": 96}, "own image"),
        ("frozen", {"live": 60_000, "lives": 97}, "PSRAM, own image"),
        ("ROMFS", {}, "not measured"),
    ],
)
def test_which_chip_it_needs_follows_from_the_smallest_heap(
    way: str, cell: dict[str, int], words: str
) -> None:
    row = next(
        line
        for line in tables({ROWS[0].name: {way: cell}}, "2026-11-26")["chips"].splitlines()
        if ROWS[0].name in line
    )
    cells = [text.strip() for text in row.split("|")[2:-1]]
    assert cells[memory.WAYS.index(way)] == words
    assert cells.count("not measured") >= len(memory.WAYS) - 1


def test_what_is_not_measured_is_said() -> None:
    heaps = tables({}, "2026-11-26")["heaps"]
    assert heaps.count("not measured") == len(ROWS) * len(memory.WAYS)


def test_the_heap_is_that_of_the_board_folder() -> None:
    header = (ROOT / "ports/PILOTLIGHT_ESP32/mpconfigboard.h").read_text()
    found = re.search(r"#define MICROPY_GC_INITIAL_HEAP_SIZE \((\d+) \* 1024\)", header)
    assert found and int(found[1]) == memory.FIXED_HEAP_KIB
    assert f"{memory.FIXED_HEAP_KIB} KiB" in DOCUMENT.read_text()
