"""What goes wrong at Frame.io, each a function of a World."""

import asyncio
import random

from tests.simulation.trouble import (
    answer_with,
    close,
    leave_unanswered,
    meanwhile,
    set_until_healed,
)

_RESTARTING = (1012, 1013)


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


def idle_closed(world):
    """What is silent for 10 s is closed: sooner than a heartbeat comes."""
    set_until_healed(world, world.frameio, idle_ms=10_000)


def strange_events(world):
    """Events that no device knows, and pings."""

    async def go_on():
        while True:
            world.frameio.push(random.choice(("renamed", "status")), {"status": None})
            world.frameio.ping()
            await asyncio.sleep_ms(random.randrange(1_000, 10_000))

    meanwhile(world, go_on())


def garbage(world):
    """A frame that is no message of Phoenix's, or no frame at all."""
    opcode, data = random.choice(((1, b"{"), (1, b"[]"), (2, b"\xff\xfe"), (1, b"\xff"), (11, b"")))
    world.frameio.send(opcode, data)


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


def _all_answered(world, status, body, upgrade_status):
    for what in ("health", "identity", "http_heartbeat", "refresh"):
        answer_with(world, what, status, body)
    set_until_healed(world, world.frameio, upgrade_status=upgrade_status)
    close(world, 1011)


def firewall(world):
    """Everything is forbidden."""
    _all_answered(world, 403, {}, 403)


def portal(world):
    """Everything is answered with the page of a captive portal."""
    _all_answered(world, 200, [1], 200)


def token_refused(world):
    """No token is good."""
    set_until_healed(world, world.frameio, accepts=False)
    if random.randrange(2):
        close(world)


def _late(world, *whats):
    slow_ms = random.randrange(2_000, 9_000)
    set_until_healed(world, world.frameio, delays_ms=dict.fromkeys(whats, slow_ms))
    if random.randrange(2):
        close(world)


def upgrade_late(world):
    _late(world, "upgrade")


def answers_late(world):
    _late(world, "health", "identity", "http_heartbeat", "refresh", "upgrade")


def identity_late(world):
    """Its answer says what was so before it was under way."""
    _late(world, "identity")


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


def heartbeat_403(world):
    _heartbeat(world, 403)


def heartbeat_503(world):
    _heartbeat(world, 503)


def spoil_identity(world, *answer):
    answer_with(world, "identity", *answer)
    if random.randrange(2):
        close(world)


def identity_500(world):
    spoil_identity(world, 500)


def identity_401(world):
    spoil_identity(world, 401, {"error": "invalid_token"})


def identity_without_status(world):
    spoil_identity(world, 200, {"id": world.frameio.device_id})


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


FAULTS = (
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
    idle_closed,
    strange_events,
    garbage,
    channel_lost,
    stray_close,
    hanging,
    unavailable,
    rest_lossy,
    firewall,
    portal,
    token_refused,
    upgrade_late,
    answers_late,
    identity_late,
    health_fails,
    heartbeat_400,
    heartbeat_401,
    heartbeat_403,
    heartbeat_503,
    identity_500,
    identity_401,
    identity_without_status,
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
