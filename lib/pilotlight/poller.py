"""The poller: asks identity, health and the HTTP heartbeat over REST, each when it is due."""

import time

from micropython import const

from .credentials import NotAuthorized
from .frameio_api import ApiError, Unauthorized
from .net.deadline import TimedEvent
from .net.errors import NetError
from .times import Recent

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .credentials import Credentials
    from .frameio_api import FrameioApi
    from .identity import Identity
    from .link import Link
    from .requests import Requests

_STARVED = const(3)  # so many polls without memory in a row: then the socket makes room for one


class Poller:
    """Asks what is due, and writes `fallback`. `run` is its task.

    room: an event that is not set while the socket must stay down, because a poll needs its memory.
    """

    def __init__(
        self,
        core: Core,
        requests: Requests,
        api: FrameioApi,
        credentials: Credentials,
        identity: Identity,
        link: Link,
    ) -> None:
        self._core = core
        self._requests = requests
        self._schedule = requests.schedule
        self._api = api
        self._credentials = credentials
        self._identity = identity
        self._link = link
        self._heartbeat_ms = 0  # when an HTTP heartbeat was last answered with 204
        self._outcome = ""
        self._identity_settled = TimedEvent()
        self._news = TimedEvent()
        self._room_made = Recent()
        self._read_for_join = Recent()
        self.room = TimedEvent()
        self.room.set()

    async def run(self) -> None:
        """Ask what is due, for ever."""
        core, schedule = self._core, self._schedule
        while True:
            core.check_in("poller", core.times.stuck_ms)
            now_ms = time.ticks_ms()
            schedule.forget_old(now_ms)
            wait_ms = core.times.network_check_ms
            core.check_network()
            self._expire(now_ms)
            if core.status.network_up and core.clock.now_s() is not None:
                wait_ms = self._next(now_ms)[1]
                if not wait_ms:
                    await self._ask_next()
                    continue
            elif core.status.network_up:
                self._settle("failed")  # only the session can set the clock
            core.check_in("poller", wait_ms + core.times.stuck_ms)
            await self._news.wait(wait_ms)
            self._news.clear()

    def wake(self) -> None:
        """Something has changed: look again what is due."""
        self._news.set()

    def want_identity(self, at_once: bool = False) -> None:
        """Ask identity as soon as its spacing allows.

        at_once: without spacing, because the tokens are new.
        """
        self._schedule.want_identity(at_once)
        self._news.set()

    async def identity_outcome(self) -> str:
        """Ask identity as soon as its spacing allows, and wait for what comes of it.

        `answered`, `refused` (the token; no refresh will help) or `failed` (also if the time is not
        known).
        """
        self._identity_settled.clear()
        self.want_identity()
        while not await self._identity_settled.wait():
            pass
        return self._outcome

    def joined(self) -> None:
        """The channel is joined: it keeps the device online, and identity must verify the pause.

        Also if identity has answered while the socket was down, because an event after that is
        lost; but not if the socket was down for that: beside it identity can't be asked.
        """
        self._schedule.joined()
        self._core.status.update(fallback=False)
        now_ms = time.ticks_ms()
        if not self._identity.is_confirmed or not self._read_for_join.left_ms(now_ms):
            self._identity.doubt(now_ms)
            self.want_identity()

    def link_ended(self, at_once: bool) -> None:
        """A joined socket has ended. at_once: ask health now, not within some seconds."""
        now_ms = time.ticks_ms()
        self._schedule.link_ended(now_ms, at_once)
        if self.room.is_set:  # else the poll that has made room knows it
            self._identity.doubt(now_ms)
        self._news.set()

    def forget(self) -> None:
        """The authorization or the agent has ended: nothing is due that needs a token."""
        self._schedule.forget()
        self._settle("failed")
        self._core.status.update(fallback=False)

    def _next(self, now_ms: int):
        """(the request that is due next, in how many ms)"""
        status, schedule = self._core.status, self._schedule
        identity = self._identity
        longest_ms = self._core.times.longest_sleep_ms
        longest_ms = identity.paused_left_ms(now_ms, longest_ms)
        if status.fallback:
            longest_ms = min(longest_ms, self._fallback_left_ms(now_ms))
        wait_ms = longest_ms
        request = self._ask_health
        connects = status.authorized and identity.device_id is not None
        connects = connects and not self._credentials.is_awaited
        if self._credentials.authorized:
            ends_in_s = identity.ends_in_s()
            if ends_in_s is not None:
                if not ends_in_s:
                    schedule.want_identity()
                elif ends_in_s < longest_ms // 1000:
                    wait_ms = longest_ms = ends_in_s * 1000
            # While tries to connect run and nothing answers, identity would be one more of them.
            is_tried = status.joined or status.connected or not connects
            if is_tried or schedule.tokens_are_new:
                request = self._ask_identity
                wait_ms = schedule.identity_due_ms(now_ms, status.online, longest_ms)
            heartbeat_ms = schedule.heartbeat_due_ms(now_ms, status, longest_ms)
            if heartbeat_ms < wait_ms:
                request, wait_ms = self._ask_heartbeat, heartbeat_ms
        health_ms = schedule.health_due_ms(now_ms, status, connects, longest_ms)
        if health_ms < wait_ms:
            request, wait_ms = self._ask_health, health_ms
        return request, wait_ms

    def _expire(self, now_ms: int) -> None:
        """Take back what has been shown for too long without a confirmation."""
        if self._core.status.fallback and not self._fallback_left_ms(now_ms):
            self._end_fallback()
        if not self._identity.paused_left_ms(now_ms, 1):
            self._identity.forget_paused()

    async def _ask_next(self) -> None:
        """Wait for the slot, however long a part is uploaded, and ask what is due then."""
        core, requests, identity = self._core, self._requests, self._identity
        times, slot = core.times, requests.slot
        place = slot.queue()
        try:
            while not place.is_set:
                now_ms = time.ticks_ms()
                left_ms = times.stuck_ms - time.ticks_diff(now_ms, slot.moved_ms)
                if left_ms > 0:  # else its holder looks stuck
                    core.check_in("poller", left_ms + times.proof_check_ms)
                wait_ms = identity.paused_left_ms(now_ms, times.proof_check_ms)
                if not await place.wait(max(1, wait_ms)):
                    self._expire(time.ticks_ms())
                    if core.status.paused is None:
                        identity.failed()  # it can't be asked
            core.check_in("poller", times.stuck_ms)
            if requests.ready():
                # Meanwhile another request may have become due, or none.
                request, wait_ms = self._next(time.ticks_ms())
                if not wait_ms:
                    await requests.ask_now(request())
        except (ApiError, NetError, NotAuthorized):
            pass  # `ask_now` has learned from it
        finally:
            slot.leave(place)

    async def _ask_identity(self) -> None:
        self._schedule.identity_begins()
        outcome = "failed"
        counts = True
        key = self._credentials.key
        token = ""
        try:
            token = await self._credentials.access_token()
            self._make_room()
            hints = self._identity.begin()
            answer = await self._api.identity(token)
            if self._credentials.key != key:
                return  # of a pairing that has ended meanwhile
            self._credentials.accepted()
            if self._identity.device_id not in (None, answer.id):
                self._link.abandon("device_changed", "the device has another id now")
            self._identity.learn(answer, hints)
            outcome = "answered"
        except Unauthorized:
            if not self._credentials.refused(token):
                outcome = "refused"
            raise
        except NetError as error:
            counts = self._api.http.sent or error.reason == "memory"  # else it was not sent
            raise
        finally:
            # First what needs no memory: the session waits for it.
            answered = outcome == "answered"
            unknown = self._core.status.paused is None
            now_ms = time.ticks_ms()
            self._schedule.identity_ends(now_ms, answered, counts, unknown)
            if answered and self._identity.is_hinted:
                self._schedule.want_identity()
            if answered and not self.room.is_set:
                self._read_for_join.happened(now_ms, self._core.times.total_ms)
            self.room.set()
            self._settle(outcome)
            if not answered:
                self._identity.failed()

    def _make_room(self) -> None:
        """After a few requests without memory, the socket makes room for this one.

        It costs the link, so it does not happen again for an hour; for ten minutes if it is not
        known whether the device is paused, because the light waits for that.
        """
        now_ms, times = time.ticks_ms(), self._core.times
        made_lately = self._room_made.left_ms(now_ms)
        if self._core.status.paused is None:
            made_lately = made_lately > times.room_spacing_ms - times.room_unknown_ms
        if made_lately or not self._core.status.joined or self._requests.starved < _STARVED:
            return
        self._room_made.happened(now_ms, times.room_spacing_ms)
        self.room.clear()
        self._link.abandon("memory", "a request needs its memory")
        self._identity.doubt(now_ms)

    def _settle(self, outcome: str) -> None:
        self._outcome = outcome
        self._identity_settled.set()

    async def _ask_health(self) -> None:
        self._schedule.health_begins(time.ticks_ms())
        try:
            await self._api.health()
        except (ApiError, NetError) as error:
            # Without an authorization nothing else asks, so a proof lasts until here.
            is_answer = isinstance(error, ApiError) and error.answered
            if not self._core.status.authorized and not is_answer:
                self._requests.proof.end()
            raise

    async def _ask_heartbeat(self) -> None:
        status = self._core.status
        self._schedule.heartbeat_begins(time.ticks_ms())
        key = self._credentials.key
        token = await self._credentials.access_token()
        try:
            await self._api.heartbeat(token)
        except ApiError as error:  # without an answer, the one before still counts
            self._end_fallback()
            if isinstance(error, Unauthorized):
                self._schedule.want_identity()  # identity decides about the token
            raise
        # The socket may have come back meanwhile, or the pairing have ended.
        if self._credentials.key == key and not status.joined:
            self._heartbeat_ms = time.ticks_ms()
            status.update(fallback=True)

    def _end_fallback(self) -> None:
        self._core.status.update(fallback=False)
        if self._core.status.authorized:  # else a proof is good until a probe fails
            self._requests.proof.end_if_older(self._core.times.proof_ms)

    def _fallback_left_ms(self, now_ms: int) -> int:
        """How long the last HTTP heartbeat still keeps the device online."""
        age_ms = time.ticks_diff(now_ms, self._heartbeat_ms)
        return max(0, self._core.times.fallback_good_ms - age_ms)
