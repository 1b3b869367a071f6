"""The session: the life of the connection, from "no network" to a joined channel and back.

Its states and what leads from one to the next are one table. Each state is a method of Session that
does one thing and returns an outcome of the table. Nothing else changes the state, but that a lack
of memory leads to `backoff`. What fails raises an exception that says what it means; what to do
about it is decided here.

    network   wait for a network            join      join the channel
    clock     wait for a plausible time     serve     joined: stay so
    token     is there an authorization?    rejoin    the channel was lost, the socket lives
    pairing   show a code until it is used  backoff   wait before the next try
    identity  ask which device this is      refused   the token is refused: ask again and again
    connect   open the socket               unpaired  wait until pairing is asked for

The channel's topic and events are from Frame.io's guide "How to: Manage Status and State".
"""

import asyncio
import random
import time

from micropython import const

from .core import Core
from .credentials import Credentials, NotAuthorized
from .frameio_api import ApiError
from .identity import Identity
from .net.backoff import Backoff, stretched_ms
from .net.deadline import ends_within
from .net.errors import JoinRefused, LinkClosed, NetError, UpgradeRefused, no_memory
from .net.phoenix import PhoenixSocket
from .net.url_encoding import percent_encode
from .poller import Poller
from .requests import Requests

JOIN_REF = "channel_connect"
HEARTBEAT_REF = "heartbeat"
_PATH = const("/devices/websocket")
_RESTARTING = const((1012, 1013))  # close codes: service restart, try again later
_FORBIDDEN = const(403)

# state, outcome, next state; the first state is where it begins. As text it costs the device the
# least. The diagram in docs/architecture.md is generated from it.
TRANSITIONS = """
network up clock
clock set token
clock failed backoff
token known connect
token unknown identity
token refused refused
token failed backoff
token asked pairing
token none unpaired
unpaired asked network
pairing paired token
pairing ended unpaired
identity answered connect
identity refused refused
identity failed backoff
connect upgraded join
connect failed backoff
join joined serve
join refused backoff
join crashed rejoin
join lost backoff
serve closed rejoin
serve lost backoff
rejoin joined serve
rejoin failed backoff
rejoin lost backoff
backoff again network
refused answered token
refused refused refused
refused failed token
"""


def after(state: str, outcome: str) -> str:
    """The next state. Raises ValueError for an outcome that is not in the table: a bug."""
    row = "\n%s %s " % (state, outcome)
    at = TRANSITIONS.find(row)
    if at < 0:
        raise ValueError("the session knows no outcome %s of %s" % (outcome, state))
    at += len(row)
    return TRANSITIONS[at : TRANSITIONS.find("\n", at)]


def socket_target(access_token: str) -> str:
    """Path and query of the device socket. The query holds the token: never print it."""
    return _PATH + "?Authorization=Bearer%20" + percent_encode(access_token)


def paused_by(event: str, payload, status) -> bool | None:
    """What a push says about the pause: True, False, or None if it says nothing about it.

    payload: the push's text. status: the field `status` of a payload that is an object.
    """
    if event != "status_updated":
        return None
    word = status if isinstance(status, str) else payload
    return True if word == "paused" else False if word == "resumed" else None


class Session:
    """Goes through the states; writes `joined`, `link_reason` and `pairing_is_wanted`.

    `run` is its task.
    """

    def __init__(
        self,
        core: Core,
        requests: Requests,
        credentials: Credentials,
        identity: Identity,
        poller: Poller,
        phoenix: PhoenixSocket,
    ) -> None:
        self._core = core
        self._status = core.status
        self._requests = requests
        self._credentials = credentials
        self._identity = identity
        self._poller = poller
        self._phoenix = phoenix
        self._lost_by = None  # the exception for which there is no joined socket
        self._pairing = None  # the Pairing under way
        self._pairing_is_asked = not credentials.authorized  # by a restart, or by the user
        self._pairing_is_urgent = False  # the user has asked since the last wait
        self._backoff = Backoff(core.times, random.randrange)
        self._clock_is_set = False
        self._joined_ms = 0  # when the channel was last joined
        self._rejoins = 0  # on this socket, since the channel last held for a while
        self._refresh_for_403_ms = 0  # for a refused upgrade: when one was last asked for …
        self._refreshed_for_403 = False  # … if it was within refresh_for_403_ms
        self._restarts = 0  # in a row, as the server's close codes told
        self._network_is_new = False  # it has changed within network_settled_ms …
        self._network_ms = 0  # … and this was when
        self._asked_ms = 0  # when the server asked to wait before the next upgrade …
        self._asked_wait_ms = 0  # … and for how long
        self._hurried = False  # a network that came up has ended a wait …
        self._hurried_ms = 0  # … and this was when
        self._news = asyncio.Event()
        self._show_pairing()

    # What the agent calls

    async def run(self) -> None:
        """Go through the states for ever."""
        state = "network"
        while True:
            try:
                state = after(state, await getattr(self, "_at_" + state)())
            except MemoryError:
                self._lost(no_memory(), "")
                state = "backoff"  # which closes the link: that frees what it held

    async def close(self) -> None:
        """The agent has ended: close the link, if there is one."""
        await self._phoenix.close()

    def end(self) -> None:
        """The agent has ended: nothing is joined any more."""
        self._status.update(joined=False)

    def network_changed(self, up: bool) -> None:
        """The network has come up, gone or become another one: what waits tries at once, once."""
        now_ms = time.ticks_ms()
        self._network_is_new = True
        self._network_ms = now_ms
        if not up:
            return
        self._phoenix.check_link()
        # A network that comes and goes must not multiply the tries.
        if not self._hurried or self._is_over(self._hurried_ms):
            self._hurried = True
            self._hurried_ms = now_ms
            self._news.set()

    def start_pairing(self) -> None:
        """The user asks for a code."""
        if self._pairing is None or self._pairing.cancelled:
            self._pairing_is_asked = self._pairing_is_urgent = True
            self._show_pairing()
            self._news.set()

    def cancel_pairing(self) -> None:
        """The user wants no code any more."""
        self._pairing_is_asked = False
        if self._pairing is not None:
            self._credentials.pairing_ended("cancelled")
            self._pairing.cancel()
        self._show_pairing()

    # What the tokens tell

    def tokens_renewed(self) -> None:
        """There are new tokens: what waits tries them at once. The live socket stays."""
        self._poller.want_identity(at_once=True)
        self._news.set()

    def tokens_ended(self) -> None:
        """There are no tokens any more."""
        if self._status.joined:
            self._poller.link_ended(False)
        text = "the authorization has ended"
        self._phoenix.abandon(LinkClosed(1006, text, self._credentials.reason))
        self._status.update(joined=False)
        self._identity.forget()
        self._poller.forget()
        self._news.set()

    # The states

    async def _at_network(self) -> str:
        self._core.check_network()
        while not self._status.network_up:
            await self._wait(self._core.times.network_check_ms)
            self._core.check_network()
        return "up"

    async def _at_clock(self) -> str:
        # Each time: here the clock may ask NTP again, for there is no link to lose.
        self._clock_is_set = False
        await ends_within(self._set_clock(), self._core.times.clock_ms)
        if self._clock_is_set:
            return "set"
        text = "the time is not known, so no certificate can be checked"
        return self._lost(NetError("clock", text), "failed")

    async def _at_token(self) -> str:
        credentials = self._credentials
        if not credentials.authorized:
            return "asked" if self._pairing_is_asked else "none"
        if not self._status.authorized:
            return "refused"
        try:
            await credentials.renew_if_expired()
        except (NetError, ApiError, NotAuthorized) as error:
            return self._lost(error, "failed")
        return "known" if self._identity.device_id else "unknown"

    async def _at_unpaired(self) -> str:
        while not self._pairing_is_asked:
            await self._news.wait()
            self._news.clear()
        return "asked"

    async def _at_pairing(self) -> str:
        credentials = self._credentials
        self._lost_by = None  # it belongs to the time before the pairing
        self._status.update(link_reason=None)
        self._pairing_is_asked = False
        try:
            self._pairing = pairing = self._new_pairing()
            await pairing.run()
            return "paired"
        except MemoryError:
            # Nobody has ended the pairing: it begins again after the backoff.
            is_cancelled = self._pairing is not None and self._pairing.cancelled
            self._pairing_is_asked = not credentials.authorized and not is_cancelled
            raise
        except NotAuthorized as error:
            credentials.pairing_ended(error.reason)
            self._core.log("not paired: %s" % error)
            return "ended"
        finally:
            self._pairing = None
            self._show_pairing()

    async def _at_identity(self) -> str:
        return await self._poller.identity_outcome()

    _at_refused = _at_identity

    async def _at_connect(self) -> str:
        token = ""
        key = self._credentials.key
        await self._wait_as_asked()
        try:
            token = await self._credentials.access_token()
            await self._phoenix.open(socket_target(token))
        except (NetError, NotAuthorized) as error:
            if isinstance(error, UpgradeRefused):
                self._upgrade_refused(token, error.status)
            return self._lost(error, "failed")
        if self._credentials.key != key:
            text = "the authorization has ended"
            return self._lost(LinkClosed(1006, text, "closed"), "failed")
        self._rejoins = 0
        return "upgraded"

    async def _at_join(self) -> str:
        try:
            return await self._join()
        except JoinRefused as error:
            if "crashed" in error.answer:
                return self._lost(error, "crashed")
            self._poller.want_identity()  # only identity can say that it is another device
            return self._lost(error, "refused")
        except NetError as error:
            return self._lost(error, "lost")

    async def _at_serve(self) -> str:
        try:
            await self._phoenix.serve()
        except NetError as error:
            self._has_served()
            if isinstance(error, LinkClosed) and error.reason == "closed":
                self._backoff.raise_to(self._core.times.backoff_dropped_ms)
            return self._lost(error, "lost")
        text = "the server has ended the channel"
        # Just after a rejoin it may be the channel before that has ended: a second join of a live
        # channel is answered first, then the old one is closed. Which one lives can't be told.
        age_ms = time.ticks_diff(time.ticks_ms(), self._joined_ms)
        is_stray = self._rejoins > 0 and 0 <= age_ms < self._core.times.stray_close_ms
        outcome = "lost" if is_stray else "closed"
        self._has_served()
        return self._lost(LinkClosed(1005, text, "channel_lost"), outcome)

    async def _at_rejoin(self) -> str:
        # The waits go on from loss to loss: a server that accepts every join and then drops the
        # channel gets a new socket too.
        times = self._core.times
        while self._rejoins < len(times.rejoin_ms):
            wait_ms = times.rejoin_ms[self._rejoins]
            spread_ms = wait_ms * times.rejoin_percent // 100
            wait_ms += random.randrange(-spread_ms, spread_ms + 1)
            self._rejoins += 1
            try:
                await self._phoenix.pause(wait_ms)
                return await self._join()
            except JoinRefused as error:
                self._lost(error, "")
            except NetError as error:
                return self._lost(error, "lost")
        return "failed"

    async def _at_backoff(self) -> str:
        self._news.clear()
        await self._phoenix.close()
        await self._poller.room.wait()
        is_urgent, self._pairing_is_urgent = self._pairing_is_urgent, False
        if is_urgent and not self._credentials.authorized:
            return "again"
        await self._wait(self._backoff_ms())
        return "again"

    def _backoff_ms(self) -> int:
        """How long to wait before the next try, after what has happened."""
        lost_by, times = self._lost_by, self._core.times
        if self._network_is_new and self._is_over(self._network_ms):
            self._network_is_new = False
            self._backoff.reset()
        if isinstance(lost_by, LinkClosed) and lost_by.code in _RESTARTING:
            wait_ms = random.randrange(times.restart_low_ms, times.restart_high_ms + 1)
            wait_ms = max(wait_ms, min(wait_ms << self._restarts, times.backoff_cap_ms))
            self._restarts = min(self._restarts + 1, 4)
            return wait_ms
        if isinstance(lost_by, NetError) and lost_by.wait_ms is not None:
            return lost_by.wait_ms  # no look-up is made before
        wait_ms = self._backoff.next_ms()
        if isinstance(lost_by, UpgradeRefused) and lost_by.retry_after_ms:
            asked_ms = lost_by.retry_after_ms
            wait_ms = stretched_ms(asked_ms, times.retry_after_cap_ms, random.randrange)
            self._asked_ms = time.ticks_ms()
            self._asked_wait_ms = wait_ms
        return wait_ms

    # What the states share

    async def _set_clock(self) -> None:
        self._clock_is_set = await self._core.clock.ensure_set()

    def _new_pairing(self):
        from .pairing import Pairing  # only now: a paired device needs none of it

        tokens = self._credentials
        return Pairing(self._core, self._requests, tokens)  # type: ignore[arg-type]  # no fixed one

    async def _join(self) -> str:
        topic = "devices:" + (self._identity.device_id or "")
        await self._phoenix.join(topic, self._pushed)
        self._core.log("joined")
        self._joined_ms = time.ticks_ms()
        self._lost_by = None
        self._status.update(joined=True, link_reason=None)
        self._poller.joined()
        return "joined"

    def _pushed(self, event: str, payload, status) -> None:
        paused = paused_by(event, payload, status)
        if paused is not None:
            self._identity.hint(paused)
            self._poller.want_identity()

    def _lost(self, error, outcome: str) -> str:
        """There is no joined socket, and `error` is why. Returns the outcome."""
        if self._status.joined:
            is_dead = error.reason == "no_reply"
            self._poller.link_ended(is_dead or not self._status.network_up)
            if is_dead:
                # It was found so late that Frame.io must have answered REST since.
                self._requests.proof.end_if_older(self._core.times.reply_ms)
        self._lost_by = error
        self._core.log("%s: %s" % (error.reason, error))
        self._status.update(joined=False, link_reason=error.reason)
        return outcome

    def _upgrade_refused(self, token: str, status: int) -> None:
        """Anything between here and Frame.io may have refused it: identity has the last word."""
        if self._credentials.has_replaced(token):
            self._backoff.reset()  # it was refreshed meanwhile: the new one is tried soon
            return
        may_refresh = status == _FORBIDDEN and self._may_refresh_for_403()
        if may_refresh and self._credentials.request_refresh():
            self._refreshed_for_403 = True  # identity follows each refresh
            self._refresh_for_403_ms = time.ticks_ms()
            return
        self._poller.want_identity()

    def _may_refresh_for_403(self) -> bool:
        """At most one refresh an hour: a proxy that refuses upgrades would cause one each time."""
        if self._refreshed_for_403:
            age_ms = time.ticks_diff(time.ticks_ms(), self._refresh_for_403_ms)
            self._refreshed_for_403 = 0 <= age_ms < self._core.times.refresh_for_403_ms
        return not self._refreshed_for_403

    def _has_served(self) -> None:
        """The channel was served. After an answered heartbeat the waits begin at their base."""
        if self._phoenix.has_beaten:
            self._backoff.reset()
            self._restarts = 0
        if self._is_over(self._joined_ms):
            self._rejoins = 0  # the channel has held for a while, not only the socket

    def _is_over(self, then_ms: int) -> bool:
        """What has changed at that time has lasted for a while."""
        age_ms = time.ticks_diff(time.ticks_ms(), then_ms)
        return not 0 <= age_ms < self._core.times.network_settled_ms

    async def _wait_as_asked(self) -> None:
        """Wait for the rest of what the server has asked for, whatever has ended the backoff."""
        while self._asked_wait_ms and self._credentials.authorized:
            left_ms = self._asked_wait_ms - time.ticks_diff(time.ticks_ms(), self._asked_ms)
            if not 0 < left_ms <= self._asked_wait_ms:
                self._asked_wait_ms = 0
                return
            await self._wait(left_ms)

    def _show_pairing(self) -> None:
        is_under_way = self._pairing is not None and not self._pairing.cancelled
        self._status.update(pairing_is_wanted=self._pairing_is_asked or is_under_way)

    async def _wait(self, wait_ms: int) -> None:
        """Wait for news, at most so long."""
        await ends_within(self._news.wait(), wait_ms)
        self._news.clear()
