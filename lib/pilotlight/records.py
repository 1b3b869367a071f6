"""Small stored records: loaded, saved, and refused if they can't be used; each has one owner."""

import time

from .core import Core


class Record:
    """One record in the application's storage: a dict of texts and integers.

    name: its name in the storage. value: the record as it should be stored; {} for nothing.
    unsaved: the last save failed; `retry` tries again.
    """

    def __init__(self, core: Core, name: str) -> None:
        self._core = core
        self._name = name
        self._saved_ms = 0  # when the last save was tried
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
        self._saved_ms = time.ticks_ms()
        try:
            self._core.storage.save(self._name, self.value)
            self.unsaved = False
        except (OSError, MemoryError) as error:
            self.unsaved = True
            self._core.log("%s could not be stored: %s" % (self._name, error))

    def retry_left_ms(self) -> int:
        """How long until a retry is due: each one wears a flash that is full."""
        age_ms = time.ticks_diff(time.ticks_ms(), self._saved_ms)
        return max(0, self._core.times.backoff_cap_ms - age_ms)
