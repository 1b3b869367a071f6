"""What every part of the agent works with, as one object; and its stored records."""

import asyncio
import sys
import time

from micropython import const

from .status import DeviceStatus

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from . import Clock, Network, Storage
    from .times import Times


class Core:
    """The embedding application's parts, the times, the log and the status.

    network, storage, clock: the application's (docs/embedding.md says what each must have).
    times: a Times. status: the DeviceStatus.
    log: called with a line of text for the maintainer, which must hold no secret.
    check_in: called as check_in(name, within_ms): this task will check in again within so long, or
    is stuck. log and check_in may be given as None: then nothing is called.
    on_network_changed: called as on_network_changed(up) after the network came up, went away or
    became another one. The agent sets it.
    """

    def __init__(
        self,
        network: Network,
        storage: Storage,
        clock: Clock,
        times: Times,
        log=None,
        check_in=None,
    ) -> None:
        self.status = DeviceStatus()
        self.network = network
        self.storage = storage
        self.clock = clock
        self.times = times
        self.log = log or _ignore
        self.check_in = check_in or _ignore
        self.on_network_changed = _ignore

    def unload(self, *modules: str) -> None:
        """Free the memory of modules of this package, once nothing uses them any more.

        An import loads them again. Without memory for this they stay loaded.
        """
        try:
            for module in modules:
                package, _, name = ("pilotlight." + module).rpartition(".")
                if sys.modules.pop("%s.%s" % (package, name), None) is not None:
                    delattr(sys.modules[package], name)
        except MemoryError:
            pass

    def check_network(self, changed: bool = False) -> None:
        """Compare the network with the status: a change may come without a call.

        changed: the network has come up, gone away or become another one.
        """
        up = self.network.is_up()
        changed = changed or up != self.status.network_up
        reason = getattr(self.network, "reason", None)
        if changed or (not up and reason != self.status.network_reason):
            self.status.update(network_up=up, network_reason=reason)
        if changed:
            self.on_network_changed(up)

    async def set_clock(self) -> bool:
        """Wait until the time is known, at most times.clock_ms. True if it is."""
        try:
            return await asyncio.wait_for_ms(self.clock.ensure_set(), self.times.clock_ms)
        except asyncio.TimeoutError:
            return False

    async def end_starting(self) -> None:
        """Wait for the end of the first seconds, in which nothing need be known."""
        await asyncio.sleep_ms(self.times.starting_ms)
        self.status.update(starting_is_over=True)


class Record:
    """One record in the application's storage: a dict of texts and integers.

    name: its name in the storage. value: the record as it should be stored; {} for nothing.
    unsaved: the last save failed; call `retry`.

    Writes the status's `unsaved`.
    """

    def __init__(self, core: Core, name: str) -> None:
        self._core = core
        self._name = name
        self._tried_ms = 0  # when the storage was last asked to write
        self._is_told = False  # counted in the status
        self.unsaved = False
        self.value: dict = {}

    def load(self) -> dict:
        """The record as it is stored. {} if nothing is, or if it can't be read, which is logged."""
        try:
            record = self._core.storage.load(self._name)
        except OSError as error:
            self.refuse(error)
            return {}
        if record is not None and not isinstance(record, dict):
            self.refuse("it is no record")
            return {}
        return record or {}

    def refuse(self, reason) -> None:
        """Log that the stored record can't be used, and why. reason: a text or an exception."""
        self._core.log("what is stored as %s can't be used: %s" % (self._name, reason))

    def save(self, record: dict) -> None:
        """Store a record in place of the one before. A failure is logged, and sets `unsaved`."""
        self.value = record
        self.unsaved = True
        self.unsaved = self._write("%s could not be stored: %s", self._core.storage.save, record)

    def retry(self, longest_ms: int) -> int:
        """Store the record again if it is unsaved and that is due.

        Returns in how many ms to call this again, at most longest_ms.
        """
        if self.unsaved:
            if not self.retry_left_ms():
                self.save(self.value)
            longest_ms = min(max(1, self.retry_left_ms()), longest_ms)
        return longest_ms

    def keep_room(self) -> bool:
        """Have the storage keep room for the next save, if it can do that.

        False: it has none, or can't be written; asked again once a minute at most. Nothing is asked
        while the record is unsaved: then the next one replaces one that is lost anyway.
        """
        keep = getattr(self._core.storage, "keep_room", None)
        if keep is None or self.unsaved:
            return True
        if not self._is_told or not self.retry_left_ms():
            self._write("there is no room for the next %s: %s", keep)
        return not self._is_told

    def retry_left_ms(self) -> int:
        """How long until a retry is due: each one wears a flash that is full."""
        age_ms = time.ticks_diff(time.ticks_ms(), self._tried_ms)
        return max(0, self._core.times.backoff_cap_ms - age_ms)

    def _write(self, text: str, write, *record) -> bool:
        """Have the storage write. Returns whether it has failed; then the status counts it.

        text: of the failure, for the log, with places for the record's name and the error.
        """
        self._tried_ms = time.ticks_ms()
        failed = True
        try:
            write(self._name, *record)
            failed = False
        except (OSError, MemoryError) as error:
            self._core.log(text % (self._name, error))
        if failed != self._is_told:
            self._is_told = failed
            status = self._core.status
            status.update(unsaved=status.unsaved + (1 if failed else -1))
        return failed


def _ignore(*told) -> None:
    """In place of a callback that is not given."""
