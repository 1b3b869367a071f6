"""The design's invariants that can be seen without pairing. They hold in any fault."""

import asyncio

from tests.simulation.device import no_secret
from tools.virtual_board.virtual_time import Clock

_EACH_MS = 500
HEARTBEAT_MS = 17_000
PROOF_MS = 29_000
SPACING_MS = 60_000
_TEXT_FRAME = 0x81


class Watch:
    """Checks a world twice a virtual second from `begin` to `end`, which says what was broken.

    It sees what the device writes into the network, and the calls of the Agent's `http`.
    """

    def __init__(self, world):
        self._world = world
        self.broken = []
        self._identity_ms = None  # when the last identity request began …
        self._identity_fields = None  # … and its header fields, which hold the token
        self._heartbeat_ms = None  # when the last one was written; the join counts as the first

    def begin(self):
        """Begin to look at a world whose device is powered on."""
        world = self._world
        self._heartbeat_ms = Clock.now_ms
        self._request = world.agent.http.request
        world.agent.http.request = self._note_request
        world.network.tap = self._note_write
        self._task = asyncio.create_task(self._look())

    def end(self):
        """Raises AssertionError with the first things that were broken."""
        self._task.cancel()
        log = self._world.log
        no_secret(self._world)
        self._expect(
            self._world.network.most_open <= 2,
            "more than one socket and one request were open at once",
        )
        assert not self.broken, (self.broken[:5], log[-10:])

    async def _look(self):
        world = self._world
        status = world.agent.status
        while True:
            if status.joined:
                since_ms = Clock.now_ms - self._heartbeat_ms
                self._expect(
                    since_ms <= HEARTBEAT_MS, "joined, and no heartbeat for %d ms" % since_ms
                )
            if status.connected:
                silent_ms = Clock.now_ms - world.network.heard_ms
                self._expect(
                    silent_ms <= PROOF_MS + _EACH_MS,
                    "connected, after %d ms of silence" % silent_ms,
                )
            await asyncio.sleep_ms(_EACH_MS)

    def _note_request(self, method, target, fields, *others):
        if target == "/v2/devices/me":
            # The first identity request with new tokens need not keep the distance.
            if self._identity_fields == fields:
                gap_ms = Clock.now_ms - self._identity_ms
                self._expect(gap_ms >= SPACING_MS, "identity after %d ms" % gap_ms)
            self._identity_ms, self._identity_fields = Clock.now_ms, fields
        return self._request(method, target, fields, *others)

    def _note_write(self, stream, data):
        if data.startswith(b"GET /devices/websocket"):
            self._heartbeat_ms = None
        elif data[0] == _TEXT_FRAME and (
            self._heartbeat_ms is None or b'"heartbeat"' in _unmasked(data)
        ):
            self._heartbeat_ms = Clock.now_ms

    def _expect(self, holds, what):
        if not holds:
            self.broken.append((Clock.now_ms, what))


def _unmasked(frame):
    """The payload of a client's frame (RFC 6455 section 5.3)."""
    at = 4 if frame[1] & 0x7F == 126 else 2
    key, payload = frame[at : at + 4], frame[at + 4 :]
    return bytes([payload[i] ^ key[i & 3] for i in range(len(payload))])
