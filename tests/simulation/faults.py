"""What goes wrong in a World, each a function of it; `heal` makes all of it well again."""

import asyncio
import random

from tests.simulation.device import sleep_s
from tests.simulation.network import ADDRESS

_DEAD_ADDRESSES = ("192.0.2.66", "192.0.2.67", "192.0.2.68")
_RESTARTING = (1012, 1013)


def set_until_healed(world, owner, **facts):
    """Set attributes of this owner until `heal`."""
    for name, value in facts.items():
        before = getattr(owner, name)
        setattr(owner, name, value)
        world.repairs.append(lambda name=name, before=before: setattr(owner, name, before))


def answer_with(world, what, status, body=None):
    """These requests are answered so until `heal`."""
    answers = dict(world.frameio.answered_with)
    answers[what] = status, {} if body is None else body
    set_until_healed(world, world.frameio, answered_with=answers)


def leave_unanswered(world, what):
    """These requests are not answered until `heal`."""
    set_until_healed(world, world.frameio, unanswered=world.frameio.unanswered + (what,))


def meanwhile(world, job):
    """A coroutine that goes on until `heal`."""
    world.repairs.append(asyncio.create_task(job).cancel)


def close(world, code=1000):
    """The socket is closed, so that the device has to come back."""
    world.frameio.close_sockets(code)


def _up(world, up, is_told):
    """The device's network comes or goes. is_told: the agent is called."""
    world.host.up = up
    world.network.down = not up
    if is_told:
        world.agent.network_changed()


def _repair_network(world):
    """A network that is down when the fault ends comes up."""
    is_told = random.randrange(2)

    def repair():
        if not world.host.up:
            _up(world, True, is_told)

    world.repairs.append(repair)


# The link


def dead_air(world):
    set_until_healed(world, world.network, dead_air=True)


def refused(world):
    set_until_healed(world, world.network, refused=True)
    world.network.reset()


def reset(world):
    world.network.reset()


def slow_uplink(world):
    """A round trip of 4 to 7 s."""
    set_until_healed(world, world.network, latency_ms=random.randrange(2000, 3500))


def name_missing(world):
    set_until_healed(world, world.network, has_name=False)
    world.network.reset()


def look_ups_block(world):
    """Look-ups get no answer, so each blocks everything, as on an ESP32."""
    set_until_healed(world, world.network, has_name=False, look_up_ms=7_300)
    world.network.reset()


def name_late(world):
    """The network was away for a second; look-ups fail for some seconds after it has come up."""

    async def come_up():
        await sleep_s(1)
        _up(world, True, True)
        await asyncio.sleep_ms(random.randrange(500, 5_000))
        world.network.has_name = True

    _repair_network(world)
    set_until_healed(world, world.network, has_name=False)
    world.network.reset()
    _up(world, False, True)
    meanwhile(world, come_up())


def _server_moves(world):
    """Its old address is dead, and of the new ones all but the last. The dead ones."""
    dead = _DEAD_ADDRESSES[: random.randrange(1, 4)]
    new = "192.0.2.%d" % random.randrange(2, 60)
    set_until_healed(world, world.network, addresses=dead + (new,))
    world.network.reset()
    return dead + (ADDRESS,)


def first_address_refuses(world):
    set_until_healed(world, world.network, refusing=_server_moves(world))


def first_address_silent(world):
    set_until_healed(world, world.network, holes=_server_moves(world))


def suspended(world):
    """The process stands still for 15 to 40 s while the reply to a heartbeat waits for it."""
    network = world.network

    async def suspend():
        beats = len(world.frameio.times("heartbeat"))
        for _ in range(160):
            await asyncio.sleep_ms(100)
            if len(world.frameio.times("heartbeat")) > beats:
                break
        network.held = True
        await asyncio.sleep_ms(2 * network.latency_ms)
        world.suspend(random.randrange(15_000, 40_000))
        network.held = False

    set_until_healed(world, network, held=False)
    meanwhile(world, suspend())


# The device's network and clock


def network_lost(world):
    _repair_network(world)
    _up(world, False, random.randrange(2))


def network_changed(world):
    world.agent.network_changed()


async def _flap(world, is_told):
    while True:
        await asyncio.sleep_ms(random.randrange(3_000, 8_000))
        _up(world, False, is_told)
        await asyncio.sleep_ms(random.randrange(300, 2_000))
        _up(world, True, is_told)


def network_flaps(world):
    _repair_network(world)
    meanwhile(world, _flap(world, True))


def network_flaps_untold(world):
    _repair_network(world)
    meanwhile(world, _flap(world, False))


def clock_lost(world):
    set_until_healed(world, world.host, known_s=None)
    close(world)


# The socket


def closed(world):
    close(world, random.choice((1000, 1001, 1011, 4000)))


def restarted(world):
    close(world, random.choice(_RESTARTING))


def closed_often(world):
    """The socket is closed every 5 to 20 s."""

    async def go_on():
        while True:
            await asyncio.sleep_ms(random.randrange(5_000, 20_000))
            close(world, random.choice((1000, 1001, 1011)))

    meanwhile(world, go_on())


def forbidden(world):
    set_until_healed(world, world.frameio, forbids=True)
    close(world)


def second_upgrade_forbidden(world):
    """A proxy refuses every second upgrade."""
    set_until_healed(world, world.frameio, refuses_every_second=True)
    close(world)


def silent(world):
    set_until_healed(world, world.frameio, silent=True)


def joins_refused(world):
    set_until_healed(world, world.frameio, joins="error")
    world.frameio.push(random.choice(("phx_error", "phx_close")), {})


def join_refused_once(world):
    world.frameio.next_joins.append("error")
    close(world)


def join_crashes_once(world):
    """A join is answered with phx_error."""
    world.frameio.next_joins.append("crash")
    close(world)


def rejoin_crashes_once(world):
    world.frameio.next_joins.append("crash")
    world.frameio.push("phx_error", {})


def channel_lost(world):
    for _ in range(random.randrange(1, 4)):
        world.frameio.push(random.choice(("phx_error", "phx_close")), {})


def stray_close(world):
    """Behind the ok of a rejoin comes the phx_close of the old channel."""
    set_until_healed(world, world.frameio, stray_closes=True)
    world.frameio.push("phx_error", {})


# REST


def hanging(world):
    set_until_healed(world, world.frameio, hangs=True)


def unavailable(world):
    set_until_healed(world, world.frameio, answers=False)
    if random.randrange(2):
        close(world, 1011)


def rest_lossy(world):
    """A part of all requests is reset; no socket is let through."""
    set_until_healed(world, world.frameio, loses_percent=random.choice((10, 30)))
    forbidden(world)


def health_fails(world):
    answer_with(world, "health", random.choice((500, 403)))
    forbidden(world)


def _heartbeat(world, status, body=None):
    answer_with(world, "http_heartbeat", status, body)
    forbidden(world)


def heartbeat_400(world):
    _heartbeat(world, 400, {"error": "device_disabled"})


def heartbeat_401(world):
    _heartbeat(world, 401, {"error": "unauthorized"})


def heartbeat_503(world):
    _heartbeat(world, 503)


def spoil_identity(world, *answer):
    answer_with(world, "identity", *answer)
    if random.randrange(2):
        close(world)


def identity_500(world):
    spoil_identity(world, 500)


def identity_403(world):
    spoil_identity(world, 403)


def identity_404(world):
    spoil_identity(world, 404)


def identity_429(world):
    spoil_identity(world, 429, {"error": "rate_limited"})


def identity_unanswered(world):
    leave_unanswered(world, "identity")
    if random.randrange(2):
        close(world)


# Limits and restarts of the service


def limited(world):
    set_until_healed(world, world.frameio, limits=True)


def _asks_to_wait(world, header, wait_ms):
    set_until_healed(world, world.frameio, header=header)
    world.patience_ms = max(world.patience_ms, wait_ms * 3 // 2)


def limited_for(world):
    """429 with Retry-After."""
    wait_s = random.choice((5, 40, 100))
    _asks_to_wait(world, b"Retry-After: %d\r\n" % wait_s, wait_s * 1000)
    limited(world)
    close(world)


def limited_window(world):
    """429 with the header of Frame.io's own."""
    wait_ms = random.choice((3_000, 30_000))
    _asks_to_wait(world, b"x-ratelimit-window: %d\r\n" % wait_ms, wait_ms)
    limited(world)
    close(world)


def limited_until_a_date(world):
    """429 with a date, which counts as 60 s, or with garbage, which counts as nothing."""
    date = random.choice(
        (b"Fri, 15 Jan 2027 08:00:00 GMT", b"soon", b"-7", b"99999999999999999999")
    )
    _asks_to_wait(world, b"Retry-After: %s\r\n" % date, 200_000)
    limited(world)


def upgrades_limited(world):
    wait_s = random.choice((5, 40, 100))
    _asks_to_wait(world, b"Retry-After: %d\r\n" % wait_s, wait_s * 1000)
    set_until_healed(world, world.frameio, upgrade_status=random.choice((429, 503)))
    close(world)


def deployed(world):
    """All sockets are closed, everything is 503 for a while, and then all is well."""
    frameio = world.frameio

    async def come_back():
        await asyncio.sleep_ms(random.randrange(5_000, 60_000))
        frameio.answers, frameio.upgrade_status = True, 0

    set_until_healed(world, frameio, answers=False, upgrade_status=503)
    close(world, 1012)
    meanwhile(world, come_back())


# The tokens: only for a paired device


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


def pause_or_resume(world):
    """The truth changes; of its event come none, one or two, and perhaps an old one behind it."""
    frameio = world.frameio
    frameio.paused = not frameio.paused
    word, old = ("paused", "resumed") if frameio.paused else ("resumed", "paused")
    for event in random.choice(((), (word,), (word, word), (word, old), (old, word, old))):
        frameio.push("status_updated", event)


FAULTS = (
    dead_air,
    refused,
    reset,
    slow_uplink,
    name_missing,
    look_ups_block,
    name_late,
    first_address_refuses,
    first_address_silent,
    suspended,
    network_lost,
    network_changed,
    network_flaps,
    network_flaps_untold,
    clock_lost,
    closed,
    restarted,
    closed_often,
    forbidden,
    second_upgrade_forbidden,
    silent,
    joins_refused,
    join_refused_once,
    join_crashes_once,
    rejoin_crashes_once,
    channel_lost,
    stray_close,
    hanging,
    unavailable,
    rest_lossy,
    health_fails,
    heartbeat_400,
    heartbeat_401,
    heartbeat_503,
    identity_500,
    identity_403,
    identity_404,
    identity_429,
    identity_unanswered,
    limited,
    limited_for,
    limited_window,
    limited_until_a_date,
    upgrades_limited,
    deployed,
)
TOKEN_FAULTS = (
    refresh_client_refused,
    refresh_503,
    refresh_lost,
    refresh_unanswered,
    short_tokens,
)


def heal(world):
    """Everything is well again."""
    while world.repairs:
        world.repairs.pop()()
    world.frameio.next_joins.clear()
