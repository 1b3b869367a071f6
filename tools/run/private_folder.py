"""A temporary folder for secrets: gone when the run has ended, however it has."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

_PREFIX = "pilotlight-"
_LOCK = "lock"
_END_S = 5
_NEW_S = 60  # a folder without a lock may be one that another run has just made
# Reads to the end of stdin: that is when the last process that holds the other end has ended.
_REMOVER = 'trap "" HUP INT TERM; while read -r _; do :; done; rm -rf -- "$1"'


class PrivateFolder:
    """A context manager: makes the folder, mode 0700, and removes it.

    A process of its own removes it, once this process and all that got `fds` have ended, be it by
    SIGKILL. If that process was killed too, the next run removes the folder.
    fds: file descriptors that processes inherit which write into the folder.
    """

    def __init__(self) -> None:
        self.fds: tuple[int, ...] = ()
        self._folder: Path
        self._remover: subprocess.Popen[bytes]

    def __enter__(self) -> Path:
        remove_stale()
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        read_end, write_end = os.pipe()
        self.fds = (write_end,)
        self._remover = subprocess.Popen(
            ["/bin/sh", "-c", _REMOVER, "sh", str(self._folder)],
            cwd="/",
            stdin=read_end,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read_end)
        lock = os.open(self._folder / "new", os.O_RDWR | os.O_CREAT, 0o600)
        self.fds = (write_end, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        (self._folder / "new").rename(self._folder / _LOCK)  # never seen without being locked
        return self._folder

    def __exit__(self, *_: object) -> None:
        for fd in self.fds:
            os.close(fd)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._remover.wait(_END_S)
        shutil.rmtree(self._folder, ignore_errors=True)  # if the remover was killed


def remove_stale() -> None:
    """Remove what runs left behind that were killed together with their remover."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):  # in use, another user's, or gone by now
            told = folder.lstat()
            if stat.S_ISDIR(told.st_mode) and told.st_uid == os.getuid():
                _remove_if_stale(folder, time.time() - told.st_mtime)


def _remove_if_stale(folder: Path, age_s: float) -> None:
    """Raises OSError if it is in use."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        if age_s > _NEW_S:
            folder.rmdir()  # killed before anything was in it
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
