"""`ntptime` as MicroPython freezes it, and the servers that it asks.

All servers tell the truth until they are ordered otherwise:

orders.register("ntp", …): {"order": "ntp", "action": …, "host": one server, or all if left out}
answer    offset_s: so much is added to the true time
silence   no answer comes
unknown   the name has no address
zeros     the answer is empty, like that of a server that wants to be left alone
"""

import time as _time

import utime
from virtual import clock, events, orders

host = "pool.ntp.org"
timeout = 1

_TRUE_BEGUN_S = 1_800_000_000  # in virtual time
_EPOCH_S = 946_684_800 if _time.gmtime(0)[0] == 2000 else 0
_NO_TIME_S = 2_085_978_496  # unix time of an NTP timestamp of 0, in its second era
_NAME_ERROR = -202
_TIMED_OUT = 116  # newlib's number
_orders: dict = {}  # host or None → (action, offset)


def true_s() -> int:
    """The time, in seconds since 1970."""
    return _TRUE_BEGUN_S + clock.now_us() // 1_000_000 if clock.is_virtual() else int(utime.time())


def time() -> int:
    """Ask `host`: seconds since the epoch of `time.time()`.

    Blocks up to `timeout` seconds. Raises OSError.
    """
    action, offset_s = _orders.get(host) or _orders.get(None) or ("answer", 0)
    events.emit("ntp", host=host, action=action)
    if action == "unknown":
        raise OSError(_NAME_ERROR)
    if action == "silence":
        _time.sleep_ms(timeout * 1000)
        raise OSError(_TIMED_OUT)
    return (_NO_TIME_S if action == "zeros" else true_s() + offset_s) - _EPOCH_S


def settime() -> None:
    """Ask, and set the chip's clock."""
    import machine

    year, month, day, hour, minute, second, weekday = _time.gmtime(time())[:7]
    machine.RTC().datetime((year, month, day, weekday + 1, hour, minute, second, 0))


def order(action: str, host: str | None = None, offset_s: int = 0) -> None:
    """Have a server, or all, behave otherwise; see above."""
    if action not in ("answer", "silence", "unknown", "zeros"):
        raise ValueError("unknown NTP action %s" % action)
    if host is None:
        _orders.clear()
    _orders[host] = action, offset_s


orders.register("ntp", order)
