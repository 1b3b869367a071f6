"""The way back: after everything is well, the device is joined soon and shows the truth."""

import asyncio
import random

from tests.simulation.device import sleep_s
from tools.virtual_board.virtual_time import Clock

BACK_MS = 95_000  # joined again after everything is well
SETTLED_S = 62 + 22  # identity's spacing, after one that fails at its deadline
REFRESHED_S = 62  # a token that died in the trouble: the refresh's backoff comes first
_LOOK_MS = 1_000  # from one look whether it is back to the next: a look costs as much as a message
_PAIRED_MS = 600_000  # for so long codes are shown
PROBED_MS = 300_000  # health is asked every 2 to 5 min while it is unpaired


async def pair_again(world):
    """The user pairs it again.

    A pairing ends only if an answer to a refresh was lost, so that the token was used twice; or if
    a fault of the World says so.
    """
    tokens = world.frameio.tokens
    if not world.may_end_pairing:
        # More often where the power went before the verdict was stored.
        assert tokens.uses.get(tokens.live - 1, 0) >= 2, (tokens.live, tokens.uses)
    if world.agent.status.state == "unpaired":
        reasons = ("refresh_lost", "pairing_ended")
        assert world.may_end_pairing or world.agent.status.reason in reasons, world.shown[-3:]
        world.agent.start_pairing()
        await world.until("pairing")
    for _ in range(_PAIRED_MS // 100):
        code = world.agent.status.user_code
        if code in tokens.user_codes:  # another one, if the first had only seconds left
            tokens.enter(code)
        await asyncio.sleep_ms(100)
        if world.agent.status.authorized:
            return
    raise AssertionError("never paired: %s" % (world.shown[-6:],))


def _needs_user(status):
    """It is paired no more, whatever else is shown."""
    return not status.authorized and status.reason != "token_refused"


async def _until_joined(world):
    """Wait until it is online; its user pairs it again if that has ended. The virtual ms."""
    begun = world.shown[-3:]
    longest_ms = BACK_MS + 4 * world.network.jitter_ms + world.patience_ms
    waited_ms = probed_ms = 0
    while not (world.agent.status.joined and world.frameio.online):
        await asyncio.sleep_ms(_LOOK_MS)
        waited_ms += _LOOK_MS
        status = world.agent.status
        if _needs_user(status):
            probed_ms = PROBED_MS  # until then it may show `no_backend`, and its user waits
        is_unpaired = status.state == "unpaired" and status.reason != "token_refused"
        if is_unpaired or status.state == "pairing":
            await pair_again(world)
        assert world.is_running, "the agent has ended"
        assert waited_ms <= longest_ms + probed_ms, "not back: %s" % (
            (begun, world.shown[-8:], world.log[-8:]),
        )
    return waited_ms


async def until_right(world):
    """Online again, and what is shown is the truth."""
    state = "paused" if world.frameio.paused else "online"
    waited_ms = await _until_joined(world)
    if not waited_ms:  # no join that would ask for a verification: an event does, be it true or not
        world.frameio.push("status_updated", random.choice(("paused", "resumed")))
    settled_s = SETTLED_S + (REFRESHED_S if world.frameio.tokens else 0)
    settled_s += world.patience_ms // 1000  # identity waits for that, too
    await sleep_s(settled_s)
    if _needs_user(world.agent.status):  # what has ended it was still under way, and it was joined
        waited_ms = await _until_joined(world)
    joins = world.frameio.times("join")
    left_ms = (joins[-1] if joins else 0) + settled_s * 1000 - Clock.now_ms
    if left_ms > 0:  # the link was lost again by what came before
        await asyncio.sleep_ms(left_ms)
    assert world.agent.status.state == state, "not %s: %s" % (
        state,
        (Clock.now_ms, world.shown[-6:], world.log[-6:], world.frameio.asked[-8:]),
    )
    world.patience_ms = 0
    return waited_ms
