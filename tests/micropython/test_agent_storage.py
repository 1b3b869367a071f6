"""A paired device and what it has stored, in virtual time.

Corrupt files, a flash that is full, and a pairing that has ended while the device was off.
"""

import json
import os

from firmware.storage import FileStorage
from tests.simulation import flash as flash_chip
from tests.simulation.device import World, sleep_s
from tests.simulation.frameio_tokens import MARK
from tools.virtual_board.virtual_time import Clock

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


def path_of(name):
    return "%s/%s.json" % (STATE, name)


def write(name, data):
    with open(path_of(name), "wb") as file:
        file.write(data)


def truncate(name):
    with open(path_of(name), "rb") as file:
        data = file.read()
    write(name, data[: len(data) // 2])


def enlarge(name):
    with open(path_of(name), "rb") as file:
        data = file.read()
    write(name, data + b" " * 6144)


def make_folder(name):
    os.remove(path_of(name))
    os.mkdir(path_of(name))


def of_another_shape(name):
    """An object, with the right names and the wrong things in them."""
    with open(path_of(name)) as file:
        record = json.load(file)
    write(name, json.dumps({field: [value] for field, value in record.items()}).encode())


DAMAGES = (
    lambda name: write(name, b"\xff\x00garbage" + MARK.encode()),
    lambda name: write(name, b"no JSON " + MARK.encode()),
    lambda name: write(name, b""),
    lambda name: write(name, b'["a list"]'),
    lambda name: write(name, b"null"),
    lambda name: write(name, b'{"of": {"some": "thing"}}'),
    truncate,
    enlarge,
    make_folder,
    of_another_shape,
)


async def test_files_that_are_no_records_are_named_and_start_clean():
    for names, needs_user, keeps_client_id in (
        (("client",), False, True),
        (("identity",), False, True),
        (("authorization",), True, True),
        (("authorization", "identity"), True, True),
        (("client", "identity"), False, True),
        (("client", "authorization"), True, False),
    ):
        world, flash = await paired()
        tokens = world.frameio.tokens
        for number, damage in enumerate(DAMAGES):
            flash_chip.mount(flash.copy())
            before = world.storage.load("client")["client_id"]
            tokens.client_ids.clear()
            world.log.clear()
            world.shown.clear()
            for name in names:
                damage(name)
            world.power_on()
            if needs_user:
                await world.pair()
                assert "pairing" in [row[1] for row in world.shown]
            else:
                await world.until("online")
                assert "pairing" not in [row[1] for row in world.shown]
            lines = [line for _, line in world.log]
            for name in names:
                assert [line for line in lines if name in line and "can't be used" in line], (
                    number,
                    name,
                    lines,
                )
            assert not [line for line in lines if MARK in line or "could not" in line], lines
            await sleep_s(1)
            await world.refresh()  # it tells Frame.io the client_id
            assert len(tokens.client_ids) == 1
            assert (before in tokens.client_ids) == keeps_client_id, (number, names)
            await world.power_off()
            world.log.clear()
            asked = len(world.frameio.times("code"))
            world.power_on()
            await world.until("online")  # all that is needed is stored again
            assert world.storage.load("client")["client_id"] in tokens.client_ids
            assert not [line for _, line in world.log if "can't be used" in line], world.log
            await world.power_off()
            assert len(world.frameio.times("code")) == asked
            if (
                not needs_user
            ):  # for the next round, on a copy of the old flash, the old pair must be good
                world, flash = await paired()
                tokens = world.frameio.tokens


async def test_a_pair_of_another_client_id_is_not_used():
    for name, named in (("client", "another client_id"), ("authorization", "another client_id")):
        world, _ = await paired()
        record = world.storage.load(name)
        record["client_id"] = "another-unit"
        world.storage.save(name, record)
        mine = world.storage.load("client")["client_id"]  # that file says who this unit is
        world.log.clear()
        world.power_on()
        await world.pair()
        assert [line for _, line in world.log if "authorization" in line and named in line], (
            world.log
        )
        assert not [line for _, line in world.log if MARK in line], world.log
        assert (
            world.storage.load("client")["client_id"]
            == world.storage.load("authorization")["client_id"]
            == mine
        )
        await world.power_off()


class Failing:
    """A storage whose saves fail: `fails` is what they raise, or None."""

    def __init__(self, records):
        self.fails = None
        self.tries = 0
        self.load = records.load
        self._records = records

    def save(self, name, record):
        self.tries += 1
        if self.fails:
            raise self.fails
        self._records.save(name, record)


def generation_stored(world):
    return world.frameio.tokens.generation_of(world.storage.load("authorization")["refresh_token"])


async def test_a_pair_that_can_not_be_stored_stays_in_use_and_is_stored_later():
    for fails in (OSError(28), MemoryError("allocating")):
        world = World(pairs=True)
        world.storage = storage = Failing(world.host)
        tokens = world.frameio.tokens
        tokens.access_s = 3600
        world.power_on()
        await world.pair()
        storage.fails = fails
        storage.tries = 0
        await sleep_s(4 * 3600)
        assert tokens.live >= 5 and world.agent.status.state == "online"
        assert set(tokens.uses.values()) == {1}
        assert generation_stored(world) == 1
        assert 150 < storage.tries < 250, storage.tries  # once a minute
        world.frameio.close_sockets(1000)  # the next connect needs a token that is good
        await world.until("joining")
        await world.until("online")
        storage.fails = None
        await sleep_s(61)
        assert generation_stored(world) == tokens.live
        tries = storage.tries
        await sleep_s(600)
        assert storage.tries == tries
        await world.power_off()


async def test_a_device_that_can_store_nothing_works_until_it_is_switched_off():
    for fails in (OSError(28), MemoryError("allocating")):
        world = World(pairs=True)
        world.storage = storage = Failing(world.host)
        storage.fails = fails
        world.power_on()
        await world.pair()
        await sleep_s(3600)
        assert world.agent.status.state == "online" and not world.host.records
        lines = [line for _, line in world.log if "could not be stored" in line]
        for name in ("client", "authorization", "identity"):
            assert [line for line in lines if name in line], lines
        await world.power_off()


async def test_a_flash_that_is_full_is_not_worn_while_a_refresh_can_not_be_made():
    world = World(pairs=True)
    world.storage = storage = Failing(world.host)
    world.frameio.tokens.access_s = 3600
    world.power_on()
    await world.pair()
    storage.fails = OSError(28)
    await sleep_s(3000)
    assert world.frameio.tokens.live == 2
    world.network.dead_air = True
    world.host.up = False
    world.agent.network_changed()
    await sleep_s(3600)
    storage.tries = 0
    await sleep_s(3600)
    assert 55 <= storage.tries <= 61, storage.tries
    await world.power_off()


FILLER = flash_chip.PLACE + "/filler"
NOT_STORED = "not_stored"


def fill():
    """Leave no block of the flash free."""
    for count in (60, 50, 40, 30, 20, 10, 8, 6, 5, 4, 3, 2, 1, 1):
        try:
            with open("%s%d" % (FILLER, count), "ab") as file:
                file.write(bytes(480 * count))
        except OSError:
            pass  # full


def empty():
    for name in os.listdir(flash_chip.PLACE):
        if name.startswith("filler"):
            os.remove("%s/%s" % (flash_chip.PLACE, name))


async def test_a_flash_that_is_full_takes_the_tokens_of_each_refresh():
    """Room was kept for them when the device was paired."""
    flash = flash_chip.formatted()
    flash_chip.mount(flash)
    world = World(pairs=True, storage=FileStorage(STATE))
    world.frameio.tokens.access_s = 3600
    world.frameio.tokens.characters = 600
    world.power_on()
    await world.pair()
    fill()
    await sleep_s(10 * 3600)
    live = world.frameio.tokens.live
    assert live >= 11 and generation_stored(world) == live
    assert set(world.frameio.tokens.uses.values()) == {1}
    assert world.agent.status.reason is None, world.shown
    await world.power_off()
    world.log.clear()
    world.power_on()
    await world.until("online")
    assert len(world.frameio.times("code")) == 1
    await world.power_off()


async def test_without_room_the_refresh_waits_as_long_as_the_token_is_good():
    for is_full in (True, False):
        world, flash = await paired()
        tokens = world.frameio.tokens
        tokens.access_s = 3600
        world.power_on()
        await world.until("online")
        await world.refresh()
        await sleep_s(70)
        generation = tokens.live
        if is_full:
            os.remove(path_of("authorization") + ".room")
            fill()
        else:
            await world.power_off()
            flash.writeblocks = lambda *_: -30  # EROFS
            flash_chip.mount(flash)
            world.power_on()
            await world.until("online")
        begun_ms = Clock.now_ms
        while world.agent.status.reason != NOT_STORED:
            await sleep_s(1)
        assert 2400 < (Clock.now_ms - begun_ms) // 1000 + 70 <= 2900
        assert world.shown[-1][1:] == ("online", True, False, NOT_STORED)
        await sleep_s(600)
        assert tokens.live == generation and world.agent.status.state == "online"
        operations = len(flash.done)
        await sleep_s(60)
        assert len(flash.done) - operations < 5, flash.done[operations:]
        lines = [line for _, line in world.log if "no room" in line and "authorization" in line]
        assert 8 < len(lines) < 14, lines  # once a minute
        if is_full:
            empty()
            await sleep_s(61)
            assert tokens.live == generation + 1 == generation_stored(world)
            assert world.agent.status.reason is None
        else:  # without the next token it would be offline
            await sleep_s(600)
            assert tokens.live == generation + 1 and generation_stored(world) == generation
            assert world.agent.status.state == "online" and world.agent.status.reason == NOT_STORED
        assert not [line for _, line in world.log if MARK in line]
        await world.power_off()


async def test_a_refused_upgrade_spends_no_token_that_could_not_be_replaced():
    world, _ = await paired()
    world.power_on()
    await world.until("online")
    await sleep_s(70)
    os.remove(path_of("authorization") + ".room")
    fill()
    refreshes = len(world.frameio.times("refresh"))
    world.frameio.upgrade_status = 403
    world.frameio.close_sockets(1000)
    await sleep_s(600)
    assert len(world.frameio.times("refresh")) == refreshes
    assert world.agent.status.authorized
    await world.power_off()


async def test_what_can_not_be_stored_is_shown_from_the_first_code_on():
    world = World(pairs=True)
    world.storage = storage = Failing(world.host)
    storage.fails = OSError(30)
    world.power_on()
    await world.pair()
    shown = [(row[1], row[4]) for row in world.shown]
    assert ("pairing", NOT_STORED) in shown and shown[-1] == ("online", NOT_STORED), shown
    storage.fails = None
    await sleep_s(61)  # client and authorization
    await sleep_s(360)  # the device's id, with the next identity
    assert world.agent.status.reason is None and sorted(world.host.records) == [
        "authorization",
        "client",
        "identity",
    ]
    await world.power_off()


async def test_absurd_numbers_are_refused_like_a_corrupt_record():
    for numbers in (
        (-1, 10),
        (10, 9),
        (10**30, 10**30),
        (1, 4_102_444_800),
        (True, True),
        (None, 10),
        ("1", 2),
        (1.5, 2),
        (0, 1e300),
    ):
        world, _ = await paired()
        record = world.storage.load("authorization")
        record["refresh_s"], record["expires_s"] = numbers
        world.storage.save("authorization", record)
        world.log.clear()
        world.power_on()
        await world.pair()
        assert [
            line for _, line in world.log if "authorization" in line and "can't be used" in line
        ], (numbers, world.log)
        await world.power_off()


async def test_a_pairing_that_ended_while_the_device_was_off_is_shown_as_that():
    """Only a restart or its user makes it show a code: it does not do so by itself at any time."""
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
