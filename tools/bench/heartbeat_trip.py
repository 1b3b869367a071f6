"""What a heartbeat and its reply cost on the GC heap; run on the unix port by `make bench`.

PILOTLIGHT_CONFIG names the configuration, as for main.py. Prints one JSON line; all figures but
`trips` are bytes.
"""

import asyncio
import gc
import json
import sys

ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

_COUNTED_TRIPS = 500
_TRIPS = 10_000


class Counter:
    """Stands before the socket's `proof` and counts the calls."""

    def __init__(self, proof):
        self.count = 0
        self._proof = proof

    def prove(self):
        """One heartbeat's reply has come."""
        self.count += 1
        self._proof.prove()


async def trips(phoenix, counter, count):
    """So many heartbeats, each as soon as the one before is answered."""
    for _ in range(count):
        before = counter.count
        phoenix._websocket.send_now(phoenix._heartbeat, 0, len(phoenix._heartbeat))
        while counter.count == before:
            await asyncio.sleep_ms(0)


async def measure(agent, counter):
    """Wait for `online`, then count what heartbeats allocate, and what many of them leave.

    The collector is off while allocations are counted.
    """
    running = asyncio.create_task(agent.run())
    version = 0
    while agent.status.state != "online":
        version = await agent.status.wait(version)
    await trips(
        agent._session._phoenix, counter, 10
    )  # the first reply is decoded, the others are compared
    gc.collect()
    live = gc.mem_alloc()
    gc.disable()
    await trips(agent._session._phoenix, counter, _COUNTED_TRIPS)
    per_trip = (gc.mem_alloc() - live) / _COUNTED_TRIPS
    gc.enable()
    await trips(agent._session._phoenix, counter, _TRIPS)
    gc.collect()
    grown = gc.mem_alloc() - live
    assert agent.status.state == "online"
    print(
        json.dumps(
            {
                "live_joined": live,
                "allocated_per_trip": per_trip,
                "trips": _TRIPS,
                "grown_after_trips": grown,
            }
        )
    )
    await agent.stop()
    await running


def main():
    """Build the agent as firmware/app.py does, without its own heartbeats and polls.

    So the figures do not depend on a clock.
    """
    from firmware import app
    from firmware.boards.host import clock, network
    from firmware.storage import FileStorage
    from firmware.timestamps import Uptime
    from pilotlight.times import Times

    values, settings = app.configure(Uptime())
    times = Times(
        heartbeat_ms=3_600_000,
        identity_spacing_ms=3_600_000,
        identity_low_ms=3_600_000,
        identity_high_ms=3_600_000,
    )
    storage = FileStorage(values["state_dir"])
    agent = app.make_agent(
        settings, network(values, None), storage, clock(values, storage, None), times
    )
    agent._session._phoenix._proof = counter = Counter(agent._session._phoenix._proof)
    asyncio.run(measure(agent, counter))


main()
