"""The state behind the mock: its devices, their tokens and sockets, the faults, the records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .board import Board
from .devices import Device, Devices
from .feed import MASKED, Feed
from .tokens import Tokens
from .uploads import Uploads

_MOST_RECORDS = 10_000


@dataclass
class Spoilt:
    """What requests get in place of an HTTP answer: raw bytes, of which `pieces` gives a fresh run,
    or None for a TCP reset.

    times: so often; -1: forever. what: the order that wants it.
    """

    what: str
    pieces: Callable[[], Iterable[bytes]] | None
    times: int


@dataclass
class Faults:
    """What is wrong at the moment; all clear by default.

    refuse: part (`socket`, `identity`, `health`, `heartbeat`, `code`, `token`, `revoke`, `assets`
    or `all`) → [status, body, times left (-1: forever)]. lost_refresh_responses: so many refreshes
    are carried out and not answered. slow_ms: every answer waits so long. black_hole: nothing is
    answered or sent any more. join: the reason with which joins are refused. fragment_bytes:
    messages are cut into fragments of so many bytes; 0: they are not. dribble_ms: everything goes
    out one byte at a time with so long a pause behind each; None: it does not. spoil: part →
    Spoilt. expired: new connections get an expired certificate. storage: what happens to PUTs, a
    storage.Trouble, or None. storage_bytes_per_s: PUTs are read so fast; 0: at once.
    """

    refuse: dict[str, list[Any]] = field(default_factory=dict)
    lost_refresh_responses: int = 0
    slow_ms: int = 0
    black_hole: bool = False
    join: str | None = None
    fragment_bytes: int = 0
    dribble_ms: float | None = None
    spoil: dict[str, Spoilt] = field(default_factory=dict)
    expired: bool = False
    storage: Any = None
    storage_bytes_per_s: int = 0


class Service:
    """One pretended Frame.io.

    client_secret: the device model's. error_body: the shape of a 401's body, a key of
    rest.ERROR_BODIES. idle_s: a silent socket is closed after this. identity_bytes: the identity's
    body is padded to this size.
    """

    def __init__(
        self, tokens: Tokens, client_secret: str, idle_s: float, identity_bytes: int
    ) -> None:
        self.tokens = tokens
        self.client_secret = client_secret
        self.error_body = "errors"
        self.idle_s = idle_s
        self.identity_bytes = identity_bytes
        self.devices = Devices()
        self.board: Board | None = None
        self.change_certificate: Callable[[bool], None] | None = None  # has it expired?
        self.faults = Faults()
        self.uploads = Uploads()
        self.sockets: set[Any] = set()  # DeviceSocket
        self.wires: set[Any] = set()  # Wire
        self.records: list[dict[str, Any]] = []
        self.feed = Feed(self.mask)
        self._begun = time.monotonic()
        self._released = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()

    def now_ms(self) -> int:
        """Milliseconds since the start."""
        return int((time.monotonic() - self._begun) * 1000)

    def since_begun_ms(self, monotonic_s: float) -> int:
        """A time of CLOCK_MONOTONIC, of another process too, on the scale of now_ms."""
        return int((monotonic_s - self._begun) * 1000)

    def record(self, kind: str, **facts: Any) -> None:
        """Note something that was seen: {"t_ms", "kind", …}. Never a token."""
        if len(self.records) < _MOST_RECORDS:
            self.records.append({"t_ms": self.now_ms(), "kind": kind, **facts})
        self.feed.touch()

    def trace(self, sender: str, kind: str, text: str, detail: str = "", device: str = "") -> None:
        """Add a row to the time line; what is secret in it is masked there.

        sender: device, service, board or user. device: whose it is, an id.
        """
        self.feed.add(self.now_ms(), sender, kind, text, detail, device)

    def mask(self, text: str) -> str:
        """A text without the secrets that only this service knows."""
        for secret in (self.tokens.fixed_token, self.client_secret):
            text = text.replace(secret, MASKED) if secret else text
        return text

    def accepts(self, token: str | None) -> bool:
        """Is this access token known and not expired?"""
        return token is not None and self.tokens.accepts(token)

    def expire_tokens(self) -> None:
        """The access tokens end now. Live sockets stay: Phoenix checks at connect only."""
        self.tokens.expire()

    def renew_tokens(self) -> None:
        """The access tokens live again, for a whole life."""
        self.tokens.renew()
        self.devices.first.is_removed = False  # its fixed token is good again

    def loses_refresh_response(self) -> bool:
        """Is the response of the refresh that was just carried out to be lost?"""
        lost = self.faults.lost_refresh_responses > 0
        self.faults.lost_refresh_responses -= lost
        return lost

    def device_of(self, token: str | None) -> Device | None:
        """The device whose live access token this is, or None."""
        if token is None:
            return None
        client_id = self.tokens.client_of(token)
        if client_id is not None:
            return self.devices.of_client(client_id)
        removed = self.tokens.removed_client(token)
        for device in self.devices:
            if removed in device.client_ids:
                device.has_learned = True
                self.feed.touch()
        return None

    def status(self, device: Device) -> str:
        """The device's status word, as identity gives it: from before the request that asks."""
        if device.paused:
            return "paused"
        return "online" if device.was_seen() or self.online(device) else "offline"

    def online(self, device: Device | None = None) -> bool:
        """The panel's green dot: a socket is up and joined; of any device with None."""
        return any(socket.joined and device in (None, socket.device) for socket in self.sockets)

    async def answer_time(self) -> None:
        """Wait as the faults say: for slow_ms, and in a black hole until it is cleared."""
        if self.faults.slow_ms:
            await asyncio.sleep(self.faults.slow_ms / 1000)
        while self.faults.black_hole:
            await self._released.wait()

    def refusal(self, part: str) -> list[Any] | None:
        """The [status, body] with which this part is to be refused now, or None."""
        for name in (part, "all"):
            rule = self.faults.refuse.get(name)
            if rule and rule[2]:
                if rule[2] > 0:
                    rule[2] -= 1
                return rule[:2]
        return None

    def spoilt(self, part: str) -> Spoilt | None:
        """What a request of this part is to get now in place of an HTTP answer, or None."""
        for name in (part, "all"):
            rule = self.faults.spoil.get(name)
            if rule and rule.times:
                rule.times -= rule.times > 0
                return rule
        return None

    def storage_trouble(self) -> Any:
        """The storage.Trouble that a PUT is to meet now, or None."""
        trouble = self.faults.storage
        if trouble is None or not trouble.times:
            return None
        trouble.times -= trouble.times > 0
        return trouble

    def clear_faults(self) -> None:
        """Everything works again, and what was still to be pushed late is dropped."""
        if self.faults.expired and self.change_certificate:
            self.change_certificate(False)
        self.faults = Faults()
        for task in self._late:
            task.cancel()
        self.end_black_hole()

    def end_black_hole(self) -> None:
        """What was dead for a while ends, and new connections work."""
        self.faults.black_hole = False
        for wire in list(self.wires):
            wire.revive()
        self._released.set()
        self._released = asyncio.Event()

    async def push(self, event: str, payload: Any, device: Device | None = None) -> None:
        """Push an event to every joined socket, or to those of one device."""
        self.record("pushed", event=event)
        for socket in list(self.sockets):
            if socket.joined and device in (None, socket.device):
                await socket.push(event, payload)

    def push_late(self, delay_ms: float, event: str, payload: Any) -> None:
        """Push an event after a while, to the sockets that are joined then."""
        task = asyncio.create_task(self._push_late(delay_ms, event, payload))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _push_late(self, delay_ms: float, event: str, payload: Any) -> None:
        await asyncio.sleep(delay_ms / 1000)
        await self.push(event, payload)
