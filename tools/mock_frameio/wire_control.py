"""The part of the control API that spoils the wire."""

from collections.abc import Callable, Iterator

from aiohttp import web

from .control import body_of, handler
from .raw_bytes import endless as endless_bytes
from .raw_bytes import noise, repeated
from .rest import SERVICE
from .service import Spoilt

HELP = """\
faults of the wire (POST; the connections of the control API are spared):
  /control/fragment       {"bytes": 3}: messages on the sockets come in fragments of so many bytes,
                          inside characters too, with a ping between each two
  /control/dribble        {"pause_ms": 0}: everything, the upgrade and REST included, goes out one
                          byte at a time
  /control/raw            these bytes on the live sockets: {"hex": "81", "again": "00", "times": 5}
  /control/garbage        random bytes: {"seed": 1, "bytes": 3000, "part": "live" (on the live
                          sockets, now) or as in refuse (in place of the answer), "times": -1 for
                          ever}
  /control/endless        {"what": "frame" (of 2**62 bytes) or "message" (of empty fragments), on
                          the live sockets, now; or "head" or "body", in place of the answer:
                          "part": as in refuse, "times": -1 forever}; cut after 8 MB
  /control/reset          TCP resets: {"part": "live" (the live sockets, now) or as in refuse
                          (behind the request's head), "times": -1 forever}
  /control/half_open      the device's connections go dead, without an end; new ones work
"""
_LIVE = "live"


def _spoil(
    request: web.Request, part: str, times: int, pieces: Callable[[], Iterator[bytes]] | None
) -> None:
    request.app[SERVICE].faults.spoil[part] = Spoilt(pieces, times)


async def _pour(request: web.Request, pieces: Callable[[], Iterator[bytes]]) -> None:
    for socket in list(request.app[SERVICE].sockets):
        await socket.pour(pieces())


async def fragment(request: web.Request) -> None:
    request.app[SERVICE].faults.fragment_bytes = (await body_of(request))["bytes"]


async def dribble(request: web.Request) -> None:
    request.app[SERVICE].faults.dribble_ms = (await body_of(request)).get("pause_ms", 0)


async def raw(request: web.Request) -> None:
    body = await body_of(request)
    first, again = bytes.fromhex(body["hex"]), bytes.fromhex(body.get("again", ""))
    await _pour(request, lambda: repeated(first, again, body.get("times", 1)))


async def garbage(request: web.Request) -> None:
    body = await body_of(request)

    def pieces() -> Iterator[bytes]:
        return noise(body["seed"], body.get("bytes", 3000))

    if body.get("part", _LIVE) == _LIVE:
        await _pour(request, pieces)
    else:
        _spoil(request, body["part"], body.get("times", -1), pieces)


async def endless(request: web.Request) -> None:
    body = await body_of(request)

    def pieces() -> Iterator[bytes]:
        return endless_bytes(body["what"])

    if body["what"] in ("frame", "message"):
        await _pour(request, pieces)
    else:
        _spoil(request, body.get("part", "all"), body.get("times", -1), pieces)


async def reset(request: web.Request) -> None:
    body = await body_of(request)
    if body.get("part", _LIVE) != _LIVE:
        _spoil(request, body["part"], body.get("times", -1), None)
        return
    for socket in list(request.app[SERVICE].sockets):
        socket.reset()


async def half_open(request: web.Request) -> None:
    for wire in request.app[SERVICE].wires:
        if wire.for_device:
            wire.die()


_ACTIONS = (fragment, dribble, raw, garbage, endless, reset, half_open)


def add_routes(app: web.Application) -> None:
    """Hang the faults of the wire into an application."""
    for action in _ACTIONS:
        app.router.add_post(f"/control/{action.__name__}", handler(action))
