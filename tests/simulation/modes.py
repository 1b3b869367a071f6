"""What goes wrong for ever: how often a device asks then, by kind, over hours."""

import asyncio

from tests.simulation import link_faults, service_faults, token_faults, trouble
from tests.simulation.device import World, sleep_s, virtual_time
from tests.simulation.invariants import NOT_YET_MET, Watch
from tests.simulation.recovery import until_right
from tests.simulation.trouble import heal

HOURS = 12
CONNECTIONS_AN_HOUR = 160  # of a device for which everything is refused for ever …
WITH_ANSWERS_AN_HOUR = 400  # … and where health, identity or the HTTP heartbeat are answered
_PATIENCE_MS = 1_200_000  # after hours of it, the longest wait: of a refresh whose answer was lost
_REST = ("health", "identity", "http_heartbeat", "code", "token", "refresh", "revoke")


def _all(world, status, body, upgrade):
    """Every request is answered so."""
    for what in _REST:
        trouble.answer_with(world, what, status, body)
    trouble.set_until_healed(world, world.frameio, upgrade_status=upgrade)
    trouble.close(world, 1011)


def all_500(world):
    _all(world, 500, {}, 500)


def all_403(world):
    _all(world, 403, {}, 403)


def all_429(world):
    _all(world, 429, {"error": "rate_limited"}, 429)


def all_429_for_a_minute(world):
    trouble.set_until_healed(world, world.frameio, header=b"Retry-After: 60\r\n")
    all_429(world)


def all_portal(world):
    _all(world, 200, [1], 200)


def _token_refused(world, refresh=None):
    for what in ("identity", "http_heartbeat"):
        trouble.answer_with(world, what, 401, {"error": "invalid_token"})
    if refresh:
        trouble.answer_with(world, "refresh", *refresh)
    service_faults.forbidden(world)


def token_refused_refresh_works(world):
    _token_refused(world)


def token_refused_refresh_500(world):
    _token_refused(world, (500,))


def token_refused_client_refused(world):
    _token_refused(world, (400, {"error": "invalid_client"}))


def token_refused_refresh_429(world):
    _token_refused(world, (429, {"error": "rate_limited"}))


def token_refused_refresh_unanswered(world):
    _token_refused(world)
    trouble.leave_unanswered(world, "refresh")


def fixed_token_refused(world):
    trouble.set_until_healed(world, world.frameio, accepts=False)
    trouble.close(world)


def removed(world):
    trouble.set_until_healed(world, world.frameio.tokens, removed=True)
    trouble.close(world)


def _every(world, ms, action):
    async def go_on():
        while True:
            await asyncio.sleep_ms(ms)
            action()

    trouble.meanwhile(world, go_on())


def closed_1012_at_once(world):
    _every(world, 1_500, lambda: trouble.close(world, 1012))


def closed_each_61_s(world):
    _every(world, 61_000, lambda: trouble.close(world))


def _fallback_then(world, status, body):
    """The HTTP fallback works at first; then its heartbeats are answered so."""
    service_faults.forbidden(world)

    async def spoil():
        await sleep_s(600)
        trouble.answer_with(world, "http_heartbeat", status, body)

    trouble.meanwhile(world, spoil())


def fallback_then_heartbeat_400(world):
    _fallback_then(world, 400, {"error": "device_disabled"})


def fallback_then_heartbeat_401(world):
    _fallback_then(world, 401, {"error": "unauthorized"})


def fallback_then_heartbeat_403(world):
    _fallback_then(world, 403, {})


def second_upgrade_forbidden_and_closed(world):
    service_faults.second_upgrade_forbidden(world)
    closed_each_61_s(world)


def channel_lost_each_700_ms(world):
    _every(world, 700, lambda: world.frameio.push("phx_error", {}))


def down_and_network_changed_each_5_s(world):
    all_500(world)
    _every(world, 5_000, world.agent.network_changed)


def down_and_network_flaps(world):
    all_500(world)
    link_faults.network_flaps(world)


def code_500(world):
    trouble.answer_with(world, "code", 500)


def code_client_refused(world):
    trouble.answer_with(world, "code", 400, {"error": "invalid_client"})


def code_429(world):
    trouble.answer_with(world, "code", 429, {"error": "rate_limited"})


def token_poll_500(world):
    trouble.answer_with(world, "token", 500)


def token_poll_refused(world):
    trouble.answer_with(world, "token", 400, {"error": "invalid_grant"})


def the_code_is_not_typed_in(world):
    pass


# (how it begins: `fixed`, `paired` or `unpaired`, the fault)
MODES = (
    ("paired", all_500),
    ("paired", all_403),
    ("paired", all_429),
    ("paired", all_429_for_a_minute),
    ("paired", all_portal),
    ("paired", token_refused_refresh_works),
    ("paired", token_refused_refresh_500),
    ("paired", token_refused_client_refused),
    ("paired", token_refused_refresh_429),
    ("paired", token_refused_refresh_unanswered),
    ("fixed", fixed_token_refused),
    ("paired", removed),
    ("paired", link_faults.name_missing),
    ("paired", link_faults.look_ups_block),
    ("paired", link_faults.first_address_silent),
    ("paired", link_faults.refused),
    ("paired", link_faults.dead_air),
    ("paired", service_faults.hanging),
    ("paired", service_faults.forbidden),
    ("paired", second_upgrade_forbidden_and_closed),
    ("paired", service_faults.upgrades_limited),
    ("paired", service_faults.silent),
    ("paired", service_faults.joins_refused),
    ("paired", service_faults.stray_close),
    ("paired", service_faults.rest_lossy),
    ("paired", service_faults.health_fails),
    ("paired", fallback_then_heartbeat_400),
    ("paired", fallback_then_heartbeat_401),
    ("paired", fallback_then_heartbeat_403),
    ("paired", service_faults.heartbeat_503),
    ("paired", service_faults.identity_500),
    ("paired", service_faults.identity_403),
    ("paired", service_faults.identity_401),
    ("paired", service_faults.identity_without_status),
    ("paired", service_faults.identity_unanswered),
    ("paired", token_faults.short_tokens),
    ("paired", link_faults.network_flaps),
    ("paired", down_and_network_flaps),
    ("paired", down_and_network_changed_each_5_s),
    ("paired", service_faults.closed_often),
    ("paired", closed_1012_at_once),
    ("paired", closed_each_61_s),
    ("paired", channel_lost_each_700_ms),
    ("unpaired", code_500),
    ("unpaired", code_client_refused),
    ("unpaired", code_429),
    ("unpaired", token_poll_500),
    ("unpaired", token_poll_refused),
    ("unpaired", the_code_is_not_typed_in),
)
# In these something works or changes each time, so that the next connect need not wait.
_NOT_ALL_REFUSED = (
    service_faults.closed_often,
    link_faults.network_flaps,
    token_faults.short_tokens,
    down_and_network_changed_each_5_s,  # tried at once each time, but once a minute at most
    channel_lost_each_700_ms,
    closed_1012_at_once,
    closed_each_61_s,
    second_upgrade_forbidden_and_closed,
)
# In these the socket is refused, and REST is answered: the polls have their own spacing.
_HALF_REFUSED = (
    token_refused_refresh_500,
    token_refused_client_refused,
    token_refused_refresh_429,
    token_refused_refresh_unanswered,
    service_faults.forbidden,
    service_faults.upgrades_limited,
    service_faults.silent,
    service_faults.joins_refused,
    service_faults.rest_lossy,
    service_faults.health_fails,
    fallback_then_heartbeat_400,
    fallback_then_heartbeat_401,
    fallback_then_heartbeat_403,
    service_faults.heartbeat_503,
)


async def live(start, fault):
    """Live through a mode for HOURS, then heal it; a dict of what was asked.

    kinds: of each kind of request, and of connects (`connection`) and look-ups, those of the first
    hour, and the mean of the later ones. changes: of the state or the reason an hour, later.
    broken: check that failed → (how often, what was found first). failed: those of them that are not
    expected to.
    """
    world = World(3, 0, start != "fixed")
    frameio, network = world.frameio, world.network
    if start == "unpaired":
        fault(world)
    world.power_on()
    watch = Watch(world)
    watch.begin()
    if start == "paired":
        await world.pair()
    elif start == "fixed":
        await world.until("online")
    if start != "unpaired":
        await sleep_s(700)
        fault(world)
    counts = []  # one dict an hour
    for _ in range(HOURS):
        frameio.asked.clear()
        world.shown.clear()
        network.opened = network.look_ups = 0
        await sleep_s(3600)
        counts.append(_counted(world))
    state, reason = world.agent.status.state, world.agent.status.reason
    broken = {
        check: (count, what)
        for found in (watch.broken, watch.known)
        for check, (count, _, what) in found.items()
    }
    if start != "unpaired" and fault is not removed:
        heal(world)
        world.patience_ms = _PATIENCE_MS
        try:
            await until_right(world)
        except AssertionError as error:
            broken["back"] = 1, str(error)[:300]
    virtual_time.forget_tasks()
    first, later = counts[0], counts[1:]
    kinds = {}
    for kind in {kind for count in counts for kind in count}:
        mean = sum([count.get(kind, 0) for count in later]) / len(later)
        kinds[kind] = [first.get(kind, 0), round(mean, 1)]
    changes = kinds.pop("change", [0, 0])[1]
    limit = WITH_ANSWERS_AN_HOUR if fault in _HALF_REFUSED else CONNECTIONS_AN_HOUR
    if kinds["connection"][1] > limit and fault not in _NOT_ALL_REFUSED:
        broken["connections"] = 1, "%d an hour" % kinds["connection"][1]
    return {
        "mode": fault.__name__,
        "shown": "%s %s" % (state, reason),
        "kinds": kinds,
        "changes": changes,
        "broken": broken,
        "failed": [check for check in broken if check not in NOT_YET_MET],
    }


def _counted(world):
    counted = {"connection": world.network.opened, "look-up": world.network.look_ups}
    for _, what in world.frameio.asked:
        counted[what] = counted.get(what, 0) + 1
    shown = [(row[1], row[4]) for row in world.shown]
    counted["change"] = sum([shown[i] != shown[i - 1] for i in range(1, len(shown))])
    return counted
