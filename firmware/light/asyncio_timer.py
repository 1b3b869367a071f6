"""What the light needs of `machine.Timer`, made of an asyncio task: for boards and interpreters that have none."""

import asyncio


class AsyncioTimer:
    """A one-shot timer whose callback runs in the event loop, so not while something else keeps the loop busy.

    A callback that arms the timer again makes no object; arming it from elsewhere makes a task.
    """

    ONE_SHOT = 0

    def __init__(self) -> None:
        self._task: asyncio.Task | None = None
        self._period_ms: int | None = None  # until the next call; None: not armed
        self._callback = lambda _timer: None
        self._is_calling = False

    def init(self, mode: int, period: int, callback) -> None:
        """Call the callback with this timer in `period` ms, instead of what was armed. mode: ONE_SHOT."""
        self.deinit()
        self._callback = callback
        self._period_ms = period
        if not self._is_calling:
            self._task = asyncio.create_task(self._run())

    def deinit(self) -> None:
        """Call nothing any more."""
        self._period_ms = None
        if self._task and not self._is_calling:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while self._period_ms is not None:
            await asyncio.sleep_ms(self._period_ms)
            self._period_ms = None
            self._is_calling = True
            try:
                self._callback(self)
            finally:
                self._is_calling = False
        self._task = None
