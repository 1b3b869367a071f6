"""The devices that the mock knows, each as Frame.io keeps it."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterator
from typing import Any

from .pauses import Pauses

FIRST_ID = "a7e95254-8cd6-4d59-b54d-28c58570a8de"
NAME = "MOCK-DEVICE"
_OFFLINE_AFTER_S = 300
_MOST_UPLOADS = 20
_MOST_DEVICES = 200


class Device:
    """One device of a project.

    client_ids: the tokens of these are its own; "" is the fixed token. expires_at: an ISO time or
    None. uploads: the last ones, {"name", "status", "t_ms"}. heartbeat_ms: when the last one came,
    on the mock's clock, on the present connection.
    is_removed: in Frame.io; a live socket stays. has_learned: it was refused since.
    """

    def __init__(self, device_id: str, name: str, client_ids: set[str]) -> None:
        self.id = device_id
        self.name = name
        self.client_ids = client_ids
        self.project: str | None = "Testbed"
        self.creator: str | None = "Ada Lovelace"
        self.expires_at: str | None = None
        self.pauses = Pauses()
        self.uploads: deque[dict[str, Any]] = deque(maxlen=_MOST_UPLOADS)
        self.heartbeat_ms: int | None = None
        self.is_removed = False
        self.has_learned = False
        self._seen_s: float | None = None

    @property
    def paused(self) -> bool:
        """Is it paused now?"""
        return self.pauses.covers(0)

    @property
    def topic(self) -> str:
        """Its Phoenix topic."""
        return f"devices:{self.id}"

    def seen(self) -> None:
        """It has called."""
        self._seen_s = time.monotonic()

    def was_seen(self) -> bool:
        """Has it called within five minutes?"""
        return self._seen_s is not None and time.monotonic() - self._seen_s < _OFFLINE_AFTER_S

    @property
    def is_paired(self) -> bool:
        """Has a client been paired as this device?"""
        return bool(self.client_ids - {""})

    def identity(self, status: str) -> dict[str, Any]:
        """The body of /v2/devices/me."""
        scopes = {f"scope_{number:02}": number % 3 == 0 for number in range(33)}
        return {
            "_type": "project_device",
            "id": self.id,
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
                "project_device_id": self.id,
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
            "name": self.name,
            "project": {
                "_type": "project",
                "id": "2ad59fe6-77b6-4fbc-a9d2-3dd0413ed4a3",
                "name": self.project,
            },
            "project_id": "2ad59fe6-77b6-4fbc-a9d2-3dd0413ed4a3",
            "timezone": "Etc/UTC",
            "status": status,
        }


class Devices:
    """All of them. `first` is there from the start, and its tokens are the fixed one and those of
    the client that pairs first."""

    def __init__(self) -> None:
        self.first = Device(FIRST_ID, NAME, {""})
        self._all = [self.first]

    def __iter__(self) -> Iterator[Device]:
        return iter(self._all)

    def state(self) -> list[tuple[str, str, list[str]]]:
        """Which there are: id, name, client_ids; for JSON."""
        return [(device.id, device.name, sorted(device.client_ids)) for device in self._all]

    def restore(self, state: list[tuple[str, str, list[str]]]) -> None:
        """Take up a state of before. What else was known of a device is forgotten."""
        self._all = [Device(device_id, name, set(ids)) for device_id, name, ids in state]
        self.first = self._all[0]

    def of_client(self, client_id: str) -> Device:
        """The device of a client_id that has been paired; made at its first pairing.

        Beyond 200 devices the oldest but the first is forgotten.
        """
        for device in self._all:
            if client_id in device.client_ids:
                return device
        if self.first.client_ids == {""}:
            self.first.client_ids.add(client_id)
            return self.first
        if len(self._all) == _MOST_DEVICES:
            del self._all[1]
        device = Device(str(uuid.uuid4()), f"{NAME}-{len(self._all) + 1}", {client_id})
        self._all.append(device)
        return device

    def picked(self, device_id: str | None) -> list[Device]:
        """The device of this id, or all with None. Raises LookupError if no device has it."""
        found = [device for device in self._all if device_id in (None, device.id)]
        if not found:
            raise LookupError("there is no device of this id")
        return found
