"""REST requests, one at a time, and what each answer teaches."""

import asyncio
import time

from micropython import const

from .frameio_api import ApiError
from .net.deadline import TimedEvent
from .net.errors import NetError, no_memory

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .proof import Proof
    from .schedule import Schedule


class Slot:
    """A lock that is taken in the order in which it was asked for. Use it by `async with`.

    asyncio.Lock needs memory for its release, without which it would be held for ever; and it
    calls itself free while it is handed on.
    Raises RuntimeError for a task that holds it and asks for it again: it would wait for ever.

    moved_ms: ticks when it was taken, or when bytes moved last: see `moved`.
    has_moved: bytes have moved since recovery has last looked; recovery sets it to False.
    """

    def __init__(self) -> None:
        self._place: TimedEvent | None = None  # its holder's
        self._line: list[TimedEvent] = []  # the places behind it
        self._task: object = None  # its holder, as far as known
        self.moved_ms = 0
        self.has_moved = False

    def locked(self) -> bool:
        """True if it is held, or is about to be."""
        return self._place is not None

    async def acquire(self) -> "Slot":
        """Wait in line, and take it. `release` it in any case."""
        if self._task is asyncio.current_task():
            raise RuntimeError("this task holds the slot")
        place = self.queue()
        try:
            while not await place.wait():
                pass
        except BaseException:  # a CancelledError is no Exception
            self.leave(place)
            raise
        self._task = asyncio.current_task()
        return self

    def release(self) -> None:
        """Hand it to the next one in the line."""
        if self._place is not None:
            self.leave(self._place)

    def queue(self) -> TimedEvent:
        """A place in the line, to `leave` in any case. It is set when the slot is its owner's.

        For one who has to look at other things while waiting; else `acquire`.
        """
        place = TimedEvent()
        self._line.append(place)
        if self._place is None:
            self._hand_on()
        return place

    def leave(self, place: TimedEvent) -> None:
        """Give up the place, and with it the slot if it was handed to it."""
        if place is self._place:
            self._place = self._task = None
            self._hand_on()
        else:
            self._line.remove(place)

    def moved(self, sent_bytes: int = 0) -> None:
        """Bytes have moved while it is held, so it does not look stuck. Allocates nothing.

        sent_bytes is not used: it makes this a callback for progress.
        """
        self.moved_ms = time.ticks_ms()
        self.has_moved = True

    def __aenter__(self):
        return self.acquire()

    def __aexit__(self, kind, error, traceback):
        self.release()
        return _NOTHING_TO_WAIT_FOR

    def _hand_on(self) -> None:
        if self._line:
            self._place = self._line.pop(0)
            self.moved_ms = time.ticks_ms()
            self._place.set()


_NOTHING_TO_WAIT_FOR = iter(())  # an awaitable that has ended


class Requests:
    """The slot for one request.

    schedule: when which request is due. proof: the proof that Frame.io answers.
    slot: a Slot, held while a request is under way. upload_slot: the Slot held while a part is
    uploaded; the same one, unless there is memory for three tls_sessions (see Settings).
    starved: requests in a row that found no memory beside the joined socket.
    """

    def __init__(self, core: Core, schedule: Schedule, proof: Proof, tls_sessions: int) -> None:
        self._core = core
        self.proof = proof
        self.schedule = schedule
        self.slot = Slot()
        self.upload_slot = Slot() if tls_sessions > 2 else self.slot
        self.starved = 0

    async def ask(self, request):
        """Wait for the slot, and `ask_now`. Only without memory to wait it raises MemoryError."""
        async with self.slot:
            return await self.ask_now(request)

    async def ask_now(self, request):
        """Await the request (a coroutine) of the slot's holder; its result.

        Raises what the request raises: ApiError or NetError; a MemoryError becomes a NetError.
        """
        result = None
        failure: ApiError | NetError | None = None
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
