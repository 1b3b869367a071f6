"""A board at a serial port, by mpremote's own transport."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

_ON_BOARD = Path(__file__).parent / "on_board"
_ANSWER_S = 10.0
_START_S = 4.0  # longer than a soft reset takes; Ctrl-C is lost while a board starts
_LOOK_S = 0.1
_POLL_S = 0.002  # a board that reads a file over the cable waits for each answer
_CHUNK_BYTES = 1024
_KEPT_BYTES = 4096
_RESET_S = 0.3
_END = b"\x04"  # of what a program in the raw REPL has said, and of its errors
# As mpremote does it: after the answer has left, because a USB port goes with the chip.
_RESET = "import time, machine\ntime.sleep_ms(100)\nmachine.reset()"


class Lost(Exception):
    """The line broke, or the board answers no more; the text says how."""


class BoardError(Exception):
    """The board could not do what it was told; the text is its own."""


class Way(Enum):
    """How its program is stopped. INTERRUPTED: what that had in memory is still there."""

    SOFT_RESET, INTERRUPTED, LEFT_ALONE = range(3)


class SerialBoard:
    """A board in MicroPython's raw REPL: its program has been stopped.

    way: how. Of one that is left alone only `lines` can be asked for. Raises Lost if there is no
    board, and so does each method if it goes away. BoardError: the board's own error.

    is_stopped: the program does not run.
    """

    def __init__(self, port: str, way: Way = Way.SOFT_RESET) -> None:
        self.is_stopped = False
        with _line():
            self._transport = SerialTransport(port, timeout=_LOOK_S)
        if way == Way.LEFT_ALONE:
            return
        try:
            self._stop(way)
        except Lost:
            self.close()
            raise
        self._transport.serial.timeout = _ANSWER_S

    def _stop(self, way: Way) -> None:
        # mpremote prints what it did not understand.
        with _line(), contextlib.redirect_stdout(io.StringIO()):
            self._transport.enter_raw_repl(way == Way.SOFT_RESET, _START_S)
        self.is_stopped = True

    def close(self) -> None:
        """Leave the port; a board whose program is stopped, at the prompt for people."""
        with contextlib.suppress(OSError):
            if self.is_stopped:
                self._transport.exit_raw_repl()
            self._transport.close()

    def facts(self) -> dict[str, Any]:
        """See on_board/facts.py."""
        return dict(self._lines("facts")[0])

    def files(self, paths: Sequence[str]) -> dict[str, str]:
        """Path → SHA-256 of each file; of what is a folder, all files below it."""
        return dict(self._lines("files", paths))

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, and folders that are empty then."""
        self._lines("remove", paths)

    def make_folders(self, paths: Iterable[str]) -> None:
        """Make those of the folders that are not there, and what they are in."""
        parents = {str(parent) for path in paths for parent in [Path(path), *Path(path).parents]}
        for folder in sorted(parents - {"."}):
            with _line(), contextlib.suppress(FileExistsError):
                self._transport.fs_mkdir(f"/{folder}")

    def write(self, path: str, data: bytes, tell: Callable[[int, int], None]) -> None:
        """Write a file. tell(bytes so far, bytes in all) is called as it proceeds."""
        path = f"/{path}"
        try:
            with _line(path):
                self._transport.fs_writefile(path, data, _CHUNK_BYTES, tell)
        except BoardError as error:
            raise BoardError(f"{path} can't be written: {error}")

    def replace(self, path: str, data: bytes, tell: Callable[[int, int], None]) -> None:
        """Write a file that is at each moment the old one or the new one."""
        new = f"{path}.new"
        self.write(new, data, tell)
        with _line():
            self._transport.exec(f"import os\nos.rename({'/' + new!r}, {'/' + path!r})")

    def read(self, path: str) -> bytes | None:
        """A file, or None if it is not there."""
        if path not in self.files([path]):
            return None
        with _line(f"/{path}"):
            return bytes(self._transport.fs_readfile(f"/{path}"))

    def event_log(self) -> list[str] | None:
        """Its lines, the newest last, or None if the board has no Pilotlight."""
        is_there, *lines = self._printed("event_log").splitlines()
        return lines if ast.literal_eval(is_there) else None

    def reset(self) -> None:
        """Have it reset itself, as its button does."""
        with _line():
            self._transport.exec_raw_no_follow(_RESET)
        self.is_stopped = False
        time.sleep(_RESET_S)  # a byte that comes before the reset would stop it

    def leave_and_reset(self) -> None:
        """The same, in the middle of whatever it is told."""
        self._stop(Way.INTERRUPTED)
        self.reset()

    def start_mounted(self, folder: Path, program: str) -> None:
        """Start a program with a folder of this computer at /remote.

        While the board reads from there, `lines` must be asked for.
        """
        with _line():
            self._transport.mount_local(str(folder))
            self._transport.exec_raw_no_follow(program)
        self.is_stopped = False

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        with _line():
            self._transport.serial.write(b"\x03")

    def lines(self) -> Iterator[str | None]:
        """What it says, a line each; None each time when it has said nothing for a moment.

        Ends with the program, if it is in the raw REPL, or with Lost.
        """
        waiting = b""
        while True:
            data = self._said()
            *whole, waiting = (waiting + data).split(b"\n")
            if len(waiting) > _KEPT_BYTES:
                whole, waiting = [waiting], b""
            for line in whole:
                yield line.replace(_END, b"").decode(errors="replace").rstrip("\r")
            if waiting.endswith(_END + b">"):
                with _line():  # for the next prompt: this one has been read
                    self._transport.serial.write(b"\x01")
                return
            if not data:
                yield None
                time.sleep(_POLL_S)

    def _said(self) -> bytes:
        """What has come; of a folder that is mounted, the board's requests are answered."""
        said = b""
        with _line():
            # As mpremote asks: what it puts in the serial port's place has no more than this.
            while count := self._transport.serial.inWaiting():
                said += self._transport.serial.read(count)
        return said

    def _lines(self, program: str, paths: Sequence[str] = ()) -> list[Any]:
        """Run one of the programs in on_board; the Python values that it prints, a line each."""
        with _line():
            return [ast.literal_eval(line) for line in self._printed(program, paths).splitlines()]

    def _printed(self, program: str, paths: Sequence[str] = ()) -> str:
        source = f"PATHS = {tuple(paths)!r}\n{(_ON_BOARD / f'{program}.py').read_text()}"
        with _line():
            return str(self._transport.exec(source).decode())


def opened(port: str, wait_s: float, way: Way = Way.SOFT_RESET) -> SerialBoard:
    """The board at a port, for which it waits so long. Raises Lost."""
    end_s = time.monotonic() + wait_s
    while True:
        try:
            return SerialBoard(port, way)
        except Lost:
            if time.monotonic() > end_s:
                raise
        time.sleep(_LOOK_S)


def is_there(port: str) -> bool:
    """Is there such a port?"""
    return os.path.exists(port) or "://" in port


@contextlib.contextmanager
def _line(path: str = "") -> Iterator[None]:
    """What mpremote raises becomes Lost or BoardError. path: the file that it is about."""
    try:
        yield
    except TransportExecError as error:
        lines = error.error_output.strip().splitlines()
        raise BoardError(lines[-1] if lines else "an error without words")
    except OSError as error:
        if path and error.strerror == path:  # mpremote's form of an OSError of the board's
            raise BoardError(os.strerror(error.errno or 0))
        raise Lost(str(error))
    except (TransportError, struct.error, SyntaxError, ValueError, IndexError) as error:
        raise Lost(str(error))  # bytes were lost, or are another program's
