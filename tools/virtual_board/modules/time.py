"""The built-in `time` with the board's clock.

Its epoch is the year 2000, and it is wrong until it has been set.
"""

from utime import sleep as sleep
from utime import sleep_ms as sleep_ms
from utime import sleep_us as sleep_us
from utime import ticks_add as ticks_add
from utime import ticks_cpu as ticks_cpu
from utime import ticks_diff as ticks_diff
from utime import ticks_ms as ticks_ms
from utime import ticks_us as ticks_us
from virtual.rtc import gmtime as gmtime
from virtual.rtc import gmtime as localtime  # noqa: F401  # the ESP32 port knows no time zones
from virtual.rtc import mktime as mktime
from virtual.rtc import time as time
from virtual.rtc import time_ns as time_ns
