"""Which board this is, where the configuration can't be used: its own light is to say so, and its button was looked at before.

The configuration's word counts, be the file broken elsewhere; if it is lost, the name that was remembered. That is in a file
beside main.py which holds nothing else and is right after each start with a good configuration; whoever puts the firmware on a
board may write it, too.
"""

import os

from micropython import const

REMEMBERED = const("board.txt")
_LOOKED_AT_BYTES = const(1024)
_LONGEST_NAME = const(64)


def find(config_path: str = "config.json"):
    """The board's module, or None if there is no word of it, or only a name that no board has."""
    for name in (configured("board", config_path), _text(_read(REMEMBERED, _LONGEST_NAME))):
        if name:
            try:
                # __import__ gives the package; the module is an attribute of it.
                return getattr(__import__("firmware.boards." + name).boards, name)
            except (ImportError, AttributeError):
                pass  # a name that was mistyped
    return None


def remember(name: str) -> None:
    """Keep the name for when the configuration can't be used. Raises OSError."""
    if _text(_read(REMEMBERED, _LONGEST_NAME)) == name:
        return
    with open(REMEMBERED + ".new", "w") as file:
        file.write(name)
    os.rename(REMEMBERED + ".new", REMEMBERED)


def configured(key: str, path: str = "config.json") -> str:
    """The text behind a key in the configuration's beginning, be the rest as it may; "" if there is none."""
    value = _read(path, _LOOKED_AT_BYTES).partition(b'"%s"' % key.encode())[2].split(b'"', 2)
    return _text(value[1]) if len(value) == 3 and value[0].strip() == b":" else ""


def _read(path: str, most: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError:
        return b""


def _text(data: bytes) -> str:
    try:
        return data.decode().strip()
    except UnicodeError:
        return ""
