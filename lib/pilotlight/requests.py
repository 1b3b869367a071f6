"""REST requests, one at a time, and what each answer teaches."""

import asyncio
import time

from .core import Core
from .frameio_api import ApiError, RateLimited
from .net.errors import NetError, no_memory
from .proof import Proof
from .schedule import Schedule


class Requests:
    """The slot for one request.

    schedule: when which request is due. proof: the proof that Frame.io answers.
    slot: a lock, held while a request is under way.
    starved: requests in a row that found no memory beside the joined socket.
    """

    def __init__(self, core: Core, schedule: Schedule, proof: Proof) -> None:
        self._core = core
        self.proof = proof
        self.schedule = schedule
        self.slot = asyncio.Lock()
        self.starved = 0

    async def ask(self, request):
        """Await the request (a coroutine) in the slot; its result.

        Raises what the request raises: ApiError or NetError; a MemoryError becomes a NetError.
        """
        async with self.slot:
            try:
                if self.schedule.limited_ms(time.ticks_ms()):
                    request.close()  # asked for by an answer while this one waited for the slot
                    raise RateLimited("rate_limited", "Frame.io asks to wait")
                try:
                    result = await request
                except MemoryError:
                    raise no_memory()
            except (ApiError, NetError) as error:
                self._learn_from(error)
                raise
        self.starved = 0
        self._answered()
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
        self._core.log("request failed: %s: %s" % (error.reason, error))
        self.starved = self.starved + 1 if status.joined and error.reason == "memory" else 0
        status.update(request_reason=error.reason)
