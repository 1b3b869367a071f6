"""Runs the tests under tests/micropython on the MicroPython unix port, as ordinary pytest items.

One item a test function, one interpreter an item. Files under tests/micropython/pure are collected
twice: on the unix port and, as any other test, on CPython. Names are read from the text, so a file
needs to be valid for MicroPython only.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.support.compiled import compiled
from tests.support.kept_port import kept_port
from tools import on_cpython as on_cpython
from tools.bytecode import MICRODOT
from tools.rig import Rig

ROOT = Path(__file__).parent.parent
HERE = ROOT / "tests/micropython"
PURE = HERE / "pure"
RUNNER = HERE / "runner.py"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
_LONGEST_S = 330  # longer than the runner's own
_COMMIT = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
_HEAP_OF_FILE = re.compile(r'^HEAP = "(\w+)"', re.MULTILINE)
_HEAP = "16m"  # unless the file says otherwise: HEAP = "256k"


def commit() -> str:
    """The commit's hash, "0" outside of a repository: it decides which part of a large set runs."""
    done = subprocess.run(_COMMIT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "0"


def pytest_configure() -> None:
    """Tell all tests, and all processes that they start."""
    os.environ.setdefault("SIMULATION_COMMIT", commit())


@pytest.fixture(scope="session", autouse=True)
def clone_is_clean() -> Iterator[None]:
    """No command that the tests run leaves a file in the clone that git does not ignore."""
    before = _untracked()
    yield
    left = _untracked() - before
    if os.environ.get("WRITE_PICTURES"):  # new pictures are wanted
        return
    assert not left, f"the tests, or you meanwhile, have left these in the clone: {sorted(left)}"


def _untracked() -> set[str]:
    """Empty outside of a repository."""
    files = ["git", "-C", str(ROOT), "ls-files", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(files, capture_output=True, text=True, check=False)
    return set(done.stdout.split("\0"))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A Rig in a folder of its own."""
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def lan_port() -> Iterator[int]:
    """A port for a mock of the local network, which listens at both of these addresses."""
    with kept_port("127.0.0.1", "127.0.0.2") as port:
        yield port


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a pure test file for the unix port beside CPython's own collection."""
    if (
        file_path.name.startswith("test_")
        and file_path.suffix == ".py"
        and PURE in file_path.parents
    ):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect a file that is for MicroPython alone."""
    if HERE in module_path.parents and PURE not in module_path.parents:
        return MicroPythonFile.from_parent(parent, path=module_path)
    return None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """The first worker compiles what has no bytecode yet, and the others wait for it.

    Without that each would compile all: 5 s of CPU.
    """
    with open(__file__) as lock:
        is_first = os.environ.get("PYTEST_XDIST_WORKER") == "gw0"
        fcntl.flock(lock, fcntl.LOCK_EX if is_first else fcntl.LOCK_SH)
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the slow tests, which mostly wait.

    Each begins early on a worker of its own, and the others run beside it.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    rest = [item for item in items if not item.get_closest_marker("slow")]
    for number, item in enumerate(slow):
        rest.insert(number * len(items) // len(slow), item)
    items[:] = rest


class MicroPythonFile(pytest.File):
    """A test file for the unix port."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each function named test_…, async or not."""
        text = self.path.read_text()
        heap = _HEAP_OF_FILE.search(text)
        for test in _TEST.finditer(text):
            item = MicroPythonItem.from_parent(self, name=f"{test[1]}[micropython]")
            item.test_name, item.line = test[1], text.count("\n", 0, test.start()) + 1
            item.heap = heap[1] if heap else _HEAP
            yield item


class MicroPythonItem(pytest.Item):
    """One test function, run in an interpreter of its own."""

    test_name: str
    line: int
    heap: str

    def runtest(self) -> None:
        """Run it; a failure carries MicroPython's traceback and what the test printed."""
        done = subprocess.run(
            [
                MICROPYTHON,
                "-X",
                f"heapsize={self.heap}",
                str(RUNNER),
                str(self.path),
                self.test_name,
            ],
            cwd=ROOT,
            env={
                "MICRODOT": str(MICRODOT.parent),
                "BYTECODE": str(compiled()),
                **os.environ,
            },
            capture_output=True,
            timeout=_LONGEST_S,
            check=False,
        )
        output = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode or not output.endswith("\npassed\n"):
            raise MicroPythonFailure(f"exit code {done.returncode}\n{output}")

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """MicroPython's own words."""
        if isinstance(excinfo.value, MicroPythonFailure | subprocess.TimeoutExpired):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test is."""
        return self.path, self.line - 1, self.name


class MicroPythonFailure(Exception):
    """A test failed on the unix port."""
