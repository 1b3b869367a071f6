r"""The power cut at every flash operation of a device's life: first boot, pairing, three refreshes.

After each cut it boots on the bytes that are left, and its user does nothing unless it asks. What
must come of a cut is told by two things that the device does not know: which tokens Frame.io has
issued, and which of them are on the flash. The table of cuts and outcomes:

    .venv/bin/micropython "$PWD/tests/micropython/runner.py" \
        tests/micropython/test_power_cuts.py table
"""

import asyncio
import random

from firmware.storage import FileStorage
from tests.simulation import flash as flash_chip
from tests.simulation.device import World, sleep_s
from tests.simulation.flash import TEARS, WHOLE
from tests.simulation.frameio_tokens import MARK
from tests.support.extent import share

REFRESHES = 3
ACCESS_S = 100
LIVES, CUTS = 30, 10
LIFE_MS = 3_600_000  # more than pairing and refreshes take
CHARACTERS = 400  # of a token: the record takes several blocks

ONLINE, NEW_CODE, UNPAIRED = (
    "online by itself",
    "not paired yet: shows a code",
    "rotated, new pair lost: says so",
)
OUTCOMES = ONLINE, NEW_CODE, UNPAIRED
MOMENTS = (
    "first boot",
    "pairing",
    "refresh 1",
    "refresh 2",
    "refresh 3",
)  # by the pairs that Frame.io has given out


def new_world(flash):
    """A device with this flash, which is mounted, and a Frame.io that does not know it."""
    flash_chip.mount(flash)
    world = World(pairs=True, storage=FileStorage(flash_chip.PLACE + "/state"))
    world.frameio.tokens.access_s = ACCESS_S
    world.frameio.tokens.characters = CHARACTERS
    return world


async def live(world):
    """First boot, pairing, refreshes."""
    world.power_on()
    await world.pair()
    while world.frameio.tokens.live <= REFRESHES:
        await sleep_s(10)
    await sleep_s(10)


def stored_generation(world):
    """Generation of the pair on the flash, 0 if there is no pair.

    Raises StorageError if the record is neither the old nor the new one.
    """
    record = world.storage.load("authorization") or {}
    return world.frameio.tokens.generation_of(record.get("refresh_token"))


def fitting(world):
    """The outcome that a cut must have."""
    generation = stored_generation(world)
    return (
        NEW_CODE
        if not generation
        else ONLINE
        if generation == world.frameio.tokens.live
        else UNPAIRED
    )


async def power_goes(world, flash):
    """Wait for the cut; then the power is back, and the flash is mounted as it was left."""
    await asyncio.wait_for_ms(flash.lost.wait(), LIFE_MS)
    world.lose_power()
    flash = flash.after_reboot()
    flash_chip.mount(flash)
    world.log.clear()
    return flash


async def shown(world):
    """What the device shows after power-on, once that is settled."""
    status = world.agent.status
    while status.state not in ("online", "pairing", "unpaired"):
        await asyncio.wait_for_ms(status.wait(status.version), 60_000)
    state = status.state
    await sleep_s(5)
    assert status.state == state
    if state == "unpaired":
        assert status.reason in ("pairing_ended", "refresh_lost"), status.reason
        await sleep_s(600)
        assert status.state == state
    return ONLINE if state == "online" else NEW_CODE if state == "pairing" else UNPAIRED


async def bring_online(world, outcome):
    """The user: types in the code, after a restart if that is needed."""
    if outcome == UNPAIRED:
        await world.power_off()
        world.power_on()
    if outcome != ONLINE:
        await world.pair()
    assert world.frameio.online


async def refreshed(world):
    """Wait until the tokens have been refreshed once more, and stored."""
    refreshes = len(world.frameio.times("refresh"))
    while len(world.frameio.times("refresh")) == refreshes:
        await sleep_s(1)
    await sleep_s(1)


async def cut(empty, at, tear):
    """One life with the power cut at that operation; (moment, outcome)."""
    flash = empty.copy()
    flash.cut_at, flash.tear = at, tear
    world = new_world(flash)
    tokens = world.frameio.tokens
    asyncio.create_task(live(world))
    await power_goes(world, flash)
    moment = MOMENTS[tokens.live]
    client, expected = world.storage.load("client"), fitting(world)
    assert client or not tokens.client_ids, "the client_id was used before it was stored"
    world.power_on()
    outcome = await shown(world)
    assert outcome == expected, (outcome, expected, world.shown, world.log)
    await bring_online(world, outcome)
    generation = tokens.live
    await refreshed(world)
    assert stored_generation(world) == tokens.live == generation + 1
    assert world.storage.load("client") == client or client is None
    assert len(tokens.client_ids) == 1, "the client_id has changed"
    assert max(tokens.uses.values()) <= 2  # a refresh whose answer was lost is sent once more
    assert not [
        line for _, line in world.log if MARK in line or "can't be used" in line or "stored" in line
    ], world.log
    world.lose_power()
    return moment, outcome


async def live_on(world, outcomes):
    """Power on and stay on; what is shown after power-on goes to `outcomes`."""
    world.power_on()
    outcomes.append(await shown(world))
    await bring_online(world, outcomes[-1])


async def cut_everywhere(tear):
    """How often each (moment, outcome) came, over a cut at each operation."""
    empty = flash_chip.formatted()
    whole = empty.copy()
    world = new_world(whole)
    await live(world)
    world.lose_power()
    found = {}
    for at in range(1, len(whole.done) + 1):
        try:
            row = await cut(empty, at, tear)
        except Exception as error:
            print("cut at operation", at, tear)
            raise error
        found[row] = found.get(row, 0) + 1
    assert sum(found.values()) > 50
    return found


async def table():
    """Print cuts and outcomes."""
    row = "%-10s | %-10s | %4s | %-s"
    print(row % ("power cut", "operation", "cuts", "outcomes"))
    for tear in TEARS:
        found = await cut_everywhere(tear)
        for moment in MOMENTS:
            counts = [(found.get((moment, outcome), 0), outcome) for outcome in OUTCOMES]
            print(
                row
                % (
                    moment,
                    tear,
                    sum([n for n, _ in counts]),
                    ", ".join(["%d %s" % pair for pair in counts if pair[0]]),
                )
            )


def check(tear, found):
    """Each outcome came where it has its place, and nowhere else."""
    for moment, outcome in found:
        assert outcome == NEW_CODE or moment != MOMENTS[0]
        assert outcome != NEW_CODE or moment in MOMENTS[:2]
        assert outcome != UNPAIRED or moment in MOMENTS[2:]
    assert found[MOMENTS[0], NEW_CODE] and found[MOMENTS[1], NEW_CODE] and found[MOMENTS[1], ONLINE]
    for moment in MOMENTS[2:]:
        # The last operation of a save is the one that counts; what follows tries the flash before
        # the next refresh.
        assert found.get((moment, ONLINE), 0) >= (tear == WHOLE)
        assert found[moment, UNPAIRED] > 5


async def test_the_operation_is_torn():
    """Not done, done in part, or done; and then the power goes."""
    for tear in share(TEARS, 3):
        check(tear, await cut_everywhere(tear))


async def test_cuts_upon_cuts():
    """The power goes again and again, at random operations, also during a second pairing."""
    seen = set()
    for seed in share(range(LIVES), 3):
        flash = flash_chip.formatted()
        world = new_world(flash)
        random.seed(seed)
        client = None
        for number in range(CUTS):
            expected, outcomes = fitting(world), []
            # Before it is paired it writes the room that its tokens need.
            flash.cut_at = random.randrange(1, 110 if expected == NEW_CODE else 40)
            flash.tear = random.choice(TEARS)
            asyncio.create_task(live_on(world, outcomes))
            flash = await power_goes(world, flash)
            assert outcomes in ([], [expected]), (seed, number, outcomes, expected)
            seen.update(outcomes)
            client, before = world.storage.load("client"), client
            assert before in (None, client), (seed, number)
            assert len(world.frameio.tokens.client_ids) < 2, (seed, number)
    assert sorted(seen) == sorted(OUTCOMES)
