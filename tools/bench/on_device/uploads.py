"""main.py of a product that embeds the library alone, and uploads: what lives on the heap at each
step.

uploads.json beside the configuration has {"roots": paths of DER, "url", "token", "size_bytes"}.
"""

import rom as rom

# isort: split
import asyncio
import gc
import json
import os
import time
from collections import OrderedDict

from started import tell

from firmware.unload import unload
from pilotlight import Agent, Settings

_PARTS = 2
STEPS = (
    "the Agent alone, online",
    "at rest after `agent.request`",
    "… its module unloaded",
    "PutClient imported and made",
    "while a part is sent",
    "at rest after the upload",
    "… all of it unloaded",
)


class Host:
    """Network, storage and clock for an Agent."""

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


class Zeros:
    """A clip of zeros."""

    def seek(self, offset):
        pass

    def readinto(self, buffer):
        return len(buffer)


live = [0] * len(STEPS)


def note(step):
    """Remember what lives on the heap, if it is the first time."""
    if not live[step]:
        gc.collect()
        gc.collect()
        live[step] = gc.mem_alloc()


async def settle():
    """Let tasks that have ended go."""
    await asyncio.sleep_ms(1_500)


def begin():
    """Make the agent; (agent, size of a clip)."""
    path = os.getenv("PILOTLIGHT_CONFIG").rpartition("/")[0] + "/uploads.json"
    with open(path) as file:
        order = json.load(file)
    roots = []
    for path in order["roots"]:
        with open(path, "rb") as file:
            roots.append(file.read())
    settings = Settings(order["url"], "1.2.3", roots, access_token=order["token"])
    host = Host()
    return Agent(settings, host, host, host), roots, order["size_bytes"]


async def request(agent, size_bytes):
    """Begin a clip; the addresses of its parts."""
    asset = {"name": "A001.mp4", "filetype": "video/mp4", "filesize": size_bytes, "offset": 0}
    asset["parts"] = _PARTS
    return (await agent.request("POST", "/v2/devices/assets", asset))["upload_urls"]


async def upload(agent, put, urls, part_bytes):
    """Send the parts."""
    headers = (("Content-Type", "video/mp4"), ("x-amz-acl", "private"))

    def moved(sent_bytes):
        slot.moved()
        if sent_bytes >= part_bytes // 2:
            note(4)

    for url in urls:
        async with agent.upload_slot() as slot:
            await put.put(url, Zeros(), 0, part_bytes, headers, moved)


async def main():
    """Measure each step, and tell."""
    agent, roots, size_bytes = begin()
    asyncio.create_task(agent.run())
    while agent.status.state != "online":
        await asyncio.sleep_ms(50)
    await settle()
    note(0)
    urls = await request(agent, size_bytes)
    urls = None
    await settle()
    note(1)
    unload("pilotlight.api_request")
    await settle()
    note(2)
    from pilotlight.net.http_put import PutClient

    put = PutClient(roots)
    note(3)
    urls = await request(agent, size_bytes)
    await upload(agent, put, urls, size_bytes // _PARTS)
    urls = None
    await settle()
    note(5)
    put = PutClient = None
    unload("pilotlight.api_request", "pilotlight.net.http_put", "pilotlight.net.storage_answer")
    await settle()
    note(6)
    tell(OrderedDict([(step, live[at]) for at, step in enumerate(STEPS)]))


gc.threshold(32768)
asyncio.run(main())
