"""MicroPython and the firmware as files that esptool writes to a chip. `make image`.

python -m tools.image [--config FILE] [--flash SIZE] [--folder FOLDER] FIRMWARE

FIRMWARE is MicroPython's own .bin for the chip. Where the file system lies is read from it. FILE
becomes the board's config.json; the files that frameio.ca names are taken from beside it. SIZE is
the chip's flash, such as 4MB: only a MicroPython whose partition table has no vfs needs it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from tools.command_line import CommandLine, exit_code, say
from tools.deploy.deploy import build

from .application import application_files, read_config, settings_files, write_file_system
from .esptool import write_arguments
from .firmware_file import Firmware, flash_bytes

_FOLDER = Path("build/image")


def main() -> int:
    """Do it; the exit code."""
    parser = CommandLine("tools.image", __doc__, "image")
    parser.add_argument("firmware", type=Path, metavar="FIRMWARE", help="MicroPython's .bin")
    parser.add_argument("--config", type=Path, metavar="FILE", help="becomes config.json")
    parser.add_argument("--flash", metavar="SIZE", help="of the chip, such as 4MB")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="for the files")
    arguments = parser.parse_args()
    return exit_code("image", lambda: _make(arguments))


def _make(arguments: argparse.Namespace) -> None:
    firmware = Firmware(arguments.firmware)
    size_bytes = flash_bytes(arguments.flash) if arguments.flash else None
    partition = firmware.file_system(size_bytes)
    built = build()
    files = dict(application_files(built, firmware))
    if arguments.config:
        values = read_config(arguments.config)
        files.update(settings_files(values, arguments.config.parent, built, firmware))
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    file_system = folder / f"{partition.label}.bin"
    used_bytes = write_file_system(file_system, partition, files)
    micropython = folder / "firmware.bin"
    micropython.write_bytes(firmware.data)
    parts = [(firmware.offset_bytes, micropython), (partition.offset_bytes, file_system)]
    told = [f"MicroPython {firmware.version}".rstrip(), firmware.machine or firmware.chip_name]
    say(", ".join(told))
    if firmware.has_application:
        say("Pilotlight is frozen into it, so the file system has none")
    say(f"{partition.label}: {len(files)} files, {used_bytes:,} of {partition.size_bytes:,} bytes")
    for offset, path in parts:
        say(f"  {offset:#08x}  {path.stat().st_size:>10,} bytes  {path}")
    if not arguments.config:
        say("no settings in it: make provision writes them, or name a file with CONFIG=…")
    line = write_arguments(firmware.chip, "PORT", parts)
    say(f"to write it: .venv/bin/esptool {shlex.join(line)}")


if __name__ == "__main__":
    sys.exit(main())
