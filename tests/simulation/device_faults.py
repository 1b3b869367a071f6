"""What goes wrong in the device itself, each a function of a World."""

from tests.simulation.trouble import close, set_until_healed


def clock_lost(world):
    set_until_healed(world, world.host, known_s=None)
    close(world)


FAULTS = (clock_lost,)
