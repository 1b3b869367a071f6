"""What goes wrong with the tokens of a paired device, each a function of a World."""

import random

from tests.simulation.trouble import answer_with, close, leave_unanswered, set_until_healed


def _must_refresh(world, patience_ms=0):
    """The access token dies and the socket ends, so that a refresh is needed."""
    world.patience_ms = max(world.patience_ms, patience_ms)
    world.frameio.tokens.expire()
    close(world)


def refresh_client_refused(world):
    answer_with(
        world, "refresh", 400, {"error": random.choice(("invalid_client", "unauthorized_client"))}
    )
    _must_refresh(world, 240_000)  # 1, 2, 4 min from try to try


def refresh_503(world):
    answer_with(world, "refresh", 503)
    _must_refresh(world)


def refresh_lost(world):
    """The next refresh is carried out, but its answer is lost."""
    set_until_healed(world, world.frameio.tokens, loses_refresh_answers=1)
    _must_refresh(world, 240_000)


def refresh_unanswered(world):
    """Refreshes are sent and never answered."""
    leave_unanswered(world, "refresh")
    _must_refresh(world, 240_000)


def short_tokens(world):
    """Tokens live for 1 to 60 s."""
    set_until_healed(world, world.frameio.tokens, access_s=random.choice((1, 10, 60)))
    _must_refresh(world)


FAULTS = (
    refresh_client_refused,
    refresh_503,
    refresh_lost,
    refresh_unanswered,
    short_tokens,
)
