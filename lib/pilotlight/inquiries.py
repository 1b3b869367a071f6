"""What REST is asked and when, one request at a time, and what only asking can tell: the two truths that are shown.

The agent owns this; it says when things change, and is told what identity says.
"""

import asyncio
import time

from micropython import const

from .authorization import NotAuthorized
from .frameio_api import ApiError, FrameioApi, RateLimited, Unauthorized
from .iso_time import seconds_of
from .net.errors import NetError, no_memory
from .polls import Polls
from .status import DeviceStatus
from .truths import Connected, Paused

_STARVED = const(3)  # polls in a row without memory: then the socket makes room for one


class Inquiries:
    """The polls and the proofs. `run` and `watch_proof` are its tasks.

    authorization: a FixedToken or TokenKeeper. network, clock: as for Agent. slot: held while a request is under way.
    on_identity(identity): identity was answered. network_changed(): the network is not what the status says.
    note(line): for the log. show(): settle what is shown. drop_socket(): close it, for REST needs its memory. due: as for Agent.
    room: not set while the socket is to stay down for a poll.
    """

    def __init__(
        self,
        api: FrameioApi,
        authorization,
        status: DeviceStatus,
        network,
        clock,
        times,
        on_identity,
        network_changed,
        note,
        drop_socket,
        due,
    ) -> None:
        self._api = api
        self._authorization = authorization
        self._status = status
        self._network = network
        self._clock = clock
        self._times = times
        self._on_identity = on_identity
        self._network_changed = network_changed
        self._note = note
        self._drop_socket = drop_socket
        self._due = due
        self._starved = 0  # polls in a row that found no memory beside the socket
        self.room = asyncio.Event()
        self.room.set()
        self.slot = asyncio.Lock()
        self._polls = Polls(times, time.ticks_ms())
        self._connected = Connected(times)
        self._paused = Paused()
        self._ends_s: int | None = None  # when the authorization is to end, by identity's word …
        self._end_asked = False  # … and whether identity was asked then
        self._outcome = ""
        self._asked = asyncio.Event()
        self._proven = asyncio.Event()
        self._news = asyncio.Event()

    async def ask(self, request):
        """Await the request (a coroutine) in the slot; its result. Learns from what it raises: ApiError or NetError."""
        async with self.slot:
            try:
                try:
                    result = await request
                except MemoryError:
                    raise no_memory()
            except (ApiError, NetError) as error:
                self._learn_from(error)
                raise
        self._polls.answered(time.ticks_ms(), self._authorization.authorized)
        self._status.update(request_reason=None)
        self._starved = 0
        self.prove()
        return result

    def ready(self) -> bool:
        """Can a request be made now? Not without network and time, nor while Frame.io asks for patience."""
        return (
            self._status.network_up
            and self._clock.now_s() is not None
            and not self._polls.limited_ms(time.ticks_ms())
        )

    async def run(self) -> None:
        """Ask for identity, health and the HTTP heartbeat, each when it is due."""
        polls = self._polls
        while True:
            self._promise(0)
            now_ms = time.ticks_ms()
            polls.forget_old(now_ms)
            wait_ms = self._times.network_check_ms
            if self._network.is_up() != self._status.network_up:
                self._network_changed()  # nobody said so
            if self._status.network_up and self._clock.now_s() is not None:
                request, wait_ms = self._next(now_ms)
                if not wait_ms:
                    await self._try(request)
                    continue
            self._promise(wait_ms)
            try:
                await asyncio.wait_for_ms(self._news.wait(), wait_ms)
            except asyncio.TimeoutError:
                pass
            self._news.clear()

    def _promise(self, wait_ms: int) -> None:
        """To come round again after the wait, or be stuck."""
        if self._due is not None:
            self._due("inquiries", wait_ms + self._times.stuck_ms)

    async def watch_proof(self) -> None:
        """Take `connected` back when its proof is too old."""
        while True:
            left_ms = self._connected.left_ms(time.ticks_ms())
            if left_ms:
                await asyncio.sleep_ms(left_ms)
                continue
            self._proven.clear()
            self._status.update(connected=False)
            await self._proven.wait()

    def prove(self) -> None:
        """Frame.io has answered. Called for every heartbeat's reply, so it allocates nothing unless that is news."""
        now_ms = time.ticks_ms()
        self._connected.prove(now_ms)
        self._polls.probed(now_ms)
        if not self._status.connected:
            self._status.update(connected=True)
            self._proven.set()

    def hint(self, paused: bool) -> None:
        """An event said so: shown at once, and to be verified."""
        self._paused.hint(paused)
        self._status.update(paused=paused)
        self.want_identity()

    def want_identity(self, at_once: bool = False) -> None:
        """Only identity can settle what has happened. at_once: whatever its spacing, for the tokens are new."""
        self._polls.identity_wanted = True
        if at_once:
            self._polls.identity_exempt = True
        self._news.set()

    async def identity(self) -> str:
        """Ask for identity as soon as its spacing allows, and wait for what comes of it: `answered`, `refused` or `failed`."""
        self._asked.clear()
        self.want_identity()
        await self._asked.wait()
        return self._outcome

    def joined(self) -> None:
        """The channel is joined: verify, and keep the device online by it."""
        self._polls.joined()
        self.want_identity()

    def socket_ended(self) -> None:
        """A joined socket has ended: probe at once."""
        self._polls.link_ended()
        self._news.set()

    def wake(self) -> None:
        """Things have changed: look again."""
        self._news.set()

    def forget(self) -> int | None:
        """The authorization has ended, and with it all that identity said; when it was to end, in seconds since 1970."""
        ends_s, self._ends_s = self._ends_s, None
        self._paused = Paused()
        self._polls.forget()
        self._answer("failed")
        return ends_s

    def _next(self, now_ms: int):
        """(the request that is due next, in how many ms)"""
        status, polls = self._status, self._polls
        wait_ms = longest_ms = self._times.longest_sleep_ms
        request = self._ask_health
        if self._authorization.authorized:
            if self._ends_s is not None and not self._end_asked:
                left_s = self._ends_s - (self._clock.now_s() or 0)
                if left_s <= 0:
                    self._end_asked = polls.identity_wanted = True
                elif left_s < longest_ms // 1000:
                    wait_ms = longest_ms = left_s * 1000
            request = self._ask_identity
            wait_ms = polls.identity_due_ms(now_ms, status.online, longest_ms)
            if status.authorized:
                heartbeat_ms = polls.heartbeat_due_ms(now_ms, longest_ms)
                if heartbeat_ms < wait_ms:
                    request, wait_ms = self._ask_heartbeat, heartbeat_ms
        health_ms = polls.health_due_ms(now_ms, status.joined, longest_ms)
        if health_ms < wait_ms:
            request, wait_ms = self._ask_health, health_ms
        return request, wait_ms

    async def _try(self, request) -> None:
        try:
            await self.ask(request())
        except (ApiError, NetError, NotAuthorized):
            pass  # `ask` has seen to it

    async def _ask_identity(self) -> None:
        self._polls.identity_begins(time.ticks_ms())
        mark = self._paused.mark()
        outcome = "failed"
        key = self._authorization.key
        token = await self._authorization.access_token()
        try:
            if self._status.joined and self._starved >= _STARVED:
                self.room.clear()
                self._drop_socket()
            identity = await self._api.identity(token)
            if self._authorization.key != key:
                return  # of a pairing that has ended meanwhile
            self._authorization.accepted()
            self._paused.settle(mark, identity.paused)
            if self._paused.unverified:
                self._polls.identity_wanted = True
            ends_s = seconds_of(identity.expires_at)
            if ends_s != self._ends_s:
                self._ends_s, self._end_asked = ends_s, False
            self._status.update(
                authorized=True,
                paused=self._paused.value,
                project=identity.project,
                creator=identity.creator,
                expires_at=identity.expires_at,
            )
            self._on_identity(identity)
            outcome = "answered"
        except Unauthorized:
            if not self._authorization.refused(token):  # no refresh is to mend it
                self._status.update(authorized=False, authorization_reason="token_refused")
                outcome = "refused"
            raise
        finally:
            if outcome != "answered":
                self._polls.identity_wanted = True
            self._status.update(verified=True)
            self.room.set()
            self._answer(outcome)

    def _answer(self, outcome: str) -> None:
        self._outcome = outcome
        self._asked.set()

    async def _ask_health(self) -> None:
        self._polls.probed(time.ticks_ms())
        await self._api.health()

    async def _ask_heartbeat(self) -> None:
        self._polls.heartbeat_begins(time.ticks_ms())
        key = self._authorization.key
        token = await self._authorization.access_token()
        try:
            await self._api.heartbeat(token)
        except Unauthorized:
            self._polls.identity_wanted = True  # it has the say about the token
            raise
        # The socket may have come back meanwhile, or the pairing have ended.
        if self._authorization.key == key and not self._status.joined:
            self._status.update(fallback=True)

    def _learn_from(self, error) -> None:
        if isinstance(error, RateLimited):
            self._polls.rate_limited(time.ticks_ms())
        if isinstance(error, ApiError) and error.answered:
            self._polls.answered(time.ticks_ms(), self._authorization.authorized)
            self._status.update(request_reason=None)
            self.prove()
            return
        self._note("request failed: %s: %s" % (error.reason, error))
        self._starved = self._starved + 1 if self._status.joined and error.reason == "memory" else 0
        self._polls.failed()
        self._status.update(fallback=False, request_reason=error.reason)
