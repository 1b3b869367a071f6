"""Prints what decides whether the firmware can run on this board. Runs there."""

import gc
import os
import sys


def _has(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def _found_first():
    """The entry of sys.path that has a pilotlight before /lib has it, or None."""
    path = sys.path[:]
    try:
        for entry in path:
            if entry in ("/lib", "lib"):
                return None
            if entry:
                sys.path[:] = [entry]
                if _has("pilotlight"):
                    del sys.modules["pilotlight"]
                    return entry
        return None
    finally:
        sys.path[:] = path


gc.collect()
_flash = os.statvfs("/")
print(
    {
        "implementation": sys.implementation.name,
        "version": tuple(sys.implementation.version[:3]),
        "mpy": getattr(sys.implementation, "_mpy", 0),
        "platform": sys.platform,
        "machine": getattr(sys.implementation, "_machine", sys.platform),
        "heap_bytes": gc.mem_alloc() + gc.mem_free(),
        "flash_block_bytes": _flash[0],
        "flash_free_blocks": _flash[3],
        "can_connect": _has("network") and _has("ssl"),
        "found_first": _found_first(),
        "has_model_secret": _has("model_secret"),
    }
)
