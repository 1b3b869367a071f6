"""The same input again and again: the light is steady, and nothing hammers. In virtual time."""

import asyncio

from tests.simulation.device import World, gaps, sleep_s
from tests.simulation.frameio import DEVICE_ID, TOPIC
from tests.support.extent import share

TEXT, BINARY = 1, 2
MINUTES = 10
LONG = "x" * 5000
DEEP = "[" * 1000 + "]" * 1000


def message(topic=TOPIC, event="other", payload='{"pad":"%s"}' % LONG):
    """A message in Phoenix's own order of keys: the topic comes last."""
    text = '{"event":"%s","payload":%s,"ref":null,"topic":"%s"}' % (event, payload, topic)
    return text.encode()


async def every_second(world, opcode, data):
    while True:
        world.frameio.send(opcode, data)
        await sleep_s(1)


async def after_each_join(world, opcode, data):
    joins = 0
    while True:
        if len(world.frameio.times("join")) > joins:
            joins = len(world.frameio.times("join"))
            await asyncio.sleep_ms(50)
            world.frameio.send(opcode, data)
        await asyncio.sleep_ms(10)


async def shown_in(world, minutes=MINUTES):
    """The (state, reason) pairs that are shown from now on, the present one first."""
    status = world.agent.status
    seen = len(world.shown)
    now = (status.state, status.reason)
    await sleep_s(minutes * 60)
    return [now] + [(state, reason) for _, state, _, _, reason in world.shown[seen:]]


async def online_with(job, opcode, data, minutes=MINUTES):
    """What a device that is online shows under this input; and its world, for what was asked."""
    world = World()
    await world.online()
    await sleep_s(30)
    task = asyncio.create_task(job(world, opcode, data))
    shown = await shown_in(world, minutes)
    task.cancel()
    await world.power_off()
    return shown, world.frameio


# (data, whether identity is asked about it)
LONG_MESSAGES = (
    (message(), True),
    (message(payload='"%s"' % ("x" * 65_000)), True),
    (message(payload=DEEP + " " * 3000), True),
    (message(event="e" * 5000), True),
    (message(payload='"%s"' % LONG), True),
    (message(event="status_updated", payload='"unheard of"'), True),
    (message(event="status_updated", payload=DEEP), True),
    (message("devices:another"), False),
    (message("t" * 5000), False),
    (message(payload=DEEP), False),
    (b'{"x":%s1}' % (b" " * 5000), False),
)


async def test_long_messages_every_second_change_nothing():
    for data, is_doubted in share(LONG_MESSAGES, 3):
        shown, frameio = await online_with(every_second, TEXT, data, 3)
        assert shown == [("online", None)], (data[:60], shown)
        assert len(frameio.times("upgrade")) == 1
        asked = frameio.times("identity")
        assert (len(asked) > 3) == is_doubted, (data[:60], len(asked))
        assert min(gaps(asked)) >= 60_000


async def test_what_is_no_message_every_second_changes_nothing():
    for data in (
        b"",
        b" ",
        b"{}",
        b"[]",
        b"null",
        b'{"event":"phx_close"}',
        b'{"topic":"%s"}' % TOPIC,
    ):
        shown, frameio = await online_with(every_second, TEXT, data, 3)
        assert shown == [("online", None)] and len(frameio.times("upgrade")) == 1, data
        assert len(frameio.times("identity")) <= 3


async def test_a_long_event_counts_at_once():
    for pad in (LONG, "x" * 65_000):
        world = World()
        await world.online()
        await sleep_s(70)
        world.frameio.paused = True
        world.frameio.send(
            TEXT, message(event="status_updated", payload='{"status":"paused","pad":"%s"}' % pad)
        )
        assert await world.until("paused", 1000) < 1000
        await world.power_off()


async def test_what_ends_each_link_shows_no_online():
    for opcode, data, reason in (
        (BINARY, b"x", "protocol"),
        (TEXT, b"{x", "protocol"),
        (TEXT, b"\xff", "protocol"),
        (TEXT, b"x" * 65_537, "too_large"),
        (3, b"", "protocol"),
    ):
        for job in (after_each_join, every_second):
            shown, frameio = await online_with(job, opcode, data)
            assert shown == [
                ("online", None),
                ("joining", reason),
                ("online", "http_fallback"),
            ], (data[:9], shown)
            assert len(frameio.times("upgrade")) < 3 * MINUTES
            assert min(gaps(frameio.times("identity"))) >= 60_000


async def test_a_channel_that_crashes_after_each_join_shows_no_online():
    shown, _ = await online_with(after_each_join, TEXT, message(event="phx_error", payload="{}"))
    states = [state for state, _ in shown]
    # At first, a good link; once more, because it was good; once more, because a channel that ends so soon
    # after a rejoin may be the one before; then by HTTP.
    assert states.count("online") <= 4, shown


async def test_it_is_online_again_when_the_input_has_ended():
    world = World()
    await world.online()
    await sleep_s(30)
    task = asyncio.create_task(every_second(world, BINARY, b"x"))
    await sleep_s(100)
    assert world.agent.status.state == "joining"
    task.cancel()
    assert await world.until("online", 95_000) < 95_000
    assert world.agent.status.joined
    await world.power_off()


def identity(**more):
    """An answer of identity."""
    return dict({"id": DEVICE_ID, "status": "online"}, **more)


async def test_an_identity_that_can_not_be_read_for_ever():
    for body, reason in (
        (identity(pad="x" * 300_000), "too_large"),
        (identity(id="x" * 300), "too_large"),
        (identity(id=7), "protocol"),
        ({}, "portal"),
    ):
        world = World()
        await world.online()
        await sleep_s(30)
        world.frameio.answered_with["identity"] = (200, body)
        shown = await shown_in(world)
        assert shown == [("online", None), ("joining", "paused_unknown")], (str(body)[:60], shown)
        await world.power_off()

        world = World()
        world.frameio.answered_with["identity"] = (200, body)
        world.power_on()
        await sleep_s(30)
        shown = await shown_in(world)
        assert shown == [("joining", reason), ("joining", "paused_unknown")], (
            str(body)[:60],
            shown,
        )
        assert min(gaps(world.frameio.times("identity"))) >= 60_000
        await world.power_off()


async def test_a_code_that_can_not_work_is_not_shown():
    good = {"device_code": "secret", "user_code": "123456", "expires_in": 120}
    for body, reason in (
        (dict(good, user_code="1" * 3000), "too_large"),
        (dict(good, user_code="12 34 56"), "protocol"),
        (dict(good, user_code=123456), "protocol"),
        (dict(good, device_code="x" * 3000), "too_large"),
        (dict(good, expires_in=1), "protocol"),
        ({}, "portal"),
    ):
        world = World(pairs=True)
        world.frameio.answered_with["code"] = (200, body)
        world.power_on()
        shown = await shown_in(world)
        assert "pairing" not in [state for state, _ in shown], shown
        assert ("no_backend", reason) in shown, shown
        assert len(world.frameio.times("code")) < 3 * MINUTES
        del world.frameio.answered_with["code"]
        await world.pair()
        await world.power_off()


async def test_codes_that_expire_at_once_are_not_asked_for_without_end():
    world = World(pairs=True)
    world.frameio.answered_with["token"] = (400, {"error": "expired_token"})
    world.power_on()
    await sleep_s(MINUTES * 60)
    assert len(world.frameio.times("code")) < 3 * MINUTES
    await world.power_off()
