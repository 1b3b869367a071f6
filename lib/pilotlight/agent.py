"""The agent: owns the tasks, decides what happens next, and is the only writer of DeviceStatus.

Three tasks: the walk (network → clock → token → socket → join → serve, and back, see `walk.py`), the polls (what REST is asked
and when), and the watch over the proof that Frame.io answers. What fails raises an exception that says what it means; only here
is decided what to do about it.
"""

import asyncio
import random
import time

from micropython import const

from .authorization import FixedToken, NotAuthorized
from .device_channel import HEARTBEAT_REF, JOIN_REF, paused_by, socket_target, topic
from .frameio_api import ApiError, FrameioApi, Identity, RateLimited, Unauthorized, is_device_id
from .net.backoff import Backoff
from .net.deadline import Deadline
from .net.errors import JoinRefused, LinkClosed, NetError, UpgradeRefused
from .net.http_client import HttpClient
from .net.phoenix import PhoenixSocket
from .net.transport import Endpoint, tls_context
from .net.websocket_client import WebSocketClient
from .polls import Polls
from .status import DeviceStatus
from .times import Times
from .truths import Connected, Paused
from .walk import after

_MESSAGE_BYTES = const(4096)
_SEND_BYTES = const(512)
_RECORD = const("identity")
_RESTARTING = const((1012, 1013))  # close codes: service restart, try again later


class Agent:
    """Keeps one device online.

        agent = Agent(settings, network, storage, clock)
        asyncio.create_task(agent.run())
        version = await agent.status.wait(0)

    settings: a pilotlight.Settings.
    network: has `is_up()`: True while there is a link with an address. Call `network_changed()` whenever that changes.
    storage: has `load(name)`, a dict or None, and `save(name, record)` with a small dict; both may raise OSError.
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
        self._authorization = FixedToken(settings.access_token)
        self._host_field = settings.host_field
        tls = tls_context(settings.trust_roots) if settings.scheme == "https" else None
        self._endpoint = Endpoint(settings.host, settings.port, tls)
        http = HttpClient(self._endpoint, settings.host_field, times)
        self._api = FrameioApi(http, settings.client_version)
        websocket = WebSocketClient(_MESSAGE_BYTES, _SEND_BYTES)
        self._phoenix = PhoenixSocket(websocket, JOIN_REF, HEARTBEAT_REF, times, self._prove, self._pushed)
        self._backoff = Backoff(times, random.randrange)
        self._polls = Polls(times, time.ticks_ms())
        self._connected = Connected(times)
        self._paused = Paused()
        self._slot = asyncio.Lock()
        self._device_id: str | None = None
        self._lost_by: NetError | NotAuthorized | None = None  # why there is no joined socket
        self._poll_reason: str | None = None  # what the last request learned, if it failed
        self._rejoins = 0  # on this socket, since the channel last held for a while
        self._identity_outcome = ""
        self._identity_asked = asyncio.Event()
        self._proven = asyncio.Event()
        self._poll_news = asyncio.Event()
        self._walk_news = asyncio.Event()
        self._over = asyncio.Event()
        self._done = asyncio.Event()
        self._crash: Exception | None = None
        self._tasks: list = []
        self._stored: dict = {}  # the record as it is in the storage

    # What the embedding application calls

    async def run(self) -> None:
        """Keep the device online until `stop`. Returns after `stop`; raises what nobody foresaw, after closing the link."""
        try:
            self._load_device_id()
            for job in (self._walk(), self._poll(), self._watch_proof(), self._end_start()):
                self._tasks.append(asyncio.create_task(self._guard(job)))
            await self._over.wait()
        finally:
            try:
                for task in self._tasks:
                    # Until it is done: asyncio loses a cancel that comes in the turn in which a wait_for times out.
                    while not task.done():
                        task.cancel()
                        await asyncio.sleep_ms(0)
                await self._phoenix.close()
            finally:
                self.status.update(joined=False, connected=False)
                self._done.set()
        if self._crash is not None:
            raise self._crash

    async def stop(self) -> None:
        """End `run`: the link is closed with 1000, and nothing goes on."""
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
        self._poll_news.set()

    def request_slot(self) -> asyncio.Lock:
        """`async with agent.request_slot():` around a request of your own: on a small board only one may hold a TLS session
        beside the socket. Polls wait meanwhile; hold it as short as you can."""
        return self._slot

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token for a request of your own. rejected: the token that was just answered with 401.

        Raises NotAuthorized.
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
        self._poll_news.set()
        return "up"

    async def _at_clock(self) -> str:
        if self._clock.now_s() is not None or await self._clock.ensure_set():
            return "set"
        return self._lost(NetError("clock", "the time is not known, so no certificate can be checked"), "failed")

    async def _at_token(self) -> str:
        if not self.status.authorized:
            return "refused"
        return "known" if self._device_id else "unknown"

    async def _at_identity(self) -> str:
        """Ask for identity as soon as its spacing allows, and wait for what comes of it."""
        self._identity_asked.clear()
        self._want_identity()
        await self._identity_asked.wait()
        return self._identity_outcome

    async def _at_refused(self) -> str:
        return await self._at_identity()

    async def _at_connect(self) -> str:
        try:
            token = await self._authorization.access_token()
            transport = self._endpoint.open()
            with Deadline(transport, "connecting", self._times):
                await self._phoenix.open(transport, self._host_field, socket_target(token))
        except (NetError, NotAuthorized) as error:
            if isinstance(error, UpgradeRefused):
                self._want_identity()  # a 403 may be anybody's: identity has the say about the token
            return self._lost(error, "failed")
        self._rejoins = 0
        self._prove()
        return "upgraded"

    async def _at_join(self) -> str:
        try:
            return await self._join()
        except JoinRefused as error:
            self._device_id = None
            self._want_identity()
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
        self.status.update(joined=True)
        self._want_identity()
        self._show()
        return "joined"

    def _lost(self, error, outcome: str) -> str:
        """There is no joined socket (any more), and `error` is why; the outcome is handed back."""
        if self.status.joined:
            self._polls.link_ended()
        self._lost_by = error
        self._note("%s: %s" % (error.reason, error))
        self.status.update(joined=False, starting=False)
        self._show()
        self._poll_news.set()
        return outcome

    # The polls

    async def _poll(self) -> None:
        polls = self._polls
        while True:
            now_ms = time.ticks_ms()
            polls.forget_old(now_ms)
            joined = self.status.joined
            wait_ms = self._times.network_check_ms
            if self._network.is_up() != self.status.network_up:
                self.network_changed()  # nobody said so
            if self.status.network_up:
                wait_ms = self._times.longest_sleep_ms
                identity_ms = polls.identity_due_ms(now_ms, joined, wait_ms)
                health_ms = polls.health_due_ms(now_ms, joined, wait_ms)
                wait_ms = min(identity_ms, health_ms)
                if not wait_ms:
                    await self._ask(self._ask_health if identity_ms else self._ask_identity)
                    continue
            await _wait(self._poll_news, wait_ms)

    async def _ask(self, request) -> None:
        async with self._slot:
            try:
                await request()
                self._polls.answered()
                self._poll_reason = None
                self._prove()
            except (ApiError, NetError) as error:
                self._note("request failed: %s: %s" % (error.reason, error))
                self._poll_reason = error.reason
                if isinstance(error, RateLimited):
                    self._polls.rate_limited(time.ticks_ms())
                if isinstance(error, ApiError) and error.answered:
                    self._prove()
                self.status.update(starting=False)
        self._show()

    async def _ask_identity(self) -> None:
        token = await self._authorization.access_token()
        self._polls.identity_begins(time.ticks_ms())
        mark = self._paused.mark()
        outcome = "failed"
        try:
            self._learn(await self._api.identity(token), mark)
            outcome = "answered"
        except Unauthorized:
            self.status.update(authorized=False)
            outcome = "refused"
            raise
        finally:
            if outcome != "answered":
                self._polls.identity_wanted = True
            self.status.update(verified=True)
            self._identity_outcome = outcome
            self._identity_asked.set()

    async def _ask_health(self) -> None:
        self._polls.probed(time.ticks_ms())
        await self._api.health()

    def _learn(self, identity: Identity, mark: int) -> None:
        self._paused.settle(mark, identity.paused)
        if self._paused.unverified:
            self._polls.identity_wanted = True
        self.status.update(
            authorized=True,
            paused=self._paused.value,
            project=identity.project,
            creator=identity.creator,
            expires_at=identity.expires_at,
        )
        if identity.id != self._device_id:
            if self._device_id:
                self._phoenix.abandon(LinkClosed(1006, "this authorization belongs to another device now", "device_changed"))
            self._device_id = identity.id
            self._save({"id": identity.id, "authorization": self._authorization.key})

    def _want_identity(self) -> None:
        self._polls.identity_wanted = True
        self._poll_news.set()

    # Proofs, hints, and what is shown

    def _prove(self) -> None:
        """Frame.io has answered. Called for every heartbeat's reply, so it allocates nothing unless that is news."""
        now_ms = time.ticks_ms()
        self._connected.prove(now_ms)
        self._polls.probed(now_ms)
        if not self.status.connected:
            self.status.update(connected=True, starting=False)
            self._proven.set()
            self._show()

    async def _watch_proof(self) -> None:
        while True:
            left_ms = self._connected.left_ms(time.ticks_ms())
            if left_ms:
                await asyncio.sleep_ms(left_ms)
                continue
            self._proven.clear()
            self.status.update(connected=False)
            self._show()
            await self._proven.wait()

    def _pushed(self, event: str, payload, status) -> None:
        paused = paused_by(event, payload, status)
        if paused is not None:
            self._paused.hint(paused)
            self.status.update(paused=paused)
            self._want_identity()

    async def _end_start(self) -> None:
        await asyncio.sleep_ms(self._times.starting_ms)
        self.status.update(starting=False)

    def _show(self) -> None:
        """Settle the reason: why the state is not better."""
        status = self.status
        reason = None
        if not status.authorized:
            reason = "token_refused"
        elif not status.joined:
            if self._lost_by is not None:
                reason = self._lost_by.reason
            if not status.connected and self._poll_reason is not None:
                reason = self._poll_reason
        status.update(reason=reason)

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
