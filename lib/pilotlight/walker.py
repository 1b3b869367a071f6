"""The walk to a joined socket and back: a method for each state of `walk.py`, which does one thing and answers with the outcome.

What fails raises an exception that says what it means; what to do about it is decided here.
"""

import asyncio
import random

from micropython import const

from .authorization import NotAuthorized
from .device_channel import socket_target, topic
from .frameio_api import ApiError
from .net.backoff import Backoff
from .net.deadline import ends_within
from .net.errors import JoinRefused, LinkClosed, NetError, UpgradeRefused, no_memory
from .walk import after

_RESTARTING = const((1012, 1013))  # close codes: service restart, try again later
_FORBIDDEN = const(403)


class Walker:
    """Walks. The parts are the agent's.

    on_push: for the device's channel, see PhoenixSocket.join.
    keeper: the authorization, if it is a TokenKeeper, or None. make_pairing(): a new Pairing.
    device_id: the device's id at Frame.io, or None if it has to be asked for.
    lost_by: the exception for which there is no joined socket (its `reason` is shown), or None.
    pairing: the Pairing under way, or None.
    """

    def __init__(
        self,
        phoenix,
        on_push,
        authorization,
        keeper,
        make_pairing,
        inquiries,
        status,
        network,
        clock,
        times,
        note,
    ) -> None:
        self._phoenix = phoenix
        self._on_push = on_push
        self._authorization = authorization
        self._keeper = keeper
        self._make_pairing = make_pairing
        self._inquiries = inquiries
        self._status = status
        self._network = network
        self._clock = clock
        self._times = times
        self._note = note
        self.device_id: str | None = None
        self.lost_by = None
        self.pairing = None
        self._pairing_asked = not authorization.authorized  # by a restart, or by the user
        self._pairing_hurries = False  # the user has asked since the last wait
        self._backoff = Backoff(times, random.randrange)
        self._rejoins = 0  # on this socket, since the channel last held for a while
        self._forbidden = (
            False  # the upgrade was refused with 403, and a refresh was asked for because of it
        )
        self._news = asyncio.Event()

    def network_changed(self, up: bool) -> None:
        """The network has come up, gone, or become another one: what waits tries at once."""
        if up:
            self._backoff.reset()
        self._news.set()

    @property
    def pairs(self) -> bool:
        """A code is shown, or will be as soon as there is one."""
        return self._pairing_asked or (self.pairing is not None and not self.pairing.cancelled)

    def start_pairing(self) -> None:
        """The user asks for a code."""
        if self.pairing is None or self.pairing.cancelled:
            self._pairing_asked = self._pairing_hurries = True
            self._status.update(pairing_is_wanted=True)
            self._news.set()

    def cancel_pairing(self) -> None:
        """The user wants no code any more."""
        self._pairing_asked = False
        if self.pairing is not None:
            self._authorization.reason = "cancelled"
            self.pairing.cancel()
        self._tell_pairing()

    def tokens_renewed(self) -> None:
        """There are new tokens: what waits tries them at once."""
        self._news.set()

    def authorization_ended(self) -> None:
        """There are no tokens any more."""
        self.device_id = None
        self._news.set()

    async def run(self) -> None:
        """Walk for ever."""
        state = "network"
        while True:
            try:
                state = after(state, await getattr(self, "_at_" + state)())
            except MemoryError:
                self._lost(no_memory(), "")
                state = "backoff"  # which closes the link: that frees what it held

    async def _at_network(self) -> str:
        while not self._network.is_up():
            reason = getattr(self._network, "reason", None)
            self._status.update(network_up=False, network_reason=reason)
            await _wait(self._news, self._times.network_check_ms)
        self._status.update(network_up=True)
        self._inquiries.wake()
        return "up"

    async def _at_clock(self) -> str:
        if (
            await self._clock.ensure_set()
        ):  # each time: here it may ask NTP again, for there is no link to lose
            return "set"
        return self._lost(
            NetError("clock", "the time is not known, so no certificate can be checked"), "failed"
        )

    async def _at_token(self) -> str:
        keeper = self._keeper
        if not self._authorization.authorized:
            return "asked" if self._pairing_asked else "none"
        if not self._status.authorized:
            return "refused"
        if keeper is not None and keeper.expired():
            try:
                await keeper.renewal()
            except (NetError, ApiError, NotAuthorized) as error:
                return self._lost(error, "failed")
        return "known" if self.device_id else "unknown"

    async def _at_unpaired(self) -> str:
        while not self._pairing_asked:
            await self._news.wait()
            self._news.clear()
        return "asked"

    async def _at_pairing(self) -> str:
        self._pairing_asked = False
        self.lost_by = None  # it belongs to the pairing before
        self._status.update(link_reason=None)
        try:
            self.pairing = pairing = self._make_pairing()
            await pairing.run()
            return "paired"
        except MemoryError:
            # Not ended by anybody's word: it begins anew after the backoff.
            self._pairing_asked = not self._authorization.authorized and (
                self.pairing is None or not self.pairing.cancelled
            )
            raise
        except NotAuthorized as error:
            self._authorization.reason = error.reason
            self._note("not paired: %s" % error)
            return "ended"
        finally:
            self.pairing = None
            self._tell_pairing()

    async def _at_identity(self) -> str:
        return await self._inquiries.identity()

    async def _at_refused(self) -> str:
        return await self._inquiries.identity()

    async def _at_connect(self) -> str:
        token = ""
        key = self._authorization.key
        try:
            token = await self._authorization.access_token()
            await self._phoenix.open(socket_target(token))
        except (NetError, NotAuthorized) as error:
            if isinstance(error, UpgradeRefused):
                self._doubt(token, error.status)
            return self._lost(error, "failed")
        if self._authorization.key != key:
            return self._lost(LinkClosed(1006, "the authorization has ended", "closed"), "failed")
        self._rejoins = 0
        self._forbidden = False
        self._inquiries.prove()
        return "upgraded"

    async def _at_join(self) -> str:
        try:
            return await self._join()
        except JoinRefused as error:
            self.device_id = None
            self._inquiries.want_identity()
            return self._lost(error, "refused")
        except NetError as error:
            return self._lost(error, "lost")

    async def _at_serve(self) -> str:
        try:
            if not await ends_within(self._phoenix.serve(), self._times.settled_ms):
                self._backoff.reset()
                self._rejoins = 0
                await self._phoenix.serve()
        except NetError as error:
            return self._lost(error, "lost")
        return self._lost(
            LinkClosed(1005, "the server has ended the channel", "channel_lost"), "closed"
        )

    async def _at_rejoin(self) -> str:
        # The waits go on from loss to loss: a server that answers every join and then drops the channel gets a new socket too.
        while self._rejoins < len(self._times.rejoin_ms):
            wait_ms = self._times.rejoin_ms[self._rejoins]
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
        await self._inquiries.room.wait()
        hurries, self._pairing_hurries = self._pairing_hurries, False
        if hurries and not self._authorization.authorized:
            return "again"
        if isinstance(self.lost_by, LinkClosed) and self.lost_by.code in _RESTARTING:
            wait_ms = random.randrange(self._times.restart_low_ms, self._times.restart_high_ms)
        else:
            wait_ms = self._backoff.next_ms()
        await _wait(self._news, wait_ms)
        return "again"

    async def _join(self) -> str:
        await self._phoenix.join(topic(self.device_id or ""), self._on_push)
        self._note("joined")
        self.lost_by = None
        self._status.update(joined=True, fallback=False, link_reason=None)
        self._inquiries.joined()
        return "joined"

    def _tell_pairing(self) -> None:
        self._status.update(
            pairing_is_wanted=self.pairs, authorization_reason=self._authorization.reason
        )

    def _lost(self, error, outcome: str) -> str:
        """There is no joined socket (any more), and `error` is why; the outcome is handed back."""
        if self._status.joined:
            self._inquiries.socket_ended()
        self.lost_by = error
        self._note("%s: %s" % (error.reason, error))
        refused = self._keeper is not None and self._keeper.client_refused
        self._status.update(joined=False, link_reason=error.reason, client_refused=refused)
        return outcome

    def _doubt(self, token: str, status: int) -> None:
        """The upgrade was refused, by whomever: one refresh is tried, and identity has the say about the token."""
        if self._keeper is not None and self._keeper.has_replaced(token):
            self._backoff.reset()  # it was refreshed meanwhile: the new one is tried soon
        elif status == _FORBIDDEN and not self._forbidden and self._keeper is not None:
            self._forbidden = True
            self._keeper.want()  # identity follows each refresh
        else:
            self._inquiries.want_identity()


async def _wait(event: asyncio.Event, wait_ms: int) -> None:
    """Wait for the event, at most so long, and clear it."""
    await ends_within(event.wait(), wait_ms)
    event.clear()
