"""Tests, and how one of them judges a tree of files: it passes, it fails, or it takes too long."""

from __future__ import annotations

import ast
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
_COPIED = ("firmware", "lib", "tests", "tools", "examples", "docs")
_FILES = ("main.py", "boot.py", "pyproject.toml", "package.json", "manifest.py", "README.md")
_HEAP = "16m"  # as tests/conftest.py
SIMULATED_PART = ("2", "17", "151")  # depth, number, of so many


@dataclass(frozen=True, order=True)
class Trial:
    """A test: a function of a file for the unix port, or a whole file for pytest.

    file: from the repository's root. function: a name; "" for pytest, "paired" or "fixed" for a
    part of the simulation.
    """

    file: str
    function: str = ""
    heap: str = _HEAP

    @property
    def name(self) -> str:
        """As pytest names it, without the folder."""
        return Path(self.file).name + (f"::{self.function}" if self.function else "")


@dataclass(frozen=True)
class Outcome:
    """How a trial ended. seconds: of the processor. is_over: it took all of its time.

    output: what it printed last.
    """

    passed: bool
    seconds: float
    is_over: bool
    output: str


SIMULATED = [Trial("tests/simulation/worker.py", kind) for kind in ("fixed", "paired")]


def micropython_trials(root: Path) -> list[Trial]:
    """Every test function for the unix port."""
    trials = []
    for path in sorted((root / "tests/micropython").rglob("test_*.py")):
        body = ast.parse(path.read_text()).body
        heap = _HEAP
        for node in body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HEAP":
                heap = ast.literal_eval(node.value)
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                trials.append(Trial(str(path.relative_to(root)), node.name, heap))
    return trials


def imported_by(root: Path) -> dict[str, list[Trial]]:
    """For each module, the files of tests on CPython that import it by name."""
    found: dict[str, list[Trial]] = {}
    paths = sorted((root / "tests/property").glob("test_*.py"))
    paths += sorted((root / "tests/host").glob("test_*.py"))
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names = [node.value]  # as a helper of the tests imports it
            for name in names:
                if name.partition(".")[0] not in ("pilotlight", "firmware"):
                    continue
                folder = "lib/" if name.startswith("pilotlight") else ""
                trial = Trial(str(path.relative_to(root)))
                trials = found.setdefault(folder + name.replace(".", "/") + ".py", [])
                if trial not in trials:
                    trials.append(trial)
    return found


class Tree:
    """A copy of the repository's files, in which one bug after another is put."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pilotlight-mutants-"))
        for name in _COPIED:
            shutil.copytree(
                ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        for name in _FILES:
            shutil.copy(ROOT / name, self.root / name)
        (self.root / ".venv").symlink_to((ROOT / ".venv").resolve())

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, path: str, data: bytes) -> None:
        """Put these bytes in place of a file."""
        (self.root / path).write_bytes(data)

    def restore(self, path: str) -> None:
        """Put the repository's own file there again."""
        self.write(path, (ROOT / path).read_bytes())

    def judge(self, trial: Trial, longest_s: float, runner: str = "") -> Outcome:
        """Run one trial here.

        longest_s: seconds of the processor; for a test that waits, ten times as many. runner: runs the function,
        in place of tests/micropython/runner.py.
        """
        environment = {
            **os.environ,
            "SIMULATION_COMMIT": "0",
            "WHOLE": "1",
            "MICRODOT": str(_microdot()),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if trial in SIMULATED:
            environment["MICROPYPATH"] = ".:lib:.frozen"
            command = [MICROPYTHON, "-X", "heapsize=256m", "-m", "tests.simulation.worker"]
            command += ["pairs", trial.function, *SIMULATED_PART]
        elif trial.function:
            runner = runner or "tests/micropython/runner.py"
            command = [MICROPYTHON, "-X", f"heapsize={trial.heap}", str(self.root / runner)]
            command += [str(self.root / trial.file), trial.function]
        else:
            command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", trial.file]
        code, seconds, is_over, output = _run(command, self.root, environment, longest_s)
        if trial in SIMULATED:
            passed = code == 0 and '"failed": 0' in output
        elif trial.function:
            passed = code == 0 and output.endswith("\npassed\n")
        else:
            passed = code == 0
        return Outcome(passed, seconds, is_over, output[-2000:])


def _microdot() -> Path:
    from tools.bytecode import MICRODOT

    return MICRODOT.parent


def _run(
    command: list[str], folder: Path, environment: dict[str, str], longest_s: float
) -> tuple[int, float, bool, str]:
    """Exit code, seconds of the processor, whether it took all of its time, and output."""
    waited_too_long = []

    def bound() -> None:
        seconds = int(longest_s) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=bound,
        )

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        def end_late() -> None:
            waited_too_long.append(True)
            end()

        timer = threading.Timer(10 * longest_s, end_late)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        end()  # what it started
        output.seek(0)
        text = output.read().decode(errors="replace")
    seconds = usage.ru_utime + usage.ru_stime
    return process.returncode, seconds, bool(waited_too_long) or seconds >= longest_s, text
