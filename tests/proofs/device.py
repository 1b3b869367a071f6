"""Parts of the device on CPython: their imports, and a loop whose clock the proof turns.

On the device, names that only annotations use are not imported, so annotations stay texts here.
"""

import __future__

import asyncio
import functools
import sys
import time
from collections.abc import Awaitable, Coroutine, Generator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import pytest

from tools.on_cpython import ROOT


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return _compiled(self.path)


@functools.cache  # parts of the device unload modules, and load them again
def _compiled(path: str) -> CodeType:
    flags = __future__.annotations.compiler_flag
    code: CodeType = compile(Path(path).read_bytes(), path, "exec", flags, dont_inherit=True)
    return code


class _Finder(MetaPathFinder):
    """Finds pilotlight's modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = (ROOT / "lib" / fullname.replace(".", "/")).with_suffix(".py")
        if not fullname.startswith("pilotlight.") or not file.is_file():
            return None
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, str(file)))


sys.meta_path.insert(0, _Finder())
_client: Any = ModuleType("pilotlight.net.http_client")  # it needs sockets; a proof brings its own
_client.HttpClient = object
sys.modules.setdefault(_client.__name__, _client)


class Sleep:
    """Awaitable: what a task waits for, as the loop sees it. ms: how long at most."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def __await__(self) -> Generator["Sleep", None, None]:
        yield self


class Task:
    """A coroutine, run by hand: `run` goes on until it sleeps, and says for how long."""

    data = None  # as MicroPython's, for TimedEvent: it is not cancelled

    def __init__(self, loop: "Loop", job: Coroutine[Any, Any, Any]) -> None:
        self._loop = loop
        self._job = job

    def run(self) -> int:
        """For how many ms it sleeps then."""
        self._loop.current = self
        slept: Sleep = self._job.send(None)
        return slept.ms

    def close(self) -> None:
        """End it, as a loss of power does."""
        self._job.close()


class Loop:
    """What the device's parts need of MicroPython's asyncio, and the ticks: now_ms.

    woken: TimedEvent has ended the sleep of a task.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ms = 0
        self.current: Task | None = None
        self.woken = False
        from pilotlight.requests import Slot

        monkeypatch.setattr(Slot, "__aexit__", asyncio.Lock.__aexit__)  # CPython's waits otherwise
        queue = SimpleNamespace(remove=lambda task: None, push=self._push)
        monkeypatch.setattr(asyncio, "core", SimpleNamespace(_task_queue=queue), raising=False)
        monkeypatch.setattr(asyncio, "sleep_ms", Sleep, raising=False)
        monkeypatch.setattr(asyncio, "wait_for_ms", self._wait_for_ms, raising=False)
        monkeypatch.setattr(asyncio, "current_task", lambda: self.current)
        monkeypatch.setattr(time, "ticks_ms", lambda: self.now_ms % (1 << 30))

    def _push(self, task: Task) -> None:
        self.woken = True

    async def _wait_for_ms(self, job: Awaitable[Any], ms: int) -> Any:
        return await job


def finished(job: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        job.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")
