"""What a program that embeds the library tells: its states, and what lives on its heap."""

import asyncio
import gc
import json
import os
import sys

import rom


async def show(status):
    """Print each state, as firmware/console.py does. Once online, measure (see live_heap.py)."""
    version = 0
    measured = bool(os.getenv("BENCH_LIVES"))
    while True:
        version = await status.wait(version)
        print(json.dumps({"state": status.state, "user_code": status.user_code}))
        if status.state == "online" and not measured:
            measured = True
            await asyncio.sleep_ms(1500)
            gc.collect()
            gc.collect()
            live = gc.mem_alloc() - rom.image_bytes
            print("BENCH", json.dumps({"live": live}), file=sys.stderr)
