"""The event log: the last changes of state with their reasons and times.

It is kept in memory and, a few seconds after a change, in the storage. The screen shows it, and a
computer can read it:

    mpremote exec "from firmware import event_log; event_log.show()" reset
"""

import asyncio

from micropython import const

from pilotlight.net.deadline import ends_within

from .storage import FileStorage
from .timestamps import gmtime

_ENTRIES = const(50)
_RECORD = const("log")
_SAVE_AFTER_MS = const(5_000)  # so that several changes in a row are one save
_SAVE_APART_MS = const(60_000)  # the flash wears out
_IDLE_MS = const(3_600_000)
_LONGEST_WORD = const(24)  # characters


class EventLog:
    """The event log.

    storage: has load(name) and save(name, record). uptime: an Uptime.
    now_s(): returns seconds since 1970, or None if the time is not known.
    log(line): writes a line for the maintainer.

    An entry is [seconds since 1970 or None, seconds of uptime or None if an earlier boot made it,
    state, reason].
    """

    def __init__(self, storage, uptime, now_s, log) -> None:
        self._storage = storage
        self._uptime = uptime
        self._now_s = now_s
        self._log = log
        self._entries: list = self._load()
        self._wake = asyncio.Event()
        self._is_stored = True

    def add(self, state: str, reason: str | None) -> None:
        """Add an entry, unless state and reason are those of this boot's last entry."""
        if (
            self._entries
            and self._entries[-1][1] is not None
            and self._entries[-1][2:] == [state, reason]
        ):
            return
        if len(self._entries) == _ENTRIES:
            self._entries.pop(0)
        self._entries.append([None, self._uptime.ms() // 1000, state, reason])
        self._is_stored = False
        self._wake.set()

    def lines(self, short: bool = False) -> list:
        """A line for each entry, the newest last: time (UTC), state, reason.

        An entry without a known time has a placeholder. short: hours and minutes only.
        """
        self._update_times()
        return lines_of(self._entries, short)

    def save(self) -> None:
        """Store it now, for instance before a restart. A failure is logged."""
        if self._is_stored:
            return
        self._update_times()
        try:
            self._storage.save(
                _RECORD, {"entries": [[entry[0], entry[2], entry[3]] for entry in self._entries]}
            )
            self._is_stored = True
        except (OSError, MemoryError) as error:
            self._log("the log could not be stored: %s" % error)

    async def run(self) -> None:
        """Store new entries, for ever."""
        while True:
            if not await ends_within(self._wake.wait(), _IDLE_MS):
                self._uptime.ms()
                continue
            await asyncio.sleep_ms(_SAVE_AFTER_MS)
            self._wake.clear()
            self.save()
            await asyncio.sleep_ms(_SAVE_APART_MS)

    def _update_times(self) -> None:
        """Compute the times of this boot's entries, as the clock may have been set since."""
        now_s = self._now_s()
        if now_s is None:
            return
        uptime_s = self._uptime.ms() // 1000
        for entry in self._entries:
            if entry[1] is not None:
                entry[0] = now_s - (uptime_s - entry[1])

    def _load(self) -> list:
        try:
            return entries_in(self._storage.load(_RECORD))
        except OSError as error:
            self._log("the log of the last time is lost: %s" % error)
            return []


def entries_in(record) -> list:
    """The entries of a stored record. Invalid ones are left out."""
    entries = []
    rows = record.get("entries") if isinstance(record, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if (
            isinstance(row, list)
            and len(row) == 3
            and isinstance(row[0], (int, type(None)))
            and isinstance(row[1], str)
        ):
            reason = row[2][:_LONGEST_WORD] if isinstance(row[2], str) else None
            entries.append([row[0], None, row[1][:_LONGEST_WORD], reason])
    return entries[-_ENTRIES:]


def lines_of(entries, short: bool = False) -> list:
    """A line for each entry, the newest last. short: hours and minutes only."""
    return [
        "%s %s %s" % (_time_text(seconds, short), state, reason or "")
        for seconds, _, state, reason in entries
    ]


def show(state_dir: str = "state") -> None:
    """Print the event log stored in a folder, the newest line last."""
    for line in lines_of(entries_in(FileStorage(state_dir).load(_RECORD))):
        print(line)


def _time_text(seconds: int | None, short: bool) -> str:
    if seconds is None:
        return "--:--" if short else "(no clock)         "
    fields = gmtime(seconds)
    return "%02d:%02d" % fields[3:5] if short else "%04d-%02d-%02d %02d:%02d:%02d" % fields[:6]
