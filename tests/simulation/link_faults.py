"""What goes wrong on the link and in the device's network, each a function of a World."""

import asyncio
import random

from tests.simulation.device import sleep_s
from tests.simulation.network import ADDRESS
from tests.simulation.trouble import meanwhile, set_until_healed

_DEAD_ADDRESSES = ("192.0.2.66", "192.0.2.67", "192.0.2.68")


def _up(world, up, is_told):
    """The device's network comes or goes. is_told: the agent is called."""
    world.host.up = up
    world.network.down = not up
    if is_told and world.agent:
        world.agent.network_changed()


def _repair_network(world):
    """A network that is down when the fault ends comes up."""
    is_told = random.randrange(2)

    def repair():
        if not world.host.up:
            _up(world, True, is_told)

    world.repairs.append(repair)


# The link


def dead_air(world):
    set_until_healed(world, world.network, dead_air=True)


def refused(world):
    set_until_healed(world, world.network, refused=True)
    world.network.reset()


def reset(world):
    world.network.reset()


def connections_forgotten(world):
    """A router has forgotten them: nothing arrives on them any more, and new ones work."""
    world.network.forget()


def downlink_dead(world):
    """What the device sends arrives, and nothing comes back."""
    set_until_healed(world, world.network, deaf=True)


def writes_stuck(world):
    """The device's buffers are full, and nothing empties them."""
    set_until_healed(world, world.network, is_stuck=True)


def slow_handshakes(world):
    """TLS takes long, or too long."""
    slow_ms = random.choice((3_000, 8_000, 25_000))
    set_until_healed(world, world.network, handshake_ms=slow_ms)
    world.network.reset()


def no_memory_to_connect(world):
    set_until_healed(world, world.network, no_memory=True)
    if random.randrange(2):
        world.network.reset()


def memory_for_one_connection(world):
    set_until_healed(world, world.network, one_only=True)
    if random.randrange(2):
        world.network.reset()


def slow_uplink(world):
    """A round trip of 4 to 7 s."""
    set_until_healed(world, world.network, latency_ms=random.randrange(2000, 3500))


def name_missing(world):
    set_until_healed(world, world.network, has_name=False)
    world.network.reset()


def look_ups_block(world):
    """Look-ups get no answer, so each blocks everything, as on an ESP32."""
    set_until_healed(world, world.network, has_name=False, look_up_ms=7_300)
    world.network.reset()


def name_late(world):
    """The network was away for a second; look-ups fail for some seconds after it has come up."""

    async def come_up():
        await sleep_s(1)
        _up(world, True, True)
        await asyncio.sleep_ms(random.randrange(500, 5_000))
        world.network.has_name = True

    _repair_network(world)
    set_until_healed(world, world.network, has_name=False)
    world.network.reset()
    _up(world, False, True)
    meanwhile(world, come_up())


def _server_moves(world):
    """Its old address is dead, and of the new ones all but the last. The dead ones."""
    dead = _DEAD_ADDRESSES[: random.randrange(1, 4)]
    new = "192.0.2.%d" % random.randrange(2, 60)
    set_until_healed(world, world.network, addresses=dead + (new,))
    world.network.reset()
    return dead + (ADDRESS,)


def first_address_refuses(world):
    set_until_healed(world, world.network, refusing=_server_moves(world))


def first_address_silent(world):
    set_until_healed(world, world.network, holes=_server_moves(world))


def suspended(world):
    """The process stands still for 15 to 40 s while the reply to a heartbeat waits for it."""
    network = world.network

    async def suspend():
        beats = len(world.frameio.times("heartbeat"))
        for _ in range(160):
            await asyncio.sleep_ms(100)
            if len(world.frameio.times("heartbeat")) > beats:
                break
        network.held = True
        await asyncio.sleep_ms(2 * network.latency_ms)
        world.suspend(random.randrange(15_000, 40_000))
        network.held = False

    set_until_healed(world, network, held=False)
    meanwhile(world, suspend())


# The device's network and clock


def network_lost(world):
    _repair_network(world)
    _up(world, False, random.randrange(2))


def network_changed(world):
    if world.agent:
        world.agent.network_changed()


async def _flap(world, is_told):
    while True:
        await asyncio.sleep_ms(random.randrange(3_000, 8_000))
        _up(world, False, is_told)
        await asyncio.sleep_ms(random.randrange(300, 2_000))
        _up(world, True, is_told)


def network_flaps(world):
    _repair_network(world)
    meanwhile(world, _flap(world, True))


def network_flaps_untold(world):
    _repair_network(world)
    meanwhile(world, _flap(world, False))


FAULTS = (
    dead_air,
    refused,
    reset,
    connections_forgotten,
    downlink_dead,
    writes_stuck,
    slow_handshakes,
    no_memory_to_connect,
    memory_for_one_connection,
    slow_uplink,
    name_missing,
    look_ups_block,
    name_late,
    first_address_refuses,
    first_address_silent,
    suspended,
    network_lost,
    network_changed,
    network_flaps,
    network_flaps_untold,
)
