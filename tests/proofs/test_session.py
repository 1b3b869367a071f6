"""The session's states (lib/pilotlight/session.py); everything around it may do anything."""

from collections import defaultdict
from collections.abc import Coroutine, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.proofs.device import Loop, Sleep
from tests.proofs.machines import Choices
from tools.generate.architecture import LIBRARY, transitions

FACTS = ("network_up", "authorized", "accepted", "device_id", "asked", "urgent")
MOST_PAUSES = 3  # in one state; a longer stay is a wait


class _StaysOn(Exception):
    """The session waits again and again in one state."""


class Around:
    """What the session uses. What it answers is a choice of this run.

    facts: those of FACTS that are so; one of them may change at any pause. waited: the session has
    waited, by a timer, for a user or for identity's spacing, or a fact has changed. All else may
    take no time.
    """

    def __init__(self, choices: Choices, facts: frozenset[str]) -> None:
        self.one_of = choices.one_of
        self.facts = set(facts)
        self.waited = False
        self._pauses = 0
        self._has_changed = False
        self._asked_ms = 0
        self._asked_at = -1  # after how many pauses that was so

    def pause(self, is_wait: bool) -> None:
        """Anything else may happen now."""
        self._pauses += 1
        self.waited = self.waited or is_wait
        if self._pauses > MOST_PAUSES:
            assert self.waited
            raise _StaysOn
        if not self._has_changed:
            changed = self.one_of("", *FACTS)
            self._has_changed = changed != ""
            self.waited = self.waited or self._has_changed
            self.facts ^= {changed} & set(FACTS)

    def asked_ms(self) -> int:
        """What is left of a Retry-After; the same until the next pause."""
        if self._pauses != self._asked_at:
            self._asked_at = self._pauses
            self._asked_ms = self.one_of(0, 1)
        return self._asked_ms

    def has(self, fact: str) -> bool:
        """Is it so?"""
        return fact in self.facts


class Part:
    """A part with these functions; what else is called of it does nothing."""

    def __init__(self, around: Around, **functions: Any) -> None:
        self.around = around
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        return lambda *values, **named: None


class Facts(Part):
    """status, credentials and identity: their attributes are facts."""

    @property
    def network_up(self) -> bool:
        return self.around.has("network_up")

    @property
    def authorized(self) -> bool:
        return self.around.has(self.fact)

    @property
    def device_id(self) -> str | None:
        return "id" if self.around.has("device_id") else None

    @property
    def is_asked(self) -> bool:
        return self.around.has("asked")


def _around(around: Around, made: dict[str, Any]) -> tuple[list[Any], Any]:
    """(the parts that a Session is made of, its status)

    made: what the session makes itself is put there.
    """
    from pilotlight.credentials import NotAuthorized
    from pilotlight.frameio_api import ApiError
    from pilotlight.net.errors import JoinRefused, LinkClosed, Unreachable, UpgradeRefused
    from pilotlight.times import Recent

    lost, not_authorized = Unreachable("timeout", ""), NotAuthorized("not_paired", "")

    def does(*outcomes: Any, is_wait: bool = False) -> Any:
        """An async function with one of these outcomes; an exception is raised."""

        async def function(*values: Any) -> Any:
            around.pause(is_wait)
            outcome = around.one_of(*outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            if outcome == "paired":
                around.facts.add("authorized")
            return outcome

        return function

    class Pairing(Facts):
        """In place of the PairingRequest."""

        def __init__(self, *parts: Any) -> None:
            Part.__init__(self, around)

        async def run(self) -> bool:
            """As the real one: what was asked for goes on only after a NetError."""
            around.facts.discard("asked")
            around.pause(False)
            outcome = around.one_of(True, False, lost)
            if outcome is lost:
                around.facts.add("asked")
                raise lost
            around.facts.discard("authorized")
            around.facts |= {"authorized", "accepted"} if outcome else set()
            return outcome is True

        def take_urgent(self) -> bool:
            """Once."""
            is_urgent = around.has("urgent") and not around.has("authorized")
            around.facts.discard("urgent")
            return is_urgent

    def joined(**facts: Any) -> None:
        if "joined" in facts:
            vars(status)["joined"] = facts["joined"]

    status = Facts(around, fact="accepted", update=joined, joined=False, request_reason="timeout")
    times = SimpleNamespace(network_check_ms=1000, reply_ms=12_000, refresh_for_403_ms=1)
    core = Part(around, status=status, times=times, set_clock=does(True, False))
    credentials = Facts(
        around,
        fact="authorized",
        key="key",
        access_token=does("token", not_authorized),
        renew_if_expired=does(None, lost, ApiError("http_error", ""), not_authorized),
        has_replaced=lambda token: around.one_of(False, True),
        request_refresh=lambda: around.one_of(False, True),
    )
    closed = LinkClosed(1006, "")
    phoenix = Part(
        around,
        has_beaten=True,
        join=does(None, JoinRefused("crashed"), JoinRefused("unauthorized"), closed),
        settle=does(None, closed),
        serve=does(None, closed, LinkClosed(1006, "", "no_reply")),
        pause=does(None, closed, is_wait=True),
    )
    link = Part(
        around,
        phoenix=phoenix,
        open=does(None, lost, UpgradeRefused(403), UpgradeRefused(503, 7000)),
        close=does(None),
    )
    outcome = does("answered", "refused", "failed", is_wait=True)
    poller = Part(around, identity_outcome=outcome, room=Part(around, wait=does(True)))
    reconnect = Part(
        around,
        asked=SimpleNamespace(left_ms=lambda now_ms: around.asked_ms()),
        refreshed_for_403=Recent(),
        rejoin_ms=lambda: around.one_of(None, 1000),
        backoff_ms=lambda lost_by, now_ms: 1000,
        was_stray=lambda now_ms: around.one_of(False, True),
        is_doubtful=False,
    )
    made.update(reconnect=reconnect, pairing=Pairing)
    identity = Facts(around, fact="authorized")
    return [core, Part(around, proof=Part(around)), credentials, identity, poller, link], status


def _ended(around: Around, job: Coroutine[Any, Any, Any]) -> Any:
    """Run a state to its end."""
    try:
        while True:
            slept: Sleep = job.send(None)
            around.pause(slept.ms > 0)
    except StopIteration as end:
        return end.value


Place = tuple[str, frozenset[str], bool]  # (state, facts, is there a PairingRequest)


def _steps(place: Place, made: dict[str, Any]) -> Iterator[tuple[Place, bool]]:
    """What a state leads to, and whether the session has waited before."""
    from pilotlight.session import Session

    state, facts, has_pairing = place
    for choices in Choices.all():
        around = Around(choices, facts)
        parts, status = _around(around, made)
        around.facts.add("authorized")  # else it asks for a code at once
        session = Session(*parts)
        around.facts = set(facts)
        if has_pairing:
            session.start_pairing()
        vars(status)["joined"] = state == "serve"
        try:
            following = _ended(around, getattr(session, STATE + state)())
        except _StaysOn:
            continue
        is_kept = any(type(one).__name__ == "Pairing" for one in vars(session).values())
        yield (
            (following.__name__.removeprefix(STATE), frozenset(around.facts), is_kept),
            around.waited,
        )


STATE = "_at_"


@pytest.mark.long
def test_every_way_round_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the network, Frame.io, the user and the other parts do, each state of the session
    leads to one that its table names, each row of the table happens, no other exception leaves a
    state, and there is no way round on which the session does not wait and nothing changes around
    it.

    Of: lib/pilotlight/session.py
    For: all outcomes of all that the states ask and await, and six facts, one of which may change
        during each stay in a state
    By: enumeration of all states with all facts, by the real methods; what connects, joins, asks
        and sets the clock may take no time, so that only timers, identity's spacing, rejoin's pause
        and a wish for a code are waits
    """
    made: dict[str, Any] = {}
    loop = Loop(monkeypatch)
    monkeypatch.setattr("pilotlight.session.Reconnect", lambda times: made["reconnect"])
    monkeypatch.setattr(
        "pilotlight.pairing_request.PairingRequest", lambda *parts: made["pairing"](*parts)
    )
    loop.current = SimpleNamespace(data=None)  # type: ignore[assignment]  # the task
    table: dict[str, set[str]] = defaultdict(set)
    for state, _, following in transitions((LIBRARY / "session.py").read_text()):
        table[state].add(following)
    seen: dict[str, set[str]] = defaultdict(set)
    at_once: dict[Place, set[Place]] = {}
    todo: list[Place] = [("network", frozenset(), False), ("network", frozenset(FACTS), True)]
    while todo:
        place = todo.pop()
        if place in at_once:
            continue
        at_once[place] = set()
        for to, waited in set(_steps(place, made)):
            seen[place[0]].add(to[0])
            todo.append(to)
            if not waited:
                at_once[place].add(to)
    assert seen == table
    circle = _circle(at_once)
    assert not circle, sorted({place[0] for place in circle})


def _circle(follows: dict[Place, set[Place]]) -> set[Place]:
    """The places that lead to a circle, or are on one."""
    left = dict(follows)
    while True:
        ends = {place for place, to in left.items() if not to & left.keys()}
        if not ends:
            return set(left)
        for place in ends:
            del left[place]
