"""The firmware as bytecode: whole, and with the time of its build."""

import ast
import re
import subprocess
import time
from pathlib import Path

import pytest

from tools.bytecode import ROOT, build
from tools.rig import MICROPYTHON


def build_s(folder: Path) -> int:
    """What the built firmware believes."""
    program = "from firmware.build import BUILD_S; print(BUILD_S)"
    return int(
        subprocess.run(
            [MICROPYTHON, "-c", program], cwd=folder, capture_output=True, check=True, timeout=120
        ).stdout
    )


def test_the_build_time_is_now_or_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build_s(ROOT) == 0
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    begun_s = int(time.time())
    build(tmp_path / "now")
    assert begun_s <= build_s(tmp_path / "now") <= time.time()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795530720")
    build(tmp_path / "then")
    assert build_s(tmp_path / "then") == 1795530720


def test_a_module_s_file_name_is_stored_once_on_a_board(tmp_path: Path) -> None:
    build(tmp_path)
    program = f"""
import micropython, os, sys, vfs
vfs.umount("/")
vfs.mount(vfs.VfsPosix({str(tmp_path)!r}), "/")
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]  # an ESP32's
import firmware.build, pilotlight.agent
print([module.__file__ for module in sys.modules.values() if hasattr(module, "__file__")])
micropython.qstr_info(1)
"""
    done = subprocess.run([MICROPYTHON, "-c", program], capture_output=True, check=True, text=True)
    modules, names = done.stdout.split("]", 1)
    stored = set(re.findall(r"Q\((\S+\.mpy)\)", names))
    assert "/lib/pilotlight/agent.mpy" in stored
    assert stored == set(re.findall(r"'(\S+\.mpy)'", modules))


def test_what_only_the_compiler_needs_is_not_imported(tmp_path: Path) -> None:
    """And each line keeps its number."""
    build(tmp_path, f"{tmp_path}/lib/")
    program = """
import sys
sys.path.insert(0, "lib")
from pilotlight.net import websocket_frames
print(hasattr(websocket_frames, "const"), websocket_frames.TEXT)
websocket_frames.FrameWriter(1 << 20)
"""
    done = subprocess.run(
        [MICROPYTHON, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.startswith("False 1\n")
    number, name = re.findall(r"line (\d+), in (\w+)\nValueError", done.stdout)[0]
    source = (ROOT / "lib/pilotlight/net/websocket_frames.py").read_text().splitlines()
    assert name == "__init__" and "raise ValueError" in source[int(number) - 1]


def test_the_compiler_replaces_each_const() -> None:
    """It does so only where one name gets a value: elsewhere `const` would be called."""
    for path in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "firmware").rglob("*.py")]:
        tree = ast.parse(path.read_text())
        replaced = {
            node.value.func
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and [type(target) for target in node.targets] == [ast.Name]
            and isinstance(node.value, ast.Call)
        }
        named = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        assert not [n.lineno for n in named if n.id == "const" and n not in replaced], path


def test_nothing_is_missing(tmp_path: Path) -> None:
    build(tmp_path)
    for folder in ("lib", "firmware"):
        source = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / folder).rglob("*.py")}
        if folder == "lib":
            source.add(Path("lib/microdot"))
        assert source == {
            path.relative_to(tmp_path).with_suffix("")
            for path in (tmp_path / folder).rglob("*.mpy")
        }
    assert sorted(path.name for path in tmp_path.glob("*.py")) == ["boot.py", "main.py"]
