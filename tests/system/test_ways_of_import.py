"""Every way in which a program gets at the library: each module is found, and from there."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.test_mpremote import mpremote
from tools.bytecode import build
from tools.rig import MICROPYTHON
from tools.virtual_board.session import ROOT, VirtualBoard

LIB = ROOT / "lib"
# Prints the file of each module that it could import, a line each.
PROGRAM = """
import sys
for name in {names!r}:
    __import__(name)
    print("from", sys.modules[name].__file__)
"""


def names(folder: str = "pilotlight") -> list[str]:
    """The modules in a folder of lib/, by their full names."""
    return [
        ".".join(path.relative_to(LIB).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((LIB / folder).rglob("*.py"))
    ]


def places(printed: str) -> list[str]:
    """What the program printed."""
    lines = printed.splitlines()
    return [line.removeprefix("from ").removeprefix("/") for line in lines if line[:5] == "from "]


def wanted(top: str, suffix: str, folder: str = "pilotlight") -> list[str]:
    """What it should print."""
    return [
        top + path.relative_to(LIB).with_suffix(suffix).as_posix()
        for path in sorted((LIB / folder).rglob("*.py"))
    ]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[VirtualBoard]:
    """A board with MicroPython and nothing else."""
    with VirtualBoard(tmp_path / "board", littlefs=True, serial=True) as board:
        board.power_on()
        yield board


def imported(board: VirtualBoard, *before: str, folder: str = "pilotlight") -> list[str]:
    """The files of the modules on the board, after these words for mpremote."""
    return places(mpremote(board, *before, "exec", PROGRAM.format(names=names(folder))))


def test_a_path_of_the_unix_port() -> None:
    done = subprocess.run(
        [MICROPYTHON, "-c", PROGRAM.format(names=names())],
        env={**os.environ, "MICROPYPATH": f"{LIB}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert places(done.stdout) == wanted(f"{LIB}/".removeprefix("/"), ".py")


def test_a_mounted_folder(board: VirtualBoard) -> None:
    """Nothing is copied: the board reads each file over the serial line."""
    assert imported(board, "mount", str(LIB)) == wanted("", ".py")


def test_a_copy_in_lib(board: VirtualBoard) -> None:
    source = str(LIB / "pilotlight")
    assert imported(board, "mkdir", "lib", "+", "fs", "cp", "-r", source, ":lib/", "+") == wanted(
        "lib/", ".py"
    )


@pytest.mark.parametrize(
    ("package", "folder"), [("package.json", "pilotlight"), ("lib/net.json", "pilotlight/net")]
)
def test_mip_from_a_folder(board: VirtualBoard, package: str, folder: str) -> None:
    mpremote(board, "mip", "install", "--target", "/lib", str(ROOT / package))
    assert imported(board, folder=folder) == wanted("lib/", ".py", folder)


def test_mip_over_http_as_from_github(board: VirtualBoard) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/lib/net.json"
            mpremote(board, "mip", "install", "--target", "/lib", url)
        finally:
            server.shutdown()
    assert imported(board, folder="pilotlight/net") == wanted("lib/", ".py", "pilotlight/net")


def test_bytecode_alone(board: VirtualBoard, tmp_path: Path) -> None:
    built = build(tmp_path / "build").parent / "lib/pilotlight"
    assert imported(
        board, "mkdir", "lib", "+", "fs", "cp", "-r", str(built), ":lib/", "+"
    ) == wanted("lib/", ".mpy")


def test_a_romfs_of_mpremote(tmp_path: Path) -> None:
    """It compiles beside the sources, so it gets a copy of them."""
    copy, image = tmp_path / "lib", tmp_path / "lib.romfs"
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LIB / "pilotlight", copy / "pilotlight", ignore=skipped)
    command = [sys.executable, "-m", "mpremote", "romfs", "-o", str(image), "build", str(copy)]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    program = f"""
import sys, vfs
with open({str(image)!r}, "rb") as file:
    vfs.mount(vfs.VfsRom(file.read()), "/rom")
sys.path[:] = ["/rom", ".frozen"]
"""
    done = subprocess.run(
        [MICROPYTHON, "-c", program + PROGRAM.format(names=names())],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert places(done.stdout) == wanted("rom/", ".mpy")


def test_a_package_has_the_library_and_nothing_else() -> None:
    """That neither is stale is tested with all that is generated."""
    for package in ("package.json", "lib/net.json"):
        content = json.loads((ROOT / package).read_text())
        for target, source in content["urls"]:
            assert target.startswith("pilotlight/") and ".." not in source
            assert ((ROOT / package).parent / source).samefile(LIB / target)
