"""The board's flash: MicroPython's littlefs2 on an image file, mounted as stock ESP32 firmware does
it when the power comes.

Each erase and each program is one write to the file, so that a power cut falls between two of them,
as the host's kill does. VIRTUAL_BOARD_FLASH_US is how long each takes, in microseconds, if it is to
take any time.
"""

import os
import sys

import utime
import vfs

from . import host

_BLOCK_BYTES = 4096
_ERASED = b"\xff" * _BLOCK_BYTES
_BLOCK_COUNT, _BLOCK_SIZE, _ERASE = 4, 5, 6  # ioctl's requests
_FIRST_FILE = "# Runs whenever the power comes and at each reset, before main.py.\n"
_CORRUPTED = """\
The filesystem appears to be corrupted. If you had important data there, you
may want to make a flash snapshot to try to recover it. Otherwise, erase the
flash completely and put MicroPython on the board again.
"""
_SAID_EVERY_MS = 3000


class _Flash:
    """The image as a block device with the extended interface."""

    def __init__(self, path):
        self._file = host.files.open(
            path, "r+b"
        )  # without a buffer: each write reaches the file at once
        self._takes_us = int(os.getenv("VIRTUAL_BOARD_FLASH_US") or 0)
        self._blocks = self._file.seek(0, 2) // _BLOCK_BYTES

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        utime.sleep_us(self._takes_us)  # nothing that was scheduled runs meanwhile, as on a board
        self._file.write(buffer)

    def ioctl(self, request, argument):
        if request == _BLOCK_COUNT:
            return self._blocks
        if request == _BLOCK_SIZE:
            return _BLOCK_BYTES
        if request == _ERASE:
            self.writeblocks(argument, _ERASED)
        return 0


def mount(path):
    """Mount the image at /; whether it could be. One that is erased is formatted first.

    A damaged one is complained of until Ctrl-C, as in ports/esp32/modules/inisetup.py: its owner
    may want to save what is there.
    """
    flash = _Flash(path)
    try:
        vfs.mount(flash, "/")
        return True
    except OSError:
        pass
    first = bytearray(_BLOCK_BYTES)
    flash.readblocks(0, first)
    if first != _ERASED:
        return _complain()
    print("Performing initial setup")
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/")
    with open("/boot.py", "w") as file:
        file.write(_FIRST_FILE)
    return True


def _complain():
    import select

    try:
        while True:
            print(_CORRUPTED)
            select.poll().poll(_SAID_EVERY_MS)
    except KeyboardInterrupt as error:
        sys.print_exception(error, sys.stderr)
        return False
