"""REST requests, one at a time, and what each answer teaches."""

import asyncio
import time

from .core import Core
from .frameio_api import ApiError
from .net.errors import NetError, no_memory
from .proof import Proof
from .schedule import Schedule


class Slot(asyncio.Lock):
    """A lock that is released without memory, and that is taken while it is handed on.

    asyncio's own makes a coroutine at the end of `async with`: without memory for that, it would be
    held for ever. And it calls itself free until the next task, whose it is, runs.
    """

    def locked(self) -> bool:
        """True if it is held, or is about to be."""
        return self.state != 0  # type: ignore[attr-defined]  # of MicroPython's lock

    def __aexit__(self, kind, error, traceback):
        self.release()
        return _NOTHING_TO_WAIT_FOR


_NOTHING_TO_WAIT_FOR = iter(())  # an awaitable that has ended


class Requests:
    """The slot for one request.

    schedule: when which request is due. proof: the proof that Frame.io answers.
    slot: a Slot, held while a request is under way.
    starved: requests in a row that found no memory beside the joined socket.
    """

    def __init__(self, core: Core, schedule: Schedule, proof: Proof) -> None:
        self._core = core
        self.proof = proof
        self.schedule = schedule
        self.slot = Slot()
        self.starved = 0

    async def ask(self, request):
        """Await the request (a coroutine) in the slot; its result.

        Raises what the request raises: ApiError or NetError; a MemoryError becomes a NetError. Only
        without memory to wait for the slot it raises MemoryError: then nothing was asked.
        """
        result = None
        failure: ApiError | NetError | None = None
        async with self.slot:
            try:
                if self.schedule.limited_ms(time.ticks_ms()):
                    request.close()  # asked for by an answer while this one waited for the slot
                    raise ApiError("rate_limited", "Frame.io asks to wait")
                result = await request
            except MemoryError:
                failure = no_memory()
            except (ApiError, NetError) as error:
                failure = error
        try:
            if failure is None:
                self.starved = 0
                self._answered()
            else:
                self._learn_from(failure)
        except MemoryError:
            pass  # the answer counts more than what it teaches
        if failure is not None:
            raise failure
        return result

    def ready(self) -> bool:
        """A request can be made now: there are network and time, and Frame.io asks for no wait."""
        core = self._core
        if not core.status.network_up or core.clock.now_s() is None:
            return False
        return not self.schedule.limited_ms(time.ticks_ms())

    def _answered(self) -> None:
        status = self._core.status
        self.schedule.answered(time.ticks_ms(), status)
        if status.request_reason is not None:  # no allocation between an answer and its use
            status.update(request_reason=None)
        self.proof.prove()

    def _learn_from(self, error) -> None:
        status = self._core.status
        if isinstance(error, ApiError):
            if error.wait_ms is not None:
                self.schedule.limited(time.ticks_ms(), error.wait_ms)
            if error.answered:
                self._answered()
                return
        self.starved = self.starved + 1 if status.joined and error.reason == "memory" else 0
        self._core.log("request failed: %s: %s" % (error.reason, error))
        status.update(request_reason=error.reason)
