"""The session: the life of the connection, from "no network" to a joined channel and back.

Each state is a method of Session that does one thing and returns the method of the state that
follows. Nothing else changes the state, but that a lack of memory leads to `backoff`. What fails
raises an exception that says what it means; what to do about it is decided here.

    network   wait for a network            join      join the channel
    clock     wait for a plausible time     serve     joined: stay so
    token     is there an authorization?    rejoin    the channel was lost, the socket lives
    pairing   show a code until it is used  backoff   wait before the next try
    identity  ask which device this is      refused   the token is refused: ask again and again
    connect   open the socket               unpaired  wait until pairing is asked for

What leads where, from the first state on (a test compares it with the methods):

    network   up → clock
    clock     set → token, failed → backoff
    token     known → connect, unknown → identity, refused → refused, failed → backoff,
              asked → pairing, none → unpaired
    unpaired  asked → network
    pairing   paired → token, ended → unpaired, failed → backoff
    identity  answered → connect, refused → refused, failed → backoff
    connect   upgraded → join, failed → backoff
    join      joined → serve, refused → backoff, crashed → rejoin, lost → backoff
    serve     closed → rejoin, lost → backoff
    rejoin    joined → serve, failed → backoff, lost → backoff
    backoff   again → network
    refused   answered → token, refused → refused, failed → network

The channel's topic and events are from Frame.io's guide "How to: Manage Status and State".
"""

import time

from micropython import const

from .credentials import NotAuthorized
from .frameio_api import ApiError, socket_target
from .net.deadline import TimedEvent
from .net.errors import JoinRefused, LinkClosed, NetError, UpgradeRefused, no_memory
from .reconnect import Reconnect

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .credentials import Credentials
    from .identity import Identity
    from .link import Link
    from .poller import Poller
    from .requests import Requests


def paused_by(event: str, payload, status) -> bool | None:
    """True, False, or None if this push is not about the pause. Its word may be in an object."""
    word = status if isinstance(status, str) else payload
    if event != "status_updated" or word not in ("paused", "resumed"):
        return None
    return word == "paused"


class Session:
    """Goes through the states; writes `joined` and `link_reason`. `run` is its task."""

    def __init__(
        self,
        core: Core,
        requests: Requests,
        credentials: Credentials,
        identity: Identity,
        poller: Poller,
        link: Link,
    ) -> None:
        self._core = core
        self._status = core.status
        self._requests = requests
        self._credentials = credentials
        self._identity = identity
        self._poller = poller
        self._link = link
        self._state = self._at_network  # the state in which `run` goes on
        self._lost_by = None  # the exception for which there is no joined socket
        self._pairing = None  # the PairingRequest, from the wish for a code to its end
        self._reconnect = Reconnect(core.times)
        self._news = TimedEvent()
        if not credentials.authorized:
            self._pairing_request().start(is_urgent=False)  # a restart asks for a code

    # What others call

    async def run(self) -> None:
        """Go through the states for ever.

        After a MemoryError call it again: it goes on with the backoff, which closes the link.
        """
        while True:
            state, self._state = self._state, self._at_backoff
            try:
                self._state = await state()
            except MemoryError:
                self._lost(no_memory())
                raise

    def end(self) -> None:
        """The agent has ended: nothing is joined any more."""
        self._status.update(joined=False)

    def network_changed(self, up: bool) -> bool:
        """The network has come up, gone or become another one. True: what waits tries at once."""
        is_urgent = self._reconnect.network_changed(up, time.ticks_ms())
        if is_urgent:
            self._news.set()
        if up:
            self._link.check()
        return is_urgent

    def start_pairing(self) -> None:
        """The user asks for a code."""
        if self._pairing_request().start(is_urgent=True):
            self._news.set()

    def cancel_pairing(self) -> None:
        """The user wants no code any more."""
        if self._pairing is not None:
            self._pairing.cancel()

    def tokens_changed(self) -> None:
        """The tokens are new, so what waits tries at once; or they have ended.

        New tokens leave the live socket alone.
        """
        self._news.set()
        if self._credentials.authorized:
            now_ms = time.ticks_ms()
            refreshed = self._reconnect.refreshed_for_403
            if refreshed.left_ms(now_ms):  # it may have waited for long
                refreshed.happened(now_ms, self._core.times.refresh_for_403_ms)
            self._poller.want_identity(at_once=True)
            return
        if self._status.joined:
            self._poller.link_ended(False)
        self._link.abandon(self._credentials.reason, "the authorization has ended")
        self._status.update(joined=False)
        self._identity.forget()
        self._poller.forget()

    # The states

    async def _at_network(self):
        self._core.check_network()
        while not self._status.network_up:
            await self._wait(self._core.times.network_check_ms)
            self._core.check_network()
        return self._at_clock

    async def _at_clock(self):
        # Each time: here the clock may ask NTP again, because there is no link to lose.
        if await self._core.set_clock():
            return self._at_token
        return self._lost(NetError("clock", "the time is not known"))

    async def _at_token(self):
        credentials = self._credentials
        if not credentials.authorized:
            return self._at_pairing if self._is_asked() else self._at_unpaired
        self._pairing = None
        self._core.unload("pairing_request")
        if not self._status.authorized:
            return self._at_refused
        try:
            await credentials.renew_if_expired()
        except (NetError, ApiError, NotAuthorized) as error:
            return self._lost(error)
        return self._at_connect if self._identity.device_id else self._at_identity

    async def _at_unpaired(self):
        while not self._is_asked():
            await self._news.wait()
            self._news.clear()
        return self._at_network

    async def _at_pairing(self):
        self._lost_by = None  # it belongs to the time before the pairing
        self._status.update(link_reason=None)
        try:
            is_paired = await self._pairing_request().run()
            return self._at_token if is_paired else self._at_unpaired
        except NetError as error:
            return self._lost(error)

    async def _at_identity(self):
        return await self._ask_identity(self._at_connect, self._at_backoff)

    async def _at_refused(self):
        return await self._ask_identity(self._at_token, self._at_network)

    async def _at_connect(self):
        token = ""
        key = self._credentials.key
        asked = self._reconnect.asked  # by the server: that holds, whatever ended the backoff
        while self._credentials.authorized and asked.left_ms(time.ticks_ms()):
            await self._wait(asked.left_ms(time.ticks_ms()))
        try:
            token = await self._credentials.access_token()
            await self._link.open(socket_target(token))
        except (NetError, NotAuthorized) as error:
            if isinstance(error, UpgradeRefused):
                self._upgrade_refused(token, error)
            return self._lost(error)
        if self._credentials.key != key:
            return self._lost(LinkClosed(1006, "the authorization has ended"))
        self._reconnect.upgraded()
        return self._at_join

    async def _at_join(self):
        try:
            return await self._join()
        except JoinRefused as error:
            self._lost(error)
            if "crashed" in error.answer:
                return self._at_rejoin
            self._poller.want_identity()  # only identity can say that it is another device
        except NetError as error:
            self._lost(error)
        return self._at_backoff

    async def _at_serve(self):
        try:
            await self._link.phoenix.serve()
        except NetError as error:
            self._reconnect.served(error, self._link.phoenix.has_beaten, time.ticks_ms())
            return self._lost(error)
        now_ms = time.ticks_ms()
        is_stray = self._reconnect.was_stray(now_ms)
        lost_by = LinkClosed(1005, "the server has ended the channel", "channel_lost")
        self._reconnect.served(lost_by, self._link.phoenix.has_beaten or is_stray, now_ms)
        self._lost(lost_by)
        return self._at_backoff if is_stray else self._at_rejoin

    async def _at_rejoin(self):
        while True:
            wait_ms = self._reconnect.rejoin_ms()
            if wait_ms is None:
                return self._at_backoff
            try:
                await self._link.phoenix.pause(wait_ms)
                return await self._join()
            except JoinRefused as error:
                self._lost(error)
            except NetError as error:
                return self._lost(error)

    async def _at_backoff(self):
        self._news.clear()
        await self._link.close()
        if self._status.joined:  # there was no memory to say so
            self._lost(no_memory())
        is_urgent = self._pairing is not None and self._pairing.take_urgent()
        while not await self._poller.room.wait():
            pass
        if not is_urgent:
            await self._wait(self._reconnect.backoff_ms(self._lost_by, time.ticks_ms()))
        return self._at_network

    # What the states share

    def _pairing_request(self):
        if self._pairing is None:
            from .pairing_request import PairingRequest  # only now: a paired device needs none

            request = PairingRequest(self._core, self._requests, self._credentials)
            self._pairing = request  # type: ignore[assignment]  # its type is not loaded before
        return self._pairing

    def _is_asked(self) -> bool:
        return self._pairing is not None and self._pairing.is_asked

    async def _ask_identity(self, answered, failed):
        """Ask identity; the next state. answered, failed: the states that these lead to."""
        outcome = await self._poller.identity_outcome()
        # Health may answer meanwhile, so it is kept why identity does not.
        self._status.update(link_reason=self._status.request_reason)
        if outcome == "refused":
            return self._at_refused
        return answered if outcome == "answered" else failed

    async def _join(self):
        await self._link.phoenix.join("devices:" + (self._identity.device_id or ""), self._pushed)
        if self._reconnect.is_doubtful:
            await self._link.phoenix.settle()
        self._core.log("joined")
        self._reconnect.joined(time.ticks_ms())
        self._lost_by = None
        self._status.update(joined=True, link_reason=None)
        self._poller.joined()
        return self._at_serve

    def _pushed(self, event: str, payload, status) -> None:
        paused = paused_by(event, payload, status)
        if paused is not None:
            self._identity.hint(paused)
        if event in ("", "status_updated"):  # also about what could not be understood
            self._poller.want_identity()

    def _lost(self, error):
        """There is no joined socket, and `error` is why. Returns the state `backoff`."""
        if self._status.joined:
            is_dead = error.reason == "no_reply"
            self._poller.link_ended(is_dead or not self._status.network_up)
            if is_dead:
                # It was found so late that Frame.io must have answered REST since.
                self._requests.proof.end_if_older(self._core.times.reply_ms)
        self._lost_by = error
        self._core.log("%s: %s" % (error.reason, error))
        self._status.update(joined=False, link_reason=error.reason)
        return self._at_backoff

    def _upgrade_refused(self, token: str, error: UpgradeRefused) -> None:
        """Anything between here and Frame.io may have refused it: identity has the last word."""
        now_ms = time.ticks_ms()
        may_refresh = error.status == 403 and not self._reconnect.refreshed_for_403.left_ms(now_ms)
        if self._credentials.has_replaced(token):
            self._reconnect.reset()  # it was refreshed meanwhile: the new one is tried soon
        elif may_refresh and self._credentials.request_refresh():  # identity follows each refresh
            self._reconnect.refreshed_for_403.happened(now_ms, self._core.times.refresh_for_403_ms)
        elif not error.is_busy:
            self._poller.want_identity()

    async def _wait(self, wait_ms: int) -> None:
        """Wait for news, at most so long."""
        await self._news.wait(wait_ms)
        self._news.clear()
