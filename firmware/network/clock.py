"""The clock. Certificates can be checked only if a plausible time is known.

The sources, in this order: NTP; else the later of build time and last good time, as a lower bound;
else the application. A time is good once a join of Frame.io's socket has proven it, because then
the certificate was valid. It is stored at most once a day. A good time moves forward only, so that
no expired certificate becomes valid again. Any other time may be corrected, backwards too: else a
server that says 2090 would lock the device out for 65 years.

Stock `ntptime` blocks during the name lookup, and for up to one second for the answer. So it is
called only from `ensure_set`, which the agent awaits between network and connect, when there is no
socket to lose. After each server all other tasks get a turn. While joined NTP is not asked: the
crystal's 40 ppm are 4 s a day. After a day, or five minutes without a proof, the next reconnect
asks again and begins with another server.
"""

import asyncio

import machine
import ntptime
from micropython import const

from pilotlight.net.deadline import ends_within

from .. import timestamps
from ..build import BUILD_S

_SERVERS = const(("time.cloudflare.com", "time.aws.com", "pool.ntp.org"))
_TIMEOUT_S = const(1)
_RECORD = const("clock")
_HOUR_S = const(3_600)
_DAY_S = const(86_400)
_UNPROVEN_S = const(300)
_EARLIEST_S = const(1_735_689_600)  # 2025: this firmware is younger
_LATEST_S = const(4_102_444_800)  # 2100
# What ntptime makes of an answer of zeros, a server's request to be left alone (RFC 5905, 7.4).
_NO_TIME_S = const(2_085_978_496)


class Clock:
    """A `clock` for pilotlight.Agent. `run` is its task.

    servers: an NTP server's name or address, a list of them, or None for some public ones.
    storage: has load(name) and save(name, record).
    build_s: when the firmware was built, in seconds since 1970; 0 if unknown.
    log(line): writes a line for the maintainer; None: nothing is logged.
    source: `reset` (the chip's clock kept running), `ntp`, `floor` (the later of build time and
    last good time), `application`, or None while the time is not known.
    """

    def __init__(self, servers, storage, build_s: int = 0, log=None) -> None:
        self.source: str | None = None
        self._servers = [servers] if isinstance(servers, str) else list(servers or _SERVERS)
        self._storage = storage
        self._log = log
        self._logged = ""
        self._first = 0  # index of the server to begin with
        self._stored_s = self._load()
        self._floor_s = max(build_s, self._stored_s)
        self._is_good = False
        self._asked_s = rtc_s = timestamps.now_s()
        if rtc_s >= self._floor_s and self._accepts(rtc_s):
            self.source = "reset"

    @staticmethod
    def from_config(values: dict, storage, log) -> "Clock":
        """The clock of an ESP32 board. values: the configuration's (key → value)."""
        return Clock(values["ntp"], storage, BUILD_S, log)

    def now_s(self) -> int | None:
        """Seconds since 1970, or None if the time is not known."""
        return None if self.source is None else timestamps.now_s()

    async def ensure_set(self) -> bool:
        """Ask NTP if that is due; return whether the time is known.

        Each server's turn blocks the loop.
        """
        wait_s = _DAY_S if self._is_good else _UNPROVEN_S
        if self.source is None or not 0 <= timestamps.now_s() - self._asked_s < wait_s:
            await self._ask()
            if self.source is None and self._accepts(self._floor_s):
                self._set(self._floor_s, "floor")
            self._asked_s = timestamps.now_s()
        return self.source is not None

    def set_time(self, seconds: int) -> bool:
        """Take the application's time, in seconds since 1970; return whether it was accepted.

        NTP's time takes precedence, and a time before a good one is refused.
        """
        if self.source == "ntp" or not self._accepts(seconds):
            return False
        self._set(seconds, "application")
        return True

    async def run(self, status) -> None:
        """Store the time whenever the agent's DeviceStatus proves it, for ever."""
        version = 0
        while True:
            if status.joined and self.source is not None:
                self._prove()
            try:
                if await ends_within(status.wait(version), _HOUR_S * 1000):
                    version = status.version
            except MemoryError:
                await asyncio.sleep_ms(_HOUR_S * 1000)

    def _prove(self) -> None:
        proven_s = timestamps.now_s()
        self._is_good = True
        self._floor_s = max(self._floor_s, proven_s)
        if proven_s - self._stored_s < _DAY_S:
            return
        try:
            self._storage.save(_RECORD, {"good_s": proven_s})
            self._stored_s = proven_s
        except (OSError, MemoryError) as error:
            self._log_change("clock: the time could not be stored: %s" % error)

    async def _ask(self) -> None:
        """Ask the servers in turn, until one gives a plausible answer."""
        failures = ""
        count = len(self._servers)
        for i in range(count):
            server = self._servers[(self._first + i) % count]
            ntptime.host = server
            ntptime.timeout = _TIMEOUT_S
            try:
                answer_s = ntptime.time() + timestamps.EPOCH_S
                if self._accepts(answer_s):
                    self._set(answer_s, "ntp")
                    failures += " %s answers" % server
                    break
                failures += " %s is wrong," % server
            # IndexError: no address. ValueError: a short answer.
            except (OSError, IndexError, ValueError, MemoryError) as error:
                failures += " %s: %s," % (server, error)
            await asyncio.sleep_ms(0)
        self._first = (self._first + 1) % count
        self._log_change("clock:" + failures)
        # So that the watchdog is fed: the connect's name lookup may block as long again.
        await asyncio.sleep_ms(0)

    def _accepts(self, seconds: int) -> bool:
        """Whether a time is plausible: at most an hour before a good one; our clock may be fast."""
        return (
            max(_EARLIEST_S, self._floor_s - _HOUR_S) <= seconds < _LATEST_S
            and seconds != _NO_TIME_S
        )

    def _set(self, seconds: int, source: str) -> None:
        rtc_s = timestamps.now_s()
        seconds = max(seconds, rtc_s if self._is_good else self._floor_s)
        if seconds - rtc_s > _HOUR_S:
            self._is_good = False
        year, month, day, hour, minute, second, weekday = timestamps.gmtime(seconds)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        self.source = source

    def _load(self) -> int:
        """The stored good time in seconds since 1970, or 0."""
        try:
            record = self._storage.load(_RECORD)
        except OSError as error:
            self._log_change("clock: %s" % error)
            return 0
        good_s = record.get("good_s") if isinstance(record, dict) else 0
        return good_s if isinstance(good_s, int) and _EARLIEST_S <= good_s < _LATEST_S else 0

    def _log_change(self, line: str) -> None:
        """Log the line unless it was the last one too."""
        if self._log is not None and line != self._logged:
            self._logged = line
            self._log(line)
