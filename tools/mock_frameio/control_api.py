"""The control API: POST /control/NAME with a JSON object, GET /control/records, /control/status."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from . import control, control_authorization, control_board, control_storage, wire_control
from .rest import SERVICE
from .service import Service
from .strict_json import parse

HELP = (
    control.HELP
    + control_authorization.HELP
    + control_storage.HELP
    + wire_control.HELP
    + control_board.HELP
)
ORDERS = {
    order.name: order
    for order in (
        *control.ORDERS,
        *control_authorization.ORDERS,
        *control_storage.ORDERS,
        *wire_control.ORDERS,
        *control_board.ORDERS,
    )
}
# As curl --json, and as curl -d and Python's urllib say it by default.
_CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded")


def _records(service: Service) -> Any:
    return service.records


def _uploads(service: Service) -> Any:
    return service.uploads.facts()


def _status(service: Service) -> Any:
    return {
        "online": service.online(),
        "paused": service.devices.first.paused,
        "sockets": len(service.sockets),
        "device_id": service.devices.first.id,
        **service.tokens.status(),
    }


VIEWS: dict[str, Callable[[Service], Any]] = {
    "records": _records,
    "status": _status,
    "uploads": _uploads,
}


def _refused(status: int, sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence}, status=status)


async def _body(request: web.Request) -> Any:
    """The JSON of an order; no body counts as an empty object. Raises ValueError."""
    if request.query_string:
        raise ValueError("the keys of an order are JSON in the body, not a query")
    try:
        data = await request.read()
    except web.RequestPayloadError:
        raise ValueError("the body does not hold what its header fields say") from None
    if not data:
        return {}
    if "Content-Type" in request.headers and request.content_type not in _CONTENT_TYPES:
        raise ValueError(f"the Content-Type of an order is {_CONTENT_TYPES[0]}")
    try:
        return parse(data, unique_keys=True)
    except ValueError as error:
        raise ValueError(f"the body is not valid JSON: {error}") from None


async def _handle(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in ORDERS and name not in VIEWS:
        return _refused(400, f"there is no such order; known: {', '.join((*VIEWS, *ORDERS))}")
    methods = ("GET", "HEAD") if name in VIEWS else ("POST",)
    if request.method not in methods:
        return _refused(405, f"{name} is asked by {methods[0]}")
    service = request.app[SERVICE]
    if name in VIEWS:
        return web.json_response(VIEWS[name](service))
    order = ORDERS[name]
    try:
        body = order.checked(await _body(request))
        service.record("control", action=name)
        service.trace("user", "order", name, json.dumps(body) if body else "")
        await order.carry_out(service, body)
        service.feed.touch()
    except (LookupError, ValueError) as error:
        return _refused(400, str(error))
    except web.HTTPRequestEntityTooLarge:
        return _refused(413, "the body is over 1 MiB")
    return web.json_response({"ok": True})


def add_routes(app: web.Application) -> None:
    """Hang the control API into an application."""
    app.router.add_route("*", "/control/{name:.*}", _handle)
