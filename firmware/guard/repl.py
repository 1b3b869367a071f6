"""The REPL, and the switch that closes it: `"repl": false` in config.json (docs/security.md).

Stock ESP32 firmware can't remove the REPL from its serial or USB port. The REPL starts when Ctrl-C
interrupts the program, or when main.py ends. So a board with a closed REPL ignores Ctrl-C, and
resets at the end of main.py.
"""

import machine
import micropython
from micropython import const

_CTRL_C = const(3)
_NO_CHARACTER = const(-1)
is_open: bool | None = None  # None until `configure` has run


def on_board() -> bool:
    """Whether this is a board, which can be reset, and not a computer."""
    return hasattr(machine, "reset_cause")


def configure() -> None:
    """Enable Ctrl-C, which main.py disables first, unless this is a board with a closed REPL."""
    global is_open
    closed = False
    if on_board():
        from .rescued_config import closes_repl

        closed = closes_repl()
    is_open = not closed
    micropython.kbd_intr(_CTRL_C if is_open else _NO_CHARACTER)


def reset_if_closed() -> None:
    """For the end of main.py, whatever caused it: reset the board if its REPL is closed."""
    if is_open is None:
        configure()
    if not is_open:
        machine.reset()
