"""The agent: owns the tasks, decides what happens next, and is the only writer of DeviceStatus.

Its tasks: the walk (network → clock → token → socket → join → serve, and back, see `walk.py`), the inquiries (what REST is asked
and when), the watch over the proof that Frame.io answers, and the refresh of a paired device's tokens. What fails raises an
exception that says what it means; only here is decided what to do about it.
"""

import asyncio
import random

from micropython import const

from .authorization import FixedToken, NotAuthorized
from .device_channel import HEARTBEAT_REF, JOIN_REF, paused_by, socket_target, topic
from .frameio_api import ApiError, FrameioApi, Identity, is_device_id
from .inquiries import Inquiries
from .net.backoff import Backoff
from .net.deadline import Deadline
from .net.errors import JoinRefused, LinkClosed, NetError, UpgradeRefused
from .net.http_client import HttpClient
from .net.phoenix import PhoenixSocket
from .net.transport import Endpoint, tls_context
from .net.websocket_client import WebSocketClient
from .status import DeviceStatus
from .times import Times
from .walk import after

_MESSAGE_BYTES = const(4096)
_SEND_BYTES = const(512)
_RECORD = const("identity")
_RESTARTING = const((1012, 1013))  # close codes: service restart, try again later
_FORBIDDEN = const(403)


class Agent:
    """Keeps one device online.

        agent = Agent(settings, network, storage, clock)
        asyncio.create_task(agent.run())
        version = await agent.status.wait(0)

    settings: a pilotlight.Settings. With a client_secret the device pairs by itself when it has no authorization.
    network: has `is_up()`: True while there is a link with an address. Call `network_changed()` whenever that changes.
    storage: has `load(name)`, a dict or None, and `save(name, record)` with a small dict of texts and integers, which over a
    power cut is wholly the old or the new one; both may raise OSError. Of the records `identity`, `client` and `authorization`
    the last holds tokens.
    clock: has `now_s()`, seconds since 1970 or None if the time is not known, and `await ensure_set()`, True once it is known.
    times: a Times. log: called with a line of text for the maintainer; it never holds a secret.
    status: the DeviceStatus to observe.
    Raises Untrusted if the trust roots can't be used.
    """

    def __init__(self, settings, network, storage, clock, times: Times | None = None, log=None) -> None:
        self.status = DeviceStatus()
        self._network = network
        self._storage = storage
        self._clock = clock
        self._times = times = times or Times()
        self._log = log
        self._host_field = settings.host_field
        tls = tls_context(settings.trust_roots) if settings.scheme == "https" else None
        self._endpoint = Endpoint(settings.host, settings.port, tls)
        self._http = HttpClient(self._endpoint, settings.host_field, times)
        self._keeper = None if settings.access_token else self._new_keeper(settings)
        self._authorization = self._keeper or FixedToken(settings.access_token)
        self._inquiries = Inquiries(
            FrameioApi(self._http, settings.client_version),
            self._authorization,
            self.status,
            network,
            clock,
            times,
            self._learn,
            self.network_changed,
            self._note,
            self._show,
        )
        websocket = WebSocketClient(_MESSAGE_BYTES, _SEND_BYTES)
        self._phoenix = PhoenixSocket(websocket, JOIN_REF, HEARTBEAT_REF, times, self._inquiries.prove, self._pushed)
        self._backoff = Backoff(times, random.randrange)
        self._device_id: str | None = None
        self._lost_by = None  # the NetError, ApiError or NotAuthorized for which there is no joined socket
        self._rejoins = 0  # on this socket, since the channel last held for a while
        self._forbidden = False  # the upgrade was refused with 403, and a refresh was asked for because of it
        self._pairing = None  # while a code is shown or asked for
        self._pairing_asked = True  # a restart asks for it
        self._walk_news = asyncio.Event()
        self._over = asyncio.Event()
        self._done = asyncio.Event()
        self._crash: Exception | None = None
        self._tasks: list = []
        self._stored: dict = {}  # the record as it is in the storage

    def _new_keeper(self, settings):
        from .token_api import TokenApi  # only now: a device with a fixed token needs none of it
        from .token_keeper import TokenKeeper

        self._token_api = TokenApi(self._http, settings.client_version, settings.client_secret)
        return TokenKeeper(
            self._token_api,
            settings.client_id,
            self._storage,
            self._clock,
            self._times,
            self._ask,
            self._ready,
            self._renewed,
            self._unpaired,
            self._note,
        )

    def _new_pairing(self):
        from .pairing import Pairing

        return Pairing(self._token_api, self._need_keeper(), self._times, self._ask, self._ready, self._show_code, self._note)

    # What the embedding application calls

    async def run(self) -> None:
        """Keep the device online until `stop`. Returns after `stop`; raises what nobody foresaw, after closing the link."""
        try:
            self.status.update(authorized=self._authorization.authorized)
            self._load_device_id()
            jobs = [self._walk(), self._inquiries.run(), self._inquiries.watch_proof(), self._end_start()]
            if self._keeper is not None:
                jobs.append(self._keeper.run())
            for job in jobs:
                self._tasks.append(asyncio.create_task(self._guard(job)))
            await self._over.wait()
        finally:
            try:
                if self._keeper is not None:
                    await self._keeper.finish()
                for task in self._tasks:
                    # Until it is done: asyncio loses a cancel that comes in the turn in which a wait_for times out.
                    while not task.done():
                        task.cancel()
                        await asyncio.sleep_ms(0)
                await self._phoenix.close()
            finally:
                self.status.update(joined=False, fallback=False, connected=False)
                self._done.set()
        if self._crash is not None:
            raise self._crash

    async def stop(self) -> None:
        """End `run`: a refresh under way is finished, the link is closed with 1000, and nothing goes on."""
        self._over.set()
        if self._tasks:
            await self._done.wait()

    def network_changed(self) -> None:
        """The network has come up, gone, or become another one."""
        up = self._network.is_up()
        self.status.update(network_up=up, starting=self.status.starting and up)
        if up:
            self._backoff.reset()
            self._phoenix.check_link()
        self._walk_news.set()
        self._inquiries.wake()

    def start_pairing(self) -> None:
        """Show a code: the user asks for it. Does nothing while one is shown, or while paired: then `unpair` first."""
        if not self._need_keeper().authorized and (self._pairing is None or self._pairing.cancelled):
            self._pairing_asked = True
            self._walk_news.set()

    def cancel_pairing(self) -> None:
        """Show no code any more, at whatever step the pairing is; the state is `unpaired` until `start_pairing` or a restart."""
        self._need_keeper()
        self._pairing_asked = False
        if self._pairing is not None:
            self._pairing.cancel()

    async def unpair(self) -> None:
        """Forget the authorization, and tell Frame.io to revoke it; it is forgotten whatever the answer. Cancels a pairing, too.

        Raises NotAuthorized (`token_refused`) for a fixed token, which can't be forgotten.
        """
        self.cancel_pairing()
        keeper = self._need_keeper()
        async with keeper.flight:
            token = keeper.end("unpaired")
        if token is not None:
            try:
                await self._ask(self._token_api.revoke(token))
            except (ApiError, NetError) as error:
                self._note("the revocation failed: %s" % error)

    def request_slot(self) -> asyncio.Lock:
        """`async with agent.request_slot():` around a request of your own: on a small board only one may hold a TLS session
        beside the socket. Polls wait meanwhile; hold it as short as you can."""
        return self._inquiries.slot

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token for a request of your own. rejected: the token that was just answered with 401; then the next one, as
        soon as a refresh has brought it: put a time-out around it, and don't hold the request slot meanwhile.

        Raises NotAuthorized; with `rejected` also NetError or ApiError (both of `reason` and text), if the refresh fails for now.
        """
        return await self._authorization.access_token(rejected)

    # The walk: a method for each state of walk.py, which answers with the outcome

    async def _walk(self) -> None:
        state = "network"
        while True:
            state = after(state, await getattr(self, "_at_" + state)())

    async def _at_network(self) -> str:
        while not self._network.is_up():
            self.status.update(network_up=False, starting=False)
            await _wait(self._walk_news, self._times.network_check_ms)
        self.status.update(network_up=True)
        self._inquiries.wake()
        return "up"

    async def _at_clock(self) -> str:
        if self._clock.now_s() is not None or await self._clock.ensure_set():
            return "set"
        return self._lost(NetError("clock", "the time is not known, so no certificate can be checked"), "failed")

    async def _at_token(self) -> str:
        keeper = self._keeper
        if not self._authorization.authorized:
            return "asked" if self._pairing_asked else "none"
        self._pairing_asked = False
        if not self.status.authorized:
            return "refused"
        if keeper is not None and keeper.expired():
            try:
                await keeper.renewal()
            except (NetError, ApiError, NotAuthorized) as error:
                return self._lost(error, "failed")
        return "known" if self._device_id else "unknown"

    async def _at_unpaired(self) -> str:
        self.status.update(starting=False)
        self._show()
        while not self._pairing_asked:
            await self._walk_news.wait()
            self._walk_news.clear()
        return "asked"

    async def _at_pairing(self) -> str:
        self._pairing_asked = False
        self._pairing = pairing = self._new_pairing()
        try:
            await pairing.run()
            return "paired"
        except NotAuthorized as error:
            self._authorization.reason = error.reason
            self._note("not paired: %s" % error)
            return "ended"
        finally:
            self._pairing = None
            self._show()

    async def _at_identity(self) -> str:
        return await self._inquiries.identity()

    async def _at_refused(self) -> str:
        return await self._inquiries.identity()

    async def _at_connect(self) -> str:
        try:
            token = await self._authorization.access_token()
            transport = self._endpoint.open()
            with Deadline(transport, "connecting", self._times):
                await self._phoenix.open(transport, self._host_field, socket_target(token))
        except (NetError, NotAuthorized) as error:
            if isinstance(error, UpgradeRefused):
                self._doubt_token(error.status)
            return self._lost(error, "failed")
        self._rejoins = 0
        self._forbidden = False
        self._inquiries.prove()
        return "upgraded"

    async def _at_join(self) -> str:
        try:
            return await self._join()
        except JoinRefused as error:
            self._device_id = None
            self._inquiries.want_identity()
            return self._lost(error, "refused")
        except NetError as error:
            return self._lost(error, "lost")

    async def _at_serve(self) -> str:
        try:
            if not await _finished(self._phoenix.serve(), self._times.settled_ms):
                self._backoff.reset()
                self._rejoins = 0
                await self._phoenix.serve()
        except NetError as error:
            return self._lost(error, "lost")
        return self._lost(LinkClosed(1005, "the server has ended the channel", "channel_lost"), "closed")

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
        await self._phoenix.close()
        self._walk_news.clear()
        if isinstance(self._lost_by, LinkClosed) and self._lost_by.code in _RESTARTING:
            wait_ms = random.randrange(self._times.restart_low_ms, self._times.restart_high_ms)
        else:
            wait_ms = self._backoff.next_ms()
        await _wait(self._walk_news, wait_ms)
        return "again"

    async def _join(self) -> str:
        await self._phoenix.join(topic(self._device_id or ""))
        self._note("joined")
        self._lost_by = None
        self.status.update(joined=True, fallback=False)
        self._inquiries.joined()
        self._show()
        return "joined"

    def _lost(self, error, outcome: str) -> str:
        """There is no joined socket (any more), and `error` is why; the outcome is handed back."""
        if self.status.joined:
            self._inquiries.socket_ended()
        self._lost_by = error
        self._note("%s: %s" % (error.reason, error))
        self.status.update(joined=False, starting=False)
        self._show()
        return outcome

    def _doubt_token(self, status: int) -> None:
        """The upgrade was refused, by whomever: one refresh is tried, and identity has the say about the token."""
        if status == _FORBIDDEN and not self._forbidden and self._keeper is not None:
            self._forbidden = True
            self._keeper.want()  # identity follows each refresh
        else:
            self._inquiries.want_identity()

    # What the others tell

    async def _ask(self, request):
        return await self._inquiries.ask(request)

    def _ready(self) -> bool:
        return self._inquiries.ready()

    def _learn(self, identity: Identity) -> None:
        if identity.id != self._device_id:
            if self._device_id:
                self._phoenix.abandon(LinkClosed(1006, "this authorization belongs to another device now", "device_changed"))
            self._device_id = identity.id
            self._save({"id": identity.id, "authorization": self._authorization.key})

    def _renewed(self) -> None:
        """The keeper has new tokens. The live socket stays; the next connect uses them."""
        self._inquiries.want_identity(at_once=True)
        self.status.update(authorized=True)

    def _unpaired(self) -> None:
        """The keeper has no tokens any more."""
        ends_s = self._inquiries.forget()
        if self._authorization.reason == "pairing_ended" and ends_s is not None and ends_s <= (self._clock.now_s() or 0):
            self._authorization.reason = "authorization_expired"
        self._device_id = None
        if self.status.joined:
            self._inquiries.socket_ended()
        self._phoenix.abandon(LinkClosed(1006, "the authorization has ended", self._authorization.reason))
        self.status.update(
            authorized=False, joined=False, fallback=False, paused=None, project=None, creator=None, expires_at=None
        )
        self._show()
        self._walk_news.set()

    def _show_code(self, code) -> None:
        self.status.update(
            user_code=code and code.user_code,
            verification_uri=code and code.verification_uri,
            verification_uri_complete=code and code.verification_uri_complete,
        )
        self._show()

    def _pushed(self, event: str, payload, status) -> None:
        paused = paused_by(event, payload, status)
        if paused is not None:
            self._inquiries.hint(paused)

    async def _end_start(self) -> None:
        await asyncio.sleep_ms(self._times.starting_ms)
        self.status.update(starting=False)

    def _show(self) -> None:
        """Settle the reason: why the state is not better."""
        status = self.status
        reason = None
        if status.user_code is None and not status.authorized:
            if self._pairing is not None:
                reason = self._inquiries.reason  # why there is no code yet
            else:
                reason = "token_refused" if self._authorization.authorized else self._authorization.reason
        elif status.fallback:
            reason = "http_fallback"
        elif not status.joined:
            if self._lost_by is not None:
                reason = self._lost_by.reason
            if not status.connected and self._inquiries.reason is not None:
                reason = self._inquiries.reason
        status.update(reason=reason)

    def _need_keeper(self):
        if self._keeper is None:
            raise NotAuthorized("token_refused", "this device has a fixed access token, so it can't be paired or unpaired")
        return self._keeper

    # What is kept

    def _load_device_id(self) -> None:
        try:
            record = self._storage.load(_RECORD) or {}
        except OSError as error:
            self._note("the stored identity could not be read: %s" % error)
            return
        self._stored = record
        if is_device_id(record.get("id")) and record.get("authorization") == self._authorization.key:
            self._device_id = record["id"]

    def _save(self, record: dict) -> None:
        if record == self._stored:
            return
        try:
            self._storage.save(_RECORD, record)
            self._stored = record
        except OSError as error:
            self._note("the identity could not be stored: %s" % error)

    def _note(self, line: str) -> None:
        if self._log is not None:
            self._log(line)

    async def _guard(self, job) -> None:
        """Run a task; what nobody foresaw ends `run`, which raises it."""
        try:
            await job
        except Exception as error:
            self._crash = error
            self._over.set()


async def _wait(event: asyncio.Event, wait_ms: int) -> None:
    """Wait for the event, at most so long, and clear it."""
    await _finished(event.wait(), wait_ms)
    event.clear()


async def _finished(job, wait_ms: int) -> bool:
    """Run the coroutine for at most wait_ms; True if it ended by itself. Only for one that waits on no stream."""
    try:
        await asyncio.wait_for_ms(job, wait_ms)
    except asyncio.TimeoutError:
        return False
    return True
