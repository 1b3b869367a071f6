"""One kind of work, N times: work.py KIND N. For counting instructions and allocated bytes.

heartbeat: a heartbeat and its reply, through the whole agent (BENCH_URL, BENCH_CA, BENCH_TOKEN).
receive: a text of 1,000 bytes on a WebSocket, which is asked for (BENCH_ECHO: a port).
identity: an identity over HTTP (BENCH_URL, BENCH_TOKEN).

Prints a JSON object: what one of N allocates, and by how much all of them let the heap grow.
"""

import asyncio
import gc
import json
import os
import sys

sys.path[:0] = [".", "lib"]

KIND, N = sys.argv[1], int(sys.argv[2])
URL, TOKEN = os.getenv("BENCH_URL"), os.getenv("BENCH_TOKEN")
_NEVER_MS = 3_600_000
_UNCOUNTED = 10  # the first reply is decoded, the others are compared


async def count(work):
    """Count what work(N) allocates, and what it leaves."""
    await work(_UNCOUNTED)
    gc.collect()
    live = gc.mem_alloc()
    gc.disable()
    await work(N)
    allocated = gc.mem_alloc() - live
    gc.enable()
    gc.collect()
    figures = {"live": live, "allocated": allocated / N, "grown": gc.mem_alloc() - live}
    print("BENCH", json.dumps(figures), file=sys.stderr)


class Chain:
    """The next piece of work begins as soon as the last is done, so that nothing else is counted.

    begin(): begins one piece. proof: the agent's Proof, whose place it takes, or None.
    """

    def __init__(self, begin, proof=None):
        self._begin = begin
        self._proof = proof
        self._left = 0
        self._done = asyncio.Event()

    def did(self, *_):
        """One piece is done."""
        self._left -= 1
        if self._left > 0:
            self._begin()
        elif not self._left:
            self._done.set()

    def prove(self):
        """A heartbeat's reply has come."""
        self._proof.prove()
        self.did()

    async def run(self, times):
        """Do it so many times."""
        self._left = times
        self._done.clear()
        self._begin()
        await self._done.wait()


class Host:
    """Network, storage and clock for an Agent."""

    def is_up(self):
        return True

    def load(self, name):
        return None

    def save(self, name, record):
        pass

    def now_s(self):
        import time

        return int(time.time())

    async def ensure_set(self):
        return True


async def heartbeat():
    """Heartbeats of an agent that is online. Its own ones and its polls are an hour away."""
    from pilotlight import Agent, Settings, Times

    roots = ()
    if URL.startswith("https:"):
        with open(os.getenv("BENCH_CA"), "rb") as file:
            roots = (file.read(),)
    times = Times(
        heartbeat_ms=_NEVER_MS,
        first_heartbeat_ms=_NEVER_MS,
        identity_spacing_ms=_NEVER_MS,
        identity_ms=(_NEVER_MS, _NEVER_MS),
    )
    host = Host()
    agent = Agent(Settings(URL, "1.2.3", roots, access_token=TOKEN), host, host, host, times)
    running = asyncio.create_task(agent.run())
    version = 0
    while agent.status.state != "online":
        version = await agent.status.wait(version)
    phoenix = agent._session._link.phoenix
    beat = phoenix._heartbeat
    chain = Chain(lambda: phoenix._websocket.send_now(beat, 0, len(beat)), phoenix._proof)
    phoenix._proof = chain
    await count(chain.run)
    assert agent.status.state == "online"
    await agent.stop()
    await running


async def receive():
    """Texts of 1,000 bytes."""
    from pilotlight.net.endpoint import Endpoint
    from pilotlight.net.websocket_client import WebSocketClient

    endpoint = Endpoint("127.0.0.1", int(os.getenv("BENCH_ECHO")))
    websocket = WebSocketClient(4096, 512)
    await websocket.open(endpoint.open(), endpoint.host_field, "/")
    chain = Chain(lambda: websocket.send_now(b"more", 0, 4))
    reading = asyncio.create_task(websocket.run(chain.did))
    await count(chain.run)
    reading.cancel()


async def identity():
    """Identities."""
    from pilotlight.frameio_api import FrameioApi
    from pilotlight.net.endpoint import Endpoint
    from pilotlight.net.http_client import HttpClient
    from pilotlight.times import Times

    endpoint = Endpoint("127.0.0.1", int(URL.rpartition(":")[2]))
    api = FrameioApi(HttpClient(endpoint, Times()), "1.2.3")

    async def polls(times):
        for _ in range(times):
            assert (await api.identity(TOKEN)).id

    await count(polls)


asyncio.run({"heartbeat": heartbeat, "receive": receive, "identity": identity}[KIND]())
