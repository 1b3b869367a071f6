"""The orders of the control API for the storage that uploads go to."""

from typing import Any

from .orders import one_of, order, whole
from .service import Service
from .storage import ANSWERS, Trouble
from .uploads import LARGEST_BYTES

HELP = """\
uploads (POST /v2/devices/assets gives addresses of the storage, which has its own port, name and,
with --tls, CA: storage-ca.der and storage-ca.pem in --tls-dir):
  GET  /control/uploads   the last assets, newest last: {"id", "name", "filesize", "taken_bytes",
                          "sha256" ("" while a part is missing), "parts": [{"number", "size_bytes",
                          "taken_bytes", "sha256", "tries"}]}
  /control/storage        PUTs go wrong: {"what": "expired" or "refused" (403), "busy" (503),
                          "failed" (500), "moved" (307), "reset" (TCP), or "stall" (nothing is read
                          any more); "after_bytes": 0 of the body, "times": -1 forever}
  /control/storage_rate   PUTs are read so fast: {"bytes_per_s": 50000}, to about 64 kB; 0: at once
  /control/expire_uploads the addresses that were given so far end now
records of kind part: name, number, status (0: cut off)
"""
_MOST_TIMES = 10_000


@order(
    what=one_of(*ANSWERS, "reset", "stall"),
    after_bytes=whole(0, LARGEST_BYTES, default=0),
    times=whole(-1, _MOST_TIMES, default=-1),
)
async def storage(service: Service, body: dict[str, Any]) -> None:
    service.faults.storage = Trouble(**body)


@order(bytes_per_s=whole(0, 1 << 30))
async def storage_rate(service: Service, body: dict[str, Any]) -> None:
    service.faults.storage_bytes_per_s = body["bytes_per_s"]


@order()
async def expire_uploads(service: Service, body: dict[str, Any]) -> None:
    service.uploads.expire()


ORDERS = (storage, storage_rate, expire_uploads)
