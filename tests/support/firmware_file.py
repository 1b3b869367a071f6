"""A file like MicroPython's for an ESP32, made as ports/esp32/makeimg.py does. It does not run."""

from __future__ import annotations

import functools
import hashlib
import operator
import struct

Row = tuple[str, int, int, int, int]  # label, type, subtype, offset, size

# MicroPython's ports/esp32/partitions-*.csv: as they are since 1.26, and before.
PLUS: tuple[Row, ...] = (
    ("nvs", 1, 2, 0x9000, 0x6000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("factory", 0, 0, 0x10000, 0x1F0000),
)
WITH_VFS: tuple[Row, ...] = (*PLUS, ("vfs", 1, 0x81, 0x200000, 0x200000))
OTA: tuple[Row, ...] = (
    ("nvs", 1, 2, 0x9000, 0x4000),
    ("otadata", 1, 0, 0xD000, 0x2000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("ota_0", 0, 0x10, 0x10000, 0x180000),
    ("ota_1", 0, 0x11, 0x190000, 0x180000),
)
ESP32, ESP32_C3, ESP32_S3 = 0, 5, 9  # esp_chip_id_t
_BEGINS_AT = {ESP32: 0x1000, ESP32_C3: 0, ESP32_S3: 0}
_TABLE_AT = 0x8000


def firmware_file(
    chip: int = ESP32_S3,
    rows: tuple[Row, ...] = WITH_VFS,
    version: str = "v1.27.0",
    app: bytes = b"the interpreter",
    machine: str = "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3",
) -> bytes:
    """Bootloader, partition table and an application with these bytes in it."""
    flash = bytearray(b"\xff" * 0x10000)
    begin = _BEGINS_AT[chip]
    bootloader = _image(chip, b"the bootloader")
    flash[begin : begin + len(bootloader)] = bootloader
    table = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, offset, size, label.encode(), 0)
        for label, kind, subtype, offset, size in rows
    )
    table += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()
    flash[_TABLE_AT : _TABLE_AT + len(table)] = table
    # The linker lets the machine's name be the end of the prompt's greeting.
    words = f"3.4.0; MicroPython {version} on 2025-12-09\0; {machine}\0".encode()
    return bytes(flash[begin:]) + _image(chip, bytes(256) + words + app)


def _image(chip: int, data: bytes) -> bytes:
    """esp_image_header_t, one segment, and the checksum at the end of 16 bytes."""
    data += b"\0" * (-len(data) % 4)
    header = struct.pack("<BBBBI4sH10x", 0xE9, 1, 2, 0x20, 0x40080000, b"\xee\0\0\0", chip)
    image = header + struct.pack("<II", 0x3F400020, len(data)) + data
    checksum = functools.reduce(operator.xor, data, 0xEF)
    return image + b"\0" * (15 - len(image) % 16) + bytes([checksum])
