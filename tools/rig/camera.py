"""examples/camera.py as a process, with a card to put clips on."""

import hashlib
import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.rig import ROOT, Device, Mock, Rig

_ENTRY = ROOT / "tools/rig/camera_main.py"


class Camera:
    """A camera, not switched on yet, and its mock Frame.io with TLS.

    token: a fixed one, or None: it is paired. part_bytes: of its uploads. times: what differs from
    the real ones. device: the process, after `power_on`.
    """

    def __init__(
        self, rig: Rig, token: str | None, part_bytes: int, times: Mapping[str, Any] = {}
    ) -> None:
        self._rig, self._token = rig, token
        self.mock: Mock = rig.mock("--interval-s", "1", tls=True)
        self._card = rig.folder / "clips"
        self._card.mkdir()
        folder = self.mock.ca.parent
        order = {
            "clips": str(self._card),
            "roots": [str(folder / "ca.der"), str(folder / "storage-ca.der")],
            "part_bytes": part_bytes,
            "times": times,
        }
        (rig.folder / "camera.json").write_text(json.dumps(order))
        self.device: Device

    def power_on(self) -> None:
        """Start it; what was known stays known."""
        config: Path = self._rig.config(self.mock.url, self.mock.ca, self._token)
        self.device = self._rig.device(config, fast=False, entry=_ENTRY)

    def record(self, name: str, size_bytes: int, made_s: float | None = None) -> str:
        """A clip appears on the card; its hash. made_s: when it was made, since 1970."""
        body = random.Random(name).randbytes(size_bytes)
        whole = self._card / "being_recorded"
        whole.write_bytes(body)
        if made_s is not None:
            os.utime(whole, (made_s, made_s))
        whole.rename(self._card / name)
        return hashlib.sha256(body).hexdigest()
