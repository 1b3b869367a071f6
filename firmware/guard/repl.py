"""The prompt (REPL), and the switch that closes it: `"repl": false` in config.json. docs/security.md says what that is worth.

Stock ESP32 firmware can't take the prompt off its serial or USB port. It appears when Ctrl-C interrupts the program, or when
main.py ends; so a board whose prompt is closed does not hear the one, and resets instead of the other.
"""

import json

import machine
import micropython
from micropython import const

_CTRL_C = const(3)
_NOTHING = const(-1)
_is_open: bool | None = None  # None: nobody has looked yet


def settle() -> None:
    """Have Ctrl-C heard (main.py begins without), unless this is a board whose prompt is closed."""
    global _is_open
    _is_open = not hasattr(machine, "reset_cause") or _is_allowed()
    micropython.kbd_intr(_CTRL_C if _is_open else _NOTHING)


def leave() -> None:
    """For the end of main.py, however it comes: reset the board if its prompt is closed."""
    if _is_open is None:
        settle()
    if not _is_open:
        machine.reset()


def _is_allowed(path: str = "config.json") -> bool:
    try:
        with open(path) as file:
            values = json.load(file)
    except (OSError, ValueError, MemoryError):
        return True  # a slip in the file must not lock out whoever is to mend it
    return not isinstance(values, dict) or values.get("repl") is not False
