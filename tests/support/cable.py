"""The cable of a virtual board: a port that keeps its name, as a computer's does."""

from __future__ import annotations

from pathlib import Path

from tools.virtual_board.session import DEADLINE_S, VirtualBoard


class Cable:
    """port: the port's path, which is there while the cable is in."""

    def __init__(self, board: VirtualBoard, folder: Path) -> None:
        assert board.serial
        self._line = board.serial
        self._link = folder / "ttyUSB0"
        self.port = str(self._link)
        self._link.symlink_to(self._line.path)

    def pull_after(self, count: int) -> None:
        """Pull it when the computer has sent so many more bytes."""
        self._line.pull(self._line.received_bytes + count)

    def wait_until_out(self) -> None:
        """Wait until it is."""
        assert self._line.pulled.wait(DEADLINE_S)
        self._link.unlink()

    def plug(self) -> None:
        """Plug it in again."""
        self._line.plug()
        self._link.symlink_to(self._line.path)
