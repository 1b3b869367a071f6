"""The firmware as bytecode: whole, and with the time of its build."""

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


def test_nothing_is_missing(tmp_path: Path) -> None:
    build(tmp_path)
    for folder in ("lib", "firmware"):
        source = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / folder).rglob("*.py")}
        assert source == {
            path.relative_to(tmp_path).with_suffix("")
            for path in (tmp_path / folder).rglob("*.mpy")
        }
    assert sorted(path.name for path in tmp_path.glob("*.py")) == ["boot.py", "main.py"]
