"""What a heartbeat trip costs on the GC heap; run by the unix port: micropython heartbeat_trip.py (through `make bench`).

PILOTLIGHT_CONFIG names the configuration, as for main.py. Prints one JSON line; all figures but `trips` are bytes.
"""

import asyncio
import gc
import json
import sys

ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

_MEASURED_MS = 10_000


class Counter:
    """Stands before the agent's ear for proofs and counts them."""

    def __init__(self, heard):
        self.count = 0
        self._heard = heard

    def proven(self):
        """One heartbeat's reply has come."""
        self.count += 1
        self._heard()


async def measure(agent, counter):
    """Wait for `online`, then count what a run of heartbeats allocates with the collector off."""
    running = asyncio.create_task(agent.run())
    version = 0
    while agent.status.state != "online":
        version = await agent.status.wait(version)
    await asyncio.sleep_ms(200)  # the first reply is decoded, the others are compared
    gc.collect()
    live = gc.mem_alloc()
    counter.count = 0
    gc.disable()
    await asyncio.sleep_ms(_MEASURED_MS)
    per_trip = (gc.mem_alloc() - live) / counter.count
    gc.enable()
    gc.collect()
    grown = gc.mem_alloc() - live
    print(json.dumps({"trips": counter.count, "live_joined": live, "allocated_per_trip": per_trip, "grown_after_trips": grown}))
    await agent.stop()
    await running


def main():
    """Build the agent as firmware/app.py does, with heartbeats every 10 ms."""
    from firmware import app
    from pilotlight.times import Times

    values, settings = app._configure(0)
    times = Times(heartbeat_ms=10, reply_ms=8, identity_spacing_ms=3_600_000, identity_online_ms=3_600_000)
    agent = app._agent(values, settings, times)
    agent._phoenix._on_proof = (counter := Counter(agent._phoenix._on_proof)).proven
    asyncio.run(measure(agent, counter))


main()
