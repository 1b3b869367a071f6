"""Small stored records: loaded, saved, and refused if they can't be used; each has one owner."""

import time

from .core import Core


class Record:
    """One record in the application's storage: a dict of texts and integers.

    name: its name in the storage. value: the record as it should be stored; {} for nothing.
    unsaved: the last save failed; `retry` tries again.

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
        self.retry()

    def retry(self) -> None:
        """Store the record again."""
        self._tried_ms = time.ticks_ms()
        self.unsaved = True
        try:
            self._core.storage.save(self._name, self.value)
            self.unsaved = False
        except (OSError, MemoryError) as error:
            self._core.log("%s could not be stored: %s" % (self._name, error))
        self._tell(self.unsaved)

    def keep_room(self) -> bool:
        """Have the storage keep room for the next save, if it can do that.

        False: it has none, or can't be written; asked again once a minute at most. Nothing is asked
        while the record is unsaved: then the next one replaces one that is lost anyway.
        """
        keep = getattr(self._core.storage, "keep_room", None)
        if keep is None or self.unsaved:
            return True
        if not self._is_told or not self.retry_left_ms():
            self._tried_ms = time.ticks_ms()
            is_told = True
            try:
                keep(self._name)
                is_told = False
            except (OSError, MemoryError) as error:
                self._core.log("there is no room for the next %s: %s" % (self._name, error))
            self._tell(is_told)
        return not self._is_told

    def retry_left_ms(self) -> int:
        """How long until a retry is due: each one wears a flash that is full."""
        age_ms = time.ticks_diff(time.ticks_ms(), self._tried_ms)
        return max(0, self._core.times.backoff_cap_ms - age_ms)

    def _tell(self, failed: bool) -> None:
        """Have the status count this record if it can't be stored."""
        if failed != self._is_told:
            self._is_told = failed
            status = self._core.status
            status.update(unsaved=status.unsaved + (1 if failed else -1))
