"""A paired device whose memory runs out around a request to the token endpoints, in virtual time."""

from pilotlight import token_api
from pilotlight.net.errors import NetError
from tests.micropython.expect import raises
from tests.simulation.device import World, sleep_s


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
