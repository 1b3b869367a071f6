"""main.py of a product that embeds the library alone: a fixed token, and a network, a clock and a
storage of its own.

PILOTLIGHT_CONFIG names the configuration, as for the firmware.
"""

import rom as rom

# isort: split
import asyncio
import gc
import json
import os
import sys
import time

import states

from pilotlight import Agent, Settings


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


def make():
    """The agent. The module that is needed only here is unloaded again."""
    with open(os.getenv("PILOTLIGHT_CONFIG")) as file:
        frameio = json.load(file)["frameio"]
    with open(frameio["ca"], "rb") as file:
        roots = (file.read(),)
    host = Host()
    settings = Settings(frameio["url"], "1.2.3", roots, access_token=frameio["access_token"])
    agent = Agent(settings, host, host, host)
    del sys.modules["pilotlight.settings"]
    del sys.modules["pilotlight"].settings
    globals().pop("Settings")
    return agent


async def main():
    """Run for ever."""
    agent = make()
    await asyncio.gather(agent.run(), states.show(agent.status))


free_bytes = gc.mem_free()
gc.threshold(32768 if free_bytes < 1_000_000 else free_bytes // 6)
asyncio.run(main())
