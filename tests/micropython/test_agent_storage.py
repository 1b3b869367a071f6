"""A paired device and what it has stored, in virtual time: a pairing that has ended while it was off."""

from firmware.storage import FileStorage
from tests.simulation import flash as flash_chip
from tests.simulation.device import World, sleep_s
from tests.virtual_time import Clock

STATE = flash_chip.PLACE + "/state"


async def paired():
    """A device that was paired and switched off again, and its flash."""
    flash = flash_chip.formatted()
    flash_chip.mount(flash)
    world = World(pairs=True, storage=FileStorage(STATE))
    world.power_on()
    await world.pair()
    await world.power_off()
    return world, flash


async def test_a_pairing_that_ended_while_the_device_was_off_is_shown_as_that():
    """Only a restart, or its user, makes it show a code: it must not do so by itself in the middle of the night."""
    for status in (400, 401):
        world, _ = await paired()
        tokens = world.frameio.tokens
        tokens.removed = True
        tokens.lost_status = status
        codes = len(world.frameio.times("code"))
        world.power_on()
        await world.until("unpaired")
        assert world.agent.status.reason == "pairing_ended"
        begun_ms = Clock.now_ms
        await sleep_s(7200)
        assert world.shown[-1][0] <= begun_ms
        assert len(world.frameio.times("code")) == codes
        await world.power_off()
        world.power_on()
        await world.pair()
        await world.power_off()
