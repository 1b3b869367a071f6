"""Ordered pairs of the simulated faults; each commit runs another part of all of them.

`make check` runs them all. A failure names its history, which can be run again:

    make simulate HISTORY="paired reset 17 keep dead_air 45"
"""

import os

from tests.simulation.device import keep_loaded, paired, sleep_s, virtual_time
from tests.simulation.faults import FAULTS, TOKEN_FAULTS
from tests.simulation.histories import live, named
from tests.simulation.pairs import AT_ONCE, DURATIONS_S, WITH_TOKENS, Summary, part_of
from tests.simulation.token_faults import removed
from tests.simulation.trouble import heal

PARTS = 256


async def _live_part(kind):
    keep_loaded()
    part = int(os.getenv("SIMULATION_COMMIT") or "0", 16) % PARTS
    summary = Summary()
    for history in part_of(kind, 2, part, PARTS):
        await summary.live(history)
    print("part %d of %d, %s: %d histories" % (part, PARTS, kind, summary.count))
    assert summary.count
    assert not summary.failures, "%d of %d failed" % (len(summary.failures), summary.count)


async def test_pairs_with_a_fixed_token():
    await _live_part("fixed")


async def test_pairs_of_a_paired_device():
    await _live_part("paired")


async def test_what_is_over_at_once_leaves_nothing_to_heal():
    lasting = [removed]  # until its user pairs it again
    for fault in FAULTS + TOKEN_FAULTS:
        world = await paired()
        fault(world)
        if world.repairs or world.frameio.next_joins:
            lasting.append(fault)
        virtual_time.forget_tasks()
    assert [fault for fault in FAULTS + TOKEN_FAULTS if fault not in lasting] == list(AT_ONCE)


async def test_the_service_closes_a_socket_whose_device_has_just_gone():
    """Two triples, in which the service itself ended by that."""
    for text in (
        "fixed power_cut 17 keep look_ups_block 1 keep channel_lost 45",
        "fixed power_cut 17 keep refused 130 keep join_refused_once 17",
    ):
        await live(named(text))


async def test_what_touches_no_tokens():
    """Nothing is refused, refreshed or stored."""
    assert not [fault for fault in TOKEN_FAULTS if fault not in WITH_TOKENS]
    for fault in FAULTS + TOKEN_FAULTS:
        if fault in WITH_TOKENS:
            continue
        world = await paired()
        saves = world.host.saves
        fault(world)
        await sleep_s(DURATIONS_S[-1])
        heal(world)
        await sleep_s(100)
        assert world.host.saves == saves and not world.frameio.times("refresh"), fault.__name__
        assert max(world.frameio.refused_ms, world.frameio.forbidden_ms) == -1, fault.__name__
        virtual_time.forget_tasks()
