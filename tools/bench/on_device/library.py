"""main.py of a product that embeds the library: pairing, and this repository's Wi-Fi, clock and
storage; no light, screen or event log.

PILOTLIGHT_CONFIG names the configuration, as for the firmware.
"""

import rom as rom

# isort: split
import asyncio
import gc
import json
import os
import sys

import states

from firmware.network.clock import Clock
from firmware.network.wifi import Wifi
from firmware.storage import FileStorage
from pilotlight import Agent, Settings

_BUILD_S = 1_700_000_000


def make():
    """The parts. The modules that are needed only here are unloaded again."""
    with open(os.getenv("PILOTLIGHT_CONFIG")) as file:
        values = json.load(file)
    frameio = values["frameio"]
    with open(frameio["ca"], "rb") as file:
        roots = (file.read(),)
    settings = Settings(frameio["url"], "1.2.3", roots, frameio["client_secret"])
    wifi = Wifi({"ssid": "Stage 6", "password": "pilotlight"})
    storage = FileStorage(values["state_dir"])
    clock = Clock(None, storage, _BUILD_S)
    agent = Agent(settings, wifi, storage, clock)
    wifi.on_change = agent.network_changed
    del sys.modules["pilotlight.settings"]
    del sys.modules["pilotlight"].settings
    globals().pop("Settings")
    return agent, wifi, clock


async def main():
    """Run for ever."""
    agent, wifi, clock = make()
    await asyncio.gather(
        agent.run(), wifi.run(), clock.run(agent.status), states.show(agent.status)
    )


free_bytes = gc.mem_free()
gc.threshold(32768 if free_bytes < 1_000_000 else free_bytes // 6)
asyncio.run(main())
