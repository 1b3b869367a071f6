"""The updater of docs/update.md, as printed there, against a stand-in for flash and boot loader."""

import asyncio
import hashlib

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

import esp32
import machine

from pilotlight.status import DeviceStatus
from tools.virtual_board.virtual_time import run

with open("docs/update.md") as file:
    _program = file.read().split("<!-- update: run as a test -->\n```python\n")[1].split("```")[0]

BLOCK = 4096
IMAGE = bytes(at * 7 % 251 for at in range(3 * BLOCK + 1000))
SIZE = len(IMAGE)
DIGEST = hashlib.sha256(IMAGE).digest()
told = []


class Reset(Exception):
    pass


class Partition:
    """esp32.Partition over two slots of four blocks. trial: the slot that was started once."""

    RUNNING = 1
    slots = [bytearray(4 * BLOCK), bytearray(4 * BLOCK)]
    running = boot = 0
    trial = None

    def __init__(self, which):
        assert which == self.RUNNING
        self._slot = Partition.running

    def get_next_update(self):
        other = Partition(self.RUNNING)
        other._slot = 1 - self._slot
        return other

    def ioctl(self, command, argument):
        assert (command, argument) == (5, 0)
        return BLOCK

    def writeblocks(self, number, block):
        told.append("write")
        assert len(block) == BLOCK
        if number >= 4:
            raise OSError(-0x102)
        self.slots[self._slot][number * BLOCK : (number + 1) * BLOCK] = block

    def set_boot(self):
        Partition.boot = self._slot
        Partition.trial = None

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        told.append("valid")
        if cls.trial is None:
            raise OSError(-0x105)
        cls.trial = None

    @classmethod
    def start(cls):
        """As the boot loader does after a reset."""
        if cls.trial is not None:
            cls.boot, cls.trial = 1 - cls.running, None
        elif cls.boot != cls.running:
            cls.trial = cls.boot
        cls.running = cls.boot


class Stream:
    """Gives an image in pieces, None between them as TLS does. silent_at: then nothing more."""

    def __init__(self, image, silent_at=None):
        self._image = image
        self._at = 0
        self._silent_at = silent_at
        self._turn = 0

    async def readinto(self, buffer):
        self._turn += 1
        if self._silent_at is not None and self._at >= self._silent_at:
            await asyncio.Event().wait()
        if self._turn % 3 == 0:
            return None
        piece = self._image[self._at : self._at + min(len(buffer), 1500)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


class Agent:
    async def stop(self):
        told.append("stop")


def reset():
    raise Reset


esp32.Partition = Partition
machine.reset = reset
space = {}
exec(_program, space)


def updated(stream, sha256=DIGEST, size=SIZE):
    """Update a fresh board from slot 0, and start it again. What was told."""
    Partition.running = Partition.boot = 0
    Partition.trial = None
    del told[:]

    async def open_image():
        told.append("open")
        return stream

    async def job():
        try:
            await space["update"](Agent(), open_image, size, sha256)
        except Reset:
            pass

    run(job())
    Partition.start()
    return told


def test_a_whole_image_is_written_and_started():
    assert updated(Stream(IMAGE)) == ["stop", "open"] + ["write"] * 4
    assert Partition.running == 1 and Partition.trial == 1
    assert bytes(Partition.slots[1][:SIZE]) == IMAGE


def test_what_goes_wrong_ends_in_the_old_image():
    for stream, sha256, size in (
        (Stream(IMAGE), b"another", SIZE),
        (Stream(IMAGE[:5000]), DIGEST, SIZE),
        (Stream(IMAGE, silent_at=5000), DIGEST, SIZE),
        (Stream(IMAGE + IMAGE), DIGEST, 2 * SIZE),
    ):
        assert updated(stream, sha256, size)[0] == "stop"
        assert Partition.running == 0 and Partition.trial is None


def confirmed(**facts):
    """Is the image kept with these facts of the status, over the next reset?"""
    updated(Stream(IMAGE))
    status = DeviceStatus()

    async def job():
        task = asyncio.create_task(space["confirm"](status))
        status.update(network_up=True, connected=True)
        await asyncio.sleep_ms(10)
        assert "valid" not in told
        status.update(**facts)
        await asyncio.sleep_ms(10)
        task.cancel()

    run(job())
    Partition.start()
    return Partition.running == 1


def test_online_is_the_healthy_mark():
    assert confirmed(joined=True, paused=True)
    assert confirmed(fallback=True)


def test_a_reset_before_that_brings_the_old_image_back():
    assert not confirmed(authorized=False)


def test_an_image_that_is_not_on_trial_is_left_alone():
    Partition.trial = None
    status = DeviceStatus()
    status.update(joined=True)
    run(space["confirm"](status))
