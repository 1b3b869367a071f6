"""A flash chip in RAM under MicroPython's real littlefs2, whose power can be cut at any operation.

It behaves as NOR flash does: an erase sets a block's bits, a program only clears them. Each erase
and each program is counted. With the power cut, the operation under way is left as `tear` says, and
every later one fails, reads included, until `after_reboot`.
"""

import asyncio

import vfs

PLACE = "/flash"  # where it is mounted
NOT_AT_ALL, TORN, WHOLE = "not at all", "torn", "whole"
TEARS = (NOT_AT_ALL, TORN, WHOLE)  # how much of the last operation was done

_BLOCKS = 64
_BLOCK_BYTES = 512
_ERASED = b"\xff" * _BLOCK_BYTES
_EIO = -5  # what a driver hands back, and littlefs then to the caller
_SYNC, _BLOCK_COUNT, _BLOCK_SIZE, _ERASE = 3, 4, 5, 6  # ioctl's requests


class Flash:
    """The chip, as a block device with the extended interface.

    done: operations so far, each `erase` or `program` with its bytes.
    cut_at: the power goes at this operation (1 is the next).
    lost: an Event, set when the power has gone.
    """

    def __init__(self, cells=None):
        self._cells = cells or bytearray(_ERASED * _BLOCKS)
        self.done = []
        self.cut_at = 0
        self.tear = WHOLE
        self.lost = asyncio.Event()

    def copy(self):
        """A chip with the same content."""
        return Flash(bytearray(self._cells))

    def after_reboot(self):
        """The power is back. This object stays dead: what was open on it can't write any more."""
        self.lost.set()
        return Flash(self._cells)

    def readblocks(self, block, buffer, offset=0):
        if self.lost.is_set():
            return _EIO
        begin = block * _BLOCK_BYTES + offset
        buffer[:] = self._cells[begin : begin + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        return self._operate("program", block * _BLOCK_BYTES + offset, buffer)

    def ioctl(self, request, argument):
        if request == _BLOCK_COUNT:
            return len(self._cells) // _BLOCK_BYTES
        if request == _BLOCK_SIZE:
            return _BLOCK_BYTES
        if request == _ERASE:
            return self._operate("erase", argument * _BLOCK_BYTES, _ERASED)
        return _EIO if request == _SYNC and self.lost.is_set() else 0

    def _operate(self, kind, begin, data):
        if self.lost.is_set():
            return _EIO
        self.done.append((kind, len(data)))
        cut = len(self.done) == self.cut_at
        count = len(data)
        if cut and self.tear != WHOLE:
            count = count // 2 if self.tear == TORN else 0
        cells = self._cells
        if kind == "program" and cells[begin : begin + count] != _ERASED[:count]:
            for i in range(count):
                cells[begin + i] &= data[i]
        else:
            cells[begin : begin + count] = data[:count]
        if not cut:
            return 0
        if self.tear == TORN:  # the byte under way: some of its bits
            cells[begin + count] = (
                cells[begin + count] | 0x0F
                if kind == "erase"
                else cells[begin + count] & (data[count] | 0x0F)
            )
        self.lost.set()
        return _EIO


def formatted():
    """A chip with an empty file system, as a new board has it."""
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    flash.done.clear()
    return flash


def mount(flash):
    """Mount it in place of what was mounted before.

    Raises OSError if it has no file system (a board would format it).
    """
    if PLACE in [place for _, place in vfs.mount()]:
        vfs.umount(PLACE)
    vfs.mount(vfs.VfsLfs2(flash), PLACE)
