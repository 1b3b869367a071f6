"""The state behind the mock: one device, its tokens and sockets, the faults, the records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .pauses import Pauses
from .tokens import Tokens

DEVICE_ID = "a7e95254-8cd6-4d59-b54d-28c58570a8de"
DEVICE_NAME = "MOCK-DEVICE"
_OFFLINE_AFTER_S = 300
_MOST_RECORDS = 10_000


@dataclass
class Spoilt:
    """What requests get in place of an HTTP answer: raw bytes, of which `pieces` gives a fresh run,
    or None for a TCP reset.

    times: so often; -1: forever.
    """

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
    Spoilt.
    """

    refuse: dict[str, list[Any]] = field(default_factory=dict)
    lost_refresh_responses: int = 0
    slow_ms: int = 0
    black_hole: bool = False
    join: str | None = None
    fragment_bytes: int = 0
    dribble_ms: float | None = None
    spoil: dict[str, Spoilt] = field(default_factory=dict)


class Service:
    """One pretended Frame.io with one device.

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
        self.device_id = DEVICE_ID
        self.pauses = Pauses()
        self.project: str | None = "Testbed"
        self.creator: str | None = "Ada Lovelace"
        self.expires_at: str | None = None
        self.faults = Faults()
        self.sockets: set[Any] = set()  # DeviceSocket
        self.wires: set[Any] = set()  # Wire
        self.records: list[dict[str, Any]] = []
        self._begun = time.monotonic()
        self._last_seen: float | None = None
        self._released = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()

    @property
    def paused(self) -> bool:
        """Is the device paused now?"""
        return self.pauses.covers(0)

    def record(self, kind: str, **facts: Any) -> None:
        """Note something that was seen: {"t_ms", "kind", …}. Never a token."""
        if len(self.records) < _MOST_RECORDS:
            t_ms = int((time.monotonic() - self._begun) * 1000)
            self.records.append({"t_ms": t_ms, "kind": kind, **facts})

    def accepts(self, token: str | None) -> bool:
        """Is this access token known and not expired?"""
        return token is not None and self.tokens.accepts(token)

    def expire_tokens(self) -> None:
        """The access tokens end now. Live sockets stay: Phoenix checks at connect only."""
        self.tokens.expire()

    def renew_tokens(self) -> None:
        """The access tokens live again, for a whole life."""
        self.tokens.renew()

    def loses_refresh_response(self) -> bool:
        """Is the response of the refresh that was just carried out to be lost?"""
        lost = self.faults.lost_refresh_responses > 0
        self.faults.lost_refresh_responses -= lost
        return lost

    def status(self) -> str:
        """The device's status word, as identity gives it: from before the request that asks."""
        if self.paused:
            return "paused"
        seen = self._last_seen is not None and time.monotonic() - self._last_seen < _OFFLINE_AFTER_S
        return "online" if seen or self.online() else "offline"

    def online(self) -> bool:
        """The panel's green dot: a socket is up and joined."""
        return any(socket.joined for socket in self.sockets)

    def seen(self) -> None:
        """The device has called."""
        self._last_seen = time.monotonic()

    def identity(self) -> dict[str, Any]:
        """The body of /v2/devices/me."""
        scopes = {f"scope_{number:02}": number % 3 == 0 for number in range(33)}
        body: dict[str, Any] = {
            "_type": "project_device",
            "id": self.device_id,
            "asset_type": "video",
            "authorization": {
                "_type": "project_device_authorization",
                "creator": {
                    "_type": "user",
                    "id": "e7e96254-8bd6-4d59-b54d-28c58570a8de",
                    "name": self.creator,
                },
                "expires_at": self.expires_at,
                "id": "7b2b68e5-788d-497c-8597-f9362cb1a75e",
                "project_device_id": self.device_id,
                "scopes": {
                    "asset_create": True,
                    "id": "0fe0accb-447f-44f6-b2af-177d913b3a29",
                    "offline": True,
                    **scopes,
                },
            },
            "channels": [],
            "device_id": "14856308-46e0-4d7d-8438-320262eec74e",
            "last_seen_at": None,
            "name": DEVICE_NAME,
            "project": {
                "_type": "project",
                "id": "2ad59fe6-77b6-4fbc-a9d2-3dd0413ed4a3",
                "name": self.project,
            },
            "project_id": "2ad59fe6-77b6-4fbc-a9d2-3dd0413ed4a3",
            "timezone": "Etc/UTC",
            "status": self.status(),
        }
        return body

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

    def clear_faults(self) -> None:
        """Everything works again, and what was still to be pushed late is dropped."""
        self.faults = Faults()
        for task in self._late:
            task.cancel()
        for wire in list(self.wires):
            wire.revive()
        self._released.set()
        self._released = asyncio.Event()

    async def push(self, event: str, payload: Any) -> None:
        """Push an event to every joined socket."""
        self.record("pushed", event=event)
        for socket in list(self.sockets):
            if socket.joined:
                await socket.push(event, payload)

    def push_late(self, delay_ms: float, event: str, payload: Any) -> None:
        """Push an event after a while, to the sockets that are joined then."""
        task = asyncio.create_task(self._push_late(delay_ms, event, payload))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _push_late(self, delay_ms: float, event: str, payload: Any) -> None:
        await asyncio.sleep(delay_ms / 1000)
        await self.push(event, payload)
