"""machine.RTC of the ESP32 port."""

from virtual import rtc

_MEMORY_BYTES = 2048


class RTC:
    """The clock that goes on over resets, and a little memory."""

    def datetime(self, datetime=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds), or set it.

        The weekday is ignored.
        """
        if datetime is None:
            now_us = rtc.now_us()
            year, month, day, hour, minute, second, weekday = rtc.gmtime(now_us // 1000000)[:7]
            return year, month, day, weekday, hour, minute, second, now_us % 1000000
        year, month, day, _, hour, minute, second, us = datetime
        rtc.set_us(rtc.mktime((year, month, day, hour, minute, second, 0, 0)) * 1000000 + us)

    def init(self, datetime):
        """Set it."""
        self.datetime(datetime)

    def memory(self, data=None):
        """The bytes that are kept, or others; at most 2048."""
        if data is None:
            return rtc.memory()
        if len(data) > _MEMORY_BYTES:
            raise ValueError("buffer too long")
        rtc.set_memory(data)
