"""The agent's link in virtual time, to the millisecond.

Dead link, reconnect, rejoin, a changed network, the end, and days.
"""

import asyncio
import gc

from pilotlight.net.errors import Unreachable
from tests.simulation.device import LATENCY_MS, Times, World, gaps, sleep_s
from tests.simulation.failing import Failing, no_memory_to_wait
from tests.support.extent import WHOLE
from tools.virtual_board.virtual_time import Clock

# isort: split
from pilotlight.net.deadline import Deadline
from pilotlight.net.transport import Transport


async def test_from_power_on_to_online():
    world = World()
    await world.online()
    # Everybody's turn before the look-up: 50 ms. A request is two round trips, connect, then request
    # and answer: 40 ms. Upgrade 40, join 20.
    assert [row[:2] for row in world.shown] == [
        (0, "starting"),
        (90, "joining"),
        (150, "online"),
    ], world.shown
    assert world.network.most_open <= 2
    await world.power_off()


async def test_with_a_stored_id_the_socket_comes_first():
    world = World()
    await world.online()
    await world.power_off()
    world.frameio.asked.clear()
    begun_ms = Clock.now_ms
    await world.online()
    assert [what for _, what in world.frameio.asked][:3] == ["upgrade", "join", "identity"]
    # The turn before the look-up; there, back, there, back, there.
    assert world.frameio.times("join")[0] - begun_ms == 50 + 5 * LATENCY_MS
    await world.power_off()


async def test_heartbeats_leave_every_15_s():
    world = World()
    await world.online()
    await sleep_s(3600)
    beats = world.frameio.times("heartbeat")
    assert len(beats) == 239 or len(beats) == 240, len(beats)
    assert set(gaps(beats)) == {15_000}, set(gaps(beats))
    assert world.frameio.times("upgrade") == world.frameio.times("upgrade")[:1]
    await world.power_off()


async def test_a_dead_link_shows_29_s_after_its_last_proof():
    """Death at every second of the heartbeat's round: `connected` is never wrong after 30 s."""
    for phase_s in range(15):
        world = World()
        await world.online()
        await asyncio.sleep_ms(100_500 + phase_s * 1000)
        last_ms = world.frameio.times("heartbeat")[-1] - LATENCY_MS
        dead_ms = Clock.now_ms
        world.network.dead_air = True
        world.shown.clear()
        await world.until("no_backend")
        off = next(row[0] for row in world.shown if not row[2])
        assert off == last_ms + 15_000 + 12_000, (phase_s, off - dead_ms)  # no reply to the next
        assert off - dead_ms <= 30_000
        world.network.dead_air = False
        # Joined again within 85 s after everything is well: backoff's cap, and a request that may
        # hang until its deadline.
        assert await world.until("online") <= 85_000
        await world.power_off()


async def test_backoff_without_an_answer():
    world = World()
    await world.online()
    world.network.refused = True
    world.frameio.close_sockets(1000)
    await world.until("no_backend")
    await sleep_s(3600)
    opened = world.network.opened
    await sleep_s(3600)
    # The socket's tries are uniform in 0..60 s, 120 an hour on the average; health is asked every
    # 90 to 120 s, and identity, which could only fail, not at all.
    connects = world.network.opened - opened
    assert 120 < connects < 185, connects
    world.network.refused = False
    assert await world.until("online") <= 85_000
    await world.power_off()


async def test_after_an_answered_heartbeat_the_backoff_begins_at_its_base():
    for joined_s, longest_ms in ((6, 5_000), (2, 60_000)):  # 5 s, because the server has closed
        slow = 0
        for seed in range(8):
            world = World(seed)
            await world.online()
            await sleep_s(5)  # a heartbeat is answered: the next link is shown at once
            world.network.refused = True
            world.frameio.close_sockets(1000)
            await sleep_s(1800)  # the backoff is at its cap
            world.network.refused = False
            await world.until("online")
            await sleep_s(joined_s)
            upgrades = len(world.frameio.times("upgrade"))
            begun_ms = Clock.now_ms
            world.frameio.close_sockets(1000)
            await sleep_s(62)
            again_ms = world.frameio.times("upgrade")[upgrades] - begun_ms
            assert again_ms <= longest_ms + 50, again_ms
            slow += again_ms > 5_050
            await world.power_off()
        assert (slow > 0) == (joined_s < 5)


async def test_after_1012_the_first_try_waits_5_to_30_s():
    for seed in range(10):
        world = World(seed)
        await world.online()
        await sleep_s(100)
        upgrades = len(world.frameio.times("upgrade"))
        begun_ms = Clock.now_ms
        world.frameio.close_sockets(1012)
        await sleep_s(61)
        again_ms = world.frameio.times("upgrade")[upgrades] - begun_ms
        assert 5_000 <= again_ms <= 30_100, again_ms
        await world.power_off()


async def test_every_close_that_is_not_ours_is_answered_by_coming_back():
    for code in (1000, 1001, 1002, 1009, 1011, 1012, 1013, 4000):
        world = World()
        await world.online()
        await sleep_s(100)
        world.frameio.close_sockets(code)
        await world.until("joining")
        assert await world.until("online") <= 31_000
        await world.power_off()


async def test_a_lost_channel_is_joined_again_after_1_s():
    world = World()
    await world.online()
    await sleep_s(100)
    joins = len(world.frameio.times("join"))
    begun_ms = Clock.now_ms
    world.frameio.push("phx_error", {})
    await sleep_s(10)
    assert 800 <= world.frameio.times("join")[joins] - begun_ms - 2 * LATENCY_MS <= 1200
    assert len(world.frameio.times("upgrade")) == 1
    await world.power_off()


async def test_rejoins_wait_1_2_5_10_s_and_then_the_socket_is_changed():
    world = World()
    await world.online()
    await sleep_s(100)
    joins = len(world.frameio.times("join"))
    world.frameio.joins = "error"
    world.frameio.push("phx_error", {})
    await sleep_s(25)
    times = world.frameio.times("join")[joins:]
    waits_ms = (2000, 5000, 10_000)
    for gap_ms, wait_ms in zip(gaps(times[:4]), waits_ms):  # noqa: B905  # MicroPython's is lax
        assert 0.8 * wait_ms <= gap_ms - 2 * LATENCY_MS <= 1.2 * wait_ms, gaps(times)
    await sleep_s(5)
    assert len(world.frameio.times("upgrade")) >= 2
    world.frameio.joins = "ok"
    assert await world.until("online") <= 130_000
    await world.power_off()


async def test_an_unanswered_join_closes_the_socket():
    world = World()
    world.frameio.silent = True
    world.power_on()
    await sleep_s(9)
    assert len(world.frameio.times("join")) == 1
    await sleep_s(60)
    joins, upgrades = len(world.frameio.times("join")), len(world.frameio.times("upgrade"))
    assert joins == upgrades > 1  # never a second phx_join on one socket
    assert "timeout" in [row[4] for row in world.shown]
    await world.power_off()


async def test_no_network_and_back():
    world = World()
    world.power_on(
        Times(network_check_ms=600_000)
    )  # two weeks of looking every second would be the whole test
    await world.until("online")
    await sleep_s(100)
    world.host.up = False
    world.network.dead_air = True
    world.agent.network_changed()
    await world.until("no_network")
    await sleep_s(13 * 24 * 3600)  # longer than ticks can count
    opened = world.network.opened
    await sleep_s(3600)
    assert world.network.opened == opened  # no connect while there is no network
    world.network.dead_air = False
    world.host.up = True
    world.agent.network_changed()
    assert await world.until("online") < 1000 + 4 * LATENCY_MS
    await world.power_off()


async def test_a_network_that_comes_up_unannounced():
    world = World()
    world.host.up = False
    world.power_on()
    await world.until("no_network")
    world.host.up = True
    assert await world.until("online") <= 1_000 + 200
    await world.power_off()


async def test_a_network_that_comes_back_unannounced_while_joined():
    world = World()
    await world.online()
    world.host.up = False
    world.agent.network_changed()
    await world.until("no_network")
    world.host.up = True
    assert await world.until("online") <= 1000
    await world.power_off()


async def test_a_heartbeat_that_cannot_be_written_ends_the_link():
    world = World()
    await world.online()
    await sleep_s(100)
    fault = Failing(
        Transport,
        "write_now",
        Unreachable("memory", "no memory just now"),
    )
    await world.until("joining")
    assert not fault.left
    assert world.agent.status.reason == "memory"
    assert await world.until("online") < 2000
    await world.power_off()


def no_memory_for_deadline(name):
    """The next Deadline of this name finds no memory."""
    return Failing(Deadline, "__init__", which=lambda deadline, stream, what, *_: what == name)


async def test_a_connect_that_finds_no_memory_is_tried_again():
    world = World()
    fault = no_memory_for_deadline("connecting")
    await world.online()
    assert not fault.left and "memory" in [row[4] for row in world.shown], world.shown
    await world.power_off()
    assert world.network.open == 0


async def test_no_memory_at_any_step_from_the_clock_to_the_backoff_is_no_crash():
    times = Times(restart_ms=(6_001, 6_001))
    for step in ("clock", "connect", "join", "backoff"):
        world = World()
        if step == "clock":
            fault = Failing(world.host, "ensure_set")
        elif step == "connect":
            fault = no_memory_for_deadline("connecting")
        elif step == "join":
            fault = no_memory_for_deadline("joining")
        else:
            fault = no_memory_to_wait(6_001)
        world.power_on(times)
        await sleep_s(1)
        world.frameio.close_sockets(1012 if step == "backoff" else 1000)
        await sleep_s(5)
        await world.until("online")
        assert not fault.left and "memory" in str(world.log), step
        await world.power_off()
        assert world.network.open == 0 and world.network.most_open <= 2


async def test_pings_are_answered_while_the_application_is_busy():
    world = World()
    await world.online()
    world.frameio.hangs = True
    await sleep_s(61)
    async with world.agent.request_slot():  # behind an identity that is not answered
        asked_ms = Clock.now_ms
        world.frameio.ping()
        await sleep_s(5)
    assert world.frameio.times("pong") == [asked_ms + 2 * LATENCY_MS]
    await world.power_off()


async def test_stop_before_run_and_stop_at_any_turn():
    world = World()
    world.power_on()
    await world.agent.stop()  # in the same turn: nothing has begun
    for turn in range(60):
        world = World()
        world.power_on()
        for _ in range(turn):
            await asyncio.sleep_ms(2)
        await world.power_off()
        asked = len(world.frameio.asked)
        await sleep_s(30)
        assert len(world.frameio.asked) - asked <= 1  # what was on its way
        assert world.network.open == 0


async def test_a_changed_network_is_checked_at_once():
    world = World()
    await world.online()
    await sleep_s(101)
    beats = len(world.frameio.times("heartbeat"))
    for _ in range(3):
        world.agent.network_changed()
    await asyncio.sleep_ms(50)
    assert len(world.frameio.times("heartbeat")) == beats + 1
    world.network.dead_air = True
    for _ in range(20):
        world.agent.network_changed()  # a network that flaps must not put the verdict off
        await sleep_s(1)
    assert world.agent.status.state in ("joining", "no_backend")
    await world.power_off()


async def test_fourteen_days():
    """80,640 heartbeats over two wraps of the ticks: none late, none missing, no heap lost.

    Without WHOLE three days and one wrap.
    """
    days = 14 if WHOLE else 3
    world = World()
    await world.online()
    await sleep_s(3600)
    gc.collect()
    world.frameio.asked.clear()
    before = gc.mem_alloc()
    beats = 0
    for _ in range(days):
        await sleep_s(24 * 3600)
        times = world.frameio.times("heartbeat")
        assert min(gaps(times)) == max(gaps(times)) == 15_000
        beats += len(times)
        assert 265 <= len(world.frameio.times("identity")) <= 315  # every 5 min on the average
        world.frameio.asked.clear()
        times = None
        gc.collect()
    assert days * 5760 - 2 <= beats <= days * 5760, beats
    assert gc.mem_alloc() - before < 4096, gc.mem_alloc() - before
    assert len(world.shown) == 3, world.shown
    await world.power_off()


async def test_stop_says_goodbye():
    world = World()
    await world.online()
    await sleep_s(20)
    await world.power_off()
    assert len(world.frameio.times("close")) == 1
    assert world.network.open == 0
