"""The event log's entries from a stored record, and as lines of text. See event_log.py. Pure."""

from micropython import const

from .timestamps import gmtime

_ENTRIES = const(50)
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


def lines_of(entries, short: bool = False) -> list:
    """A line for each entry, the newest last. short: hours and minutes only."""
    lines = []
    for entry in entries:
        times = _time_text(entry[0], short)
        if len(entry) > _PLAIN:
            if entry[0] is not None:
                last = _time_text(entry[0] + entry[_SPAN], short)
                is_same_day = not short and last[:10] == times[:10]
                times += "-" + (last[11:] if is_same_day else last)
            times += " x%d" % entry[_COUNT]
        lines.append("%s %s %s" % (times, entry[2], entry[3] or ""))
    return lines


def _time_text(seconds: int | None, short: bool) -> str:
    if seconds is None:
        return "--:--" if short else "(no clock)         "
    fields = gmtime(seconds)
    return "%02d:%02d" % fields[3:5] if short else "%04d-%02d-%02d %02d:%02d:%02d" % fields[:6]
