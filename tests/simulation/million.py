"""A million devices after an event of the service, and switched on together; phoenix.js beside them.

A wait of `Reconnect`, `Backoff`, `Schedule` and `Refresh` follows from what has happened and from one draw. So
each of them is asked once for each history, about all outcomes of that draw, and a million devices
pick one each. `crowd`, where each device has parts of its own, must come to the same shares.
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from tools.on_cpython import device_module

errors = device_module("pilotlight.net.errors")
refresh = device_module("pilotlight.refresh")
reconnect = device_module("pilotlight.reconnect")
schedule = device_module("pilotlight.schedule")
DeviceStatus = device_module("pilotlight.status").DeviceStatus
Times = device_module("pilotlight.times").Times

DEVICES = 1_000_000
BACKENDS = (None, 10_000)  # so many new sockets a second are admitted; None: all
WATCHED_S = 60  # before all is well again; fixed steps need not be looked at before
ROUND_TRIP_MS = range(20, 201)  # of a device, at each try the same
BOOT_MS = range(2_000, 10_001)  # from power-on to an address
_TRIPS = 5  # TCP, TLS (two), the upgrade, the join; a refused connection takes one
_ANSWER_TRIPS = 4  # TCP, TLS (two), a request or the upgrade
ACCESS_S = 8 * 3600  # life of Frame.io's access tokens
REFRESHES_S = 180  # after all is well, refreshes are looked at for so long
# Of phoenix.js, `reconnectAfterMs`; the last one for ever.
PHOENIX_JS_MS = (10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000)
_WAITS = 12  # from here on a wait is the last one again: the bounds are reached
_INDEX_BITS = 20  # of a device, in an entry: ms << 20 | index
_INDEX = (1 << _INDEX_BITS) - 1
_LONGEST_MS = 3_600_000
_NEVER_MS = 1 << 40


@dataclass(frozen=True)
class Event:
    """ended_by: why the links ended, at 0 ms; None: the devices are switched on.

    down_s: for so long connections are refused then. is_expired: the access tokens are; then all
    devices have to refresh theirs before they may connect.
    """

    title: str
    ended_by: Exception | None
    down_s: int
    is_expired: bool = False


EVENTS = {
    "outage_1_min": Event("Outage of 1 min", errors.Unreachable("reset", "reset"), 60),
    "outage_1_h": Event("Outage of 1 h", errors.Unreachable("reset", "reset"), 3600),
    "outage_1_day": Event(
        "End of an outage of 1 day", errors.Unreachable("reset", "reset"), 600, True
    ),
    "deploy": Event("Deploy: all sockets closed", errors.LinkClosed(1012, "service restart"), 0),
    "power_on": Event("Power-on together", None, 0, True),
}


@dataclass(frozen=True)
class Waits:
    """Before a try; each is all its outcomes in ms, equally likely.

    first: before the first one. refused: after so many refused connections. busy: after so many
    answers 503, or None: they count as refused.
    """

    first: Sequence[int]
    refused: list[Sequence[int]]
    busy: list[Sequence[int]] | None


@dataclass
class Result:
    """kinds: kind of request → Counter of the seconds in which it came, after the links' end.

    back_ms: when each device was online again, after all was well. tries: connections in all.
    """

    kinds: dict[str, Counter[int]]
    back_ms: list[int]
    tries: int


@contextmanager
def _replaced(part: ModuleType, name: str, value: object) -> Iterator[None]:
    """Within it, a name of a device's module is another object."""
    names = vars(part)
    before, names[name] = names[name], value
    try:
        yield
    finally:
        names[name] = before


def _drawn(part: ModuleType, randrange: Callable[..., Any]) -> AbstractContextManager[None]:
    """Within it, `random.randrange` of a device's module is another function."""
    return _replaced(part, "random", SimpleNamespace(randrange=randrange))


def pilotlight_waits(event: Event) -> Waits:
    """Of `Reconnect`: a draw is replaced by the range of its outcomes, and so is the wait."""
    refused = errors.Unreachable("refused", "refused")
    busy = errors.UpgradeRefused(503)
    with _drawn(reconnect, range):
        device = reconnect.Reconnect(Times())
        first = range(1)
        if event.ended_by is not None:
            device.served(event.ended_by, True, 0)
            first = device.backoff_ms(event.ended_by, 0)
        return Waits(
            first,
            [device.backoff_ms(refused, 0) for _ in range(_WAITS if event.down_s else 0)],
            [device.backoff_ms(busy, 0) for _ in range(_WAITS)],
        )


def phoenix_js_waits(event: Event) -> Waits:
    """The fixed steps, whatever has happened."""
    steps: list[Sequence[int]] = [range(step, step + 1) for step in PHOENIX_JS_MS]
    return Waits(steps.pop(0) if event.ended_by else range(1), steps, None)


CLIENTS = {"Pilotlight": pilotlight_waits, "phoenix.js": phoenix_js_waits}


def outcomes(ask: Callable[[], int]) -> list[int]:
    """What `ask` gives for each value of the one draw of `Schedule` on which it depends."""
    stops: list[int] = []

    def first(stop: int) -> int:
        stops.append(stop)
        return 0

    with _drawn(schedule, first):
        ask()
    found = []
    for draw in range(max(stops)):
        with _drawn(schedule, draw.__mod__):
            found.append(ask())
    return found


class RefreshWaits:
    """Of `Refresh`: the waits in ms after a refused try; each is the first one, and how many.

    usual: after the first try, the second … rare: once the waits have taken long_ms.
    """

    def __init__(self) -> None:
        times, stops, now_ms = Times(), [0], 0
        self.long_ms: int = times.refresh_long_ms
        self.usual: list[tuple[int, int]] = []

        def longest(stop: int) -> int:
            stops.append(stop)
            return stop - 1

        async def ask_now(request: Awaitable[None]) -> None:
            await request

        async def refused() -> None:
            raise errors.Unreachable("refused", "refused")

        core = SimpleNamespace(times=times, status=DeviceStatus(), log=str)
        api = SimpleNamespace(refresh=lambda *_: refused(), sent=False)
        requests = SimpleNamespace(ask_now=ask_now, proof=SimpleNamespace(count=0))
        ticks = SimpleNamespace(ticks_ms=lambda: now_ms, ticks_diff=int.__sub__)
        with _drawn(refresh, longest), _replaced(refresh, "time", ticks):
            device = refresh.Refresh(core, requests)
            while stops[-1] != times.refresh_cap_ms:
                assert not device.left_ms()
                with suppress(StopIteration):
                    device.ask(api, {"refresh_token": "", "access_token": ""}).send(None)
                wait_ms = device.left_ms()
                self.usual.append((wait_ms - stops[-1] + 1, stops[-1]))
                now_ms += wait_ms
        self.rare = self.usual.pop()


class Rest:
    """Of `Schedule`: the waits before a request, in ms.

    health_first: of the first probe after the link's end, or after power-on. health: of those
    after it; health_outage: once nothing has answered for long, and health_alone where no tries to
    connect run beside it. identity[elapsed_ms]: after a join, if the last identity was so long ago;
    the last one for all that is longer. look_ms: a refresh that waits sees an answer so late.
    """

    def __init__(self, event: Event) -> None:
        times, status = Times(), DeviceStatus()
        status.update(connected=True, authorized=True)
        self.outage_ms: int = times.outage_ms

        def health(at_ms: int, ended: bool = False, connects: bool = True) -> int:
            device = schedule.Schedule(times, 0)
            if ended:
                device.link_ended(at_ms, False)
            elif at_ms:
                device.health_begins(at_ms)
            return int(device.health_due_ms(at_ms, status, connects, _LONGEST_MS))

        self.health_first = outcomes(lambda: health(0, event.ended_by is not None))
        self.health = outcomes(lambda: health(1))
        self.health_outage = outcomes(lambda: health(times.outage_ms))
        self.health_alone = outcomes(lambda: health(times.outage_ms, connects=False))
        device = schedule.Schedule(times, 0)
        device.identity_begins()
        device.identity_ends(0, True, True, False)
        device.want_identity()
        span_ms = range(times.identity_spacing_ms + 1)
        self.identity = [device.identity_due_ms(ms, True, _LONGEST_MS) for ms in span_ms]
        self.identity_age_ms = range(times.identity_ms[1])
        self.look_ms: int = times.health_ms[0]  # of `Tokens`, for the end of an outage


class Crowd:
    """So many devices, fewer than 2**20, of which each has lived through an outage.

    entries: the first try of each when all is well again. first: the second of each one's first try.
    """

    def __init__(self, event: Event, client: str, devices: int) -> None:
        self._event = event
        self._client = client
        self._waits = CLIENTS[client](event)
        random.seed(f"{event.title} {client} {devices}")
        self._trips_ms = random.choices(ROUND_TRIP_MS, k=devices)
        self._begun_ms = [0] * devices
        if event.ended_by is None:
            self._begun_ms = random.choices(BOOT_MS, k=devices)
        self._failed = bytearray(devices)
        self._seconds: Counter[int] = Counter()
        self._skipped = 0
        self.first: Counter[int] = Counter()
        self.refreshes = Refreshes(event, self._begun_ms, self._trips_ms, client == "Pilotlight")
        if event.is_expired and client == "Pilotlight":
            self.entries = self._wait_for_tokens()
        else:
            self.entries = self._live()

    def _live(self) -> list[int]:
        down_ms, watched_ms = self._event.down_s * 1000, (self._event.down_s - WATCHED_S) * 1000
        waits = [(wait[0], len(wait)) for wait in self._waits.refused]
        first_ms, spread = self._waits.first[0], len(self._waits.first)
        last = len(waits) - 1
        uniform, seconds, entries = random.random, self._seconds, []
        hurried = self.refreshes.hurried
        for one, trip_ms in enumerate(self._trips_ms):
            failed = 0
            ms = self._begun_ms[one] + first_ms + int(uniform() * spread)
            self.first[ms // 1000] += 1
            while ms < down_ms:
                seconds[ms // 1000] += 1
                wait_ms, spread_ms = waits[failed if failed < last else last]
                step_ms = trip_ms + wait_ms + int(uniform() * spread_ms)
                failed += 1
                if failed > last and spread_ms == 1 and ms + step_ms < watched_ms:
                    skipped = (watched_ms - ms) // step_ms - 1  # they need not be looked at
                    self._skipped += skipped
                    ms += skipped * step_ms
                ms += step_ms
            self._failed[one] = failed if failed < 255 else 255
            entries.append(hurried(one, 0, ms) << _INDEX_BITS | one)
        return entries

    def _wait_for_tokens(self) -> list[int]:
        """All devices refresh their tokens first, and then connect."""
        entries = []
        for one, due in self.refreshes.due.items():
            ms = due.renewed_ms(_NEVER_MS)
            self.first[ms // 1000] += 1
            entries.append(ms << _INDEX_BITS | one)
        return entries

    def back(self, admitted: int | None) -> Result:
        """How they come back. admitted: so many new sockets a second; the others get a 503."""
        random.seed(f"{self._event.title} {self._client} {len(self.entries)} {admitted}")
        inside, seconds = self.entries, self._seconds.copy()
        if admitted is None:
            seconds.update(map((1000 << _INDEX_BITS).__rfloordiv__, inside))
        else:
            inside = self._let_in(admitted, seconds)
        joined_ms = [
            (entry >> _INDEX_BITS) + _TRIPS * self._trips_ms[entry & _INDEX] for entry in inside
        ]
        result = Result(
            {"upgrade": seconds},
            sorted(ms - self._event.down_s * 1000 for ms in joined_ms),
            sum(seconds.values()) + self._skipped,
        )
        if self._client == "Pilotlight":
            begun_ms = [self._begun_ms[entry & _INDEX] for entry in inside]
            due = [self.refreshes.due.get(entry & _INDEX) for entry in inside]
            _ask_rest(self._event, begun_ms, joined_ms, due, result)
            result.kinds["refresh"] += self.refreshes.failed
            result.kinds["health"] += self.refreshes.health
        return result

    def _let_in(self, admitted: int, seconds: Counter[int]) -> list[int]:
        """The entries with which each one got in."""
        due: dict[int, list[int]] = {}
        for entry in self.entries:
            due.setdefault((entry >> _INDEX_BITS) // 1000, []).append(entry)
        busy = self._waits.busy
        failed = bytearray(self._failed) if busy is None else bytearray(len(self._failed))
        waits = [(wait[0], len(wait)) for wait in busy or self._waits.refused]
        last, uniform = len(waits) - 1, random.random
        inside: list[int] = []
        hurried = self.refreshes.hurried
        second = min(due)
        while due:
            free = admitted
            while coming := due.pop(second, None):  # the refused may come again in this second
                coming.sort()
                seconds[second] += len(coming)
                inside += coming[:free]
                for entry in coming[free:]:
                    one = entry & _INDEX
                    state = failed[one]
                    if state < 255:
                        failed[one] = state + 1
                    wait_ms, spread_ms = waits[state if state < last else last]
                    now_ms = (entry >> _INDEX_BITS) + self._trips_ms[one]
                    ms = hurried(one, now_ms, now_ms + wait_ms + int(uniform() * spread_ms))
                    due.setdefault(ms // 1000, []).append(ms << _INDEX_BITS | one)
                free = max(0, free - len(coming))
            second += 1
        return inside


@functools.cache
def _rest(event: Event) -> Rest:
    return Rest(event)


@dataclass
class Due:
    """A device's refresh that is due. trip_ms: its round trip.

    health_ms: its first probe once all is well; from failed_ms on, when the last try has failed, it
    looks every look_ms whether something has answered; due_ms: the next try, if nothing has.
    """

    trip_ms: int
    health_ms: int
    failed_ms: int
    look_ms: int
    due_ms: int

    def asked_ms(self, upgrade_ms: int) -> int:
        """When it goes through. upgrade_ms: when the upgrade does that ends in a socket."""
        answered_ms = min(self.health_ms, upgrade_ms) + _ANSWER_TRIPS * self.trip_ms
        looks = -(-(answered_ms - self.failed_ms) // self.look_ms)
        return min(self.due_ms, self.failed_ms + looks * self.look_ms)

    def renewed_ms(self, upgrade_ms: int) -> int:
        """When there are new tokens: then what waits connects at once, and identity is asked."""
        return self.asked_ms(upgrade_ms) + _ANSWER_TRIPS * self.trip_ms


class Refreshes:
    """The refreshes that are due while devices are watched, or held up until then.

    due: by device. failed, health: the seconds of their tries and probes before all was well.
    """

    def __init__(
        self, event: Event, begun_ms: list[int], trips_ms: list[int], has_tokens: bool
    ) -> None:
        self.due: dict[int, Due] = {}
        self.failed: Counter[int] = Counter()
        self.health: Counter[int] = Counter()
        low_percent, high_percent = Times().refresh_percent
        usual_s = ACCESS_S * (low_percent + high_percent) / 200  # from one refresh to the next
        watched_s = event.down_s + REFRESHES_S
        if not has_tokens:
            return
        self._rest = _rest(event)
        self._waits = RefreshWaits()
        for one, trip_ms in enumerate(trips_ms):
            ms = begun_ms[one]
            if not event.is_expired:
                if random.random() * usual_s >= watched_s:
                    continue
                ms = int(random.random() * watched_s * 1000)
            if ms < event.down_s * 1000:
                self.due[one] = self._held_up(event, trip_ms, ms)
            else:
                self.due[one] = Due(trip_ms, _NEVER_MS, 0, _NEVER_MS, ms)

    def hurried(self, one: int, now_ms: int, next_ms: int) -> int:
        """When a device that waits from now until next_ms tries: new tokens end its wait.

        But not yet those for which an upgrade is the first answer.
        """
        due = self.due.get(one)
        renewed_ms = due.renewed_ms(_NEVER_MS) if due else next_ms
        return renewed_ms if now_ms < renewed_ms < next_ms else next_ms

    def _held_up(self, event: Event, trip_ms: int, ms: int) -> Due:
        """One that falls due at ms, while nothing answers; expired tokens have long been due."""
        down_ms, uniform, rest, waits = event.down_s * 1000, random.random, self._rest, self._waits
        usual, waited_ms, tries = waits.usual, 0, 0
        health_ms = random.choice(rest.health_first)
        health = rest.health
        if event.is_expired:
            waited_ms, health = waits.long_ms, rest.health_alone
            health_ms = int(uniform() * random.choice(health))
            ms = -int(uniform() * waits.rare[1])
        failed_ms = 0
        while ms < down_ms:
            self.failed[ms // 1000] += 1
            failed_ms = ms + trip_ms
            low_ms, spread_ms = usual[tries if tries < len(usual) else -1]
            if waited_ms >= waits.long_ms:
                low_ms, spread_ms = waits.rare
            wait_ms = low_ms + int(uniform() * spread_ms)
            waited_ms += wait_ms
            tries += 1
            ms = failed_ms + wait_ms
        while health_ms < down_ms:
            self.health[health_ms // 1000] += 1
            is_long = health_ms >= rest.outage_ms and not event.is_expired
            health_ms += random.choice(rest.health_outage if is_long else health)
        return Due(trip_ms, health_ms, failed_ms, rest.look_ms, ms)


def _ask_rest(
    event: Event,
    begun_ms: list[int],
    joined_ms: list[int],
    due: list[Due | None],
    result: Result,
) -> None:
    """Health until the join, identity and a refresh that is due.

    begun_ms: the links' end, or the power-on.
    """
    rest = _rest(event)
    down_ms, outage_ms, uniform = event.down_s * 1000, rest.outage_ms, random.random
    usual, rare, draws = rest.health, rest.health_outage, len(rest.health)
    health: Counter[int] = Counter()
    identity: Counter[int] = Counter()
    refreshes: Counter[int] = Counter()
    longest, ages_ms = len(rest.identity) - 1, len(rest.identity_age_ms)
    for begun, first, joined, held_up in zip(
        begun_ms, random.choices(rest.health_first, k=len(begun_ms)), joined_ms, due, strict=True
    ):
        ms = begun + first
        if held_up and held_up.health_ms < _NEVER_MS:
            ms = held_up.health_ms  # those before it are counted
        while ms < joined:
            health[ms // 1000] += 1
            draw = int(uniform() * draws)
            next_ms = ms + usual[draw]
            # Which wait counts is decided again when it is over.
            ms = ms + rare[draw] if ms < down_ms and next_ms >= outage_ms else next_ms
        elapsed_ms = joined + int(uniform() * ages_ms)
        ms = joined + rest.identity[elapsed_ms if elapsed_ms < longest else longest]
        if held_up:
            upgrade_ms = joined - _TRIPS * held_up.trip_ms
            refreshes[held_up.asked_ms(upgrade_ms) // 1000] += 1
            renewed_ms = held_up.renewed_ms(upgrade_ms)
            identity[renewed_ms // 1000] += 1  # exempt from its spacing
            if ms >= renewed_ms:  # it was wanted already
                if renewed_ms >= joined:
                    continue
                ms = renewed_ms + _ANSWER_TRIPS * held_up.trip_ms + longest
        identity[ms // 1000] += 1
    result.kinds |= {"health": health, "identity": identity, "refresh": refreshes}
