"""The virtual board's serial line: a pty on which mpremote finds the REPL, as it does on a board's
USB.

Between that pty and the one that is the board's terminal stands the UART. What comes while a
program runs waits there until the REPL reads, and Ctrl-C interrupts: not by a signal, which would
jump out of the unix port's garbage collection, but as VirtualBoard.interrupt does. What is not
reads on the computer is lost.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable

_CTRL_A, _CTRL_B, _CTRL_C = b"\x01", b"\x02", b"\x03"
_PROMPT = b">>> "
_LOOK_S = 0.05
_CTRL_C_IS_READ_S = 0.2  # within this time, or a program runs that does not read
_LISTENER_S = 1.0
_CHUNK_BYTES = 4096


class SerialLine:
    """Both ptys, and a thread that carries between them.

    hear(data): called with all that the board says. interrupt(): a program runs, and Ctrl-C was
    pressed.

    path: of the computer's end; another one after each `plug`. board_end: a file descriptor, the
    terminal of the board's process. is_raw: the REPL is in its raw mode, which lasts over a soft
    reset. pulled: is set while the cable is out. received_bytes: what the computer has sent.
    """

    def __init__(self, hear: Callable[[bytes], None], interrupt: Callable[[], None]) -> None:
        self._hear = hear
        self._interrupt = interrupt
        # The ends stay open: a pty that is not open anywhere is an error.
        self._computer, self._computer_end = _open_line()
        self._board, self.board_end = _open_line()
        self.path = os.ttyname(self._computer_end)
        self.pulled = threading.Event()
        self.received_bytes = 0
        self._pull_at_bytes: int | None = None
        self._plug_wanted = threading.Event()
        self.is_raw = False
        self._waiting = b""
        self._tail = b""
        self._is_over = self._has_prompted = False
        self._is_heard = True
        self._is_open = True
        self._lock = threading.Lock()  # what the board is about to do, and what waits for it
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def start(self, is_soft: bool) -> None:
        """The board's process is about to start; after a soft reset or not."""
        with self._lock:
            self._is_over = self._has_prompted = False
            self._tail = b""
            self.is_raw = self.is_raw and is_soft
            self._waiting = (_CTRL_A if self.is_raw else b"") + self._waiting

    def program_is_over(self) -> None:
        """The next that the board does is to read at its REPL."""
        self._is_over = True

    def say(self, text: str) -> None:
        """Say something in the board's name, behind all that it has said."""
        os.write(self.board_end, text.encode())

    def pull(self, at_bytes: int = 0) -> None:
        """Pull the cable, once the computer has sent so many bytes in all. The board goes on."""
        self._pull_at_bytes = at_bytes

    def plug(self) -> None:
        """Plug it in again, if it is out; returns when `path` is the new one."""
        self._plug_wanted.set()
        while self.pulled.is_set():
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """End the line."""
        self._is_open = False
        self._thread.join()
        if not self.pulled.is_set():
            self._hang_up()
        for fd in (self._board, self.board_end):
            os.close(fd)

    def _hang_up(self) -> None:
        self.pulled.set()
        for fd in (self._computer, self._computer_end):
            os.close(fd)

    def _move_cable(self) -> None:
        """Do what `pull` and `plug` have asked for."""
        if self.pulled.is_set():
            if self._plug_wanted.is_set():
                self._computer, self._computer_end = _open_line()
                self.path = os.ttyname(self._computer_end)
                self.pulled.clear()
        elif self._pull_at_bytes is not None and self.received_bytes >= self._pull_at_bytes:
            self._pull_at_bytes = None
            self._plug_wanted.clear()
            self._hang_up()

    def _carry(self) -> None:
        """The thread."""
        while self._is_open:
            self._move_cable()
            lines = [self._board] if self.pulled.is_set() else [self._computer, self._board]
            ready = select.select(lines, [], [], _LOOK_S)[0]
            if self._board in ready:
                self._to_computer(os.read(self._board, _CHUNK_BYTES))
            if not self.pulled.is_set() and self._computer in ready:
                data = os.read(self._computer, _CHUNK_BYTES)
                self.received_bytes += len(data)
                with self._lock:
                    self._waiting += data
            if self._waiting and self._is_interrupt():
                # Without the lock: it may have to wait until the board has started.
                self._interrupt()

    def _to_computer(self, data: bytes) -> None:
        self._hear(data)
        with self._lock:
            self._tail = (self._tail + data)[-_CHUNK_BYTES:]
            self._has_prompted = self._has_prompted or _PROMPT in self._tail
        while data and not self.pulled.is_set():
            if not select.select([], [self._computer], [], _LISTENER_S if self._is_heard else 0)[1]:
                self._is_heard = False
                return
            self._is_heard = True
            data = data[os.write(self._computer, data) :]

    def _is_interrupt(self) -> bool:
        """Send what waits, if it is read now. Is there a Ctrl-C for a program that runs?"""
        with self._lock:
            if not (self._is_over and self._has_prompted):
                is_pressed = _CTRL_C in self._waiting
                self._waiting = self._waiting.replace(_CTRL_C, b"")
                return is_pressed
            try:
                sent = self._waiting[: os.write(self._board, self._waiting)]
            except BlockingIOError:
                return False
            self._waiting = self._waiting[len(sent) :]
            if _CTRL_A in sent or _CTRL_B in sent:
                self.is_raw = sent.rfind(_CTRL_A) > sent.rfind(_CTRL_B)
        return _CTRL_C in sent and not self._is_read()

    def _is_read(self) -> bool:
        """Does the board read what it was sent?"""
        end = time.monotonic() + _CTRL_C_IS_READ_S
        while time.monotonic() < end:
            if not struct.unpack("i", fcntl.ioctl(self.board_end, termios.FIONREAD, b"\0" * 4))[0]:
                return True
            time.sleep(0.002)
        return False


def _open_line() -> tuple[int, int]:
    """Both ends of a pty that changes no byte; the first one does not block."""
    end, other = pty.openpty()
    tty.setraw(other)
    os.set_blocking(end, False)
    return end, other
