"""The refresh of tokens: a model of the protocol, beside the real Tokens, Refresh and OauthApi.

The model's pairs of tokens are counted: 0 is the newest pair that Frame.io has made, -1 the one
before, -2 any older one. Frame.io takes a refresh token once; one kind of it answers the last one
again with the same pair.
"""

import gc
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.proofs.device import Loop, Task, finished

ANSWERED, LOST_THERE, LOST_BACK, UNSENT = "answered", "lost there", "lost back", "unsent"
GATEWAY, GATEWAY_LOST, UNKNOWN, CLIENT = "gateway", "gateway lost", "unknown", "client"
CUT_BEFORE, CUT_AFTER = "power cut before it is stored", "power cut after it is stored"
LIFE_S = 28_800


@dataclass(frozen=True)
class Model:
    """What the device and Frame.io know of each other.

    ram, stored: the pair in the memory and in the storage; None for none. broken: the storage can't
    be written. doubt: an answer may have been lost since. needs_proof: the token is not sent again
    before Frame.io has answered something. unknown: answers without a verdict, in a row.
    excused: an answer or a pair was lost in a way that the protocol can't save.
    """

    ram: int | None = 0
    stored: int | None = 0
    broken: bool = False
    doubt: bool = False
    needs_proof: bool = False
    unknown: int = 0
    excused: bool = False


Action = tuple[str, str]


def actions(state: Model) -> Iterator[Action]:
    """What can happen next."""
    yield "cut", ""
    yield ("repair" if state.broken else "break"), ""
    yield "proof", ""
    if state.ram is None or state.needs_proof:
        yield "ask", ANSWERED  # time passes, and nothing is asked
        return
    for outcome in (
        ANSWERED,
        LOST_THERE,
        LOST_BACK,
        UNSENT,
        GATEWAY,
        GATEWAY_LOST,
        UNKNOWN,
        CLIENT,
    ):
        yield "ask", outcome
    yield CUT_BEFORE, ANSWERED
    if not state.broken:
        yield CUT_AFTER, ANSWERED


def after(state: Model, action: Action, is_lenient: bool) -> Model:
    """The model's next state."""
    kind, outcome = action
    if kind == "cut":
        return _reboot(state)
    if kind in ("break", "repair"):
        return replace(state, broken=kind == "break")
    if kind == "proof":
        return replace(state, needs_proof=False)
    if not state.broken:  # an unsaved record is stored before the next refresh is due
        state = replace(state, stored=state.ram)
    if state.ram is None or state.needs_proof:
        return state
    is_good = state.ram == 0 or (is_lenient and state.ram == -1)
    if outcome in (LOST_THERE, GATEWAY):
        return replace(state, doubt=True, needs_proof=outcome == LOST_THERE)
    if outcome in (LOST_BACK, GATEWAY_LOST):
        if state.ram == 0:
            state = replace(_older(state), excused=True)
        return replace(state, doubt=True, needs_proof=outcome == LOST_BACK)
    if outcome == UNKNOWN and state.unknown < 2:
        return replace(state, unknown=state.unknown + 1)
    if outcome in (UNSENT, CLIENT):
        return state
    # A new pair, or the end; either is stored.
    new = None
    if outcome == ANSWERED and is_good:
        new = 0
        state = _older(state) if state.ram == 0 else state
    is_stored = not state.broken and kind != CUT_BEFORE
    state = replace(state, stored=new if is_stored else state.stored)
    if kind in (CUT_BEFORE, CUT_AFTER):
        return replace(_reboot(state), excused=state.excused or (new == 0 and not is_stored))
    excused = state.excused and new is not None and not is_stored
    return Model(ram=new, stored=state.stored, broken=state.broken, excused=excused)


def _older(state: Model) -> Model:
    """Frame.io has made a new pair."""

    def older(pair: int | None) -> int | None:
        return None if pair is None else max(-2, pair - 1)

    return replace(state, ram=older(state.ram), stored=older(state.stored))


def _reboot(state: Model) -> Model:
    excused = state.excused or (state.ram != state.stored)
    return Model(ram=state.stored, stored=state.stored, broken=state.broken, excused=excused)


class PowerCut(BaseException):
    """The device loses its power."""


class Real:
    """A device of the real parts, its storage, and Frame.io's token endpoint."""

    def __init__(self, loop: Loop, is_lenient: bool) -> None:
        self.loop = loop
        loop.now_ms = 0
        self.is_lenient = is_lenient
        self.newest = 0  # Frame.io's pair
        self.is_broken = False
        self.was_cut = False  # since the last request
        self.cut = self.next_cut = ""  # when the power is cut; the same, from a request on
        self.outcome = ""  # of the next request
        self.asked: list[tuple[int, int, int, str]] = []  # (pair, when, proofs, what came of it)
        self.records: dict[str, dict[str, Any]] = {"client": {"client_id": "unit"}}
        self.save("authorization", self.pair_record(0))
        self.power_on()

    def pair_record(self, pair: int) -> dict[str, Any]:
        """As it is stored."""
        return {
            "client_id": "unit",
            "host": "host",
            "key": "key",
            "access_token": f"access{pair}",
            "refresh_token": f"refresh{pair}",
            "refresh_s": LIFE_S * 3 // 4,
            "expires_s": LIFE_S,
        }

    def power_on(self) -> None:
        """Build the parts, and start the task."""
        from pilotlight.core import Core
        from pilotlight.proof import Proof
        from pilotlight.requests import Requests
        from pilotlight.schedule import Schedule
        from pilotlight.times import Times
        from pilotlight.tokens import Tokens

        times = Times(unknown_verdict_ms=0)
        network = SimpleNamespace(is_up=lambda: True)
        clock = SimpleNamespace(now_s=lambda: self.loop.now_ms // 1000)
        core: Any = Core(network, self, clock, times)
        schedule = Schedule(times, self.loop.now_ms)
        self.proof = Proof(core, schedule)
        settings = SimpleNamespace(
            host_field="host", client_version="1.2.3", client_secret="s", client_id="unit"
        )
        requests = Requests(core, schedule, self.proof, 2)
        self.tokens = Tokens(core, requests, self, settings)
        self.reserve = None
        self.sent = False
        self.task = Task(self.loop, self.tokens.run())

    # The storage

    def load(self, name: str) -> dict[str, Any] | None:
        """As docs/embedding.md says."""
        return self.records.get(name)

    def save(self, name: str, record: dict[str, Any]) -> None:
        """The same."""
        if name == "authorization" and self.cut == CUT_BEFORE:
            raise PowerCut
        if self.is_broken:
            raise OSError
        self.records[name] = dict(record)
        if name == "authorization" and self.cut == CUT_AFTER:
            raise PowerCut

    # The HttpClient

    async def request(
        self,
        method: str,
        target: str,
        headers: Any,
        fields: Any,
        body: bytes,
        pick: Any,
        buffer: Any,
    ) -> Any:
        """What comes of a refresh."""
        from pilotlight.net.errors import Unreachable

        self.cut, outcome = self.next_cut, self.outcome
        pair = int(dict(parse_qsl(body.decode()))["refresh_token"].removeprefix("refresh"))
        self._check_repeated(pair)
        self.was_cut = False
        self.asked.append((pair, self.loop.now_ms, self.proof.count, outcome))
        if outcome == UNSENT:
            raise Unreachable("refused", "")
        self.sent = True
        is_good = pair == self.newest or (self.is_lenient and pair == self.newest - 1)
        if outcome in (ANSWERED, LOST_BACK, GATEWAY_LOST) and pair == self.newest:
            self.newest += 1
        if outcome in (LOST_THERE, LOST_BACK):
            raise Unreachable("timeout", "")
        from pilotlight.net.json_pick import ARRAY, MISSING

        found = dict.fromkeys(fields, MISSING)
        status = 400
        if outcome in (GATEWAY, GATEWAY_LOST):
            status = 503
        elif outcome == UNKNOWN:
            found["errors"] = ARRAY
        elif outcome == CLIENT:
            found["error"] = "invalid_client"
        elif not is_good:
            found["error"] = "invalid_grant"
        else:
            status = 200
            found["access_token"] = f"access{self.newest}"
            found["refresh_token"] = f"refresh{self.newest}"
            found["expires_in"] = LIFE_S
        return SimpleNamespace(status=status, fields=found, retry_after_ms=0, flaw="")

    def _check_repeated(self, pair: int) -> None:
        """A refresh token whose answer has come is never sent again; else as the rule says."""
        earlier = [one for one in self.asked if one[0] == pair]
        if earlier:
            _, when_ms, proofs, outcome = earlier[-1]
            assert outcome != ANSWERED or self.was_cut, (self.asked, pair)
            if outcome in (LOST_THERE, LOST_BACK) and not self.was_cut:
                assert self.loop.now_ms - when_ms >= 60_000 and self.proof.count != proofs

    def live(self, action: Action) -> None:
        """Do what the action says."""
        kind, self.outcome = action
        if kind == "cut":
            self._reboot()
        elif kind in ("break", "repair"):
            self.is_broken = kind == "break"
            self.loop.now_ms += 60_000  # an unsaved record is due, then
        elif kind == "proof":
            self.proof.prove()
        else:
            self.next_cut = "" if kind == "ask" else kind
            self._pass_time()

    def _reboot(self) -> None:
        self.cut = ""
        self.was_cut = True
        self.task.close()
        self.power_on()

    def _pass_time(self) -> None:
        """Until something was sent, or for a while if nothing may be."""
        before = len(self.asked)
        try:
            for _ in range(400):
                ms = self.task.run()
                if len(self.asked) > before:
                    break
                self.loop.now_ms += ms
        except PowerCut:
            self._reboot()
        self.cut = ""

    def seen(self) -> tuple[int | None, int | None]:
        """(ram, stored) as the model counts them."""
        stored = self.records["authorization"].get("refresh_token")
        ram = None
        if self.tokens.authorized:
            ram = int(finished(self.tokens.access_token()).removeprefix("access")) - self.newest
        pair = None if stored is None else int(stored.removeprefix("refresh")) - self.newest
        return (
            None if ram is None else max(-2, ram),
            None if pair is None else max(-2, pair),
        )


def paths(is_lenient: bool) -> dict[Model, list[Action]]:
    """The shortest actions to each state of the model."""
    found: dict[Model, list[Action]] = {Model(): []}
    todo = [Model()]
    for state in todo:
        for action in actions(state):
            to = after(state, action, is_lenient)
            if to not in found:
                found[to] = [*found[state], action]
                todo.append(to)
    return found


@pytest.mark.long
def test_a_pairing_is_lost_only_where_the_protocol_can_not_save_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refresh token whose answer has come is never sent again. One whose answer may be lost is
    sent again only 60 s later and after another answer of Frame.io. The pairing ends only by
    Frame.io's verdict; and by its verdict on a used token only if an answer was lost that had a new
    pair, or the power was cut before that pair could be stored.

    Of: lib/pilotlight/tokens.py, lib/pilotlight/refresh.py, lib/pilotlight/oauth_api.py
    For: all orders of eight outcomes of a refresh, power cuts, also before and after a pair is
        stored, a storage that can't be written, and answers to other requests; of any length, with
        a Frame.io that takes a token once, and one that answers the last one again
    By: an explicit model, all of whose states are enumerated; each of its steps is replayed on the
        real parts, by the shortest way to it, and what they hold and store is compared
    """
    loop = Loop(monkeypatch)
    monkeypatch.setattr(gc, "collect", lambda: None)
    monkeypatch.setattr(random, "randrange", lambda a, b=None: 0 if b is None else a)
    replayed = 0
    for is_lenient in (False, True):
        found = paths(is_lenient)
        for state, path in found.items():
            # What was not lost beyond saving is still good.
            assert state.excused or state.ram in (0, None), (state, path)
            for action in actions(state):
                real = Real(loop, is_lenient)
                for step in [*path, action]:
                    real.live(step)
                wanted = after(state, action, is_lenient)
                assert real.seen() == (wanted.ram, wanted.stored), (path, action, wanted)
                if state.ram is not None and wanted.ram is None and action[1] == ANSWERED:
                    assert state.excused, (path, action)
                    if action[0] == "ask":
                        reason = "refresh_lost" if state.doubt else "pairing_ended"
                        assert real.tokens.reason == reason
                real.task.close()
                replayed += 1
    assert replayed > 500
