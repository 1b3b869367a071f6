"""The virtual board's flash as the host sees it: an image file that holds a littlefs2, for when the
board is off.

The board's side is modules/virtual/flash.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from littlefs import LittleFS
from littlefs.context import UserContextFile

BLOCK_BYTES = 4096
_BLOCKS = 512  # 2 MiB: the file system's part of the flash on an ESP32 with 4 MiB
_UNIT_BYTES = (
    32  # what MicroPython's VfsLfs2 reads and programs at least; the log on the flash depends on it
)


class FlashImage:
    """The image; made erased if it is not there. Every method opens it anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            self.erase()

    def erase(self) -> None:
        """As a new chip: the board formats it when it comes up."""
        self.path.write_bytes(b"\xff" * (BLOCK_BYTES * _BLOCKS))

    def write(self, name: str, data: bytes) -> None:
        """Write a file, and the folders that it is in; an erased image is formatted first.

        Raises LittleFSError.
        """
        with self._mounted(formats=True) as mounted:
            mounted.makedirs(str(PurePosixPath("/", name).parent), exist_ok=True)
            with mounted.open(name, "wb") as file:
                file.write(data)

    def read(self, name: str) -> bytes:
        """A file. Raises FileNotFoundError, or LittleFSError if there is no whole file system."""
        with self._mounted() as mounted, mounted.open(name, "rb") as file:
            return bytes(file.read())

    def names(self) -> set[str]:
        """The paths of all files. Raises LittleFSError if there is no whole file system."""
        with self._mounted() as mounted:
            return {
                str(PurePosixPath(folder, name))
                for folder, _, names in mounted.walk("/")
                for name in names
            }

    @contextlib.contextmanager
    def _mounted(self, formats: bool = False) -> Iterator[LittleFS]:
        with contextlib.closing(UserContextFile(str(self.path))) as cells:
            mounted = LittleFS(
                cells,
                mount=False,
                block_size=BLOCK_BYTES,
                block_count=_BLOCKS,
                read_size=_UNIT_BYTES,
                prog_size=_UNIT_BYTES,
                cache_size=4 * _UNIT_BYTES,
                lookahead_size=_UNIT_BYTES,
            )
            if formats and self._is_erased():
                mounted.format()
            mounted.mount()
            try:
                yield mounted
            finally:
                mounted.unmount()

    def _is_erased(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(BLOCK_BYTES) == b"\xff" * BLOCK_BYTES
