"""The agent: what an integrator calls. It builds the parts, owns their tasks, and settles what is shown.

Its tasks: the walk (network → clock → token → socket → join → serve, and back, see `walker.py`), the inquiries (what REST is
asked and when), the watch over the proof that Frame.io answers, the refresh of a paired device's tokens, and the last resort.
Only the agent and these write DeviceStatus.
"""

import asyncio

from micropython import const

from .authorization import FixedToken, NotAuthorized
from .device_channel import HEARTBEAT_REF, JOIN_REF, paused_by
from .frameio_api import ApiError, FrameioApi, Identity, is_device_id
from .inquiries import Inquiries
from .net.errors import LinkClosed, NetError
from .net.http_client import HttpClient
from .net.phoenix import PhoenixSocket
from .net.transport import Endpoint, tls_context
from .net.websocket_client import WebSocketClient
from .status import DeviceStatus
from .times import Times
from .walker import Walker

_MESSAGE_BYTES = const(4096)
_SEND_BYTES = const(512)
_RECORD = const("identity")
_UNUSABLE = const("what is stored as identity can't be used: %s")


class Agent:
    """Keeps one device online.

        agent = Agent(settings, network, storage, clock)
        asyncio.create_task(agent.run())
        version = await agent.status.wait(0)

    settings: a pilotlight.Settings. With a client_secret the device pairs by itself when it has no authorization.
    network: has `is_up()`: True while there is a link with an address. Call `network_changed()` whenever that changes. It may
    have `async restart()`: down and up, for a driver that is wedged; that may raise OSError. And it may have `reason`: one short
    word for why it is down, or None; call `network_changed()` when that changes, too. And `wedged`: see `last_resort.py`.
    storage: has `load(name)`, a dict or None, and `save(name, record)` with a small dict of texts and integers, which over a
    power cut is wholly the old or the new one; both may raise OSError. Of the records `identity`, `client` and `authorization`
    the last holds tokens.
    clock: has `now_s()`, seconds since 1970 or None if the time is not known, and `await ensure_set()`, True once it is known.
    times: a Times. log: called with a line of text for the maintainer; it never holds a secret.
    reset: called to reset the board, as the last resort and at most hourly (see `last_resort.py`); False refuses, for now.
    due: for a watchdog of yours: called as due(name, within_ms) by a task of the agent that will call again by then, or is stuck.
    status: the DeviceStatus to observe.
    http: the HttpClient to Frame.io, for a request of your own inside `request_slot`.
    Raises Untrusted if the trust roots can't be used.
    """

    def __init__(
        self,
        settings,
        network,
        storage,
        clock,
        times: Times | None = None,
        log=None,
        reset=None,
        due=None,
    ) -> None:
        self.status = DeviceStatus()
        self._network = network
        self._storage = storage
        self._clock = clock
        self._times = times = times or Times()
        self._log = log
        self._reset = reset
        tls = tls_context(settings.trust_roots) if settings.scheme == "https" else None
        endpoint = Endpoint(settings.host, settings.port, tls)
        self.http = HttpClient(endpoint, times)
        self._keeper = None if settings.access_token else self._new_keeper(settings)
        self._authorization = self._keeper or FixedToken(settings.access_token)
        self._inquiries = Inquiries(
            FrameioApi(self.http, settings.client_version),
            self._authorization,
            self.status,
            network,
            clock,
            times,
            self._learn,
            self.network_changed,
            self._note,
            self._drop_socket,
            due,
        )
        websocket = WebSocketClient(_MESSAGE_BYTES, _SEND_BYTES)
        self._phoenix = PhoenixSocket(
            websocket, endpoint, JOIN_REF, HEARTBEAT_REF, times, self._inquiries
        )
        self._walker = Walker(
            self._phoenix,
            self._pushed,
            self._authorization,
            self._keeper,
            self._new_pairing,
            self._inquiries,
            self.status,
            network,
            clock,
            times,
            self._note,
        )
        self._over = asyncio.Event()
        self._done = asyncio.Event()
        self._crash: Exception | None = None
        self._tasks: list = []
        self._stored: dict = {}  # the record as it is in the storage

    def _new_keeper(self, settings):
        from .token_api import TokenApi  # only now: a device with a fixed token needs none of it
        from .token_keeper import TokenKeeper

        self._token_api = TokenApi(self.http, settings.client_version, settings.client_secret)
        return TokenKeeper(
            self._token_api,
            settings.host_field,
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

        return Pairing(
            self._token_api,
            self._need_keeper(),
            self._times,
            self._ask,
            self._ready,
            self._show_code,
            self._note,
        )

    # What the embedding application calls

    async def run(self) -> None:
        """Keep the device online until `stop`. Returns after `stop`; raises what nobody foresaw, after closing the link."""
        try:
            self.status.update(
                authorized=self._authorization.authorized,
                authorization_reason=self._authorization.reason,
                pairing_is_wanted=self._walker.pairs,
            )
            self._load_device_id()
            jobs = [
                self._walker.run(),
                self._inquiries.run(),
                self._inquiries.watch_proof(),
                self._end_start(),
            ]
            if self._reset is not None or hasattr(self._network, "restart"):
                from .last_resort import watch  # only now: who can do neither pays for nothing

                jobs.append(
                    watch(
                        self.status,
                        self._network,
                        self._reset,
                        self.network_changed,
                        self._times,
                        self._note,
                    )
                )
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
        self.status.update(network_up=up, network_reason=getattr(self._network, "reason", None))
        if up:
            self._phoenix.check_link()
            if self._keeper is not None:
                self._keeper.network_changed()
        self._walker.network_changed(up)
        self._inquiries.wake()

    def start_pairing(self) -> None:
        """Show a code: the user asks for it. Does nothing while one is shown, or while paired: then `unpair` first."""
        if not self._need_keeper().authorized:
            self._walker.start_pairing()

    def cancel_pairing(self) -> None:
        """Show no code any more, at whatever step the pairing is; the state is `unpaired` until `start_pairing` or a restart."""
        self._need_keeper()
        self._walker.cancel_pairing()

    async def unpair(self, pair_again: bool = False) -> None:
        """Forget the authorization, and tell Frame.io to revoke it; it is forgotten whatever the answer. Cancels a pairing, too.

        pair_again: then show a new code.
        Raises NotAuthorized (`token_refused`) for a fixed token, which can't be forgotten.
        """
        self.cancel_pairing()
        keeper = self._need_keeper()
        async with keeper.flight:
            token = keeper.end("unpaired")
            if pair_again:
                self._walker.start_pairing()
        if token is not None:
            try:
                await self._ask(self._token_api.revoke(token))
            except (ApiError, NetError) as error:
                self._note("the revocation failed: %s" % error)

    def request_slot(self) -> asyncio.Lock:
        """`async with agent.request_slot():` around a request of your own: on a small board only one may hold a TLS session
        beside the socket. Polls wait meanwhile; hold it as short as you can, and await nothing else of the agent's in it:
        `unpair`, `stop` and a refresh want the slot themselves."""
        return self._inquiries.slot

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token for a request of your own. rejected: the token that was just answered with 401; then the next one, as
        soon as a refresh has brought it: put a time-out around it, and don't hold the request slot meanwhile.

        Raises NotAuthorized; with `rejected` also NetError or ApiError (both of `reason` and text), if the refresh fails for now.
        """
        return await self._authorization.access_token(rejected)

    # What the others tell

    async def _ask(self, request):
        return await self._inquiries.ask(request)

    def _ready(self) -> bool:
        return self._inquiries.ready()

    def _learn(self, identity: Identity) -> None:
        if identity.id != self._walker.device_id:
            if self._walker.device_id:
                self._phoenix.abandon(
                    LinkClosed(
                        1006, "this authorization belongs to another device now", "device_changed"
                    )
                )
            self._walker.device_id = identity.id
            self._save({"id": identity.id, "authorization": self._authorization.key})

    def _renewed(self) -> None:
        """The keeper has new tokens. The live socket stays; the next connect uses them."""
        self._inquiries.want_identity(at_once=True)
        self._walker.tokens_renewed()
        self.status.update(authorized=True)

    def _unpaired(self) -> None:
        """The keeper has no tokens any more."""
        ends_s = self._inquiries.forget()
        if (
            self._authorization.reason == "pairing_ended"
            and ends_s is not None
            and ends_s <= (self._clock.now_s() or 0)
        ):
            self._authorization.reason = "authorization_expired"
        if self.status.joined:
            self._inquiries.socket_ended()
        self._phoenix.abandon(
            LinkClosed(1006, "the authorization has ended", self._authorization.reason)
        )
        self.status.update(
            authorized=False,
            authorization_reason=self._authorization.reason,
            joined=False,
            fallback=False,
            verified=False,
            paused=None,
            project=None,
            creator=None,
            expires_at=None,
        )
        self._walker.authorization_ended()

    def _show_code(self, code) -> None:
        self.status.update(
            user_code=code and code.user_code,
            verification_uri=code and code.verification_uri,
            verification_uri_complete=code and code.verification_uri_complete,
        )

    def _pushed(self, event: str, payload, status) -> None:
        paused = paused_by(event, payload, status)
        if paused is not None:
            self._inquiries.hint(paused)

    def _drop_socket(self) -> None:
        """REST needs the socket's memory."""
        self._phoenix.abandon(
            LinkClosed(1006, "there is no memory for a request beside the socket", "memory")
        )

    async def _end_start(self) -> None:
        await asyncio.sleep_ms(self._times.starting_ms)
        self.status.update(starting_is_over=True)

    def _need_keeper(self):
        if self._keeper is None:
            raise NotAuthorized(
                "token_refused",
                "this device has a fixed access token, so it can't be paired or unpaired",
            )
        return self._keeper

    # What is kept

    def _load_device_id(self) -> None:
        try:
            record = self._storage.load(_RECORD) or {}
        except OSError as error:
            self._note(_UNUSABLE % error)
            return
        if not isinstance(record, dict):
            self._note(_UNUSABLE % "it is no record")
            return
        self._stored = record
        if record and not is_device_id(record.get("id")):
            self._note(_UNUSABLE % "it holds no device id")
        elif record.get("authorization") == self._authorization.key:
            self._walker.device_id = record.get("id")

    def _save(self, record: dict) -> None:
        if record == self._stored:
            return
        try:
            self._storage.save(_RECORD, record)
            self._stored = record
        except (OSError, MemoryError) as error:
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
