"""What a board has in its file system: the firmware, settings, and the files that these name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from littlefs import LittleFSError

from tools.command_line import Refused
from tools.deploy.deploy import Built
from tools.deploy.settings import CONFIG, encoded, named_files, wrong_with
from tools.on_cpython import device_module
from tools.run.readable import printable
from tools.virtual_board.flash_image import FlashImage

from .firmware_file import Firmware, Partition

_STRICT_JSON = device_module("firmware.strict_json")
_HOST = "host"
_ROOM_BYTES = 2**16  # for what the device stores: state, crash reports


def read_config(path: Path) -> Any:
    """The values of a configuration file, unchecked. Raises Refused."""
    try:
        return _STRICT_JSON.loads(path.read_bytes())
    except OSError as error:
        raise Refused(f"{printable(str(path))} can't be read: {error.strerror}")
    except _STRICT_JSON.JsonError as error:
        raise Refused(printable(f"{path} {error}"))


def settings_files(values: Any, folder: Path, built: Built, firmware: Firmware) -> dict[str, bytes]:
    """config.json and the files that it names, which are in this folder: path → content.

    Raises Refused with the firmware's own sentence.
    """

    def read(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except OSError:
            return None

    files = named_files(values, read)
    wrong = wrong_with(values, files, firmware.has_model_secret)
    if wrong:
        raise Refused(printable(wrong))
    board = values["board"]
    if board == _HOST or f"firmware/boards/{board}.mpy" not in built.files:
        raise Refused(f"{CONFIG}: there is no firmware/boards/{board}.py for a board")
    return {**files, CONFIG: encoded(values)}


def application_files(built: Built, firmware: Firmware) -> dict[str, bytes]:
    """The firmware; none of it where it is frozen into MicroPython already. Raises Refused."""
    if firmware.has_application:
        return {}
    if firmware.has_library:
        raise Refused(
            f"{firmware.name} has Pilotlight's library in it, which wins over files: take "
            "MicroPython's own, or freeze the firmware too (manifest.py)"
        )
    if not firmware.uses_psram:
        raise Refused(
            f"{firmware.name} is for a chip without PSRAM, too little for bytecode in RAM: take a "
            "chip with PSRAM and the image that uses it (SPIRAM), or freeze the code into an image "
            "(docs/memory.md)"
        )
    return built.files


def write_file_system(path: Path, partition: Partition, files: Mapping[str, bytes]) -> int:
    """Write the partition's image, as MicroPython formats it; the bytes that are in use.

    Raises Refused if it does not fit.
    """
    path.unlink(missing_ok=True)
    path.touch(0o600)  # settings hold secrets
    image = FlashImage(path, partition.size_bytes)
    image.erase()
    try:
        image.write_all(files)
        used_bytes = image.used_bytes()
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        used_bytes = sum(map(len, files.values()))
    if used_bytes + _ROOM_BYTES > partition.size_bytes:
        path.unlink()
        raise Refused(
            f"the files need {used_bytes:,} bytes and {_ROOM_BYTES:,} for what the device stores, "
            f"and the partition {partition.label} has {partition.size_bytes:,}: take a chip with "
            "more flash"
        )
    return used_bytes
