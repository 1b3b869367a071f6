"""Small stored records: loaded, saved, and refused if they can't be used; each has one owner."""

import time

from micropython import const

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core


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
        """The record as it is stored; {} if there is none, or (logged) if it can't be read."""
        try:
            record = self._core.storage.load(self._name)
        except OSError as error:
            self.refuse(error)
            return {}
        if record is not None and not isinstance(record, dict):
            self.refuse("it is no record")
            return {}
        return record or {}

    def refuse(self, why) -> None:
        """Log that the stored record can't be used, and why."""
        self._core.log("what is stored as %s can't be used: %s" % (self._name, why))

    def save(self, record: dict) -> None:
        """Store a record in place of the one before. A failure is logged, and sets `unsaved`."""
        self.value = record
        self._store()

    def retry(self, longest_ms: int) -> int:
        """Store the record again if it is unsaved and that is due.

        Returns in how many ms to call this again, at most longest_ms.
        """
        if self.unsaved:
            if not self.retry_left_ms():
                self._store()
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

    def _store(self) -> None:
        self.unsaved = True
        self.unsaved = self._write(
            "%s could not be stored: %s", self._core.storage.save, self.value
        )

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
