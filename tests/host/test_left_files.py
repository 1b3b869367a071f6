"""What the commands write where no place was named is ignored by git.

That the tests' own runs of run, deploy and provision leave nothing is seen by a fixture of
conftest.py; these commands are given folders there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.firmware_file import firmware_file
from tools import romfs
from tools.image import __main__ as image
from tools.image import units
from tools.image.results import PASS, Result
from tools.mock_frameio import tls
from tools.on_cpython import ROOT

FIRMWARE, LIST, CONFIG = "micropython.bin", "units.csv", "common.json"
OURS = {".gitignore", FIRMWARE, LIST, CONFIG}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with our .gitignore, which is the working directory."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / FIRMWARE).write_bytes(firmware_file())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def untracked(folder: Path) -> set[str]:
    """The files that git would add, but for those that this test has made."""
    files = ["git", "-C", str(folder), "ls-files", "--others", "--exclude-standard", "-z"]
    shown = subprocess.run(files, capture_output=True, text=True, check=True).stdout
    return set(shown.split("\0")) - {""} - OURS


def test_an_image(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["image", FIRMWARE])
    assert image.main() == 0
    assert (clone / "build/image/vfs.bin").exists() and not untracked(clone)


def test_results_of_units(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Station:
        """Passes all."""

        def __init__(self, *_: object) -> None: ...

        def prepare(self, *_: object) -> None: ...

        def do(self, serial: str, *_: object) -> Result:
            return Result(serial, PASS, "", "1", "")

    frameio = {"client_version": "1.2.3", "client_secret": "of-no-use-1234567890"}
    common = {"board": "esp32_s3_devkit", "console": True, "frameio": frameio}
    (clone / CONFIG).write_text(json.dumps(common))
    (clone / LIST).write_text("serial\nCAM-17\n")
    monkeypatch.setattr(units, "Station", Station)
    words = [f"--config={CONFIG}", f"--firmware={FIRMWARE}", "--port=PORT", LIST]
    monkeypatch.setattr(sys, "argv", ["units", *words])
    assert units.main() == 0
    assert (clone / "build/units/units.csv").exists() and not untracked(clone)


def test_a_romfs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = re.findall(r"build/\w+\.romfs", (ROOT / "Makefile").read_text())
    monkeypatch.setattr(romfs, "image", lambda board: b"an image")
    monkeypatch.setattr(sys, "argv", ["romfs", path])
    assert romfs.main() == 0
    assert (clone / path).exists() and not untracked(clone)


def test_the_ca_of_the_mock(clone: Path) -> None:
    tls.server_context(tls.DEFAULT_FOLDER)
    assert (clone / tls.DEFAULT_FOLDER / "ca-key.pem").exists() and not untracked(clone)
