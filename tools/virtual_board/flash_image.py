"""A board's flash as the host sees it: an image file that holds a littlefs2, for when the board is
off. Of the virtual board, or to be written to a real one (tools/image).

The virtual board's side is modules/virtual/flash.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from littlefs import LittleFS
from littlefs.context import UserContextFile

BLOCK_BYTES = 4096
_SIZE_BYTES = 2**21  # the file system's part of the flash on an ESP32 with 4 MiB
_UNIT_BYTES = (
    32  # what MicroPython's VfsLfs2 reads and programs at least; the log on the flash depends on it
)


class FlashImage:
    """The image file. If it is missing, an erased one is made. Each method opens the file again.

    size_bytes: of the partition; MicroPython mounts it in one of this size only.
    """

    def __init__(self, path: Path, size_bytes: int = _SIZE_BYTES) -> None:
        self.path = path
        self._blocks = size_bytes // BLOCK_BYTES
        if not path.exists():
            self.erase()

    def erase(self) -> None:
        """As a new chip: the board formats it when it comes up."""
        self.path.write_bytes(b"\xff" * (BLOCK_BYTES * self._blocks))

    def write(self, name: str, data: bytes) -> None:
        """Write a file, and the folders that it is in; an erased image is formatted first.

        Raises LittleFSError.
        """
        self.write_all({name: data})

    def write_all(self, files: Mapping[str, bytes]) -> None:
        """Write these files: path → content. Raises LittleFSError."""
        with self._mounted(formats=True) as mounted:
            for name, data in files.items():
                mounted.makedirs(str(PurePosixPath("/", name).parent), exist_ok=True)
                with mounted.open(name, "wb") as file:
                    file.write(data)

    def used_bytes(self) -> int:
        """How much of it is in use. Raises LittleFSError."""
        with self._mounted() as mounted:
            return int(mounted.used_block_count) * BLOCK_BYTES

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
                block_count=self._blocks,
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
