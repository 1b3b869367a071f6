"""What is measured: each figure with its unit, and whether it is gated.

Heaps are the unix port's, whose words have 64 bits: an ESP32's are smaller. docs/memory.md has
those.
"""

from pathlib import Path
from typing import NamedTuple

from tools.bench import work
from tools.bench.devices import Folders, imported, library_heap, live_heap
from tools.rig import Rig


class Figure(NamedTuple):
    """name: in the table, and in baseline.json. unit: bytes, KiB, instructions or a minute."""

    name: str
    unit: str


IMPORTED = Figure("library, imported", "bytes")
JOINED = Figure("library, fixed token, joined", "bytes")
EMBEDDED = Figure("library with pairing, Wi-Fi, clock and storage", "bytes")
HOST = Figure("firmware of a computer, paired", "bytes")
BOARD = Figure("firmware of a board with screen, paired", "bytes")
ROMFS = Figure("the same, its code in a ROMFS", "bytes")
IMAGE = Figure("size of that ROMFS", "bytes")
SMALLEST_HOST = Figure("smallest heap, firmware of a computer, paired", "KiB")
SMALLEST_BOARD = Figure("smallest heap, board with screen, paired", "KiB")
TRIP = Figure("allocated per heartbeat trip", "bytes")
RECEIVED = Figure("allocated per 1,000 bytes of text received", "bytes")
IDENTITY = Figure("allocated per identity of 5 kB", "bytes")
GARBAGE = Figure("allocated by a board with screen, online", "bytes a minute")
WAKES_HOST = Figure("wake-ups of a computer, online", "a minute")
WAKES_BOARD = Figure("wake-ups of a board with screen, online", "a minute")
TRIP_WORK = Figure("per heartbeat trip", "instructions")
RECEIVED_WORK = Figure("per 1,000 bytes of text received", "instructions")
IDENTITY_WORK = Figure("per identity of 5 kB", "instructions")
BOOT_WORK = Figure("from start to first connect, board with screen", "instructions")
NET = Figure("always loaded, net", "bytes")
LIB = Figure("always loaded, net and lib", "bytes")
FIRMWARE = Figure("always loaded, firmware of a board with screen", "bytes")
ALL = Figure("all, also what is loaded on demand", "bytes")

# heading → its figures: the table's order
TABLE = {
    "Heap that lives": (IMPORTED, JOINED, EMBEDDED, HOST, BOARD, ROMFS),
    "Heap that is enough to go online": (SMALLEST_HOST, SMALLEST_BOARD),
    "Garbage": (TRIP, RECEIVED, IDENTITY, GARBAGE),
    "Instructions": (TRIP_WORK, RECEIVED_WORK, IDENTITY_WORK, BOOT_WORK),
    "Wake-ups": (WAKES_HOST, WAKES_BOARD),
    "Bytecode (.mpy)": (NET, LIB, FIRMWARE, ALL, IMAGE),
}
HEAPS = (IMPORTED, EMBEDDED, HOST, BOARD, NET, LIB, FIRMWARE, ALL)
ALLOCATIONS = (JOINED, TRIP, RECEIVED, IDENTITY)
INSTRUCTIONS = TABLE["Instructions"]
GATED = (*HEAPS, *ALLOCATIONS, *INSTRUCTIONS)
Values = dict[Figure, float]

_ALLOCATIONS = {
    "heartbeat": (TRIP, 10_000),
    "receive": (RECEIVED, 2_000),
    "identity": (IDENTITY, 20),
}
_INSTRUCTIONS = {TRIP_WORK: "heartbeat", RECEIVED_WORK: "receive", IDENTITY_WORK: "identity"}


class Bench:
    """A mock with TLS and one without, and the code to measure. rig: with an empty folder."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.folders = Folders(rig.folder / "code")
        self.tls = rig.mock(*work.IDENTITY, "--interval-s", "1", tls=True)
        self.plain = rig.mock(*work.IDENTITY)

    def heaps(self) -> Values:
        """What lives on the heap, and the bytecode that is loaded."""
        rig, tls, folders = self.rig, self.tls, self.folders
        values: Values = {IMPORTED: imported(folders.host)}
        values[EMBEDDED] = library_heap(rig, tls, folders.board)["live"]
        values[HOST] = live_heap(rig, tls, folders.host)["live"]
        values[BOARD] = live_heap(rig, tls, folders.board)["live"]
        again = live_heap(rig, tls, folders.board, paired_before=True)
        return {**values, **bytecode(folders.board, again["modules"])}

    def allocations(self) -> Values:
        """What pieces of work allocate. Raises AssertionError if any of it stays allocated."""
        values: Values = {}
        for kind, (figure, times) in _ALLOCATIONS.items():
            mock = self.tls if kind == "heartbeat" else self.plain
            told = work.allocated(kind, times, mock, self.folders.host)
            assert told["grown"] <= 256, f"the heap grows by {told['grown']}: {kind}"
            values[figure] = told["allocated"]
            if kind == "heartbeat":
                values[JOINED] = told["live"]
        return values

    def instructions(self, figure: Figure) -> Values:
        """What a piece of work, or a start, takes of the processor."""
        kind = _INSTRUCTIONS.get(figure)
        if kind:
            return {figure: work.instructions(kind, self.plain, self.folders.host)}
        return {figure: work.boot_instructions(self.rig, self.tls, self.folders)}


def bytecode(folder: Path, loaded: list[str]) -> Values:
    """The sizes of bytecode, by whether it is loaded while a paired device is online."""
    values: Values = dict.fromkeys((NET, LIB, FIRMWARE, ALL), 0)
    for path in [*(folder / "lib").rglob("*.mpy"), *(folder / "firmware").rglob("*.mpy")]:
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        module = name.removeprefix("lib.").removesuffix(".__init__")
        size = path.stat().st_size
        values[ALL] += size
        if module in loaded:
            values[FIRMWARE if module.startswith("firmware") else LIB] += size
            values[NET] += size if module.startswith("pilotlight.net") else 0
    return values
