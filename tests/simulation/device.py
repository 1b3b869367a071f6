"""A device in virtual time: the real Agent on the memory network, and what it has shown when.

Import this first: it installs the virtual clock.
"""

import asyncio
import gc
import random

from tests import virtual_time

virtual_time.install()
gc.threshold(1 << 20)  # a heap of many MB that was let run full would not give one large block any more

from pilotlight import agent as agent_module
from pilotlight import walker as walker
from pilotlight.agent import Agent
from pilotlight.settings import Settings
from pilotlight.times import Times as Times
from tests.simulation.frameio import Frameio
from tests.simulation.network import Network
from tests.virtual_time import Clock

TOKEN = "simulated-token"
LATENCY_MS = 10  # each way


def gaps(times):
    """From each time to the next."""
    return [times[i] - times[i - 1] for i in range(1, len(times))]


async def sleep_s(seconds):
    """Let virtual seconds go by."""
    await asyncio.sleep_ms(seconds * 1000)


class Host:
    """Network, storage and clock for an Agent."""

    def __init__(self):
        self.records = {}
        self.saves = 0
        self.up = True
        self.known_s = 1_800_000_000

    def is_up(self):
        return self.up

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        self.records[name] = record
        self.saves += 1

    def now_s(self):
        return self.known_s

    async def ensure_set(self):
        return self.known_s is not None


class World:
    """Device, network and service; the seed decides all that is random.

    shown: (virtual ms, state, connected, paused, reason) of each change.
    """

    def __init__(self, seed=1, jitter_ms=0):
        random.seed(seed)
        self.frameio = Frameio()
        self.network = Network(self.frameio.serve, LATENCY_MS, jitter_ms)
        self.host = Host()
        self.shown = []
        self.log = []
        self.agent = None

    def power_on(self, times=None):
        """Start the device."""
        agent_module.Endpoint = self.network.endpoint
        settings = Settings("http://127.0.0.1:1", "1.2.3", access_token=TOKEN)
        self.agent = Agent(settings, self.host, self.host, self.host, times, lambda line: self.log.append((Clock.now_ms, line)))
        self._running = asyncio.create_task(self.agent.run())
        self._observing = asyncio.create_task(self._observe(self.agent.status))

    async def power_off(self):
        """End it in order; raises what it died of."""
        await self.agent.stop()
        await self._running
        self._observing.cancel()

    async def _observe(self, status):
        version = 0
        while True:
            version = await status.wait(version)
            row = (Clock.now_ms, status.state, status.connected, status.paused, status.reason)
            if not self.shown or self.shown[-1][1:] != row[1:]:
                self.shown.append(row)

    async def until(self, state, longest_ms=600_000):
        """Wait until the state is shown; the virtual ms that it took."""
        begun_ms = Clock.now_ms
        while self.agent.status.state != state:
            left_ms = begun_ms + longest_ms - Clock.now_ms
            assert left_ms > 0, "never %s; shown: %s; log: %s" % (state, self.shown[-6:], self.log[-6:])
            try:
                await asyncio.wait_for_ms(self.agent.status.wait(self.agent.status.version), left_ms)
            except asyncio.TimeoutError:
                pass
        return Clock.now_ms - begun_ms

    async def online(self):
        """Power on and wait until online."""
        self.power_on()
        await self.until("online")
