"""Ports of this computer at which what runs here reaches a virtual board's servers."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping


class BoardPorts:
    """Free ports at 127.0.0.1, which are the board's until `close`.

    kinds: port on the board → socket.SOCK_STREAM or SOCK_DGRAM.
    at: port on the board → port here. environment: what tells the board (modules/socket.py).

    A socket of this process keeps each of them, over resets too. It shares its address with the
    board's (SO_REUSEADDR), does not listen, and a UDP one is connected to itself: so all that is
    sent there is the board's. Where a system other than Linux shares none, the port is only found.
    """

    def __init__(self, kinds: Mapping[int, socket.SocketKind]) -> None:
        self._kept = []
        self.at: dict[int, int] = {}
        for port, kind in kinds.items():
            keeper = socket.socket(socket.AF_INET, kind)
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            keeper.bind(("127.0.0.1", 0))
            self.at[port] = keeper.getsockname()[1]
            if kind == socket.SOCK_DGRAM:
                keeper.connect(keeper.getsockname())
            self._kept.append(keeper)
        if sys.platform != "linux":
            self.close()
        self.environment = {"VIRTUAL_PORTS": json.dumps(self.at)}

    def close(self) -> None:
        """Let them go."""
        for keeper in self._kept:
            keeper.close()
