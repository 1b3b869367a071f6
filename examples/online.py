"""A device that stays online, and prints its state, on a computer.

    MICROPYPATH=.:lib:.frozen .venv/bin/micropython examples/online.py

Put your model's secret in place of CLIENT_SECRET. Tokens are stored in state/online, so the code is
typed in once.
"""

import asyncio

from firmware.boards.host import Host
from firmware.storage import FileStorage
from pilotlight import Agent, Settings, trust_roots


async def main():
    settings = Settings("https://api.frame.io", "1.2.3", trust_roots.ROOTS, "CLIENT_SECRET")
    agent = Agent(settings, network=Host(), storage=FileStorage("state/online"), clock=Host())
    asyncio.create_task(agent.run())
    while True:
        print(agent.status.state, agent.status.paused, agent.status.user_code)
        await agent.status.wait(agent.status.version)


asyncio.run(main())
