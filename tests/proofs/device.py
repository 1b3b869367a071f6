"""Parts of the device on CPython: a loop whose clock the proof turns."""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Generator
from types import SimpleNamespace
from typing import Any

import pytest


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
