"""What many devices ask in each second after an event of the service: is it a herd?

A fleet is 100 agents on one virtual clock. They share nothing, so that the counts of fleets with
different seeds may be added up.
"""

import asyncio
import random

from tests.simulation.device import World, sleep_s, virtual_time
from tools.virtual_board.virtual_time import Clock

DEVICES = 100
SECONDS = 180  # after the event, and after its end
_SPREAD_MS = 330_000  # between the first and the last power-on: a full interval of identity


def _closed(code):
    def begin(world):
        world.frameio.close_sockets(code)

    return begin


def _down(world):
    world.frameio.answers = False
    world.frameio.upgrade_status = 503


def _deployed(world):
    _down(world)
    world.frameio.close_sockets(1012)


def _out(world):
    _down(world)
    world.network.reset()


# name → (what begins, for how many seconds it lasts before all is well again)
EVENTS = {
    "close_1001": (_closed(1001), 0),
    "close_1012": (_closed(1012), 0),
    "deploy": (_deployed, 40),
    "outage": (_out, 600),
}


async def live(event, seed):
    """Live through an event.

    A dict: kind of request, `connection` included → how many came in each second after the event
    began; then `end kind` → how many came in each second after it ended, if it lasts.
    """
    begin, lasts_s = EVENTS[event]
    worlds = [World(seed * DEVICES + port, port=port) for port in range(1, DEVICES + 1)]
    random.seed(seed)
    for world in worlds:
        asyncio.create_task(_power_on(world))
    await asyncio.sleep_ms(_SPREAD_MS)
    await sleep_s(120)
    counts = {}
    await _counted(worlds, counts, "", begin, lasts_s)
    if lasts_s > SECONDS:
        await sleep_s(lasts_s - SECONDS)
    if lasts_s:
        await _counted(worlds, counts, "end ", _end, SECONDS)
    virtual_time.forget_tasks()
    return counts


async def _power_on(world):
    await asyncio.sleep_ms(random.randrange(_SPREAD_MS))
    world.power_on()


def _end(world):
    world.frameio.answers = True
    world.frameio.upgrade_status = 0


async def _counted(worlds, counts, prefix, action, seconds):
    """Do it to all worlds and count what comes."""
    seconds = min(seconds or SECONDS, SECONDS)
    begun_ms = Clock.now_ms

    def count(kind):
        second = (Clock.now_ms - begun_ms) // 1000
        if second < seconds:
            counts.setdefault(prefix + kind, [0] * seconds)[second] += 1

    for world in worlds:
        world.frameio.asked.clear()
        world.network.on_connect = lambda: count("connection")
        world.frameio.on_request = lambda what, *_: count(what)
        world.frameio.on_answer = lambda what, *_: what == "join" and count(what)
        action(world)
    await sleep_s(seconds)
