"""The authorizations behind the mock, pure: device codes and pairs of tokens, on a clock that is
handed in.

Sources: Frame.io's guides "How to: Authorize" and "How to: Manage Auth" and its API reference; RFC
8628 for what they leave open.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from typing import Any

# All tokens and device codes begin with it, so tests can look for them in what is printed.
MARK = "mock-issued-"
# Share of the interval after which a poll is accepted: allows for clocks and latency.
_EARLY = 0.98
_MOST_KNOWN = 1000  # refresh tokens; an older one is answered as one that is unknown
_KEPT_S = 3600  # an expired device code is answered as such for so long
_ALPHABET_ENDS = (
    "~+/="  # RFC 6750 allows these in a token, and they break a client that does not encode
)


class Refused(Exception):
    """A refusal. word: that of `{"error": word}` (status 400), or `unauthorized` (401)."""

    def __init__(self, word: str, status: int = 400) -> None:
        super().__init__(word)
        self.word = word
        self.status = status


@dataclass
class Lives:
    """How long what is issued from now on lives, in seconds.

    access_s, refresh_s, code_s: of access token, refresh token and device code. interval_s: between
    two polls; each slow_down adds slow_down_s to that code's interval. said_…: what the answers say
    instead; by default the same in whole seconds.
    """

    access_s: float = 8 * 3600
    refresh_s: float = 14 * 24 * 3600
    code_s: float = 120
    interval_s: float = 5
    slow_down_s: float = 5
    said_access_s: float | None = None
    said_code_s: float | None = None
    said_interval_s: float | None = None

    def access_expires_in(self) -> float:
        """`expires_in` of a token answer."""
        return math.floor(self.access_s) if self.said_access_s is None else self.said_access_s

    def code_expires_in(self) -> float:
        """`expires_in` of a device code."""
        return math.floor(self.code_s) if self.said_code_s is None else self.said_code_s

    def interval(self) -> float:
        """`interval` of a device code: rounded up, so that who keeps to it is never too fast."""
        return math.ceil(self.interval_s) if self.said_interval_s is None else self.said_interval_s


@dataclass
class DeviceCode:
    """A pairing under way. state: `pending`, `approved`, `denied`, `used`; …_s: on the clock."""

    client_id: str
    device_code: str = field(repr=False)
    user_code: str
    ends_s: float
    interval_s: float
    state: str = "pending"
    polled_s: float | None = None


@dataclass
class Pair:
    """An access token and its refresh token.

    generation: counts from 1 over all pairings and refreshes.
    """

    client_id: str
    generation: int
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_ends_s: float
    refresh_ends_s: float


class Tokens:
    """The tokens of all devices: a fixed access token, and at most one pair a client_id, which came
    from pairing.

    fixed_token: that access token. next_user_code: what the next device code gets, once.
    lost_status: 401 or 400, for the refresh of a removed device and of tokens that are unknown,
    revoked, expired or another client's.
    """

    def __init__(
        self, fixed_token: str, lives: Lives, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.lives = lives
        self.next_user_code: str | None = None
        self.lost_status = 401
        self._now = now
        self.fixed_token = fixed_token
        self._fixed_ends_s = now() + lives.access_s
        self._codes: list[DeviceCode] = []
        self._pairs: dict[str, Pair] = {}  # by client_id
        self._generations: dict[str, int] = {}  # by refresh token, of the last
        self._issued = 0
        self._spent: set[str] = set()
        self._removed: dict[str, str] = {}  # client_id → its last access token

    def state(self) -> dict[str, Any]:
        """The pairs, and which refresh tokens were used; for JSON. They are secret."""
        return {
            "pairs": [asdict(pair) for pair in self._pairs.values()],
            "generations": self._generations,
            "issued": self._issued,
            "spent": list(self._spent),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state of before, on the same clock."""
        self._pairs = {fields["client_id"]: Pair(**fields) for fields in state["pairs"]}
        self._generations = state["generations"]
        self._issued = state["issued"]
        self._spent = set(state["spent"])

    def accepts(self, access_token: str) -> bool:
        """Is this access token known and not expired?"""
        return self.client_of(access_token) is not None

    def client_of(self, access_token: str) -> str | None:
        """The client_id whose live access token this is; "" for the fixed token; None: not live."""
        now = self._now()
        if access_token == self.fixed_token and self._fixed_ends_s > now:
            return ""
        for client_id, pair in self._pairs.items():
            if access_token == pair.access_token and pair.access_ends_s > now:
                return client_id
        return None

    def client_of_code(self, user_code: str) -> str | None:
        """The client_id of the newest device code with this user code, pending or not."""
        codes = (code for code in reversed(self._codes) if code.user_code == user_code)
        return next((code.client_id for code in codes), None)

    def status(self) -> dict[str, Any]:
        """What a person needs to pair: `user_codes`.

        Also `generation`: the newest among the live pairs, or None.
        """
        generations = [pair.generation for pair in self._pairs.values()]
        return {
            "user_codes": self.pending_user_codes(),
            "generation": max(generations, default=None),
        }

    def generation_of(self, refresh_token: str) -> int | None:
        """The generation of this refresh token, dead or not; None if it is unknown."""
        return self._generations.get(refresh_token)

    def new_code(self, client_id: str) -> DeviceCode:
        """Begin a pairing."""
        user_code, self.next_user_code = self.next_user_code or self._free_user_code(), None
        ends_s = self._now() + self.lives.code_s
        self._codes = [code for code in self._codes if code.ends_s > self._now() - _KEPT_S]
        code = DeviceCode(
            client_id, MARK + secrets.token_urlsafe(48), user_code, ends_s, self.lives.interval_s
        )
        self._codes.append(code)
        return code

    def pending_user_codes(self) -> list[str]:
        """The user codes that can be entered, the newest last."""
        return [
            code.user_code
            for code in self._codes
            if code.state == "pending" and code.ends_s > self._now()
        ]

    def decide(self, user_code: str | None, state: str) -> None:
        """Enter a user code, or with None the newest: `approved` or `denied`.

        Raises LookupError if it is not pending.
        """
        pending = self.pending_user_codes()
        if user_code is None and pending:
            user_code = pending[-1]
        if user_code not in pending:
            raise LookupError("no such user code is pending")
        next(code for code in reversed(self._codes) if code.user_code == user_code).state = state

    def poll(self, device_code: str, client_id: str) -> Pair:
        """The grant device_code. Raises Refused."""
        code = next((code for code in self._codes if code.device_code == device_code), None)
        if code is None or code.client_id != client_id or code.state == "used":
            raise Refused("invalid_grant")
        now = self._now()
        too_fast = code.polled_s is not None and now - code.polled_s < code.interval_s * _EARLY
        code.polled_s = now
        if code.ends_s <= now:
            raise Refused("expired_token")
        if code.state == "denied":
            raise Refused("access_denied")
        if code.state == "approved":
            code.state = "used"
            return self._issue(client_id)
        if too_fast:
            code.interval_s += self.lives.slow_down_s
            raise Refused("slow_down")
        raise Refused("authorization_pending")

    def refresh(self, refresh_token: str, client_id: str) -> Pair:
        """The grant refresh_token: the old pair is dead afterwards. Raises Refused."""
        if refresh_token in self._spent:
            raise Refused("invalid_request")
        pair = self._pairs.get(client_id)
        if not pair or pair.refresh_token != refresh_token or pair.refresh_ends_s <= self._now():
            raise (
                Refused("unauthorized", 401)
                if self.lost_status == 401
                else Refused("invalid_request")
            )
        self._spent.add(refresh_token)
        return self._issue(client_id)

    def revoke(self, token: str, client_id: str) -> None:
        """End the pair to which the token belongs.

        A token that is not of this client changes nothing (RFC 7009 section 2.2).
        """
        pair = self._pairs.get(client_id)
        if pair and token in (pair.access_token, pair.refresh_token):
            del self._pairs[client_id]

    def remove(self, client_ids: Collection[str] | None = None) -> None:
        """The devices of these were removed, or their connections expired; "" is the fixed token's.

        None of their tokens is valid any more. None: all devices.
        """
        for client_id in list(self._pairs) if client_ids is None else client_ids:
            if pair := self._pairs.pop(client_id, None):
                self._removed[client_id] = pair.access_token
        if client_ids is None or "" in client_ids:
            self._fixed_ends_s = self._now()
            self._removed[""] = self.fixed_token

    def removed_client(self, access_token: str) -> str | None:
        """The client_id that had this token when it was removed; None: it is no such token."""
        found = (client_id for client_id, last in self._removed.items() if last == access_token)
        return next(found, None)

    def expire(self) -> None:
        """The access tokens end now; the refresh token does not."""
        self._set_access_ends(self._now())

    def renew(self) -> None:
        """The fixed access token, and those of the pairs, are valid again for a whole life."""
        self._set_access_ends(self._now() + self.lives.access_s)

    def _set_access_ends(self, ends_s: float) -> None:
        self._fixed_ends_s = ends_s
        for pair in self._pairs.values():
            pair.access_ends_s = ends_s

    def _free_user_code(self) -> str:
        while True:
            user_code = f"{secrets.randbelow(1_000_000):06}"
            if user_code not in self.pending_user_codes():
                return user_code

    def _issue(self, client_id: str) -> Pair:
        access_token, refresh_token = (
            MARK + secrets.token_urlsafe(48) + _ALPHABET_ENDS for _ in range(2)
        )
        self._issued += 1
        self._generations[refresh_token] = self._issued
        if len(self._generations) > _MOST_KNOWN:
            oldest = next(iter(self._generations))
            del self._generations[oldest]
            self._spent.discard(oldest)
        now, lives = self._now(), self.lives
        ends = now + lives.access_s, now + lives.refresh_s
        pair = Pair(client_id, self._issued, access_token, refresh_token, *ends)
        self._pairs[client_id] = pair
        return pair
