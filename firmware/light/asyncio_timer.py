"""The part of `machine.Timer` that the status light needs, as an asyncio task."""

import asyncio


class AsyncioTimer:
    """A one-shot timer. Its callback runs in the event loop, so not while other code blocks it.

    Arming it in its callback allocates nothing; arming it elsewhere makes a task.
    """

    ONE_SHOT = 0

    def __init__(self) -> None:
        self._task: asyncio.Task | None = None
        self._period_ms: int | None = None  # until the next call; None: not armed
        self._callback = lambda _timer: None
        self._is_calling = False

    def init(self, mode: int, period: int, callback) -> None:
        """Call callback(timer) in `period` ms. Cancels the last one. mode: ONE_SHOT."""
        self.deinit()
        self._callback = callback
        self._period_ms = period
        if not self._is_calling:
            self._task = asyncio.create_task(self._run())

    def deinit(self) -> None:
        """Cancel the callback."""
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
