"""What must hold at any time, whatever goes wrong; the design's invariants that can be seen without pairing."""

import asyncio
import time

from tests.simulation.device import no_secret
from tools.virtual_board.virtual_time import Clock

_EACH_MS = 500
HEARTBEAT_MS = 17_000
PROOF_MS = 29_000
SPACING_MS = 60_000


class Watch:
    """Looks at a world twice a virtual second from `begin` on; `end` ends it and says what was broken."""

    def __init__(self, world):
        self._world = world
        self.broken = []
        self._identity_ms = None

    def begin(self):
        """Begin to look at a world whose device is powered on."""
        polls = self._world.agent._inquiries._polls
        self._identity_begins = polls.identity_begins
        polls.identity_begins = self._note_identity
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
        agent, status = world.agent, world.agent.status
        while True:
            if status.joined:
                since_ms = time.ticks_diff(time.ticks_ms(), agent._phoenix._heartbeat_sent_ms)
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

    def _note_identity(self, now_ms):
        if (
            self._identity_ms is not None
            and not self._world.agent._inquiries._polls.identity_exempt
        ):
            gap_ms = Clock.now_ms - self._identity_ms
            self._expect(gap_ms >= SPACING_MS, "identity after %d ms" % gap_ms)
        self._identity_ms = Clock.now_ms
        self._identity_begins(now_ms)

    def _expect(self, holds, what):
        if not holds:
            self.broken.append((Clock.now_ms, what))
