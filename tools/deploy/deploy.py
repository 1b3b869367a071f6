"""The steps of `make deploy`. Each looks at the board first, so all can be done again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools import bytecode
from tools.run.readable import printable, readable

from .check import described, refusal
from .serial_board import BoardError, Lost, SerialBoard, is_there, opened

MAIN = "main.py"
BUILD = "firmware/build.mpy"  # differs each time, by the time of the build
CONFIG = "config.json"
# What is ours on a board: in these folders all that can be imported, and these files. A folder
# pilotlight beside main.py would be found before the one in lib.
_FOLDERS = ("lib/pilotlight", "firmware", "pilotlight")
_FILES = ("boot.py", MAIN)
_IMPORTED = (".py", ".mpy")
_BACK_S = 60.0
_MOST_LOSSES = 5


class Refused(Exception):
    """It can't be done; the text is one sentence that says what to do."""


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

    def __init__(self, port: str, say: Callable[[str], None]) -> None:
        self._port = port
        self._say = say
        self._board: SerialBoard | None = None
        self._losses = 0
        self._is_known = False
        self._begun_s = time.monotonic()
        self._written: set[str] = set()

    def run(self, built: Built) -> SerialBoard:
        """Do it, and restart the board; waits for a cable that was pulled, and goes on.

        The board, which starts. Raises Refused.
        """
        while True:
            try:
                board = self._put(self._connect(), built)
                board.reset()
                return board
            except Lost as error:
                self._lost(error)
            except BoardError as error:
                raise Refused(f"the board says: {printable(str(error))}; reset it and try again")

    def close(self) -> None:
        """Leave the port."""
        if self._board:
            self._board.close()
            self._board = None

    def _connect(self) -> SerialBoard:
        if not self._board:
            self._board = opened(self._port, _BACK_S if self._is_known else 0)
        return self._board

    def _lost(self, error: Lost) -> None:
        """Say so. Raises Refused if there is no hope."""
        self.close()
        self._losses += 1
        if not self._is_known or self._losses > _MOST_LOSSES:
            raise Refused(_no_answer(self._port, error))
        self._say(
            f"the board is gone: plug it in again within {_BACK_S:.0f} s, or type the same command "
            "later; it goes on where it was"
        )

    def _put(self, board: SerialBoard, built: Built) -> SerialBoard:
        facts = board.facts()
        if not self._is_known:
            self._say(f"board: {printable(described(facts))}")
            self._is_known = True
        found = board.files([*_FOLDERS, *_FILES])
        stale, write = plan(built, found)
        missing = [len(built.files[path]) for path in write if path not in found]
        wrong = refusal(facts, built.mpy, missing)
        if wrong:
            raise Refused(printable(wrong))
        if stale or write:
            if MAIN in found:
                board = self._stop(board)
            self._remove(board, stale)
            self._write(board, built, write)
            self._verify(board, built)
        count, total = len(self._written), len(built.files)
        if not count:
            self._say(f"all {total} files are on the board already")
            return board
        size = sum(len(built.files[path]) for path in self._written)
        took_s = time.monotonic() - self._begun_s
        self._say(f"written: {count} files, {size:,} bytes, in {took_s:.1f} s")
        if count < total:
            self._say(f"equal: {total - count} files, not written")
        return board

    def _stop(self, board: SerialBoard) -> SerialBoard:
        """Start the board without main.py, so that neither a half of the firmware runs if the power
        goes, nor a watchdog that is running ends this.
        """
        board.remove([MAIN])
        board.reset()
        self.close()
        self._board = opened(self._port, _BACK_S)
        return self._board

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
                board.write(path, data, progress.show)
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


def follow(board: SerialBoard, port: str, say: Callable[[str], None], for_s: float | None) -> None:
    """Print what the board says, for so long; None: until Ctrl-C. Raises Lost if it stays away."""
    end_s = None if for_s is None else time.monotonic() + for_s
    while True:
        try:
            for line in board.lines():
                if line:
                    say(shown(line))
                if end_s is not None and time.monotonic() > end_s:
                    return
        except Lost:  # the port of a chip with USB goes when the chip is reset
            board.close()
            board = opened(port, _BACK_S, stops=False)


def shown(line: str) -> str:
    """A line of the board's for a terminal: the console's JSON as a person reads it."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return readable(json.loads(line))
    return printable(line)


def _no_answer(port: str, error: Lost) -> str:
    if not is_there(port):
        return (
            f"there is no port {port}: plug the board in, and see what `.venv/bin/mpremote devs` "
            "lists"
        )
    if "failed to access" in str(error):
        return (
            f"{port} can't be opened: end the program that has it, or get the right to (on Linux: "
            "the group dialout)"
        )
    return (
        f"{port} does not answer as MicroPython does: take the board's port; if it is that, reset "
        'the board and try again at once; `"repl": false` in its config.json closes this way '
        "(docs/security.md)"
    )
