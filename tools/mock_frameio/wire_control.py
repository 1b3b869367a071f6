"""The orders of the control API that spoil the wire."""

from collections.abc import Callable, Iterator
from typing import Any

from .orders import UNCHANGED, Key, number, octets, one_of, order, switch, whole
from .parts import NAMES
from .raw_bytes import MOST_BYTES, noise, repeated
from .raw_bytes import endless as endless_bytes
from .service import Service, Spoilt

HELP = """\
faults of the wire (POST; the connections of the control API are spared):
  /control/fragment       {"bytes": 3}: messages on the sockets come in fragments of so many bytes,
                          inside characters too, with a ping between each two
  /control/dribble        {"pause_ms": 0}: everything, the upgrade and REST included, goes out one
                          byte at a time; null ends it
  /control/raw            these bytes on the live sockets: {"hex": "81", "again": "00", "times": 5}
  /control/garbage        random bytes: {"seed": 1, "bytes": 3000, "part": "live" (on the live
                          sockets, now) or as in refuse (in place of the answer), "times": -1 for
                          ever}
  /control/endless        {"what": "frame" (of 2**62 bytes) or "message" (of empty fragments), on
                          the live sockets, now; or "head" or "body", in place of the answer:
                          "part": as in refuse, "times": -1 forever}; cut after 8 MB
  /control/reset          TCP resets: {"part": "live" (the live sockets, now) or as in refuse
                          (behind the request's head), "times": -1 forever}
  /control/certificate    {"expired": true}: new connections get an expired certificate, as every
                          one looks to a device whose clock is years ahead; false ends it
  /control/half_open      the device's connections go dead, without an end; new ones work
"""
_LIVE = "live"
_LONGEST_PAUSE_MS = 60_000
_MOST_TIMES = 10_000


def _times() -> Key:
    return whole(-1, _MOST_TIMES, default=UNCHANGED)


async def _pour(service: Service, pieces: Callable[[], Iterator[bytes]]) -> None:
    for socket in list(service.sockets):
        await socket.pour(pieces())


def _spoil(
    service: Service,
    what: str,
    body: dict[str, Any],
    pieces: Callable[[], Iterator[bytes]] | None,
) -> None:
    service.faults.spoil[body["part"]] = Spoilt(what, pieces, body.get("times", -1))


def _check_live(name: str, body: dict[str, Any]) -> None:
    if "times" in body:
        raise ValueError(f"{name}: the live sockets get it once, now; times goes with a part")


@order(bytes=whole(0, 65_535))
async def fragment(service: Service, body: dict[str, Any]) -> None:
    service.faults.fragment_bytes = body["bytes"]


@order(pause_ms=number(0, _LONGEST_PAUSE_MS, default=0).or_null())
async def dribble(service: Service, body: dict[str, Any]) -> None:
    service.faults.dribble_ms = body["pause_ms"]


@order(
    hex=octets(MOST_BYTES),
    again=octets(MOST_BYTES, default=""),
    times=whole(0, MOST_BYTES, default=1),
)
async def raw(service: Service, body: dict[str, Any]) -> None:
    first, again, times = bytes.fromhex(body["hex"]), bytes.fromhex(body["again"]), body["times"]
    if len(first) + len(again) * times > MOST_BYTES:
        raise ValueError(f"raw: these are more than {MOST_BYTES} bytes")
    await _pour(service, lambda: repeated(first, again, times))


@order(
    seed=whole(-(2**63), 2**63 - 1),
    bytes=whole(0, MOST_BYTES, default=3000),
    part=one_of(_LIVE, *NAMES, default=_LIVE),
    times=_times(),
)
async def garbage(service: Service, body: dict[str, Any]) -> None:
    def pieces() -> Iterator[bytes]:
        return noise(body["seed"], body["bytes"])

    if body["part"] == _LIVE:
        _check_live("garbage", body)
        await _pour(service, pieces)
    else:
        _spoil(service, "garbage", body, pieces)


@order(
    what=one_of("frame", "message", "head", "body"),
    part=one_of(*NAMES, default=UNCHANGED),
    times=_times(),
)
async def endless(service: Service, body: dict[str, Any]) -> None:
    def pieces() -> Iterator[bytes]:
        return endless_bytes(body["what"])

    if body["what"] in ("frame", "message"):
        _check_live("endless", body)
        if "part" in body:
            raise ValueError("endless: the live sockets get frame and message, not a part")
        await _pour(service, pieces)
    else:
        _spoil(service, "endless", {"part": "all", **body}, pieces)


@order(part=one_of(_LIVE, *NAMES, default=_LIVE), times=_times())
async def reset(service: Service, body: dict[str, Any]) -> None:
    if body["part"] != _LIVE:
        _spoil(service, "reset", body, None)
        return
    _check_live("reset", body)
    for socket in list(service.sockets):
        socket.reset()


@order(expired=switch())
async def certificate(service: Service, body: dict[str, Any]) -> None:
    if service.change_certificate is None:
        raise LookupError("certificate: this mock has no TLS, or its page uses the certificate too")
    service.change_certificate(body["expired"])
    service.faults.expired = body["expired"]


@order()
async def half_open(service: Service, body: dict[str, Any]) -> None:
    for wire in service.wires:
        if wire.for_device:
            wire.die()


ORDERS = (fragment, dribble, raw, garbage, endless, reset, certificate, half_open)
