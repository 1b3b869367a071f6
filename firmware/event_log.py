"""The event log: the last changes of state with their reasons and times.

What comes again and again is one line: `14:32-15:10 x38 no_backend timeout`.

It is kept in memory and, a few seconds after a change, in the storage: if changes come often, up
to 15 min later. The screen shows it, and a
computer can read it:

    mpremote exec "from firmware import event_log; event_log.show()" reset
"""

import asyncio

from micropython import const

from pilotlight.net.deadline import TimedEvent

from .storage import FileStorage
from .unload import unload

_ENTRIES = const(50)
_RECORD = const("log")
_SAVE_AFTER_MS = const(5_000)  # so that several changes in a row are one save
_SAVE_APART_MS = const(60_000)  # at first; doubled after each, because flash wears out …
_LONGEST_APART_MS = const(900_000)  # … up to this
_FOLDED_AMONG = const(6)  # so many of the last entries …
_FOLDED_WITHIN_S = const(600)  # … which began not longer ago
_PLAIN = const(4)  # fields of an entry; of one that was folded:
_SPAN = const(4)
_COUNT = const(5)


class EventLog:
    """The event log.

    storage: has load(name) and save(name, record). uptime: an Uptime.
    now_s(): returns seconds since 1970, or None if the time is not known.
    log(line): writes a line for the maintainer.

    An entry is [seconds since 1970 or None, seconds of uptime or None if an earlier boot made it,
    state, reason]; or a part of the device in place of the state, and what it does. Where several
    were folded into one, there follow: seconds from the first to the last, how many.
    """

    def __init__(self, storage, uptime, now_s, log) -> None:
        self._storage = storage
        self._uptime = uptime
        self._now_s = now_s
        self._log = log
        self._entries: list = self._load()
        self._wake = TimedEvent()
        self._is_stored = True
        self._state: tuple | None = None  # of this boot's last entry with a state

    def add(self, state: str, reason: str | None) -> None:
        """Add an entry, unless state and reason are those of this boot's last one.

        If they were a short while ago, that entry is counted up and becomes the last one.
        """
        if (state, reason) != self._state:
            self._state = state, reason
            self.note(state, reason)

    def note(self, part: str, what: str | None) -> None:
        """Add an entry for a part of the device that is no state, such as its screen."""
        entries = self._entries
        uptime_s = self._uptime.ms() // 1000
        self._is_stored = False
        if self._fold(part, what, uptime_s):
            return
        if len(entries) == _ENTRIES:
            entries.pop(0)
        entries.append([None, uptime_s, part, what])
        self._wake.set()

    def lines(self) -> list:
        """A line for each entry, the newest last: time (UTC), state, reason.

        An entry without a known time has a placeholder.
        """
        self._update_times()
        return _entries_module("lines_of", self._entries)

    def in_words(self) -> list:
        """The last entries for a person, the newest last: how long ago, and what it was."""
        return _entries_module("words_of", self._entries, self._now_s(), self._uptime.ms() // 1000)

    def save(self) -> None:
        """Store it now, for instance before a restart. A failure is logged."""
        if self._is_stored:
            return
        self._update_times()
        try:
            self._storage.save(
                _RECORD, {"entries": [entry[:1] + entry[2:] for entry in self._entries]}
            )
            self._is_stored = True
        except (OSError, MemoryError) as error:
            self._log("the log could not be stored: %s" % error)

    async def run(self) -> None:
        """Store new entries, for ever."""
        apart_ms = _SAVE_APART_MS
        while True:
            is_new = await self._wake.wait(_LONGEST_APART_MS)
            if is_new:
                await asyncio.sleep_ms(_SAVE_AFTER_MS)
                self._wake.clear()
            self.save()
            self._uptime.ms()
            if is_new:
                await asyncio.sleep_ms(apart_ms)
                apart_ms = min(2 * apart_ms, _LONGEST_APART_MS)
            else:
                apart_ms = _SAVE_APART_MS

    def _fold(self, state: str, reason: str | None, uptime_s: int) -> bool:
        """Count an entry up that says the same, if there is one."""
        entries = self._entries
        for at in range(len(entries) - 2, max(-1, len(entries) - 2 - _FOLDED_AMONG), -1):
            entry = entries[at]
            if entry[1] is None:
                break
            if entry[2:4] != [state, reason]:
                continue
            if len(entry) == _PLAIN:
                entry += [0, 1]
            if uptime_s - entry[1] - entry[_SPAN] > _FOLDED_WITHIN_S:
                break
            entry[_SPAN] = uptime_s - entry[1]
            entry[_COUNT] += 1
            entries.append(entries.pop(at))
            return True
        return False

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
            record = self._storage.load(_RECORD)
            return [] if record is None else _entries_module("entries_in", record)
        except OSError as error:
            self._log("the log of the last time is lost: %s" % error)
            return []


def show(state_dir: str = "state") -> None:
    """Print the event log stored in a folder, the newest line last."""
    entries = _entries_module("entries_in", FileStorage(state_dir).load(_RECORD))
    for line in _entries_module("lines_of", entries):
        print(line)


def _entries_module(function: str, *arguments) -> list:
    """Call a function of log_entries.py, which is needed for a moment only."""
    from . import log_entries

    try:
        return getattr(log_entries, function)(*arguments)
    finally:
        unload("firmware.log_entries")
