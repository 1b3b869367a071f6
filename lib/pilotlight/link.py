"""The link: the device's socket, whose code is loaded with the first connect.

Until then pairing, which needs no socket, can have its memory.
"""

from micropython import const

_JOIN_REF = const("channel_connect")
_HEARTBEAT_REF = const("heartbeat")
_MESSAGE_BYTES = const(65_536)
_SEND_BYTES = const(160)  # phx_join with the longest device id has 140

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .net.endpoint import Endpoint
    from .net.phoenix import PhoenixSocket
    from .proof import Proof


class Link:
    """Holds the PhoenixSocket, and makes it with the first `open`.

    phoenix: the PhoenixSocket, or None before that.
    endpoint: Frame.io's Endpoint. proof: what the socket's messages prove goes there.
    """

    def __init__(self, core: Core, endpoint: Endpoint, proof: Proof) -> None:
        self.phoenix: PhoenixSocket = None  # type: ignore[assignment]  # not before `open`
        self._core = core
        self._endpoint = endpoint
        self._proof = proof

    async def open(self, target: str) -> None:
        """Connect and upgrade, and keep the socket alive by heartbeats from then on.

        target: path and query, percent-encoded. Raises UpgradeRefused if the server answers with
        another HTTP status than 101, or another NetError. A MemoryError may come of loading.
        """
        if self.phoenix is None:
            from .net.phoenix import PhoenixSocket  # only now: see above
            from .net.websocket_client import WebSocketClient

            websocket = WebSocketClient(_MESSAGE_BYTES, _SEND_BYTES)
            self.phoenix = PhoenixSocket(
                websocket, self._endpoint, _JOIN_REF, _HEARTBEAT_REF, self._core.times, self._proof
            )
        try:
            await self.phoenix.open(target)
        finally:
            self._core.unload("net.websocket_upgrade")

    def abandon(self, reason: str, text: str) -> None:
        """End the socket at once, if there is one; what waits on it raises LinkClosed."""
        if self.phoenix is not None:
            self.phoenix.abandon(reason, text)

    def check(self) -> None:
        """Send a heartbeat now: the network has changed, and a dead link should show soon."""
        if self.phoenix is not None:
            self.phoenix.check_link()

    async def close(self) -> None:
        """End the socket with a close handshake, and wait until its reader has ended."""
        if self.phoenix is not None:
            await self.phoenix.close()
