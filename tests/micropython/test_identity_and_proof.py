"""What identity and events say about the pause, and how long a proof is good, in virtual time."""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install()

import time

from pilotlight.core import Core
from pilotlight.credentials import Credentials
from pilotlight.frameio_api import IdentityAnswer, is_device_id
from pilotlight.identity import Identity
from pilotlight.proof import Proof
from pilotlight.schedule import Schedule
from pilotlight.times import Times
from tools.virtual_board.virtual_time import Clock


class Host:
    """Network, storage and clock for a Core."""

    def __init__(self):
        self.records = {}
        self.saves = 0
        self.second = 1_800_000_000

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        self.records[name] = record
        self.saves += 1

    def now_s(self):
        return self.second

    def is_up(self):
        return True


def made(host, token="token"):
    """A Core and its Identity."""
    core = Core(None, host, host, Times())
    return core, Identity(core, Credentials(core, token, "key of " + token, "token_refused"))


def answer(paused, device_id="device-1", expires_at=None):
    """What /v2/devices/me says."""
    status = {True: "paused", False: "online", None: "resumed"}[paused]
    fields = {"id": device_id, "name": "A-CAM", "status": status, "project.name": "Project"}
    fields["authorization.creator.name"] = "Creator"
    fields["authorization.expires_at"] = expires_at
    return IdentityAnswer(fields)


async def test_paused_is_unknown_until_identity_says_it():
    core, identity = made(Host())
    assert core.status.paused is None and not core.status.identity_failed
    identity.learn(answer(None), identity.begin())
    assert core.status.paused is None and core.status.identity_failed
    identity.learn(answer(False), identity.begin())
    assert core.status.paused is False and not identity.is_hinted
    known = core.status.name, core.status.project, core.status.creator
    assert known == ("A-CAM", "Project", "Creator")
    identity.forget()
    assert (core.status.name, core.status.project) == (None, None)


async def test_an_event_counts_at_once_and_identity_settles_it():
    core, identity = made(Host())
    identity.hint(True)
    assert core.status.paused is True and identity.is_hinted
    identity.learn(answer(False), identity.begin())
    assert core.status.paused is False and not identity.is_hinted


async def test_an_answer_begun_before_the_last_event_settles_nothing():
    core, identity = made(Host())
    begun = identity.begin()
    identity.hint(True)
    identity.learn(answer(False), begun)
    assert core.status.paused is True and identity.is_hinted


async def test_what_is_unknown_is_taken_from_any_answer_for_3_min():
    """One that was begun before a join is better than nothing, and settles nothing."""
    core, identity = made(Host())
    begun = identity.begin()
    identity.doubt(time.ticks_ms())
    await asyncio.sleep_ms(10_000)
    identity.learn(answer(True), begun)
    assert core.status.paused is True and not identity.is_confirmed
    assert identity.paused_left_ms(time.ticks_ms(), 3_600_000) == 180_000


async def test_over_a_reconnect_the_last_pause_is_kept_for_3_min_without_confirmation():
    core, identity = made(Host())
    longest_ms = 3_600_000
    identity.learn(answer(True), identity.begin())
    assert identity.is_confirmed and identity.paused_left_ms(7, longest_ms) == longest_ms
    begun = identity.begin()
    identity.doubt(1000)
    identity.doubt(50_000)  # the first loss counts
    assert not identity.is_confirmed
    assert identity.paused_left_ms(101_000, longest_ms) == 80_000
    identity.learn(answer(False), begun)  # asked before the end: an event may have been missed
    assert core.status.paused is True and not identity.is_confirmed
    identity.learn(answer(False), identity.begin())
    assert core.status.paused is False and identity.is_confirmed
    identity.doubt(200_000)
    assert identity.paused_left_ms(380_000, longest_ms) == 0
    identity.forget_paused()
    assert core.status.paused is None
    assert identity.paused_left_ms(380_000, longest_ms) == longest_ms


def test_what_can_be_a_device_id():
    for text in ("a", "Z-9", "7" * 64):
        assert is_device_id(text), text
    for value in ("", "7" * 65, "a/b", "a b", "a_b", "\u00e4", None, 7):
        assert not is_device_id(value), value


async def test_the_device_id_is_stored_with_its_authorization():
    host = Host()
    _, identity = made(host)
    assert identity.device_id is None
    identity.learn(answer(False), identity.begin())
    identity.learn(answer(False), identity.begin())
    assert host.saves == 1
    assert made(host)[1].device_id == "device-1"
    assert made(host, "another token")[1].device_id is None
    identity.forget()
    identity.learn(answer(False), identity.begin())
    assert host.saves == 1  # what is stored already wears no flash
    identity.learn(answer(False, "device-2"), identity.begin())
    assert made(host)[1].device_id == "device-2"


async def test_identity_is_asked_once_when_the_authorization_ends():
    host = Host()
    core, identity = made(host)
    assert identity.ends_in_s() is None
    identity.learn(answer(False, expires_at="2030-01-31T12:00:00Z"), identity.begin())
    host.second = 1_896_091_200 - 10
    assert identity.ends_in_s() == 10
    identity.begin()  # an answer from before the end says nothing about the end
    host.second += 11
    assert identity.ends_in_s() == 0
    identity.begin()
    assert identity.ends_in_s() is None
    identity.learn(answer(False, expires_at="2030-02-01T12:00:00Z"), identity.begin())
    assert identity.ends_in_s() == 86_399
    identity.forget()
    assert identity.ends_in_s() is None and core.status.expires_at is None


async def test_a_proof_is_good_for_its_time():
    core = Core(None, None, None, Times())
    core.status.update(joined=True)
    proof = Proof(core, Schedule(core.times, time.ticks_ms()))
    watching = asyncio.create_task(proof.run())
    for gaps_ms in ((), (10_000,), (28_999, 28_999)):
        await asyncio.sleep_ms(100_000)
        assert core.status.connected is False
        proof.prove()
        assert core.status.connected is True
        for gap_ms in gaps_ms:
            await asyncio.sleep_ms(gap_ms)
            proof.prove()
        begun_ms = Clock.now_ms
        version = core.status.version
        await core.status.wait(version)
        assert core.status.connected is False
        assert Clock.now_ms - begun_ms == 29_000
    watching.cancel()


async def test_a_proof_is_good_for_longer_where_answers_are_rarer():
    core = Core(Host(), None, None, Times())
    proof = Proof(core, Schedule(core.times, time.ticks_ms()))
    watching = asyncio.create_task(proof.run())
    core.status.update(fallback=True)
    await asyncio.sleep_ms(1)
    proof.prove()
    await asyncio.sleep_ms(129_990)
    assert core.status.connected is True
    await asyncio.sleep_ms(20)
    assert core.status.connected is False
    core.status.update(fallback=False, authorized=False)
    proof.prove()
    await asyncio.sleep_ms(3_600_000)  # nothing asks but health, every few minutes
    assert core.status.connected is True
    proof.end()
    assert core.status.connected is False
    await asyncio.sleep_ms(60_000)
    core.status.update(authorized=True)
    proof.prove()
    await asyncio.sleep_ms(10_000)
    proof.end_if_older(12_000)
    assert core.status.connected is True
    proof.end_if_older(10_000)
    assert core.status.connected is False
    watching.cancel()


async def test_a_proof_is_good_for_the_usual_time_where_the_fallback_ends_meanwhile():
    core = Core(Host(), None, None, Times())
    proof = Proof(core, Schedule(core.times, time.ticks_ms()))
    watching = asyncio.create_task(proof.run())
    for age_ms in (1, 20_001, 25_530, 28_999):
        core.status.update(fallback=True)
        proof.prove()
        await asyncio.sleep_ms(age_ms)
        core.status.update(fallback=False)
        await asyncio.sleep_ms(28_999 - age_ms)
        assert core.status.connected is True
        await asyncio.sleep_ms(1)
        assert core.status.connected is False, age_ms
    watching.cancel()


async def test_without_network_nothing_is_proven():
    core = Core(None, None, None, Times())
    proof = Proof(core, Schedule(core.times, time.ticks_ms()))
    core.status.update(network_up=False)
    proof.prove()  # a reply that was read late
    assert core.status.connected is False
