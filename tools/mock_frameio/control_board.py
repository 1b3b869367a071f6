"""The order of the control API for the virtual board that runs beside the mock."""

from typing import Any

from .board import ACTIONS
from .orders import one_of, order
from .service import Service

_LOOPBACK = ("127.0.0.1", "::1")
HELP = """\
the virtual board of `make run`:
  /control/board          {"action": "press", "hold", "double_press", "power_on", "power_off",
                          "wifi_in_range", "wifi_out_of_range", "plug_display" or
                          "unplug_display"}
"""


@order(action=one_of(*ACTIONS))
async def board(service: Service, body: dict[str, Any]) -> None:
    if service.board is None:
        raise LookupError("no virtual board runs beside this mock: make run starts both")
    service.board.order(body["action"])
    if body["action"] == "wifi_out_of_range":
        # The virtual radio does not touch the board's sockets.
        for wire in service.wires:
            peer = wire.get_extra_info("peername")
            if wire.for_device and peer and peer[0] in _LOOPBACK:
                wire.die()


ORDERS = (board,)
