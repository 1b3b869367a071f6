"""The order of the control API for the virtual board that runs beside the mock."""

from typing import Any

from .board import ACTIONS
from .orders import one_of, order
from .service import Service

HELP = """\
the virtual board of `make run`:
  /control/board          {"action": "press", "hold", "double_press", "power_on", "power_off",
                          "wifi_in_range", "wifi_out_of_range", "plug_display", "unplug_display",
                          "clock_wrong" or "clock_right"}
"""


@order(action=one_of(*ACTIONS))
async def board(service: Service, body: dict[str, Any]) -> None:
    if service.board is None:
        raise LookupError("no virtual board runs beside this mock: make run starts both")
    service.board.order(body["action"])


ORDERS = (board,)
