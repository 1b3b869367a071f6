"""MicroPython's file for a chip of the ESP32 family: bootloader, partition table and application.

The forms are ESP-IDF's (bootloader_support/include/esp_app_format.h and esp_flash_partitions.h;
CONFIG_BOOTLOADER_OFFSET_IN_FLASH of each chip). MicroPython leaves its name and version out of
ESP-IDF's description of an application, so they are looked for as sys.version has them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.command_line import Refused
from tools.deploy.check import LEAST_VERSION
from tools.run.readable import printable

_IMAGE_MAGIC = b"\xe9"
_CHIP_AT = 12
_UF2_MAGIC = b"UF2\n"
_ROW = struct.Struct("<2sBBII16sI")
_ROW_MAGIC = b"\xaa\x50"
_SECTOR_BYTES = 4096
_LAST_TABLE_AT = 0x10000  # an application's offset is a multiple of it, and the table is before one
_APP = 0
# sys.version, and sys.implementation._machine, as C strings.
_VERSION = re.compile(rb"; MicroPython ([!-~]{1,60}) on \d{4}-\d\d-\d\d\0")
_MACHINE = re.compile(rb"([!-~][ -~]{2,100} with ESP32[A-Z0-9]*)\0")
# Names of frozen modules, as mpy-tool.py writes them.
_LIBRARY = b"pilotlight/agent.py"
_APPLICATION = b"firmware/app.py"
_SECRET = b"model_secret.py"
# esp_chip_id_t → name, and where in the flash its bootloader is. Those with Wi-Fi or Ethernet.
CHIPS = {
    0: ("ESP32", 0x1000),
    2: ("ESP32-S2", 0x1000),
    5: ("ESP32-C3", 0),
    9: ("ESP32-S3", 0),
    12: ("ESP32-C2", 0),
    13: ("ESP32-C6", 0),
    18: ("ESP32-P4", 0x2000),
    20: ("ESP32-C61", 0),
    23: ("ESP32-C5", 0x2000),
}
_WITHOUT_PSRAM = ("ESP32-C2", "ESP32-C3", "ESP32-C6")
_UPDATE = ".app-bin"
_TAKE = "take the .bin that micropython.org offers for a first installation on your board"
FILE_SYSTEM = "vfs"


@dataclass(frozen=True)
class Partition:
    """A part of the flash."""

    label: str
    is_app: bool
    offset_bytes: int
    size_bytes: int

    @property
    def end_bytes(self) -> int:
        """The offset behind it."""
        return self.offset_bytes + self.size_bytes


class Firmware:
    """The file. Raises Refused if it can't be used.

    chip, chip_name: for esptool and for a person. offset_bytes: where in the flash it begins.
    version, machine: MicroPython's own words, or "". uses_psram: False if it is known not to.
    has_library, has_application, has_model_secret: frozen into it.
    """

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        try:
            self.data = path.read_bytes()
        except FileNotFoundError:
            raise Refused(f"there is no file {self.name}: {_TAKE}")
        except OSError as error:
            raise Refused(f"{self.name} can't be read: {error.strerror}")
        if self.data.startswith(_UF2_MAGIC):
            raise Refused(f"{self.name} is a UF2 file, which has no partition table: {_TAKE}")
        if not self.data.startswith(_IMAGE_MAGIC):
            raise Refused(f"{self.name} is no image for a chip of the ESP32 family: {_TAKE}")
        chip = int.from_bytes(self.data[_CHIP_AT : _CHIP_AT + 2], "little")
        if chip not in CHIPS:
            raise Refused(
                f"{self.name} is for a chip without a network, or one that is not known here "
                f"(esp_chip_id_t {chip}): {_TAKE}"
            )
        self.chip_name, self.offset_bytes = CHIPS[chip]
        self.chip = self.chip_name.lower().replace("-", "")
        self._partitions = self._table()
        self._check_application()
        self.version = self._found(_VERSION)
        self.machine = self._found(_MACHINE).rpartition("; ")[2]
        number = re.match(r"v?(\d+)\.(\d+)", self.version)
        if number and (int(number[1]), int(number[2])) < LEAST_VERSION:
            raise Refused(
                f"{self.name} is MicroPython {self.version}, and 1.24 is the oldest: {_TAKE}"
            )
        is_plain = self.machine.startswith("Generic ESP32 ") and "SPIRAM" not in self.machine
        self.uses_psram = not is_plain and self.chip_name not in _WITHOUT_PSRAM
        self.has_library = _LIBRARY in self.data
        self.has_application = _APPLICATION in self.data
        self.has_model_secret = _SECRET in self.data

    def file_system(self, flash_bytes: int | None) -> Partition:
        """Where MicroPython has its files. flash_bytes: of the whole chip, or None: not known.

        Raises Refused.
        """
        named = {partition.label: partition for partition in self._partitions}
        if FILE_SYSTEM in named:
            found = named[FILE_SYSTEM]
        elif "ffat" in named:
            raise Refused(
                f"{self.name} keeps its files in a FAT (partition ffat), and an image is a "
                "littlefs: put them on the board with make deploy"
            )
        elif flash_bytes is None:
            raise Refused(
                f"{self.name} has no partition {FILE_SYSTEM}: MicroPython makes one of all that is "
                "left of the flash, so say how large that is, such as FLASH=4MB"
            )
        else:  # as ports/esp32/main.c does since 1.26
            begin = max(partition.end_bytes for partition in self._partitions)
            found = Partition(FILE_SYSTEM, False, begin, flash_bytes - begin)
        if flash_bytes is not None and (found.end_bytes > flash_bytes or found.size_bytes <= 0):
            raise Refused(
                f"{self.name} needs a larger flash than {flash_bytes // 2**20} MB: FLASH=… names "
                "another size"
            )
        if found.offset_bytes % _SECTOR_BYTES or found.size_bytes % _SECTOR_BYTES:
            raise Refused(f"the partition {FILE_SYSTEM} of {self.name} is not whole sectors")
        return found

    def _table(self) -> list[Partition]:
        """The partitions, from wherever in the file their table is."""
        for at in range(0, min(len(self.data), _LAST_TABLE_AT), _SECTOR_BYTES):
            partitions = list(_rows(self.data[at : at + _SECTOR_BYTES]))
            if partitions:
                return partitions
        file = self.name.rpartition("/")[2].removesuffix(_UPDATE)
        take = f"take {file}.bin, which micropython.org has beside it"
        raise Refused(
            f"{self.name} holds no partition table, as files for an update do: "
            f"{take if self.name.endswith(_UPDATE) else _TAKE}"
        )

    def _found(self, pattern: re.Pattern[bytes]) -> str:
        found = pattern.search(self.data)
        return printable(found[1].decode("ascii")) if found else ""

    def _check_application(self) -> None:
        """Raises Refused."""
        first = min(
            (partition for partition in self._partitions if partition.is_app),
            key=lambda partition: partition.offset_bytes,
            default=None,
        )
        begin = first.offset_bytes - self.offset_bytes if first else len(self.data)
        if first is None or self.data[begin : begin + 1] != _IMAGE_MAGIC:
            raise Refused(
                f"{self.name} has no application where its partition table says: it may be cut off"
            )
        too_many = self.offset_bytes + len(self.data) - first.end_bytes
        if too_many > 0:
            raise Refused(
                f"{self.name} is too large: its application ends {too_many:,} bytes behind its "
                f"partition {first.label}"
            )


def _rows(table: bytes) -> Iterator[Partition]:
    for at in range(0, len(table) - _ROW.size + 1, _ROW.size):
        magic, kind, _, offset, size, label, _ = _ROW.unpack_from(table, at)
        if magic != _ROW_MAGIC:
            return
        yield Partition(_text(label), kind == _APP, offset, size)


def _text(field: bytes) -> str:
    """A C string in a field of fixed length."""
    return printable(field.split(b"\0")[0].decode(errors="replace"))


def flash_bytes(text: str) -> int:
    """What FLASH=… says, such as 4MB. Raises Refused."""
    found = re.fullmatch(r"(\d{1,3})\s*M(i?B)?", text, re.IGNORECASE)
    if not found or not int(found[1]):
        raise Refused(f"FLASH={printable(text)} is no size of a flash: it is such as 4MB")
    return int(found[1]) * 2**20
