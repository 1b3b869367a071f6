"""One piece of work: what it allocates, and how many instructions it takes.

Instructions are counted by valgrind's callgrind, on the unix port that the tests use. That port
runs inside CPython and has no symbols, so a piece of work is the difference between two whole
processes that do it a different number of times.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import websockets.sync.server
from websockets.exceptions import ConnectionClosed

from tools.bench.devices import HERE, MARK, Folders, config
from tools.rig import MICROPYTHON, TOKEN, Mock, Rig

TIMES = {"heartbeat": (10, 60), "receive": (10, 410), "identity": (1, 3)}  # kind → two counts
IDENTITY = ("--identity-bytes", "5000")  # options of the mock
_TEXT = "x" * 1000
_LONGEST_S = 100
_HEAP = ("-X", "heapsize=8M")  # so large that no collection is forced
# Collections are a part of a boot. 2 MB is the smallest PSRAM; a board without it freezes its code.
_BOOT_HEAP = ("-X", "heapsize=2M")


def has_valgrind() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def allocated(kind: str, times: int, mock: Mock, folder: Path) -> dict[str, Any]:
    """What on_device/work.py tells of doing it so many times."""
    with _environment(mock) as environment:
        done = subprocess.run(
            [MICROPYTHON, *_HEAP, "work.py", kind, str(times)],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    figures = json.loads(done.stderr.splitlines()[-1].removeprefix(MARK))
    assert isinstance(figures, dict)
    return figures


def instructions(kind: str, mock: Mock, folder: Path) -> int:
    """The instructions of one piece of work. mock: without TLS."""
    low, high = TIMES[kind]
    with _environment(mock) as environment:
        few, many = (
            _count([*_HEAP, "work.py", kind, str(times)], folder, environment)
            for times in (low, high)
        )
    return (many - few) // (high - low)


def boot_instructions(rig: Rig, mock: Mock, folders: Folders) -> int:
    """From the process's start to the first connect, of a board with a screen.

    The smaller one of two runs: a slow machine adds turns of the event loop.
    """
    path = config(rig, mock, folders.board, TOKEN)
    shutil.copy(HERE / "chips/socket.py", folders.board)
    environment = {"PILOTLIGHT_CONFIG": str(path)}
    try:
        boots = [_count([*_BOOT_HEAP, "main.py"], folders.board, environment) for _ in range(2)]
    finally:
        (folders.board / "socket.py").unlink()
    return min(boots) - _count([*_BOOT_HEAP, "-c", "pass"], folders.board, {})


def _count(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> int:
    """The instructions of a whole MicroPython process. Raises RuntimeError if it fails."""
    # The interpreter by name: MICROPYTHON is a script, whose first line valgrind does not follow.
    python = str(Path(MICROPYTHON).parent / "python")
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", python]
    done = subprocess.run(
        [*command, MICROPYTHON, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "0", **environment},
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found or "Traceback" in done.stderr:
        raise RuntimeError(f"{arguments}: {done.stderr}")
    return int(found[1])


@contextlib.contextmanager
def _environment(mock: Mock) -> Iterator[dict[str, str]]:
    """What on_device/work.py asks for, with a server that answers each WebSocket message with a
    text of 1,000 bytes."""

    def answer(connection: websockets.sync.server.ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # the client just goes
            for _ in connection:
                connection.send(_TEXT)

    with websockets.sync.server.serve(answer, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "BENCH_URL": mock.url,
            "BENCH_CA": str(mock.ca),
            "BENCH_TOKEN": TOKEN,
            "BENCH_ECHO": str(server.socket.getsockname()[1]),
        }
        server.shutdown()
