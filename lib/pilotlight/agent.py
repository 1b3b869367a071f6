"""The agent: what an integrator calls. It owns the tasks of the parts, which parts.py builds.

docs/architecture.md shows the parts and who calls whom.
"""

import asyncio

from micropython import const

from .core import Core
from .credentials import NotAuthorized
from .net.deadline import TimedEvent
from .net.errors import no_memory
from .times import Times

_TRIES = const(10)  # to end without memory

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from collections.abc import Callable

    from . import Clock, Network, Storage
    from .requests import Slot
    from .settings import Settings


class Agent:
    """Keeps one device online.

        agent = Agent(settings, network, storage, clock)
        asyncio.create_task(agent.run())
        version = await agent.status.wait(0)

    settings: a pilotlight.Settings. With a client_secret the device pairs by itself when it has no
    authorization.
    network: has `is_up()`: True while there is a link with an address. Call `network_changed()`
    whenever that changes. It may have `async restart()`, which may raise OSError: down and up, for
    a driver that is wedged. It may have `reason`: one short word for why it is down, or None; call
    `network_changed()` when that changes, too. It may have `wedged`: the driver does nothing that
    it is asked for.
    storage: has `load(name)`, which returns a dict or None, and `save(name, record)` with a small
    dict of texts and integers. After a power cut the record is wholly the old or wholly the new
    one. Both may raise OSError. The records are `identity`, `client` and `authorization`; the last
    one holds tokens.
    clock: has `now_s()`, seconds since 1970 or None if the time is not known, and
    `await ensure_set()`, True once it is known.
    times: a Times, or None for the defaults.
    log: called with a line of text for the maintainer, which never holds a secret; or None.
    reset: called without arguments to reset the board, for recovery and at most hourly (see
    `recovery.py`); False refuses for now. None: no reset.
    check_in: called as check_in(name, within_ms) by a task that will call again by then, or is
    stuck: for a watchdog. Or None.

    status: the DeviceStatus to observe.
    http: the HttpClient to Frame.io, for what `request` can't do; only inside `request_slot`.
    Raises Untrusted if the trust roots can't be used.

    An Agent runs once: after `stop`, or after a crash, make a new one. A lack of memory inside it
    costs one request or one link, and does not end `run`; a MemoryError in a call of yours
    (`unpair`, `access_token` …) is raised to you: call again. `request` makes it a NetError.
    """

    def __init__(
        self,
        settings: Settings,
        network: Network,
        storage: Storage,
        clock: Clock,
        times: Times | None = None,
        log: Callable[[str], object] | None = None,
        reset: Callable[[], object] | None = None,
        check_in: Callable[[str, int], object] | None = None,
    ) -> None:
        self._core = core = Core(network, storage, clock, times or Times(), log, check_in)
        self.status = core.status
        self._reset = reset
        from .parts import Parts  # only now: it is not needed again

        parts = Parts(core, settings)
        core.unload("parts")
        self.http = parts.http
        self._api = parts.api
        self._endpoint = parts.endpoint
        self._requests = parts.requests
        self._tokens = parts.tokens
        self._credentials = parts.credentials
        self._link = parts.link
        self._poller = parts.poller
        self._session = parts.session
        core.on_network_changed = self._network_changed
        self._over = TimedEvent()
        self._done = TimedEvent()
        self._crash: Exception | None = None
        self._has_begun = False
        self._tasks: list = []

    async def run(self) -> None:
        """Keep the device online until `stop`. An agent runs once.

        Returns after `stop`, at once if that was called before. Any unexpected exception but a
        MemoryError ends it: the link is closed, then the exception is raised.
        Raises RuntimeError if it runs already or has ended: make a new Agent.
        """
        if self._has_begun:
            raise RuntimeError("an Agent runs once: make a new one")
        self._has_begun = True
        try:
            while not self._over.is_set:
                try:
                    tasks = self._tasks = self._tasks or self._parts()
                    for at, part in enumerate(tasks):
                        if not isinstance(part, asyncio.Task):
                            tasks[at] = asyncio.create_task(self._guard(part))
                    await self._over.wait()
                except MemoryError:
                    await asyncio.sleep_ms(self._core.times.no_memory_ms)
        finally:
            self._over.set()
            try:
                await self._end()
            except asyncio.CancelledError:  # once more, meanwhile
                self._show_end()
                raise
            finally:
                self._done.set()
        if self._crash is not None:
            raise self._crash

    async def stop(self) -> None:
        """End `run`: tokens under way are stored, the link is closed with code 1000.

        It takes as long as one request and a close handshake at most, also while you hold a slot.
        It ends no request or upload of yours.
        """
        self._over.set()
        if self._has_begun:
            while not await self._done.wait():
                pass

    def network_changed(self) -> None:
        """Call this when the network has come up, gone away or become another one."""
        self._core.check_network(changed=True)

    def start_pairing(self) -> None:
        """Show a code: the user asks for it.

        Does nothing while one is shown, or while the device is paired: then `unpair` first.
        Raises NotAuthorized (`token_refused`) with a fixed token, which can't be paired.
        """
        if not self._need_tokens().authorized:
            self._session.start_pairing()

    def cancel_pairing(self) -> None:
        """Show no code any more, at whatever step the pairing is.

        The state is `unpaired` until `start_pairing` or a restart. Raises NotAuthorized
        (`token_refused`) with a fixed token.
        """
        self._need_tokens()
        self._session.cancel_pairing()

    async def unpair(self, pair_again: bool = False) -> None:
        """Forget the authorization and tell Frame.io to revoke it. Cancels a pairing, too.

        It is forgotten whatever Frame.io answers. pair_again: then show a new code.
        Raises NotAuthorized (`token_refused`) with a fixed token, which can't be forgotten.
        """
        self.cancel_pairing()
        tokens = self._need_tokens()
        async with tokens.flight:
            refresh_token = tokens.end("unpaired")
            if pair_again:
                self._session.start_pairing()
        if refresh_token is not None:
            await tokens.revoke(refresh_token)

    def request_slot(self) -> Slot:
        """The lock to hold around a request with `http`: `async with agent.request_slot():`.

        `request` takes it by itself. On a small board only one request may hold a TLS session
        beside the socket. All that Pilotlight asks waits meanwhile, in a line: hold the slot for
        one request, and await nothing else of the agent's in it. `request` raises RuntimeError
        there, `unpair` and an `access_token` that waits for a refresh would never return. Held
        for 10 min it looks stuck (`check_in`).
        """
        return self._requests.slot

    def upload_slot(self) -> Slot:
        """The lock to hold while one part of a file is sent to storage.

            async with agent.upload_slot() as slot:
                await put.put(url, file, offset, part_bytes, on_progress=slot.moved)

        Call `slot.moved()` whenever bytes have moved: 10 min without it look stuck (`check_in`),
        and while it is called, recovery neither restarts the network nor resets. Await nothing
        else of the agent's meanwhile, as in `request_slot`.

        With two `settings.tls_sessions`, the default, it is the request slot, because a small board
        has no memory for a third TLS session. The socket and its heartbeats go on, and so does
        what they tell: `connected`, and a pause or its end, at once. All else waits in a line, and
        gets its turn between two parts. Choose parts that take 2 min at most. While a longer one
        is sent:
        - A change of the pause whose event was lost shows only after it.
        - If the socket is lost and joined again, `paused` is unknown from 3 min after the loss, so
          the state is `joining` (`paused_unknown`), until identity is asked behind the part.
        - Where HTTP heartbeats keep the device online, none is sent: after 130 s the state is
          `no_backend`, and Frame.io shows the device as offline after 5 min.
        - A refresh waits (at 70 to 80 % of a token's life there is time). `unpair` forgets the
          authorization at once, and returns when the revocation has had its turn. A code to pair
          with comes behind the part. `stop` does not wait.

        With three it is a lock of its own: all of this goes on beside the part, and a part that
        does not move looks stuck to nothing.
        """
        return self._requests.upload_slot

    async def request(self, method: str, path: str, json: object = None, answer_bytes: int = 8192):
        """Ask Frame.io for something, with the device's token. The answer's JSON, of any shape.

            asset = await agent.request("POST", "/v2/devices/assets", {"name": "A001.mp4", …})

        method: GET, POST, PUT, PATCH or DELETE. path: from its / on, with its query,
        percent-encoded. json: what is sent as JSON, or None for no body. answer_bytes: the longest
        answer that is accepted. It is asked for before anything is sent, so no lack of it can lose
        an answer; json.loads needs about twice as much again.
        Returns None for a 204. The addresses in `upload_urls` are secrets, as tokens are.

        It waits for its turn (see `request_slot`, and await none inside one). A token that is
        answered with 401 is refreshed, outside the slot and within 60 s, and the request is sent
        once more. Where Frame.io asks for patience (429, or 503 with Retry-After), now or before,
        it waits and sends again, at most 60 s in all. A longer wait is raised at once, with
        `wait_ms`: until then each call raises it, and sends nothing. What a server asks holds for
        all that Pilotlight asks, and an answer counts as a proof for `connected`.

        Raises:
        ApiError: anything but a 2xx with JSON. It has `status` (HTTP), `reason`, `wait_ms`, and
        `says`: Frame.io's own words, in ASCII, at most 120 characters, without what may be a
        secret. A 409 with "Channel Paused" is Frame.io's verdict on one clip.
        Unauthorized, an ApiError: the next token was refused, too.
        NotAuthorized: the device is not paired, or there is no other token.
        NetError: there was no answer. `too_large`: it has more than answer_bytes. `memory`: there
        was too little. `no_route`: there is no network; `clock`: nor a time. `timeout`: 10 s
        without a byte, 30 s in all, or no next token. Unless `http.sent` is False, it may have been
        carried out all the same.
        All of these have a `reason` and a text without secrets. ValueError: path is a whole
        address, or holds a character that can't be sent. RuntimeError: this task holds the slot.
        """
        try:
            from .api_request import ApiRequest  # only now: who uploads nothing needs none of it

            request = ApiRequest(self._core, self._requests, self._credentials, self._api)
            return await request.send(method, path, json, answer_bytes)
        except MemoryError:
            raise no_memory()

    async def access_token(self, rejected: str | None = None) -> str:
        """The access token for a request of your own.

        rejected: the token that was just answered with 401. Then the result is the next token, as
        soon as a refresh has brought it: put a time-out around it, and don't hold the request slot
        meanwhile.
        Raises NotAuthorized; with `rejected` also NetError or ApiError if the refresh fails for
        now. All have a `reason` and a text.
        """
        return await self._credentials.access_token(rejected)

    def _network_changed(self, up: bool) -> None:
        if not up:
            self._requests.proof.end()
        else:
            self._endpoint.network_changed()
        if self._session.network_changed(up) and self._tokens is not None:
            self._tokens.network_changed()
        self._poller.wake()

    def _need_tokens(self):
        if self._tokens is None:
            raise NotAuthorized("token_refused", "a fixed access token can't be unpaired")
        return self._tokens

    def _parts(self) -> list:
        """What runs, each in a task of its own."""
        parts = [
            self._session.run,
            self._poller.run,
            self._requests.proof.run,
            self._core.end_starting,
        ]
        if self._tokens is not None:
            self._tokens.show()
            parts.append(self._tokens.run)
        if self._reset is not None or hasattr(self._core.network, "restart"):
            parts.append(self._watch)
        return parts

    async def _watch(self) -> None:
        from .recovery import watch  # only now: it may have nothing to do

        await watch(self._core, self._requests.upload_slot, self._reset)

    async def _guard(self, run) -> None:
        """Run a part, again after each MemoryError. Any other exception ends the agent's `run`.

        A CancelledError that is not `run`'s own is a MemoryError too: asyncio's wait_for cancels
        its caller, even later on, if there is no memory at its end. Waiting needs none.
        """
        core = self._core
        must_wait = False
        while True:
            try:
                if must_wait:
                    await asyncio.sleep_ms(core.times.no_memory_ms)
                    must_wait = False
                    core.log("a task goes on after a lack of memory")
                await run()
                return
            except MemoryError:
                must_wait = True
            except asyncio.CancelledError:
                if self._over.is_set:
                    raise
                must_wait = True
            except Exception as error:
                self._crash = error
                self._over.set()
                return

    async def _end(self) -> None:
        """End all tasks and close the link, even if something finds no memory meanwhile."""
        for _ in range(_TRIES):
            try:
                if self._tokens is not None:
                    await self._tokens.finish()
                for task in self._tasks:
                    # Until it is done: asyncio loses a cancel in the turn in which a wait_for
                    # times out.
                    while isinstance(task, asyncio.Task) and not task.done():
                        task.cancel()
                        await asyncio.sleep_ms(0)
                await self._link.close()
                self._show_end()
                return
            except MemoryError:
                await asyncio.sleep_ms(self._core.times.no_memory_ms)

    def _show_end(self) -> None:
        self._session.end()
        self._poller.forget()
        self._requests.proof.end()
