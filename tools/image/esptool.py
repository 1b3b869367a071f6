"""Espressif's esptool, as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.run.readable import printable

_BAUD = "460800"  # as MicroPython's own instructions have it
_LOOK_S = 60
_WRITE_S = 900
_WIDE = "1000"  # columns, so that a message is one line


class EsptoolError(Exception):
    """It could not be done; the text is esptool's own."""


@dataclass(frozen=True)
class Chip:
    """The one at the port. flash_bytes: None if esptool does not know the flash chip."""

    mac: str
    flash_bytes: int | None


def write_arguments(chip: str, port: str, parts: Sequence[tuple[int, Path]]) -> list[str]:
    """Of esptool, to write these files: (offset in the flash, file)."""
    places = [word for offset, path in parts for word in (f"{offset:#x}", str(path))]
    return ["--chip", chip, "--port", port, "--baud", _BAUD, "write-flash", *places]


def write(chip: str, port: str, parts: Sequence[tuple[int, Path]]) -> None:
    """Write the files, verify them, and reset the chip. Raises EsptoolError."""
    _run(write_arguments(chip, port, parts), _WRITE_S)


def identify(chip: str, port: str) -> Chip:
    """The chip, which then waits to be written. Raises EsptoolError if it is of another kind."""
    said = _run(["--chip", chip, "--port", port, "--after", "no-reset", "flash-id"], _LOOK_S)
    mac = re.search(r"^MAC: +([0-9a-f:]+)", said, re.MULTILINE)
    size = re.search(r"^Detected flash size: (\d+)(KB|MB)", said, re.MULTILINE)
    if not mac:
        raise EsptoolError("esptool does not say the chip's address")
    return Chip(mac[1], int(size[1]) * (2**10 if size[2] == "KB" else 2**20) if size else None)


def _run(arguments: Sequence[str], most_s: float) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "esptool", *arguments],
            env={**os.environ, "COLUMNS": _WIDE},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=most_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EsptoolError(f"no end within {most_s:.0f} s")
    if done.returncode:
        raise EsptoolError(_sentence(done.stderr) or _sentence(done.stdout) or "it failed")
    return done.stdout


def _sentence(said: str) -> str:
    """What esptool says of an error, in one line."""
    text = printable(" ".join(said.split()))
    text = text.rpartition("A fatal error occurred: ")[2].removeprefix("ERROR: ")
    return text.partition(" For troubleshooting steps")[0][:200].rstrip(".")
