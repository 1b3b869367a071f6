"""What can be read of a config.json that config.py refuses, or has not loaded yet.

That is the board, single texts, what is switched off, and whether the REPL is closed.

The board's name in config.json counts, even if the rest of the file is broken. If there is no such
name, the remembered one counts: board.txt beside main.py holds it and nothing else. The firmware
writes that file after each start with a usable configuration; a production line may write it too.
"""

import json
import os

from micropython import const

REMEMBERED = const("board.txt")
_SEARCHED_BYTES = const(1024)
_LONGEST_NAME_BYTES = const(64)


def board(path: str = "config.json"):
    """The board's module in firmware/boards, or None if no usable name is known."""
    for name in (text("board", path), _decoded(_read(REMEMBERED, _LONGEST_NAME_BYTES))):
        if name:
            try:
                # __import__ returns the outermost package.
                return getattr(__import__("firmware.boards." + name).boards, name)
            except Exception:
                pass  # a typing error in the name or in the board's file, or a name too long
    return None


def remember_board(name: str) -> None:
    """Store the board's name for a start at which the configuration is unusable. Raises OSError."""
    if _decoded(_read(REMEMBERED, _LONGEST_NAME_BYTES)) == name:
        return
    with open(REMEMBERED + ".new", "w") as file:
        file.write(name)
    os.rename(REMEMBERED + ".new", REMEMBERED)


def text(key: str, path: str = "config.json") -> str:
    """The text value of a key within the file's first 1024 bytes; "" if there is none.

    The rest of the file may be invalid.
    """
    for behind in _behind(key, path):
        value = behind.split(b'"', 2)
        if len(value) == 3 and value[0].strip() == b":":
            return _unescaped(value[1])
    return ""


def begins(key: str, word: bytes, path: str = "config.json") -> bool:
    """Whether the value of a key within the file's first 1024 bytes begins with `word`.

    The rest of the file may be invalid.
    """
    for behind in _behind(key, path):
        name, _, value = behind.partition(b":")
        if not name.strip() and value.strip().startswith(word):
            return True
    return False


def _behind(key: str, path: str) -> list:
    """What is behind each place of the quoted key within the file's first 1024 bytes."""
    # Without its zeros, UTF-16 is ASCII.
    data = _read(path, _SEARCHED_BYTES).replace(b"\0", b"")
    return data.split(b'"%s"' % key.encode())[1:]


def closes_repl(path: str = "config.json") -> bool:
    """Whether the file is valid JSON with `"repl": false`. The other keys may be invalid.

    A file that can't be parsed closes nothing: its author must be able to repair it.
    """
    try:
        from .. import strict_json  # only now: `config` reads with it next, and unloads it

        values = strict_json.load(path)
    except (ImportError, OSError, ValueError, MemoryError):
        return False
    return isinstance(values, dict) and values.get("repl") is False


def _read(path: str, most_bytes: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most_bytes)
    except OSError:
        return b""


def _decoded(data: bytes) -> str:
    try:
        return data.decode().strip()
    except UnicodeError:
        return ""


def _unescaped(data: bytes) -> str:
    if b"\\" not in data:
        return _decoded(data)
    try:
        return json.loads(b'"%s"' % data)
    except ValueError:
        return ""
