"""What goes wrong with the tokens of a paired device, each a function of a World."""

import asyncio
import random

from tests.simulation.device_faults import cut_power
from tests.simulation.trouble import (
    answer_with,
    close,
    leave_unanswered,
    meanwhile,
    set_until_healed,
)


def _must_refresh(world, patience_ms=0):
    """The access token dies and the socket ends, so that a refresh is needed."""
    _wait_for_refresh(world, patience_ms)
    world.frameio.tokens.expire()
    close(world)


def _wait_for_refresh(world, patience_ms):
    """Nothing but its time renews a token that identity has refused since it was issued."""
    if world.agent and world.agent.status.reason == "token_refused":
        patience_ms = 900 * world.frameio.tokens.access_s
    world.patience_ms = max(world.patience_ms, patience_ms)


def refresh_client_refused(world):
    answer_with(
        world, "refresh", 400, {"error": random.choice(("invalid_client", "unauthorized_client"))}
    )
    _must_refresh(world, 240_000)  # 1, 2, 4 min from try to try


def refresh_503(world):
    answer_with(world, "refresh", 503)
    _must_refresh(world)


def refresh_limited(world):
    answer_with(world, "refresh", 429, {"error": "rate_limited"})
    _must_refresh(world, 60_000)


def refresh_garbled(world):
    """Answers without tokens."""
    answer_with(world, "refresh", 200, random.choice(({}, [1], {"access_token": 1})))
    _must_refresh(world, 240_000)


def refresh_lost(world):
    """The next refresh is carried out, but its answer is lost."""
    set_until_healed(world, world.frameio.tokens, loses_refresh_answers=1)
    _must_refresh(world, 240_000)


def refresh_unanswered(world):
    """Refreshes are sent and never answered."""
    leave_unanswered(world, "refresh")
    _must_refresh(world, 240_000)


def flash_cut(world):
    """The power goes while something is stored, which is stored or not, and is back with `heal`."""
    host = world.host
    is_cut = asyncio.Event()

    def on_save():
        host.on_save = lambda: False  # what follows in this turn never happens
        is_cut.set()
        return bool(random.randrange(2))

    async def cut():
        await is_cut.wait()
        cut_power(world)

    set_until_healed(world, host, on_save=on_save)
    meanwhile(world, cut())
    _must_refresh(world)


def removed(world):
    """The device is removed in Frame.io: its user pairs it again."""
    world.frameio.tokens.removed = world.may_end_pairing = True
    _wait_for_refresh(world, 420_000)  # health is asked every 2 to 5 min while it is unpaired
    close(world)


def short_tokens(world):
    """Tokens live for 1 to 60 s."""
    _must_refresh(world)
    set_until_healed(world, world.frameio.tokens, access_s=random.choice((1, 10, 60)))


FAULTS = (
    refresh_client_refused,
    refresh_503,
    refresh_limited,
    refresh_garbled,
    refresh_lost,
    refresh_unanswered,
    flash_cut,
    removed,
    short_tokens,
)
