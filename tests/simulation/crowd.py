"""Many devices by `Schedule` and `Reconnect` alone: their peak share in any one second.

The fleets of real agents give the shape; so many devices that chance adds nothing give the figure.
A device here does what the session and the poller do with these two after an event of the service.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator

from tools.on_cpython import device_module

errors = device_module("pilotlight.net.errors")
Reconnect = device_module("pilotlight.reconnect").Reconnect
Schedule = device_module("pilotlight.schedule").Schedule
DeviceStatus = device_module("pilotlight.status").DeviceStatus
Times = device_module("pilotlight.times").Times

SECONDS = 180
_ROUND_TRIPS_MS = 300  # TCP, TLS and the upgrade, or a request
_LONGEST_MS = 3_600_000
# event → (why the link ended, for how many seconds the service answers 503 then)
EVENTS = {
    "close_1001": (errors.LinkClosed(1001, "going away"), 0),
    "close_1012": (errors.LinkClosed(1012, "service restart"), 0),
    "deploy": (errors.LinkClosed(1012, "service restart"), 40),
    "outage": (errors.Unreachable("reset", "the peer reset the connection"), 600),
}


def device(
    ended_by: Exception, down_ms: int, is_refused: bool = False
) -> Iterator[tuple[int, str]]:
    """Each request after the link's end at 0 ms: when, and its kind.

    is_refused: while the service is down no connection is accepted; else 503 is answered.
    """
    times = Times()
    schedule, reconnect, status = Schedule(times, 0), Reconnect(times), DeviceStatus()
    status.update(connected=True)
    schedule.identity_begins()
    schedule.identity_ends(-random.randrange(times.identity_ms[1]), True, True, False)
    schedule.link_ended(0, at_once=False)
    reconnect.served(ended_by, True, 0)
    due = [(0, "poll"), (reconnect.backoff_ms(ended_by, 0), "upgrade")]
    while due:
        now_ms, what = heapq.heappop(due)
        is_down = now_ms < down_ms
        if what == "upgrade":
            yield now_ms, what
            if is_down:
                refused: Exception = errors.UpgradeRefused(503)
                if is_refused:
                    refused = errors.Unreachable("refused", "nothing listens")
                heapq.heappush(due, (now_ms + reconnect.backoff_ms(refused, now_ms), what))
                continue
            yield now_ms + _ROUND_TRIPS_MS, "join"
            schedule.want_identity()
            status.update(joined=True)
            heapq.heappush(due, (now_ms + 2 * _ROUND_TRIPS_MS, "poll"))
            continue
        health_ms = schedule.health_due_ms(now_ms, status, True, _LONGEST_MS)
        identity_ms = schedule.identity_due_ms(now_ms, status.joined, _LONGEST_MS)
        if health_ms and identity_ms:
            if not status.joined:
                heapq.heappush(due, (now_ms + health_ms, "poll"))
            elif identity_ms < SECONDS * 1000:
                heapq.heappush(due, (now_ms + identity_ms, "poll"))
            continue
        yield now_ms, "health" if not health_ms else "identity"
        if not health_ms:
            schedule.health_begins(now_ms)
        else:
            schedule.identity_begins()
            schedule.identity_ends(now_ms, not is_down, True, False)
        if is_down and not is_refused:
            schedule.limited(now_ms, 0)
        elif not is_down:
            schedule.answered(now_ms, status)
            schedule.proven(now_ms)
        heapq.heappush(due, (now_ms + _ROUND_TRIPS_MS, "poll"))


def peaks(event: str, devices: int) -> dict[str, tuple[float, int]]:
    """Kind → (the largest share of the devices that asks in one second, that second).

    `end` before a kind: the seconds after the service is well again.
    """
    ended_by, down_s = EVENTS[event]
    counts: dict[str, Counter[int]] = {}
    for seed in range(devices):
        random.seed(seed)
        for at_ms, kind in device(ended_by, down_s * 1000):
            second = at_ms // 1000
            if second >= down_s + SECONDS:
                break
            name = "end " + kind if down_s and second >= down_s else kind
            counts.setdefault(name, Counter())[second] += 1
    found = {}
    for name, seconds in sorted(counts.items()):
        second, peak = seconds.most_common(1)[0]
        found[name] = peak / devices, second
    return found
