"""A paired device whose memory runs out around a request to the token endpoints, in virtual time."""

from tests.simulation.device import World, sleep_s

# isort: split
from pilotlight import token_api
from pilotlight.net.errors import NetError
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock


class Scarce:
    """Stands in for a function: its next `left` calls find no memory."""

    def __init__(self, function):
        self.left = 0
        self._function = function

    def __call__(self, *arguments):
        if self.left:
            self.left -= 1
            raise MemoryError("allocating")
        return self._function(*arguments)


async def test_memory_that_runs_out_around_a_request_for_tokens_is_no_crash():
    world = World(pairs=True)
    token_api.form_encode = scarce = Scarce(token_api.form_encode)
    scarce.left = 2  # no code yet …
    world.power_on()
    await world.until("pairing")
    assert not scarce.left
    scarce.left = 2  # … no answer to a poll …
    await sleep_s(12)
    assert not scarce.left and world.agent.status.state == "pairing"
    await world.pair()
    await sleep_s(1)
    scarce.left = 1  # … and no refresh
    with raises(NetError) as caught:
        await world.agent.access_token(await world.agent.access_token())
    assert caught.error.reason == "memory"
    await sleep_s(60)
    assert world.frameio.tokens.live == 2 and world.agent.status.state == "online"
    await world.power_off()


async def test_polls_for_which_there_is_no_memory_beside_the_socket():
    """After three, the socket makes room for one and is joined again; so a pause is known, though its event was lost.

    At the latest when identity is next due, within 5 min, and three polls later, each a minute after the one before.
    """
    world = World(pairs=True)
    world.network.one_only = True
    world.power_on()
    await world.pair()
    world.frameio.delays_ms["identity"] = 3_000  # the socket waits for it
    for paused in (True, False, True):
        world.frameio.paused = paused
        begun_ms = Clock.now_ms
        seen = len(world.shown)
        await world.until("paused" if paused else "online", 600_000)
        assert Clock.now_ms - begun_ms <= 8 * 60_000 + 2_000, Clock.now_ms - begun_ms
        states = [row[1] for row in world.shown[seen:]]
        assert "no_backend" not in states and "unpaired" not in states, states
    assert world.network.most_open == 2
    begun_ms, joins = Clock.now_ms, len(world.frameio.times("join"))
    await sleep_s(3600)
    assert 3600 // 300 <= len(world.frameio.times("join")) - joins <= 3600 // 180, (
        len(world.frameio.times("join")) - joins
    )
    assert (
        min([after - before for before, after in pairs(world.frameio.times("identity"))]) >= 60_000
    ), world.frameio.times("identity")
    assert not [
        line
        for _, line in world.log
        if line.startswith("memory: there is no memory for this connection")
    ]
    world.network.one_only = False
    await sleep_s(600)
    joins = len(world.frameio.times("join"))
    await sleep_s(3600)
    assert len(world.frameio.times("join")) == joins
    await world.power_off()


async def test_no_memory_to_drop_the_socket_with():
    """Then the room is not kept for ever: the next poll tries again."""
    world = World(pairs=True)
    world.power_on()
    await world.pair()
    world.network.one_only = True
    inquiries = world.agent._inquiries
    inquiries._drop_socket = drop = Scarce(inquiries._drop_socket)
    drop.left = 1
    while drop.left:
        await sleep_s(1)
    assert inquiries.room.is_set()
    world.frameio.paused = True
    await world.until("paused", 600_000)
    await world.power_off()


def pairs(times):
    return [(times[i - 1], times[i]) for i in range(1, len(times))]
