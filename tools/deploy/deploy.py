"""The steps of `make deploy`. Each looks at the board first, so all can be done again."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools import bytecode
from tools.command_line import Refused
from tools.run.readable import printable

from .check import described, refusal
from .connection import Connection
from .serial_board import SerialBoard

MAIN = "main.py"
CONFIG = "config.json"
BUILD = "firmware/build.mpy"  # differs each time, by the time of the build
# What is ours on a board: in these folders all that can be imported, and these files. A folder
# pilotlight beside main.py would be found before the one in lib.
_FOLDERS = ("lib/pilotlight", "firmware", "pilotlight")
_FILES = ("boot.py", MAIN, "lib/microdot.mpy")
_IMPORTED = (".py", ".mpy")


@dataclass
class Built:
    """What the board is to have.

    files: path → content. mpy: the version of the bytecode in them.
    """

    files: dict[str, bytes]
    mpy: int
    hashes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.hashes = {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


def build() -> Built:
    """Compile lib/ and firmware/."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bytecode.build(folder)
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    return Built(files, mpy=files[BUILD][1])


def plan(built: Built, found: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(paths to remove, paths to write) so that a board that has `found` has what was built.

    main.py is the last to be written. A build that is only younger changes nothing.
    """
    stale = [path for path in found if path.endswith(_IMPORTED) and path not in built.files]
    write = [path for path in built.files if found.get(path) != built.hashes[path]]
    if write == [BUILD] and BUILD in found:
        write = []
    if stale or write:
        write = [path for path in write if path != MAIN] + [MAIN]
    return stale, write


class Deployment:
    """One deployment to a board. say(text): a line for the user."""

    def __init__(self, connection: Connection, say: Callable[[str], None]) -> None:
        self._connection = connection
        self._say = say
        self._is_described = False
        self._begun_s = time.monotonic()
        self._written: set[str] = set()

    def run(self, built: Built) -> None:
        """Do it, and restart the board. Raises Refused."""
        self._connection.run(lambda board: self._put(board, built))

    def _put(self, board: SerialBoard, built: Built) -> None:
        facts = board.facts()
        if not self._is_described:
            self._say(f"board: {printable(described(facts))}")
            self._is_described = True
        found = board.files([*_FOLDERS, *_FILES, CONFIG])
        stale, write = plan(built, found)
        missing = [len(built.files[path]) for path in write if path not in found]
        wrong = refusal(facts, built.mpy, missing)
        if wrong:
            raise Refused(printable(wrong))
        if stale or write:
            if MAIN in found:
                # Then neither a half of the firmware runs if the power goes, nor does a watchdog
                # that is running end this.
                board.remove([MAIN])
                board = self._connection.restarted()
            self._remove(board, stale)
            self._write(board, built, write)
            self._verify(board, built)
        self._tell(built)
        if CONFIG not in found:
            self._say(f"{CONFIG} is missing on the board: make provision writes it")
        board.reset()

    def _tell(self, built: Built) -> None:
        count, total = len(self._written), len(built.files)
        if not count:
            self._say(f"all {total} files are on the board already")
            return
        size = sum(len(built.files[path]) for path in self._written)
        took_s = time.monotonic() - self._begun_s
        self._say(f"written: {count} files, {size:,} bytes, in {took_s:.1f} s")
        if count < total:
            self._say(f"equal: {total - count} files, not written")

    def _remove(self, board: SerialBoard, stale: list[str]) -> None:
        board.remove(stale)
        for path in stale:
            self._say(f"removed: {printable(path)}")

    def _write(self, board: SerialBoard, built: Built, paths: list[str]) -> None:
        board.make_folders({path.rpartition("/")[0] for path in paths} - {""})
        progress = Progress(sum(len(built.files[path]) for path in paths))
        try:
            for number, path in enumerate(paths, 1):
                data = built.files[path]
                progress.begin(len(data), f"{number}/{len(paths)} {path}")
                write = board.replace if path == MAIN else board.write
                write(path, data, progress.show)
                self._written.add(path)
        finally:
            progress.clear()

    def _verify(self, board: SerialBoard, built: Built) -> None:
        """Raises Refused if the board does not hold what was built."""
        found = board.files([*_FOLDERS, *_FILES])
        stale, write = plan(built, found)
        if stale or write:
            raise Refused(
                f"the board does not hold what was written to {(stale + write)[0]}: its flash may "
                "be worn or its file system damaged; erase it (docs/hardware.md) and deploy again"
            )
        self._say(f"verified: {len(built.files)} files by SHA-256")


class Progress:
    """A bar on a terminal; nothing elsewhere. total_bytes: what is to be written."""

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = max(1, total_bytes)
        self._begun_bytes = self._done_bytes = 0
        self._words = ""
        self._is_shown = sys.stdout.isatty()

    def begin(self, size_bytes: int, words: str) -> None:
        """The next file, of this size; those before it are written."""
        self._done_bytes, self._begun_bytes = self._begun_bytes, self._begun_bytes + size_bytes
        self._words = words
        self.show(0, size_bytes)

    def show(self, size_bytes: int, _: int) -> None:
        """So much of the file is written."""
        if self._is_shown:
            share = (self._done_bytes + size_bytes) / self._total_bytes
            bar = "#" * round(20 * share)
            print(f"\r[{bar:<20}] {share:4.0%}  {self._words[:48]:<48}", end="", flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._is_shown:
            print(f"\r{'':78}\r", end="", flush=True)
