"""What is uploaded: assets, their parts and addresses, and the hashes of what has arrived.

Sources: Frame.io's guides "How to: Upload (Basic)", for a part's size: the file's, divided by the
number of addresses, rounded up; and "(Advanced)", for `parts`. How many addresses Frame.io gives
without it is not documented: 16 MiB a part gives the guide's two for its file of 21 MB.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .tokens import MARK

MOST_PARTS = 10_000  # S3's
LARGEST_BYTES = 5 << 40  # S3's, in the API reference
_PART_BYTES = 16 << 20
_MOST_ASSETS = 20
_LIFE_S = 24 * 3600
_READ_BYTES = 1 << 20


@dataclass
class Part:
    """One part. offset: where it lies in the file. sha256, taken_bytes: of the body that was stored
    last, "" and 0 before. tries: how many PUTs had begun."""

    offset: int
    size_bytes: int
    signature: str
    sha256: str = ""
    taken_bytes: int = 0
    tries: int = 0


class Asset:
    """One file. What arrives lies in a temporary file, which goes with the process."""

    def __init__(self, fields: dict[str, Any], expires_s: float) -> None:
        self.id = str(uuid.uuid4())
        self.name: str = fields["name"]
        self.filetype: str = fields["filetype"]
        self.filesize: int = fields["filesize"]
        self.expires_s = expires_s
        count = fields["parts"] or -(-self.filesize // _PART_BYTES)
        size = -(-self.filesize // count)
        self.parts = [
            Part(offset, min(size, self.filesize - offset), MARK + secrets.token_hex(32))
            for offset in range(0, self.filesize, size)
        ]
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the asset
        self._sha256 = ""

    def begin(self, part: Part) -> None:
        """A PUT of this part begins."""
        part.tries += 1

    def store(self, part: Part, offset: int, data: bytes) -> None:
        """Keep a piece of a part's body, which lies there in the body."""
        self.file.seek(part.offset + offset)
        self.file.write(data)

    def finish(self, part: Part, sha256: str) -> None:
        """All of a part's body is stored."""
        part.sha256, part.taken_bytes, self._sha256 = sha256, part.size_bytes, ""

    def sha256(self) -> str:
        """The hash of the whole file, "" while a part is missing."""
        if not self._sha256 and all(part.sha256 for part in self.parts):
            digest = hashlib.sha256()
            self.file.seek(0)
            while piece := self.file.read(_READ_BYTES):
                digest.update(piece)
            self._sha256 = digest.hexdigest()
        return self._sha256

    def facts(self) -> dict[str, Any]:
        """What the control API says of it."""
        return {
            "id": self.id,
            "name": self.name,
            "filesize": self.filesize,
            "taken_bytes": sum(part.taken_bytes for part in self.parts),
            "sha256": self.sha256(),
            "parts": [
                {
                    "number": number,
                    "size_bytes": part.size_bytes,
                    "taken_bytes": part.taken_bytes,
                    "sha256": part.sha256,
                    "tries": part.tries,
                }
                for number, part in enumerate(self.parts, 1)
            ],
        }


class Uploads:
    """The last assets. url: of the storage service. now: a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.url = ""
        self._now = now
        self._assets: deque[Asset] = deque()

    def create(self, fields: dict[str, Any]) -> tuple[Asset, list[str]]:
        """A new asset with these fields of the request, and the addresses for its parts."""
        asset = Asset(fields, self._now() + _LIFE_S)
        self._assets.append(asset)
        if len(self._assets) > _MOST_ASSETS:
            self._assets.popleft().file.close()
        addresses = [
            f"{self.url}/parts/{asset.id}/{number}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Credential=MOCK0000000000000000"
            f"%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z"
            f"&X-Amz-Expires={_LIFE_S}&X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-acl"
            f"&X-Amz-Signature={part.signature}&x-id=UploadPart"
            for number, part in enumerate(asset.parts, 1)
        ]
        return asset, addresses

    def find(self, asset_id: str, number: int) -> tuple[Asset, Part] | None:
        """The part of this address, or None."""
        for asset in self._assets:
            if asset.id == asset_id and 1 <= number <= len(asset.parts):
                return asset, asset.parts[number - 1]
        return None

    def has_expired(self, asset: Asset) -> bool:
        """Have its addresses?"""
        return self._now() >= asset.expires_s

    def expire(self) -> None:
        """The addresses that were given so far end now."""
        for asset in self._assets:
            asset.expires_s = self._now()

    def facts(self) -> list[dict[str, Any]]:
        """What the control API says of all of them, the newest last."""
        return [asset.facts() for asset in self._assets]
