"""Starts the firmware as main.py does, with a task beside it that measures."""

import asyncio
import gc
import json
import sys


class _Posix:
    """In place of firmware/posix.py, which a board never imports."""

    def UnblockedStream(stream):  # a class there
        return stream

    def create_private(path):
        pass

    make_private = create_private


def run(probe):
    """Run the firmware for ever. probe(agent) is run beside it, as a coroutine."""
    free_bytes = gc.mem_free()  # as in main.py
    gc.threshold(32768 if free_bytes < 1_000_000 else free_bytes // 6)
    from firmware import app
    from firmware.guard import repl

    run_all = app.run_all

    async def both(agent, *others):
        probing = asyncio.create_task(probe(agent))
        await run_all(agent, *others)
        await probing

    app.run_all = both
    repl.configure()
    if repl.on_board():
        sys.modules["firmware.posix"] = _Posix
        from firmware.guard import supervisor

        supervisor.run()
    else:
        app.run()


async def until_online(agent):
    """Wait until the device is online."""
    while agent.status.state != "online":
        await asyncio.sleep_ms(50)


def tell(figures):
    """Print what was measured, for tools/bench/devices.py."""
    print("BENCH", json.dumps(figures), file=sys.stderr)
