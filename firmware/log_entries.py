"""The event log's entries from a stored record, and as lines of text. See event_log.py. Pure."""

from micropython import const

from .timestamps import gmtime
from .unload import unload

_ENTRIES = const(50)
_IN_WORDS = const(12)
_LONGEST_WORD = const(24)  # characters
_PLAIN = const(4)  # fields of an entry; of one that was folded:
_SPAN = const(4)
_COUNT = const(5)
# Larger numbers are nonsense, and gmtime fails at them: on an ESP32 it counts 2^31 s from 2000 on.
_LARGEST = const(3_000_000_000)


def entries_in(record) -> list:
    """The entries of a stored record. Invalid ones are left out."""
    entries = []
    rows = record.get("entries") if isinstance(record, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, list) or len(row) not in (3, 5):
            continue
        seconds, state, reason = row[:3]
        numbers = [0 if seconds is None else seconds] + row[3:]
        if not _is_word(state) or not all([_is_number(number) for number in numbers]):
            continue
        if sum(numbers[:2]) <= _LARGEST:  # when the last of several was
            entry = [seconds, None, state[:_LONGEST_WORD]]
            entry.append(reason[:_LONGEST_WORD] if _is_word(reason) else None)
            entries.append(entry + row[3:])
    return entries[-_ENTRIES:]


def _is_number(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_word(value) -> bool:
    """Visible ASCII: the file may be damaged, and a terminal shows it."""
    return isinstance(value, str) and all([0x20 < byte < 0x7F for byte in value.encode()])


def lines_of(entries) -> list:
    """A line for each entry, the newest last."""
    lines = []
    for entry in entries:
        times = _time_text(entry[0])
        if len(entry) > _PLAIN:
            if entry[0] is not None:
                last = _time_text(entry[0] + entry[_SPAN])
                times += "-" + (last[11:] if last[:10] == times[:10] else last)
            times += " x%d" % entry[_COUNT]
        lines.append("%s %s %s" % (times, entry[2], entry[3] or ""))
    return lines


def _time_text(seconds: int | None) -> str:
    if seconds is None:
        return "(no clock)         "
    return "%04d-%02d-%02d %02d:%02d:%02d" % gmtime(seconds)[:6]


def words_of(entries, now_s: int | None, uptime_s: int) -> list:
    """A line for each of the last entries, the newest last: `3 min ago: Wi-Fi lost`.

    now_s: seconds since 1970, or None. uptime_s: seconds since the firmware started.
    """
    from .strings import PAGES, REASONS

    lines = []
    for entry in entries[-_IN_WORDS:]:
        begun_s, up_s, state, reason = entry[:_PLAIN]
        age_s = -1
        if up_s is not None:
            age_s = uptime_s - up_s
        elif begun_s is not None and now_s is not None:
            age_s = now_s - begun_s
        times = ""
        if len(entry) > _PLAIN:
            age_s -= entry[_SPAN]
            if entry[_COUNT] > 1:
                times = "%d x " % entry[_COUNT]
        texts = REASONS.get(reason or "") or PAGES.get(state)
        what = texts[0] if texts else ("%s %s" % (state, reason)).replace("_", " ")
        if reason and state in ("online", "paused"):
            what = "%s: %s" % (PAGES[state][0], what)
        lines.append("%s: %s%s" % (_ago(age_s), times, what))
    unload("firmware.strings")
    return lines


def _ago(age_s: int) -> str:
    """Below 0: it is not known."""
    minutes = age_s // 60
    if minutes < 1:
        return "Earlier" if minutes else "Just now"
    if minutes < 120:
        return "%d min ago" % minutes
    return "%d h ago" % (minutes // 60) if minutes < 2_880 else "%d days ago" % (minutes // 1_440)
