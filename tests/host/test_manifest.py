"""What is frozen: manifest.py and those of ports/, run as MicroPython's tools run a manifest.

Those tools (manifestfile.py) are in MicroPython's source only, so the functions that they give a
manifest are written again here, as far as ours use them.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tools.bytecode import MICRODOT, ROOT

ESP32 = ROOT / "ports/PILOTLIGHT_ESP32"
NAMES = "pilotlight_names.py"  # what manifest_names.py makes


class Manifest:
    """The files that a manifest freezes.

    files: name on the device → file. others: what it takes from MicroPython, by name.
    """

    def __init__(self, path: Path) -> None:
        self.files: dict[str, Path] = {}
        self.others: list[str] = []
        self.include(str(path))

    def include(self, path: str) -> None:
        """Run another manifest, in its own folder."""
        if path.startswith("$("):
            self.others.append(path)
            return
        file = Path(path).resolve()
        space: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("include", "package", "module", "freeze", "require")
        }
        before = Path.cwd()
        os.chdir(file.parent)
        try:
            exec(compile(file.read_text(), str(file), "exec"), space)
        finally:
            os.chdir(before)

    def package(
        self, package_path: str, files: list[str] | None = None, base_path: str = "."
    ) -> None:
        """A folder of modules, or some of its files."""
        base = Path(base_path).resolve()
        found = [
            path.relative_to(base / package_path).as_posix()
            for path in (base / package_path).rglob("*.py")
        ]
        for name in found if files is None else files:
            self._add(f"{package_path}/{name}", base)

    def module(self, module_path: str, base_path: str = ".") -> None:
        """One file."""
        self._add(module_path, Path(base_path).resolve())

    def freeze(self, path: str, script: tuple[str, ...]) -> None:
        """Files of a folder of MicroPython."""
        self.others += [f"{path}/{name}" for name in script]

    def require(self, name: str) -> None:
        """A package of micropython-lib."""
        self.others.append(name)

    def _add(self, name: str, base: Path) -> None:
        assert name not in self.files, f"{name} is frozen twice"
        assert (base / name).is_file()
        self.files[name] = base / name


def sources(folder: str) -> dict[str, Path]:
    """Name on the device → file of lib/ or of the repository."""
    base = ROOT / "lib" if folder == "pilotlight" else ROOT
    return {path.relative_to(base).as_posix(): path for path in (base / folder).rglob("*.py")}


def test_the_whole_firmware_is_frozen_and_nothing_else() -> None:
    wanted = {
        **sources("pilotlight"),
        **sources("firmware"),
        "microdot.py": MICRODOT.resolve(),
        "main.py": ROOT / "main.py",
        "boot.py": ROOT / "boot.py",
    }
    frozen = Manifest(ROOT / "manifest.py").files
    files = {name: file for name, file in frozen.items() if name != NAMES}
    assert set(files) == set(wanted)
    assert {name for name in files if files[name] != wanted[name]} == {"firmware/build.py"}
    board = Manifest(ESP32 / "manifest.py")
    assert board.files == frozen
    assert {"neopixel", "ntptime"} < set(board.others)


def test_beside_a_romfs_only_what_starts_it_is_frozen() -> None:
    manifest = Manifest(ESP32 / "manifest_romfs.py")
    assert manifest.files == {name: ROOT / name for name in ("boot.py", "main.py")}
    assert manifest.others == Manifest(ESP32 / "manifest.py").others


def test_the_library_is_frozen_alone() -> None:
    files = Manifest(ROOT / "ports/manifest_library.py").files
    del files[NAMES]
    assert files == sources("pilotlight")


def test_the_full_name_of_each_module_is_frozen() -> None:
    """What an import can't find there is on the heap for ever."""
    lines = Manifest(ROOT / "ports/manifest_library.py").files[NAMES].read_text().splitlines()
    for file in (*sources("pilotlight"), *sources("firmware")):
        name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert f"import {name}" in lines


def test_the_firmware_is_frozen_without_its_main_program() -> None:
    files = Manifest(ROOT / "ports/manifest_firmware.py").files
    assert files.keys() == {*sources("firmware"), "microdot.py"}


def test_the_frozen_build_time_is_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795530720")
    text = Manifest(ROOT / "manifest.py").files["firmware/build.py"].read_text()
    assert "BUILD_S = const(1795530720)" in text
