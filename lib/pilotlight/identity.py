"""Which device this is at Frame.io, and what is known of its pause.

The device id is stored, learned from identity (`/v2/devices/me`) and forgotten with the
authorization that it belongs to. For the pause identity is the authority; events are hints that
may be missed, doubled or reordered.
"""

import time

from micropython import const

from .core import Record
from .frameio_api import is_device_id

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .credentials import Credentials
    from .frameio_api import IdentityAnswer

_NO_END_S = const(0)


class Identity:
    """What identity has said.

    Writes `paused`, `name`, `project`, `creator`, `expires_at` and `identity_failed`.
    device_id: the device's id at Frame.io, or None if it must be asked for.
    is_hinted: an event has come since the last identity request that was answered began.
    is_confirmed: identity has answered a request that began after the last end of a socket, and
    after the last join.
    """

    def __init__(self, core: Core, credentials: Credentials) -> None:
        self._core = core
        self._credentials = credentials
        self._record = Record(core, "identity")
        self.device_id: str | None = self._load()
        self.is_hinted = False
        self.is_confirmed = False
        self._doubted_ms = 0  # since when that is not so
        self._hints = 0
        self._ends_s = _NO_END_S  # when the authorization ends, in seconds since 1970 …
        self._end_was_asked = False  # … and identity was asked since then

    def hint(self, paused: bool) -> None:
        """An event says so. It counts at once, until an identity request that begins later."""
        self._hints += 1
        self.is_hinted = True
        self._core.status.update(paused=paused)

    def begin(self) -> int:
        """An identity request begins. Hand the result to `learn` with the answer."""
        if self.ends_in_s() == 0:
            self._end_was_asked = True
        return self._hints

    def learn(self, answer: IdentityAnswer, hints: int) -> None:
        """Identity has answered.

        hints: what `begin` gave. A hint, or a socket's end, that came after it is newer than this
        answer.
        """
        facts = {
            "identity_failed": answer.paused is None,
            "name": answer.name,
            "project": answer.project,
            "creator": answer.creator,
            "expires_at": answer.expires_at,
        }
        if hints == self._hints and answer.paused is not None:
            self.is_hinted = False
            self.is_confirmed = True
            facts["paused"] = answer.paused
        elif answer.paused is not None and self._core.status.paused is None:
            self._doubted_ms = time.ticks_ms()  # better than nothing, until the next answer
            facts["paused"] = answer.paused
        if answer.expires_at != self._core.status.expires_at:
            from .iso_time import seconds_of  # only now: it changes with a pairing

            self._ends_s = seconds_of(answer.expires_at) or _NO_END_S
            self._end_was_asked = False
            self._core.unload("iso_time")
        self._core.status.update(**facts)
        if answer.id != self.device_id:
            self.device_id = answer.id
            record = {"id": answer.id, "authorization": self._credentials.key}
            if record != self._record.value:
                self._record.save(record)
        else:
            self._record.retry(0)

    def failed(self) -> None:
        """An identity request was not answered as it should be, or has to wait for long."""
        self._core.status.update(identity_failed=True)

    def doubt(self, now_ms: int) -> None:
        """A socket has ended, or is joined again: an event may have been missed."""
        self._hints += 1
        if self.is_confirmed:
            self.is_confirmed = False
            self._doubted_ms = now_ms

    def paused_left_ms(self, now_ms: int, longest_ms: int) -> int:
        """How long the last known pause may be shown without confirmation; at most longest_ms."""
        if self.is_confirmed or self._core.status.paused is None:
            return longest_ms
        left_ms = self._core.times.paused_kept_ms - time.ticks_diff(now_ms, self._doubted_ms)
        return max(0, min(left_ms, longest_ms))

    def forget_paused(self) -> None:
        """The last known pause is too old: it is unknown."""
        self._core.status.update(paused=None)

    def forget(self) -> None:
        """The authorization has ended, and with it all that identity said."""
        self.device_id = None
        self.is_hinted = self.is_confirmed = False
        self._hints += 1
        self._ends_s = _NO_END_S
        self._core.status.update(
            identity_failed=False,
            paused=None,
            name=None,
            project=None,
            creator=None,
            expires_at=None,
        )

    def ends_in_s(self) -> int | None:
        """Seconds until the authorization ends, 0 once it has ended.

        None if no end is known, or if identity was asked since the end.
        """
        if self._ends_s == _NO_END_S or self._end_was_asked:
            return None
        return max(0, self._ends_s - (self._core.clock.now_s() or 0))

    def _load(self) -> str | None:
        record = self._record.load()
        self._record.value = record
        if not record:
            return None
        if not is_device_id(record.get("id")):
            self._record.refuse("it holds no device id")
            return None
        if record.get("authorization") != self._credentials.key:
            return None
        return record["id"]
