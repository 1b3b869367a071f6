"""The device's channel in virtual time: what ends a link, and what the waits after it begin with.

Heartbeat replies, rejoins, restarts of the service, and a device that is another one.
"""

import asyncio

from tests.simulation.device import LATENCY_MS, World, sleep_s
from tests.simulation.frameio import DEVICE_ID, TOPIC
from tools.virtual_board.virtual_time import Clock

OTHER_ID = "b7e95254-8cd6-4d59-b54d-28c58570a8de"
OK = {"response": {}, "status": "ok"}


async def test_only_the_heartbeat_s_own_reply_keeps_the_link():
    for event, ref, topic, payload in (
        ("phx_reply", "heartbeat", TOPIC, OK),
        ("phx_reply", "channel_connect", "phoenix", OK),
        ("phx_reply", "heartbeat", "phoenix", {"response": {}, "status": "error"}),
        ("heartbeat", "heartbeat", "phoenix", OK),
    ):
        world = World()
        await world.online()
        await sleep_s(100)
        world.frameio.silent = True
        for _ in range(30):
            world.frameio.push(event, payload, ref, topic)
            await sleep_s(1)
        assert "no_reply" in [row[4] for row in world.shown], (event, ref, topic)
        await world.power_off()


async def test_only_the_join_s_own_reply_joins():
    """The first one: what comes later is of no join that is under way."""
    world = World()
    world.frameio.silent = True
    world.power_on()
    while not world.frameio.times("join"):
        await asyncio.sleep_ms(10)
    push = world.frameio.push
    push("phx_reply", OK, "heartbeat")
    push("phx_reply", OK, "channel_connect", "devices:" + OTHER_ID)
    push("phx_reply", OK, "channel_connect", "phoenix")
    push("joined", OK, "channel_connect")
    await sleep_s(1)
    assert not world.agent.status.joined
    push("phx_reply", OK, "channel_connect")
    push("phx_reply", {"response": {"reason": "late"}, "status": "error"}, "channel_connect")
    await sleep_s(1)
    assert world.agent.status.joined
    await world.power_off()


async def lose_channel(world):
    """The channel crashes; wait until it is joined again. How long the device waited, in ms."""
    joins = len(world.frameio.times("join"))
    begun_ms = Clock.now_ms
    world.frameio.push("phx_error", {})
    while len(world.frameio.times("join")) == joins:
        await sleep_s(1)
    await world.until("online")
    return world.frameio.times("join")[joins] - begun_ms - 2 * LATENCY_MS


async def test_a_channel_that_has_held_for_a_minute_is_lost_for_the_first_time():
    """However often that happens, the rejoin waits 1 s, and the socket stays."""
    world = World()
    await world.online()
    for _ in range(10):
        await sleep_s(61)
        assert 800 <= await lose_channel(world) <= 1_200
    assert len(world.frameio.times("upgrade")) == 1
    await world.power_off()


async def test_a_new_socket_has_its_own_four_rejoins():
    world = World()
    await world.online()
    for _ in range(3):
        for wait_ms in (1_000, 2_000, 5_000, 10_000):
            await sleep_s(2)  # else its end would be taken for that of the channel before
            waited_ms = await lose_channel(world)
            assert 0.8 * wait_ms <= waited_ms <= 1.2 * wait_ms, (wait_ms, waited_ms)
        upgrades = len(world.frameio.times("upgrade"))
        await sleep_s(2)
        await lose_channel(world)
        assert len(world.frameio.times("upgrade")) == upgrades + 1
    await world.power_off()


async def test_another_device_s_identity_ends_the_link():
    """The socket is joined to the topic of a device that this one is no longer."""
    world = World()
    await world.online()
    assert world.frameio.topics == [TOPIC]
    world.frameio.device_id = OTHER_ID
    await sleep_s(370)  # identity is asked every 4 to 6 min
    assert "device_changed" in [row[4] for row in world.shown], world.shown
    assert world.frameio.topics == [TOPIC, "devices:" + OTHER_ID]
    assert len(world.frameio.times("upgrade")) == 2
    assert world.agent.status.state == "online"
    await world.power_off()
    assert OTHER_ID in str(world.host.records) and DEVICE_ID not in str(world.host.records)


async def restarted(code, times):
    """Waits in ms of a device whose links end with this code as soon as they are joined."""
    waits_ms = []
    for seed in range(12):
        world = World(seed)
        await world.online()
        await sleep_s(100)
        for _ in range(times):
            upgrades = len(world.frameio.times("upgrade"))
            begun_ms = Clock.now_ms
            world.frameio.close_sockets(code)
            while len(world.frameio.times("upgrade")) == upgrades:
                await asyncio.sleep_ms(100)
            again_ms = world.frameio.times("upgrade")[upgrades] - begun_ms
            await asyncio.sleep_ms(500)  # joined, and no heartbeat was answered yet
        waits_ms.append(again_ms)
        await world.power_off()
    return waits_ms


async def test_a_fleet_does_not_come_back_from_a_restart_in_step():
    """Each device waits 5 to 30 s at random; twice as long after the second one, 60 s at most."""
    for code in (1012, 1013):
        for times, low_ms, high_ms in (
            (1, 5_000, 30_000),
            (2, 10_000, 60_000),
            (5, 30_000, 60_000),
        ):
            waits_ms = sorted(await restarted(code, times))
            assert low_ms <= waits_ms[0], waits_ms
            assert waits_ms[-1] <= high_ms + 100, waits_ms
            assert waits_ms[-1] - waits_ms[0] > (high_ms - low_ms) * 4 // 10, waits_ms


async def test_after_an_answered_heartbeat_a_restart_is_the_first_again():
    """So is the wait: 5 to 30 s."""
    world = World()
    await world.online()
    for _ in range(8):
        await sleep_s(20)
        upgrades = len(world.frameio.times("upgrade"))
        begun_ms = Clock.now_ms
        world.frameio.close_sockets(1012)
        await sleep_s(35)
        assert 5_000 <= world.frameio.times("upgrade")[upgrades] - begun_ms <= 30_100
    await world.power_off()


async def test_a_channel_that_crashes_at_its_join_is_joined_again_on_its_socket():
    world = World()
    world.frameio.next_joins = ["crash"]
    await world.online()
    assert len(world.frameio.times("join")) == 2 and len(world.frameio.times("upgrade")) == 1
    await world.power_off()
