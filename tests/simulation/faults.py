"""What goes wrong in a World, each a function of it; `heal` makes all of it well again."""

import random


def dead_air(world):
    world.network.dead_air = True


def refused(world):
    world.network.refused = True
    world.network.reset()


def reset(world):
    world.network.reset()


def closed(world):
    world.frameio.close_sockets(random.choice((1000, 1001, 1011, 1012, 1013, 4000)))


def forbidden(world):
    world.frameio.forbids = True
    world.frameio.close_sockets(1000)


def silent(world):
    world.frameio.silent = True


def hanging(world):
    world.frameio.hangs = True


def limited(world):
    world.frameio.limits = True


def unavailable(world):
    world.frameio.answers = False
    if random.randrange(2):
        world.frameio.close_sockets(1011)


def joins_refused(world):
    world.frameio.joins = "error"
    world.frameio.push(random.choice(("phx_error", "phx_close")), {})


def channel_lost(world):
    for _ in range(random.randrange(1, 4)):
        world.frameio.push(random.choice(("phx_error", "phx_close")), {})


def network_lost(world):
    world.network.dead_air = True
    world.host.up = False
    if random.randrange(2):
        world.agent.network_changed()


def network_flaps(world):
    world.agent.network_changed()


FAULTS = (
    dead_air,
    refused,
    reset,
    closed,
    forbidden,
    silent,
    hanging,
    limited,
    unavailable,
    joins_refused,
    channel_lost,
    network_lost,
    network_flaps,
)


def heal(world):
    """Everything is well again."""
    world.network.dead_air = world.network.refused = False
    frameio = world.frameio
    frameio.forbids = frameio.silent = frameio.hangs = frameio.limits = False
    frameio.answers = True
    frameio.joins = "ok"
    if not world.host.up:
        world.host.up = True
        if random.randrange(2):
            world.agent.network_changed()
