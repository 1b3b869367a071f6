"""What goes wrong in the device itself and at its application, each a function of a World."""

import asyncio
import random

from tests.simulation.device import sleep_s
from tests.simulation.trouble import close, meanwhile, set_until_healed


def clock_lost(world):
    set_until_healed(world, world.host, known_s=None)
    close(world)


def clock_ahead(world):
    """The time jumps forward, and was wrong before, or is wrong now."""
    if world.host.known_s is not None:
        world.host.known_s += random.choice((3600, 24 * 3600))


def storage_full(world):
    set_until_healed(world, world.host, is_full=True)


def _power_on(world):
    if world.agent is None:
        world.power_on()


def cut_power(world):
    """The power goes; `heal` brings it back."""
    if world.agent:
        if world.agent.status.unsaved:
            world.may_end_pairing = True
        world.cut_power()
        world.repairs.append(lambda: _power_on(world))


def power_cut(world):
    """It goes, and comes back after some seconds."""

    async def come_back():
        await sleep_s(random.randrange(1, 20))
        _power_on(world)

    cut_power(world)
    meanwhile(world, come_back())


def restarted_often(world):
    """A board that is reset every 5 to 60 s."""

    async def go_on():
        while True:
            await sleep_s(random.randrange(5, 60))
            cut_power(world)
            _power_on(world)

    meanwhile(world, go_on())


def slot_held(world):
    """The application's own requests: each holds the slot for long."""

    async def go_on():
        while world.agent:
            async with world.agent.request_slot():
                await sleep_s(random.randrange(5, 30))
            await asyncio.sleep_ms(100)

    if world.agent:
        meanwhile(world, go_on())


FAULTS = (
    clock_lost,
    clock_ahead,
    storage_full,
    power_cut,
    restarted_often,
    slot_held,
)
