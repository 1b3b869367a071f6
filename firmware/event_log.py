"""The log: the last changes of state with their reasons and times. "Why was it offline at 14:32?"

Kept in memory and, a few seconds after a change, in the storage. It can be read on the screen and from a computer:

    mpremote exec "from firmware import event_log; log.show()" reset
"""

import asyncio
import time

from micropython import const

from .storage import FileStorage

_ENTRIES = const(50)
_RECORD = const("log")
_SAVE_AFTER_MS = const(5_000)  # so that a few changes in a row are one save
_SAVE_APART_MS = const(60_000)  # the flash wears out
_IDLE_MS = const(3_600_000)
_LONGEST_WORD = const(24)
_FROM_1970_TO_2000_S = const(946_684_800)


class EventLog:
    """The log. storage: load(name), save(name, record). uptime: an Uptime. now_s(): seconds since 1970, or None, as a clock's.
    note: a line for the maintainer.

    An entry is [seconds since 1970 or None, seconds of uptime or None if it is an earlier boot's, state, reason].
    """

    def __init__(self, storage, uptime, now_s, note) -> None:
        self._storage = storage
        self._uptime = uptime
        self._now_s = now_s
        self._note = note
        self._entries: list = self._load()
        self._wake = asyncio.Event()
        self._stored = True

    def add(self, state: str, reason: str | None) -> None:
        """A change of state or reason; the same as before is none."""
        if (
            self._entries
            and self._entries[-1][1] is not None
            and self._entries[-1][2:] == [state, reason]
        ):
            return
        if len(self._entries) == _ENTRIES:
            self._entries.pop(0)
        self._entries.append([None, self._uptime.ms() // 1000, state, reason])
        self._stored = False
        self._wake.set()

    def lines(self, short: bool = False) -> list:
        """A line an entry, the newest last: time (UTC), state, reason. Without a clock the time is left open.

        short: hours and minutes only.
        """
        self._date()
        return lines_of(self._entries, short)

    def save(self) -> None:
        """Store it now, for instance before a restart. What fails is noted."""
        if self._stored:
            return
        self._date()
        try:
            self._storage.save(
                _RECORD, {"entries": [[entry[0], entry[2], entry[3]] for entry in self._entries]}
            )
            self._stored = True
        except (OSError, MemoryError) as error:
            self._note("the log could not be stored: %s" % error)

    async def run(self) -> None:
        """Store what is new, for ever."""
        while True:
            try:
                await asyncio.wait_for_ms(self._wake.wait(), _IDLE_MS)
            except asyncio.TimeoutError:
                self._uptime.ms()
                continue
            await asyncio.sleep_ms(_SAVE_AFTER_MS)
            self._wake.clear()
            self.save()
            await asyncio.sleep_ms(_SAVE_APART_MS)

    def _date(self) -> None:
        """Give the entries of this boot their times: those made before the clock was known, and before it was put right."""
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
            self._note("the log of the last time is lost: %s" % error)
            return []


def entries_in(record) -> list:
    """The entries of a stored record; what is none is left out."""
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
    """A line an entry, the newest last."""
    return [
        "%s %s %s" % (_stamp(seconds, short), state, reason or "")
        for seconds, _, state, reason in entries
    ]


def show(state_dir: str = "state") -> None:
    """Print the log that is stored in a state folder, the newest line last."""
    for line in lines_of(entries_in(FileStorage(state_dir).load(_RECORD))):
        print(line)


def _stamp(seconds: int | None, short: bool) -> str:
    if seconds is None:
        return "--:--" if short else "(no clock)         "
    # A board counts its years from 2000, unix from 1970; gmtime(0) tells.
    time_of = time.gmtime(seconds if time.gmtime(0)[0] == 1970 else seconds - _FROM_1970_TO_2000_S)
    return "%02d:%02d" % time_of[3:5] if short else "%04d-%02d-%02d %02d:%02d:%02d" % time_of[:6]
