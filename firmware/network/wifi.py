"""Wi-Fi: stays connected to the best known network; if it is not connected, the reason is known.

wifi_attempt.py connects. It is half of the code, so it is loaded only while there is no connection.

Nothing signals that a connection comes or goes on stock ESP32 firmware (ports/esp32/network_wlan.c,
1.24 on), so `isconnected()` is polled: every 4 s while connected, once a second while not. If the
DHCP lease ends, it stays True. Only `ipconfig("addr4")` shows that, and it allocates 80 bytes.
"""

import asyncio
import random
import time

import network
from micropython import const

from pilotlight.net.backoff import Backoff

from ..timestamps import beat_ms
from ..unload import unload

_RESTART_POLL_MS = const(100)
_POLL_MS = const(1_000)
_NO_ADDRESS_MS = const(20_000)  # connected without an address: it is given up
_STABLE_MS = const(10_000)  # after a connection of this length, the same network is tried first
_RESTART_MS = const(30_000)
_MOST_FAILED = const(24)
_NO_ADDRESS = const("0.0.0.0")
DRIVER_ERRORS = (OSError, RuntimeError, MemoryError)  # RuntimeError: "Wifi Unknown Error 0x…"


class Wifi:
    """A `network` for pilotlight.Agent. `run` is its task.

    networks: one {"ssid": …, "password": …, "hidden": …} or a list of them, best first; each may
    have a fixed address: `address`, `gateway` and `dns` (docs/config.md).
    country: two letters (ISO 3166-1), or None. hostname: for DHCP; None: the driver's own.
    on_change(): called when the network came up or went down, and when `reason` changed; None: not
    called. It may be set later.
    log(line): writes a line for the maintainer, never with a password; None: nothing is logged.
    wedged: every call of the driver fails.
    reason: why the network is not up, a key of strings.REASONS; None while it is up or nothing is
    known.

    ranked: how many of the first networks come in their order, before strength counts; `storage`
    keeps that order (stored_networks.py).

    What else is public is for wifi_attempt.py.
    """

    ranked = 0

    backoff_base_ms = 1_000
    backoff_cap_ms = 15_000

    def __init__(
        self,
        networks=(),
        country: str | None = None,
        hostname: str | None = None,
        on_change=None,
        log=None,
    ) -> None:
        self.reason: str | None = None
        self.wedged = False
        self.on_change = on_change
        self.networks = checked_networks(networks) if networks else []
        self.country = country
        self.hostname = hostname
        self._log = log
        self._logged = ""
        self.wlan = network.WLAN(network.STA_IF)
        self._up = False
        self.target: dict | None = None  # the network that is connected or was tried last
        self.bssid: bytes | None = None  # of its access point, if known
        self.failed: list = []  # BSSIDs of access points, the latest failure last
        self.has_choice = True  # of access points, as far as is known; if not, no scan is needed
        self.must_restart_driver = True
        self.has_static = False  # the driver has a fixed address in place of DHCP's
        self.is_cancelled = False  # set_wifi or restart was called: end what is under way
        self.restarting = False
        self._sleeping: asyncio.Task | None = None  # while connected; `_cancel` wakes it
        self.failed_rounds = 0

    @staticmethod
    def from_config(values: dict, log) -> "Wifi":
        """The Wi-Fi of an ESP32 board. values: the configuration's (key → value)."""
        wifi = Wifi((), values["country"], values["hostname"], log=log)
        wifi.networks = values["wifi"] or []  # checked already
        return wifi

    def is_up(self) -> bool:
        """Whether there is a link and an address, as far as the driver knows."""
        return self._up

    def set_wifi(self, networks) -> None:
        """Replace the known networks.

        networks: one {"ssid": …, "password": …, "hidden": …} or a list of them.
        Of equally strong ones the first in the list is preferred. They are not stored. A connection
        to one that is still in the list stays. Raises ValueError, which says what is allowed; then
        nothing has changed.
        """
        self.networks = checked_networks(networks)
        self.ranked = 0
        self.failed.clear()
        self.has_choice = True
        if not self._up or self.target not in self.networks:
            self._cancel()

    async def restart(self) -> None:
        """Switch the driver off and on, for a link that is up and carries nothing.

        Returns when it is on again, or after 30 s.
        """
        self.restarting = True
        self._cancel()
        begun_ms = time.ticks_ms()
        while self.restarting and time.ticks_diff(time.ticks_ms(), begun_ms) < _RESTART_MS:
            await asyncio.sleep_ms(_RESTART_POLL_MS)

    async def run(self) -> None:
        """Keep connected for ever."""
        while True:
            try:
                await self._keep_connected()
            except MemoryError:  # for a line of log, for example
                await asyncio.sleep_ms(_POLL_MS)

    async def _keep_connected(self) -> None:
        backoff = Backoff(self, random.randrange)
        lost = None  # (network, BSSID) that was lost just now, and is tried again first
        while True:
            self.is_cancelled = False
            reason = await self._try_all(lost)
            lost = None
            if reason is None and not self.is_cancelled:
                self.report(True, None)
                reason, settled = await self._stay_connected()
                if settled:
                    backoff.reset()
                    self.failed.clear()
                if settled and reason == "wifi_lost" and not self.is_cancelled:
                    lost = (self.target, self.bssid)
                elif self.restarting or not self.is_cancelled:
                    self.has_failed()  # a restart: the link has carried nothing for long
            if self.is_cancelled:
                self.report(False, self.reason)  # the new reason is not known yet
                backoff.reset()
            else:
                self.report(False, reason)
                if lost is None:
                    await self._pause(backoff.next_ms())

    async def _try_all(self, lost) -> str | None:
        """As wifi_attempt.try_all."""
        reason: str | None = None
        try:
            from . import wifi_attempt

            reason = await wifi_attempt.try_all(self, lost)
        finally:
            if reason is None:  # connected; or there was no memory to load all of it
                unload("firmware.network.wifi_attempt")
        return reason

    async def _stay_connected(self):
        """(reason, whether the connection was settled), once it is lost or must end."""
        self.failed_rounds = 0
        begun_ms = time.ticks_ms()
        missing_ms = None  # when the address was missed first
        settled = False
        while self.is_connected_to_known() and not self.is_cancelled:
            self._sleeping = asyncio.current_task()
            try:
                await asyncio.sleep_ms(beat_ms() if missing_ms is None else _POLL_MS)
            except asyncio.CancelledError:
                if not self.is_cancelled:
                    raise
            finally:
                self._sleeping = None
            now_ms = time.ticks_ms()
            settled = settled or time.ticks_diff(now_ms, begun_ms) >= _STABLE_MS
            if self.has_address():
                missing_ms = None
            elif missing_ms is None:
                missing_ms = now_ms
            elif time.ticks_diff(now_ms, missing_ms) >= _NO_ADDRESS_MS:
                self.log_change("wifi: no address")
                return "no_address", settled
        self.log_change("wifi: given up" if self.is_cancelled else "wifi: lost")
        return "wifi_lost", settled

    async def _pause(self, wait_ms: int) -> None:
        """Wait, until cancelled or connected after all. Without known networks: until cancelled."""
        begun_ms = time.ticks_ms()
        while not self.is_cancelled:
            left_ms = (
                wait_ms - time.ticks_diff(time.ticks_ms(), begun_ms) if self.networks else _POLL_MS
            )
            if left_ms <= 0:
                return
            await asyncio.sleep_ms(min(left_ms, _POLL_MS))
            if self.is_connected_to_known() and self.has_address():
                return

    def _cancel(self) -> None:
        self.is_cancelled = True
        if self._sleeping is not None:
            self._sleeping.cancel()

    def is_connected_to_known(self) -> bool:
        """Whether it is connected, and to a network that is still known."""
        try:
            return self.wlan.isconnected() and self.target in self.networks
        except DRIVER_ERRORS as error:
            self.driver_failed(error)
            return False

    def has_address(self) -> bool:
        """Whether a connected interface has an IPv4 address. True if that can't be known."""
        try:
            return self.wlan.ipconfig("addr4")[0] != _NO_ADDRESS
        except DRIVER_ERRORS:
            return True  # no memory; what is wrong with the driver shows at isconnected()

    def has_failed(self) -> None:
        """Other access points come before this one until a connection has lasted."""
        bssid = self.bssid
        if bssid is None:
            return
        if bssid in self.failed:
            self.failed.remove(bssid)
        self.failed.append(bssid)
        del self.failed[:-_MOST_FAILED]

    def driver_failed(self, error) -> str:
        """Log the error, and let the next attempt switch the driver off and on. The reason."""
        self.must_restart_driver = self.wedged = True
        self.log_change("wifi: the driver failed: %s" % error)
        return "wifi_failed"

    def report(self, up: bool, reason: str | None) -> None:
        """Tell whether the network is up, and why not."""
        if reason == "no_address":
            from .. import memory

            if memory.driver_is_starved():
                reason = "memory"
            unload("firmware.memory")
        if up == self._up and reason == self.reason:
            return
        self._up = up
        self.reason = reason
        self.wedged = self.wedged and not up
        if self.on_change is not None:
            self.on_change()

    def log_change(self, line: str) -> None:
        """Log the line unless it was the last one too: some troubles last for days."""
        if self._log is not None and line != self._logged:
            self._logged = line
            self._log(line)


def checked_networks(networks) -> list:
    """The networks with all their keys. Raises ValueError, which says what is wrong."""
    from .known_networks import checked  # large, and needed rarely

    try:
        return checked(networks)
    finally:
        unload("firmware.network.known_networks", "firmware.network.static_address")
