"""Frees the memory of modules that are needed for a moment only."""

import sys


def unload(*names: str) -> None:
    """Forget imported modules of firmware or pilotlight. names: each with its package."""
    for name in names:
        package, module = name.rsplit(".", 1)
        if sys.modules.pop(name, None) is not None:
            delattr(sys.modules[package], module)
