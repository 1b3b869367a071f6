"""`make image`: where the file system lies, what is in it, that MicroPython mounts it, and what is
wrong in one sentence."""

from __future__ import annotations

import hashlib
import json
import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from esp32_mock_bootloader import server
from esptool.targets import ROM_LIST

from tests.support.firmware_file import (
    ESP32,
    ESP32_C3,
    ESP32_S3,
    OTA,
    PLUS,
    WITH_VFS,
    Row,
    firmware_file,
)
from tools.command_line import Refused
from tools.deploy.deploy import Built, build
from tools.image import __main__ as command
from tools.image import esptool
from tools.image.application import (
    application_files,
    read_config,
    settings_files,
    write_file_system,
)
from tools.image.firmware_file import CHIPS, Firmware, Partition, flash_bytes
from tools.rig import CLIENT_SECRET, MICROPYTHON
from tools.virtual_board.session import ROOT

CA = b"\x30\x81\x05" + bytes(5)  # a sequence with its length, as a certificate is one
CONFIG = {
    "board": "esp32_s3_devkit",
    "frameio": {"client_version": "1.2.3", "client_secret": CLIENT_SECRET, "ca": "/roots/ca.der"},
    "wifi": {"ssid": "Stage 5", "password": "pilotlight"},
}
WITHOUT_CA = {
    **CONFIG, "frameio": {"client_version": "1.2.3", "client_secret": CLIENT_SECRET}
}  # fmt: skip
# A board's _boot.py, and then what `PATHS` of tools/deploy/on_board/files.py prints.
MOUNT = """
import vfs, sys
path = sys.argv[1]
class Flash:
    def __init__(self):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
    def readblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        self.data[at : at + len(buffer)] = buffer
    def ioctl(self, request, argument):
        return {4: len(self.data) // 4096, 5: 4096}.get(request, 0)
flash = Flash()
vfs.umount("/")
vfs.mount(flash, "/")
import os
with open("/state", "w") as file:
    file.write("room is left")
PATHS = os.listdir("/")
"""


@pytest.fixture(scope="module")
def built() -> Built:
    return build()


def saved(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "micropython.bin"
    path.write_bytes(data)
    return path


def refused(path: Path, flash: int | None = None) -> str:
    with pytest.raises(Refused) as error:
        Firmware(path).file_system(flash)
    return str(error.value)


@pytest.mark.parametrize(
    ("chip", "rows", "flash", "expected"),
    [
        (ESP32, WITH_VFS, None, ("esp32", 0x1000, 0x200000, 0x200000)),
        (ESP32_S3, WITH_VFS, None, ("esp32s3", 0, 0x200000, 0x200000)),
        (ESP32_S3, PLUS, 0x800000, ("esp32s3", 0, 0x200000, 0x600000)),
        (ESP32, OTA, 0x400000, ("esp32", 0x1000, 0x310000, 0xF0000)),
        (ESP32, (*PLUS, ("romfs", 1, 0x8F, 0x200000, 0x20000)), 0x400000, ("esp32", 0x1000, 0x220000, 0x1E0000)),
    ],
)  # fmt: skip
def test_where_things_are_is_read_from_the_file(
    chip: int,
    rows: tuple[Row, ...],
    flash: int | None,
    expected: tuple[object, ...],
    tmp_path: Path,
) -> None:
    firmware = Firmware(saved(tmp_path, firmware_file(chip, rows)))
    vfs = firmware.file_system(flash)
    assert (firmware.chip, firmware.offset_bytes, vfs.offset_bytes, vfs.size_bytes) == expected
    assert firmware.version == "v1.27.0" and firmware.machine.startswith("Generic ESP32S3 module")
    assert not firmware.has_application


def test_the_chips_are_those_of_esptool() -> None:
    known = {rom.IMAGE_CHIP_ID: rom for rom in ROM_LIST}
    for number, (name, offset_bytes) in CHIPS.items():
        rom = known[number]
        assert (name, offset_bytes) == (rom.CHIP_NAME, rom.BOOTLOADER_FLASH_OFFSET)


S3 = firmware_file()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no image for a chip of the ESP32 family"),
        (b"\x7fELF" + bytes(60), "is no image for a chip of the ESP32 family"),
        (S3[:12] + b"\x10\x00" + S3[14:], "is for a chip without a network, or one that is not known"),
        (b"UF2\nWQ]\x9e" + bytes(504), "is a UF2 file"),
        (S3[0x10000:], "holds no partition table, as files for an update do"),
        (S3[:0x10000], "it may be cut off"),
        (S3 + bytes(0x1F0000), "is too large: its application ends"),
        (firmware_file(rows=PLUS), "has no partition vfs"),
        (firmware_file(rows=(*PLUS, ("ffat", 1, 0x81, 0x200000, 0x1000))), "in a FAT"),
        (firmware_file(rows=(*PLUS, ("vfs", 1, 0x81, 0x200010, 0x1000))), "not whole sectors"),
        (firmware_file(version="v1.23.0"), "is MicroPython v1.23.0, and 1.24 is the oldest"),
    ],
)  # fmt: skip
def test_a_file_that_can_t_be_used_is_one_sentence(data: bytes, words: str, tmp_path: Path) -> None:
    assert words in refused(saved(tmp_path, data))


def test_micropython_s_file_for_an_update_tells_which_one_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "ESP32_GENERIC_S3-20251209-v1.27.0.app-bin"
    path.write_bytes(S3[0x10000:])
    assert refused(path).endswith(
        "do: take ESP32_GENERIC_S3-20251209-v1.27.0.bin, which micropython.org has beside it"
    )


def test_no_file_and_a_flash_that_is_too_small(tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "nothing.bin")
    assert "can't be read: Is a directory" in refused(tmp_path)
    for rows in (PLUS, WITH_VFS):
        path = saved(tmp_path, firmware_file(rows=rows))
        assert "needs a larger flash than 2 MB" in refused(path, flash_bytes("2MB"))
    for text in ("", "4", "0MB", "4KB", "MB", "-4MB"):
        with pytest.raises(Refused, match="is no size of a flash"):
            flash_bytes(text)


def test_micropython_mounts_it_and_finds_each_file(built: Built, tmp_path: Path) -> None:
    firmware = Firmware(saved(tmp_path, S3))
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots/ca.der").write_bytes(CA)
    (tmp_path / "c.json").write_text(json.dumps(CONFIG))
    values = read_config(tmp_path / "c.json")
    files = application_files(built, firmware) | settings_files(values, tmp_path, built, firmware)
    image = tmp_path / "vfs.bin"
    used_bytes = write_file_system(image, firmware.file_system(None), files)
    assert sum(map(len, files.values())) < used_bytes < image.stat().st_size == 0x200000
    assert image.stat().st_mode & 0o777 == 0o600
    program = tmp_path / "mount.py"
    program.write_text(MOUNT + (ROOT / "tools/deploy/on_board/files.py").read_text())
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=8m", str(program), str(image)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(eval(line) for line in done.stdout.splitlines())
    assert found.pop("state") == hashlib.sha256(b"room is left").hexdigest()
    assert found == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    assert {"main.py", "config.json", "roots/ca.der", "lib/pilotlight/agent.mpy"} < files.keys()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must hold one JSON object"),
        (json.dumps({**CONFIG, "brightnes": 1}), "unknown key brightnes; the nearest known one is"),
        (json.dumps({**WITHOUT_CA, "board": "host"}), "there is no firmware/boards/host.py for a board"),
        (json.dumps({**WITHOUT_CA, "board": "mine"}), "there is no firmware/boards/mine.py for a board"),
        (json.dumps(CONFIG), "frameio.ca: the file \"roots/ca.der\" can't be read"),
    ],
)  # fmt: skip
def test_settings_are_refused_as_the_firmware_does_it(
    config: str, words: str, built: Built, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    path.write_text(config)
    firmware = Firmware(saved(tmp_path, S3))
    with pytest.raises(Refused) as error:
        settings_files(read_config(path), tmp_path, built, firmware)
    assert words in str(error.value) and CLIENT_SECRET not in str(error.value)


def test_what_is_frozen_is_not_in_the_files(built: Built, tmp_path: Path) -> None:
    library = b"\0pilotlight/agent.py\0"
    with pytest.raises(Refused, match="wins over files"):
        application_files(built, Firmware(saved(tmp_path, firmware_file(app=library))))
    app = library + b"firmware/app.py\0model_secret.py\0"
    firmware = Firmware(saved(tmp_path, firmware_file(app=app)))
    assert application_files(built, firmware) == {}
    frameio = {"client_version": "1.2.3"}
    files = settings_files({"board": "wt32_eth01", "frameio": frameio}, tmp_path, built, firmware)
    assert files.keys() == {"config.json"}


@pytest.mark.parametrize(
    ("chip", "machine", "uses_psram"),
    [
        (ESP32_S3, "Generic ESP32S3 module with ESP32S3", True),  # asks at its start
        (ESP32, "Generic ESP32 module with SPIRAM with ESP32", True),
        (ESP32, "TinyPICO with ESP32-PICO-D4", True),  # not known
        (ESP32, "Generic ESP32 module with ESP32", False),
        (ESP32, "Generic ESP32 module with OTA with ESP32", False),
        (ESP32_C3, "", False),
    ],
)
def test_bytecode_needs_psram(
    chip: int, machine: str, uses_psram: bool, built: Built, tmp_path: Path
) -> None:
    firmware = Firmware(saved(tmp_path, firmware_file(chip, machine=machine)))
    assert firmware.uses_psram == uses_psram
    if not uses_psram:
        with pytest.raises(Refused, match="is for a chip without PSRAM"):
            application_files(built, firmware)


@pytest.mark.parametrize("size_bytes", [1 << 16, 1 << 17])
def test_files_that_do_not_fit(size_bytes: int, tmp_path: Path) -> None:
    image = tmp_path / "vfs.bin"
    with pytest.raises(Refused, match="take a chip with more flash"):
        write_file_system(image, Partition("vfs", False, 0, size_bytes), {"main.py": bytes(70_000)})
    assert not image.exists()


@pytest.fixture
def bootloader() -> Iterator[tuple[str, server.FlashImage]]:
    """An ESP32-S3 in its bootloader, for esptool: its port, and its flash of 4 MB."""
    flash = server.FlashImage()

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            chip = server.BootloaderConnection(sock=line)
            server.handle_client(
                chip, threading.Event(), "esp32s3", flash=flash, exit_on_disconnect=True
            )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}", flash
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_esptool_writes_what_was_made_by_the_line_that_was_printed(
    bootloader: tuple[str, server.FlashImage],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, flash = bootloader
    folder = tmp_path / "a folder"
    words = ["image", "--folder", str(folder), str(saved(tmp_path, firmware_file(rows=PLUS)))]
    monkeypatch.setattr("sys.argv", [*words, "--flash", "4MB"])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert (
        "MicroPython v1.27.0, Generic ESP32S3 module with Octal-SPIRAM with ESP32S3\n" in said
        and "0x200000   2,097,152 bytes" in said
    )
    line = shlex.split(said.rpartition("to write it: ")[2])
    line[line.index("PORT")] = port
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    image, micropython = (folder / "vfs.bin").read_bytes(), (folder / "firmware.bin").read_bytes()
    assert flash.data[0x200000:] == image and len(image) == 0x200000
    assert flash.data.startswith(micropython) and micropython == firmware_file(rows=PLUS)


def test_the_chip_says_who_it_is_and_another_one_is_refused(
    bootloader: tuple[str, server.FlashImage],
) -> None:
    port, _ = bootloader
    chip = esptool.identify("esp32s3", port)
    assert chip.mac.startswith("24:0a:c4:") and chip.flash_bytes == 4 * 2**20
    with pytest.raises(esptool.EsptoolError) as error:
        esptool.identify("esp32c3", port)
    assert str(error.value) == "This chip is ESP32-S3, not ESP32-C3. Wrong chip argument?"
