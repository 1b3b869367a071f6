"""GET /feed: the page's live feed as Server-Sent Events, in batches of bounded size."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from .devices import Device
from .rest import SERVICE
from .service import Service
from .wire import wire_of

_BATCH_S = 0.1
_QUIET_S = 15.0  # a comment then: only so is a reader that has gone noticed
_MOST_AT_ONCE = 400
_MOST_UNSENT_BYTES = 1 << 18  # for a reader that does not read; what it misses is in the rings
_LONGEST_NAME = 300


def _name(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…"


def _card(service: Service, device: Device) -> dict[str, Any]:
    """What a connection card shows."""
    return {
        "id": _name(device.id),
        "name": device.name,
        "online": service.online(device) and not device.is_removed,
        "removed": device.is_removed,
        "is_board": bool(service.board and service.board.client_id in device.client_ids),
        "paused": device.paused,
        "project": _name(device.project),
        "creator": _name(device.creator),
        "expires_at": _name(device.expires_at),
        "heartbeat_ms": device.heartbeat_ms,
        "uploads": [{**upload, "name": _name(upload["name"])} for upload in device.uploads],
    }


def _is_shown(service: Service, device: Device) -> bool:
    has_socket = any(socket.device is device for socket in service.sockets)
    if device.is_removed:  # it does not know it yet, so its card says so
        return has_socket and not device.has_learned
    return has_socket or device.was_seen() or device.is_paired


def faults(service: Service) -> dict[str, Any]:
    """What is wrong at the moment, without the bodies."""
    wrong = service.faults
    return {
        "refuse": {part: rule[0] for part, rule in wrong.refuse.items() if rule[2]},
        "spoil": {part: rule.what for part, rule in wrong.spoil.items() if rule.times},
        "lost_refresh_responses": wrong.lost_refresh_responses,
        "slow_ms": wrong.slow_ms,
        "black_hole": wrong.black_hole,
        "join": wrong.join is not None,
        "fragment_bytes": wrong.fragment_bytes,
        "dribble_ms": wrong.dribble_ms,
        "expired": wrong.expired,
        "storage": wrong.storage.what if wrong.storage and wrong.storage.times else None,
        "storage_bytes_per_s": wrong.storage_bytes_per_s,
        "lost_status": service.tokens.lost_status,
        "error_body": service.error_body,
        "access_s": service.tokens.lives.access_s,
        "identity_bytes": service.identity_bytes,
    }


class Reader:
    """What one page has been told, so that only what is new goes out."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._row = self._edge = 0
        self._told: dict[str, Any] = {}
        self._cards: dict[str, Any] = {}

    def batch(self) -> dict[str, Any]:
        """What has changed since the last one."""
        service, feed = self._service, self._service.feed
        made: dict[str, Any] = {"now_ms": service.now_ms()}
        before = self._row
        made["rows"], self._row = feed.rows.after(self._row, _MOST_AT_ONCE)
        made["lost"] = self._row - before - len(made["rows"])
        made["edges"], self._edge = feed.edges.after(self._edge, _MOST_AT_ONCE)
        cards = {
            device.id: _card(service, device)
            for device in service.devices
            if _is_shown(service, device)
        }
        made["cards"] = [card for key, card in cards.items() if self._cards.get(key) != card]
        made["gone"] = [key for key in self._cards if key not in cards]
        self._cards = cards
        self._tell(made, "faults", faults(service))
        self._tell(made, "codes", service.tokens.pending_user_codes())
        for name, fact in (service.board.facts if service.board else {}).items():
            self._tell(made, "board_" + name, fact)
        return made

    def has_more(self) -> bool:
        """Are there rows that the last batch had no room for?"""
        feed = self._service.feed
        return self._row < feed.rows.last or self._edge < feed.edges.last

    def _tell(self, made: dict[str, Any], name: str, value: Any) -> None:
        if name not in self._told or self._told[name] != value:
            self._told[name] = made[name] = value


async def feed(request: web.Request) -> web.StreamResponse:
    """GET /feed. Each event is a batch; the first holds all that is known."""
    service = request.app[SERVICE]
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):  # it has gone
        await _tell(request, service, response)
    return response


async def _tell(request: web.Request, service: Service, response: web.StreamResponse) -> None:
    reader, version = Reader(service), -1
    while (wire := wire_of(request)) is not None and not wire.is_closing():
        if not reader.has_more() and not await service.feed.wait(version, _QUIET_S):
            await response.write(b": quiet\n\n")
            continue
        await asyncio.sleep(_BATCH_S)
        if wire.unsent_bytes() > _MOST_UNSENT_BYTES:
            continue
        version = service.feed.version
        text = json.dumps(reader.batch(), separators=(",", ":"))
        await response.write(f"data: {text}\n\n".encode())
