"""The clock: what time it is, as far as that can be known. Without a plausible time no certificate can be checked.

In this order: NTP; else the later of build time and last good time, as a time that has passed already; else what the application
says. A time is good once Frame.io's socket was joined by it, for then its certificate was valid: it is kept, one write a day.
What is good moves forward only, so nobody can bring an expired certificate back to life. What is not may still be corrected,
backwards too: a server that says 2090 would else lock the device out for 65 years.

Stock `ntptime` blocks, as long as the name's look-up takes and one second for the answer. So it is called only from `ensure_set`,
which the agent awaits between network and connect, when there is no socket to lose; after each server all others have their turn.
While joined nobody asks: the crystal's 40 ppm make 4 s a day. After a day, or if the time has not proven good after five minutes,
the next reconnect asks again, and begins with another server.
"""

import asyncio
import time

import machine
import ntptime
from micropython import const

_SERVERS = const(("time.cloudflare.com", "time.aws.com", "pool.ntp.org"))
_TIMEOUT_S = const(1)
_RECORD = const("clock")
_HOUR_S = const(3_600)
_DAY_S = const(86_400)
_UNPROVEN_S = const(300)
_EARLIEST_S = const(1_735_689_600)  # 2025: this firmware is younger
_LATEST_S = const(4_102_444_800)  # 2100
_NO_TIME_S = const(
    2_085_978_496
)  # what ntptime makes of zeros, as a server sends that wants to be left alone (RFC 5905, 7.4)
_SINCE_1970_S = (
    946_684_800 if time.gmtime(0)[0] == 2000 else 0
)  # where time.time() begins: 2000 on an ESP32


class Clock:
    """A `clock` for pilotlight.Agent. `run` is its task.

    servers: an NTP server's name or address, a list of them, or None for some public ones. storage: as for Agent.
    build_s: when the firmware was built, in seconds since 1970; 0 if nobody knows.
    log: called with a line of text for the maintainer.
    source: where the time comes from: `reset` (the chip's clock went on over it), `ntp`, `floor` (the later of build time and the
    last good one), `application`, or None while it is not known.
    """

    def __init__(self, servers, storage, build_s: int = 0, log=None) -> None:
        self.source: str | None = None
        self._servers = [servers] if isinstance(servers, str) else list(servers or _SERVERS)
        self._storage = storage
        self._log = log
        self._logged = ""
        self._first = 0  # the server to begin with
        self._kept_s = self._load()
        self._floor_s = max(build_s, self._kept_s)
        self._is_good = False
        self._asked_s = rtc_s = _rtc_s()
        if rtc_s >= self._floor_s and self._accepts(rtc_s):
            self.source = "reset"

    def now_s(self) -> int | None:
        """Seconds since 1970, or None if the time is not known."""
        return None if self.source is None else _rtc_s()

    async def ensure_set(self) -> bool:
        """Ask NTP if that is due; is the time known? Blocks the loop, but never for longer than one server takes."""
        wait_s = _DAY_S if self._is_good else _UNPROVEN_S
        if self.source is None or not 0 <= _rtc_s() - self._asked_s < wait_s:
            await self._ask()
            if self.source is None and self._accepts(self._floor_s):
                self._set(self._floor_s, "floor")
            self._asked_s = _rtc_s()
        return self.source is not None

    def set_time(self, seconds: int) -> bool:
        """The application knows the time: seconds since 1970. True if it was taken; NTP's is better, and nothing before what was
        good once is."""
        if self.source == "ntp" or not self._accepts(seconds):
            return False
        self._set(seconds, "application")
        return True

    async def run(self, status) -> None:
        """Learn from the agent's DeviceStatus when the time is good, and keep it."""
        version = 0
        while True:
            if status.joined and self.source is not None:
                self._prove()
            try:
                version = await asyncio.wait_for_ms(status.wait(version), _HOUR_S * 1000)
            except asyncio.TimeoutError:
                pass
            except MemoryError:
                await asyncio.sleep_ms(_HOUR_S * 1000)

    def _prove(self) -> None:
        now_s = _rtc_s()
        self._is_good = True
        self._floor_s = max(self._floor_s, now_s)
        if now_s - self._kept_s < _DAY_S:
            return
        try:
            self._storage.save(_RECORD, {"good_s": now_s})
            self._kept_s = now_s
        except (OSError, MemoryError) as error:
            self._note("clock: the time could not be stored: %s" % error)

    async def _ask(self) -> None:
        """Ask the servers in turn, until one gives a possible answer."""
        failures = ""
        count = len(self._servers)
        for i in range(count):
            server = self._servers[(self._first + i) % count]
            ntptime.host = server
            ntptime.timeout = _TIMEOUT_S
            try:
                answer_s = ntptime.time() + _SINCE_1970_S
                if self._accepts(answer_s):
                    self._set(answer_s, "ntp")
                    failures += " %s answers" % server
                    break
                failures += " %s is wrong," % server
            except (
                OSError,
                IndexError,
                ValueError,
                MemoryError,
            ) as error:  # IndexError: no address; ValueError: a short answer
                failures += " %s: %s," % (server, error)
            await asyncio.sleep_ms(0)
        self._first = (self._first + 1) % count
        self._note("clock:" + failures)
        await asyncio.sleep_ms(
            0
        )  # so that the watchdog is fed: the connect's look-up may block as long again

    def _accepts(self, seconds: int) -> bool:
        """Is it possible? A little behind what was good is: our own clock may be fast."""
        return (
            max(_EARLIEST_S, self._floor_s - _HOUR_S) <= seconds < _LATEST_S
            and seconds != _NO_TIME_S
        )

    def _set(self, seconds: int, source: str) -> None:
        now_s = _rtc_s()
        seconds = max(seconds, now_s if self._is_good else self._floor_s)
        if seconds - now_s > _HOUR_S:
            self._is_good = False
        year, month, day, hour, minute, second, weekday = time.gmtime(seconds - _SINCE_1970_S)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        self.source = source

    def _load(self) -> int:
        """The last good time that was kept, or 0."""
        try:
            record = self._storage.load(_RECORD)
        except OSError as error:
            self._note("clock: %s" % error)
            return 0
        kept_s = record.get("good_s") if isinstance(record, dict) else 0
        return kept_s if isinstance(kept_s, int) and _EARLIEST_S <= kept_s < _LATEST_S else 0

    def _note(self, line: str) -> None:
        if self._log is not None and line != self._logged:
            self._logged = line
            self._log(line)


def _rtc_s() -> int:
    """Seconds since 1970 as the chip believes; at power-on an ESP32 believes that it is the year 2000."""
    return int(time.time()) + _SINCE_1970_S
