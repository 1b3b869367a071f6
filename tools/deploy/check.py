"""May the firmware be put on this board? What it is told, and one sentence that refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEAST_VERSION = (1, 24)
# The virtual board is MicroPython's unix port.
_PLATFORMS = ("esp32", "linux", "darwin")
# More than any chip without PSRAM has, less than any with it: docs/memory.md, "Which chip". As
# bytecode in RAM the whole firmware lives in 204 KiB; a stock ESP32 has 166 kB, Wi-Fi included. A
# heap that can grow counts with what it may grow by (mem_free of the ESP32's port).
_LEAST_HEAP_BYTES = 512 * 1024
_NEWER_IMAGE = "put a newer MicroPython for your chip on it (docs/hardware.md)"


def described(facts: Mapping[str, Any]) -> str:
    """The board, for a person."""
    version = ".".join(str(part) for part in facts["version"])
    free_bytes = facts["flash_free_blocks"] * facts["flash_block_bytes"]
    return (
        f"{facts['machine']}, {facts['implementation']} {version}, "
        f"heap {facts['heap_bytes'] // 1024:,} KiB, flash {free_bytes // 1024:,} KiB free"
    )


def refusal(facts: Mapping[str, Any], mpy: int, new_bytes: list[int]) -> str | None:
    """Why this board can't run it, and what to do; None if it can.

    facts: of SerialBoard. mpy: version of the bytecode. new_bytes: the sizes of the files that are
    to be written.
    """
    version = ".".join(str(part) for part in facts["version"])
    if facts["implementation"] != "micropython":
        return (
            f"the board runs {facts['implementation']} {version}: put MicroPython 1.24 or later "
            "on it (docs/hardware.md)"
        )
    if facts["platform"] not in _PLATFORMS:
        return (
            f"the board is {facts['machine']} ({facts['platform']}), and the firmware is for chips "
            "of the ESP32 family: take one of these, or embed the library (docs/embedding.md)"
        )
    if tuple(facts["version"]) < LEAST_VERSION:
        return f"the board has MicroPython {version}, and 1.24 is the oldest: {_NEWER_IMAGE}"
    if facts["mpy"] & 0xFF != mpy:
        return (
            f"the board loads .mpy files of version {facts['mpy'] & 0xFF}, and mpy-cross here "
            f"makes version {mpy}: {_NEWER_IMAGE}"
        )
    if not facts["can_connect"]:
        return (
            f"the MicroPython on the board ({facts['machine']}) has no network or no TLS: take a "
            "chip with Wi-Fi or Ethernet, and MicroPython's image for it"
        )
    if facts["found_first"]:
        return (
            f"the board has Pilotlight in {facts['found_first']}, which wins over files: update "
            "its image, or put MicroPython's own on it"
        )
    if facts["heap_bytes"] < _LEAST_HEAP_BYTES:
        return (
            f"the board's heap has {facts['heap_bytes'] // 1024:,} KiB, too little for bytecode in "
            "RAM: take a chip with PSRAM and the image that uses it, or freeze the code into an "
            "image (docs/memory.md)"
        )
    block = facts["flash_block_bytes"]
    needed = sum(-(-size // block) for size in new_bytes)
    if needed > facts["flash_free_blocks"]:
        free = facts["flash_free_blocks"] * block
        return (
            f"the board's flash has {free // 1024:,} KiB free, and {needed * block // 1024:,} are "
            "needed: remove files of your own from it"
        )
    return None
