"""The clock. Certificates can be checked only if a plausible time is known.

The sources, in this order: NTP; else the Date of Frame.io's answers (http_date.py), while no time
is good or it is a lower bound; else the later of build time and last good time, as a lower bound;
else the application. A time is good once a join of Frame.io's socket has proven it, because then
the certificate was valid. It is stored at most once a day. A good time moves forward only, so that
no expired certificate becomes valid again. Any other time may be corrected, backwards too: else a
server that says 2090 would lock the device out for 65 years.

NTP is asked only from `ensure_set`, which the agent awaits between network and connect, when there
is no socket to lose. While joined it is not asked: the crystal's 40 ppm are 4 s a day. ntp.py does
that, so it is loaded only for a round. A round of questions begins with a random server, later ones
with the next. How long until the next round, if the agent asks for the time then:

    no server has answered   15 s, doubled to 2 min, at random; less once the network comes up
    a server has answered    5 min, doubled to 4 h
    a join has proven it     a day
"""

import asyncio
import random

import machine
from micropython import const

from .. import timestamps
from ..build import BUILD_S
from ..unload import unload

_SERVERS = const(60)  # a multiple of the counts that are likely: each one is as likely
_RECORD = const("clock")
_HOUR_S = const(3_600)
_DAY_S = const(86_400)
_UNANSWERED_S = const((15, 30, 60, 96))  # up to a quarter more, at random
_UNPROVEN_S = const(300)
_LONGEST_UNPROVEN_S = const(14_400)
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
    source: `reset` (the chip's clock kept running), `ntp`, `http` (Frame.io's answers), `floor`
    (the later of build time and last good time), `application`, or None while it is not known.
    frameio: (Agent, the client_version to send), to ask Frame.io for the time where NTP does not
    answer; None: it is not asked. It may be set later.

    What else is public is for ntp.py and http_date.py.
    """

    def __init__(self, servers, storage, build_s: int = 0, log=None) -> None:
        self.source: str | None = None
        self.frameio: tuple | None = None
        self.http_pause = None  # of http_date.py
        self.servers = [servers] if isinstance(servers, str) else servers
        self._storage = storage
        self._log = log
        self._logged = ""
        self.first = random.randrange(_SERVERS)  # which one a round begins with, modulo their count
        self._failures = 0  # rounds in a row in which no server has answered
        self._unproven_s = _UNPROVEN_S
        self._wait_s = 0  # since the last round
        self._stored_s = self._load()
        self._floor_s = max(build_s, self._stored_s)
        self.is_good = False
        self._asked_s = rtc_s = timestamps.now_s()
        if rtc_s >= self._floor_s and self.accepts(rtc_s):
            self.source = "reset"
            self._wait_s = _UNPROVEN_S

    @staticmethod
    def from_config(values: dict, storage, log) -> "Clock":
        """The clock of an ESP32 board. values: the configuration's (key → value)."""
        return Clock(values["ntp"], storage, BUILD_S, log)

    def now_s(self) -> int | None:
        """Seconds since 1970, or None if the time is not known."""
        return None if self.source is None else timestamps.now_s()

    async def ensure_set(self) -> bool:
        """Ask NTP if that is due; return whether the time is known.

        Each server's turn blocks the loop, for the name's look-up and at most a second more.
        """
        wait_s = _DAY_S if self.is_good else self._wait_s
        if not 0 <= timestamps.now_s() - self._asked_s < wait_s:
            await self._ask()
            if self.source is None and self.accepts(self._floor_s):
                self.set(self._floor_s, "floor")
            self._asked_s = timestamps.now_s()
        return self.source is not None

    def network_changed(self) -> None:
        """The network may have come up: if no server has answered, they are asked at once.

        Not within 15 s of the last time, because the network may flap.
        """
        if self._failures:
            self._wait_s = min(self._wait_s, _UNANSWERED_S[0])

    def set_time(self, seconds: int) -> bool:
        """Take the application's time, in seconds since 1970; return whether it was accepted.

        NTP's time takes precedence, and a time before a good one is refused.
        """
        if self.source == "ntp" or not self.accepts(seconds):
            return False
        self.set(seconds, "application")
        return True

    async def run(self, status) -> None:
        """Store the time whenever the agent's DeviceStatus proves it, for ever."""
        version = 0
        while True:
            if status.joined and self.source is not None:
                self._prove()
            try:
                version = await status.wait(version, _HOUR_S * 1000)
            except MemoryError:
                await asyncio.sleep_ms(_HOUR_S * 1000)

    def _prove(self) -> None:
        proven_s = timestamps.now_s()
        self.is_good = True
        self._unproven_s = _UNPROVEN_S
        self._floor_s = max(self._floor_s, proven_s)
        if proven_s - self._stored_s < _DAY_S:
            return
        try:
            self._storage.save(_RECORD, {"good_s": proven_s})
            self._stored_s = proven_s
        except (OSError, MemoryError) as error:
            self._log_change("clock: the time could not be stored: %s" % error)

    async def _ask(self) -> None:
        """Ask the servers in turn, until one gives a plausible answer; else Frame.io."""
        has_answer = False
        try:
            from . import ntp  # only now: it is never asked while the socket lives

            has_answer, said = await ntp.ask(self)
        except MemoryError:
            said = " memory"
        finally:
            unload("firmware.network.ntp", "firmware.network.http_date", "pilotlight.iso_time")
        self.first += 1
        self._plan(has_answer)
        self._log_change("clock:" + said)
        # So that the watchdog is fed: the connect's name lookup may block as long again.
        await asyncio.sleep_ms(0)

    def _plan(self, has_answer: bool) -> None:
        """When to ask again."""
        if has_answer:
            self._failures = 0
            self._wait_s = self._unproven_s
            self._unproven_s = min(2 * self._unproven_s, _LONGEST_UNPROVEN_S)
            return
        wait_s = _UNANSWERED_S[min(self._failures, len(_UNANSWERED_S) - 1)]
        self._wait_s = wait_s + random.randrange(wait_s // 4 + 1)
        self._failures += 1

    def accepts(self, seconds: int) -> bool:
        """Whether a time is plausible: at most an hour before a good one; our clock may be fast."""
        return (
            max(_EARLIEST_S, self._floor_s - _HOUR_S) <= seconds < _LATEST_S
            and seconds != _NO_TIME_S
        )

    def set(self, seconds: int, source: str) -> None:
        """Set the clock, in seconds since 1970: forward only from a good time."""
        rtc_s = timestamps.now_s()
        seconds = max(seconds, rtc_s if self.is_good else self._floor_s)
        if seconds - rtc_s > _HOUR_S:
            self.is_good = False
        set_chip(seconds)
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


def set_chip(seconds: int) -> None:
    """Set the chip's clock, in seconds since 1970."""
    year, month, day, hour, minute, second, weekday = timestamps.gmtime(seconds)[:7]
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
