"""Whether the chip has the memory for TLS and for Wi-Fi. Loaded when that is asked.

TLS takes its memory from the system's heap, not from Python's (docs/memory.md). An ESP32's Python
takes all of the system's heap once its own has outgrown 112 kB; then each connection fails.
"""

import asyncio
import os

from micropython import const

from .text_output import log

NEEDED_BYTES = const(30_000)  # of a TLS handshake, in blocks of up to 17 kB
_DRIVER_BYTES = const(4_096)  # of Wi-Fi's driver, in one block
_PSRAM_BYTES = const(1_000_000)  # more than any chip has without


def largest_system_block() -> int | None:
    """Bytes of the largest free block of the system's heap, or None if the chip does not tell."""
    regions = _regions()
    return max([region[2] for region in regions]) if regions else None


def driver_is_starved() -> bool:
    """Whether Wi-Fi's driver may have found no memory: then a missing address says nothing."""
    largest = largest_system_block()
    return largest is not None and largest < _DRIVER_BYTES


def lack_of_memory() -> str:
    """One sentence that says what to do if there is not enough memory for TLS, else "".

    Asked before the first connect: later on a connection may hold that memory.
    """
    largest = largest_system_block()
    if largest is None or largest >= NEEDED_BYTES:
        return ""
    if sum([region[0] for region in _regions()]) > _PSRAM_BYTES:
        advice = "something else takes it"
    elif _is_frozen():
        advice = "this chip has no PSRAM: leave more to the system, docs/memory.md"
    else:
        advice = "this chip has no PSRAM: use the frozen build, docs/memory.md"
    return "too little memory (%d bytes) for a connection; %s" % (largest, advice)


def check(agent, supervisor) -> None:
    """Before the first connect: with too little memory for it, stop the agent and show why.

    supervisor: as for app.run. There is no reset, which would not help.
    """
    sentence = lack_of_memory()
    if sentence:
        log(sentence)
        agent.status.update(fault="too_little_memory")
        if supervisor is not None:
            supervisor.watchdog.forget_tasks()
        asyncio.create_task(agent.stop())


def _regions() -> list:
    """(bytes, free, largest free block, least ever free) of each region of the system's heap."""
    try:
        import esp32

        return esp32.idf_heap_info(esp32.HEAP_DATA)
    except (ImportError, AttributeError):
        return []


def _is_frozen() -> bool:
    """Whether this code is part of the firmware's image, and not a file."""
    try:
        os.stat(__file__)
        return False
    except OSError:
        return True
