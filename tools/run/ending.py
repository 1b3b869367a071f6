"""What ends a run: a signal, a closed output, the end of a process that it needs."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

# SIGINT too: a shell's background job inherits that it is ignored.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_MS = 500


class Ending:
    """Raises KeyboardInterrupt in the main thread, once, whatever ends the run.

    It is raised inside `interruptible` only: anywhere else the main thread may hold a lock, which
    would then stay locked, and other threads would wait for it without end.

    reason: a sentence for the user, empty if there is nothing to say. hurry: what is called with
    each further signal, in a signal handler.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.hurry: list[Callable[[], None]] = []
        self._has_begun = False
        self._is_pending = False
        self._is_interruptible = False

    def install(self) -> None:
        """Heed signals from now on."""
        for number in _SIGNALS:
            signal.signal(number, self._signalled)

    @property
    def has_begun(self) -> bool:
        """The run is ending."""
        return self._has_begun

    def begin(self, reason: str = "") -> None:
        """End the run; from any thread."""
        if not self._has_begun:
            self.reason = reason
            main_thread = threading.main_thread().ident
            assert main_thread is not None
            signal.pthread_kill(main_thread, signal.SIGTERM)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """A wait in the main thread, with no lock of Python's held, that a signal may end."""
        self._is_interruptible = True
        try:
            if self._is_pending:
                self._is_pending = False
                raise KeyboardInterrupt
            yield
        finally:
            self._is_interruptible = False

    def settle(self) -> None:
        """The run ends by itself: raise nothing from now on."""
        self._has_begun = True
        self._is_pending = False

    def ignore_signals(self) -> None:
        """All is done. Python itself would set SIG_DFL at its exit."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def watch(self, parent: int | None) -> None:
        """End when stdout is not read any more; or when the parent of this process id has ended.

        A run may print nothing for hours, so a write does not tell soon enough.
        """
        threading.Thread(target=self._watch, args=(parent,), daemon=True).start()

    def _watch(self, parent: int | None) -> None:
        output = select.poll()
        output.register(1, 0)  # an error or a hang-up is told unasked
        while not output.poll(_LOOK_MS) and parent in (None, os.getppid()):
            pass
        self.begin()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self._has_begun:
            for function in self.hurry:
                function()
            return
        self._has_begun = True
        if self._is_interruptible:
            raise KeyboardInterrupt
        self._is_pending = True
