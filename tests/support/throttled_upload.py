"""Uploads one part through a slow sink beside the socket: URL TOKEN SINK_PORT TLS_SESSIONS BYTES.

Between two requests of its own, as marks. The times of the slot and of polls are shorter, about
1:150. Prints one JSON line.
"""

import asyncio
import json
import sys
import time

sys.path[:0] = ["lib"]

from pilotlight import Agent, Settings, Times

PIECE_BYTES = 4096

TIMES = Times(
    heartbeat_ms=3_000,
    first_heartbeat_ms=100,
    reply_ms=2_900,
    identity_spacing_ms=400,
    identity_ms=(1_600, 2_400),
    stuck_ms=4_000,
    proof_check_ms=100,
)


class Host:
    """Network, storage and clock; and a watchdog: late are the tasks that it would bite."""

    def __init__(self):
        self.late = []
        self._due_ms = {}

    def is_up(self):
        return True

    def load(self, name):
        return None

    def save(self, name, record):
        pass

    def now_s(self):
        return int(time.time())

    async def ensure_set(self):
        return True

    def check_in(self, name, within_ms):
        self.look()
        self._due_ms[name] = time.ticks_add(time.ticks_ms(), within_ms)

    def look(self):
        for name, due_ms in self._due_ms.items():
            if time.ticks_diff(time.ticks_ms(), due_ms) > 0:
                self.late.append(name)


async def watch(host):
    while True:
        await asyncio.sleep_ms(100)
        host.look()


async def mark(agent, name):
    asset = {"name": name, "filetype": "video/mp4", "filesize": 1, "offset": 0}
    await agent.request("POST", "/v2/devices/assets", asset)


async def send(agent, port, size_bytes):
    """Upload the part; for how many ms it took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    piece = bytes(PIECE_BYTES)
    async with agent.upload_slot() as slot:
        begun_ms = time.ticks_ms()
        for _ in range(size_bytes // PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
            await reader.readexactly(1)  # not TCP's buffers have it, but the sink
            slot.moved(PIECE_BYTES)
        took_ms = time.ticks_diff(time.ticks_ms(), begun_ms)
    writer.close()
    await writer.wait_closed()
    return took_ms


async def main(url, token, port, sessions, size_bytes):
    host = Host()
    settings = Settings(url, "1.2.3", access_token=token)
    settings.tls_sessions = int(sessions)
    agent = Agent(settings, host, host, host, TIMES, None, None, host.check_in)
    running = asyncio.create_task(agent.run())
    asyncio.create_task(watch(host))
    version = 0
    while agent.status.state != "online":
        version = await agent.status.wait(version)
    states = []

    async def observe(version):
        while True:
            version = await agent.status.wait(version)
            states.append(agent.status.state)

    asyncio.create_task(observe(agent.status.version))
    await mark(agent, "before")
    took_ms = await send(agent, int(port), int(size_bytes))
    await mark(agent, "after")
    await asyncio.sleep_ms(TIMES.identity_ms[1])
    print(json.dumps({"took_ms": took_ms, "states": states, "late": host.late}))
    await agent.stop()
    await running


asyncio.run(main(*sys.argv[1:]))
