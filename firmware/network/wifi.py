"""Wi-Fi: stays connected to the best known network; if it is not connected, the reason is known.

Stock ESP32 firmware (ports/esp32/network_wlan.c, 1.24 on) behaves like this:

- Nothing signals that a connection comes or goes, so `isconnected()` is polled: once a second, and
  ten times a second while connecting.
- `status()` goes on returning the last failure during a new attempt, until there is an address.
  After `disconnect()` it returns STAT_IDLE for as long. So a failure counts only if it is a new
  one, or if it stays and there is no association.
- The driver's own reconnect knows one network and never reports a failure, so it is switched off.
- `connect()` while connecting raises OSError, and `isconnected()` stays True for a moment after
  `disconnect()`. Hence the pause then.
- `scan()` blocks the loop for about 2 s. So it is called only if there is a choice, and never while
  connected. While connecting it finds nothing, without an error.
- A driver that raises, or fails again and again, is switched off and on.
"""

import asyncio
import random
import time

import network
from micropython import const

from pilotlight.net.backoff import Backoff

from .known_networks import checked

_CONNECTING_POLL_MS = const(100)
_POLL_MS = const(1_000)
_ATTEMPT_MS = const(20_000)  # from connect() to an address
# The driver itself gives up sooner, so a failure that stays for this long is not the previous one.
_OLD_STATUS_MS = const(8_000)
_STABLE_MS = const(10_000)  # after a connection of this length, the same network is tried first
_RESTART_MS = const(30_000)
_ROUNDS = const(4)  # failed in a row: switch the driver off and on
_WEAKEST_DBM = const(-1000)

# network.STAT_… and the ESP-IDF reasons behind them (wifi_err_reason_t). All others: `wifi_failed`.
_UNDER_WAY = const((1000, 1001, 1010))  # STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP
_FAILURES = {
    15: "wifi_password",  # 4WAY_HANDSHAKE_TIMEOUT: what most access points make of a wrong password
    201: "wifi_not_found",  # STAT_NO_AP_FOUND
    202: "wifi_password",  # STAT_WRONG_PASSWORD
    204: "wifi_password",  # STAT_HANDSHAKE_TIMEOUT
    210: "wifi_security",  # STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY
    211: "wifi_security",  # STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD
    212: "wifi_not_found",  # STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD
}
# The reasons in the order of progress. Of several failures in one round the last of these is
# reported.
_BY_PROGRESS = const(
    ("wifi_not_found", "wifi_security", "wifi_failed", "wifi_password", "no_address")
)
_CONNECTED = const("connected")
_DRIVER_ERRORS = (OSError, RuntimeError, MemoryError)  # RuntimeError: "Wifi Unknown Error 0x…"


class Wifi:
    """A `network` for pilotlight.Agent. `run` is its task.

    networks: one {"ssid": …, "password": …, "hidden": …} or a list of them, best first.
    country: two letters (ISO 3166-1), or None. hostname: for DHCP; None: the driver's own.
    on_change(): called when the network came up or went down, and when `reason` changed; None: not
    called. It may be set later.
    log(line): writes a line for the maintainer, never with a password; None: nothing is logged.
    wedged: every call of the driver fails.
    reason: why the network is not up, a key of strings.REASONS; None while it is up or nothing is
    known.
    """

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
        self._networks = checked(networks)
        self._country = country
        self._hostname = hostname
        self._log = log
        self._logged = ""
        self._wlan = network.WLAN(network.STA_IF)
        self._up = False
        self._target: dict | None = None  # the network that is connected or was tried last
        self._must_restart_driver = True
        self._is_cancelled = False  # set_wifi or restart was called: end what is under way
        self._restarting = False
        self._failed_rounds = 0

    @staticmethod
    def from_config(values: dict, log) -> "Wifi":
        """The Wi-Fi of an ESP32 board. values: the configuration's (key → value)."""
        return Wifi(values["wifi"] or (), values["country"], values["hostname"], log=log)

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
        self._networks = checked(networks)
        if not self._up or self._target not in self._networks:
            self._is_cancelled = True

    async def restart(self) -> None:
        """Switch the driver off and on, for a link that is up and carries nothing.

        Returns when it is on again, or after 30 s.
        """
        self._restarting = self._is_cancelled = True
        begun_ms = time.ticks_ms()
        while self._restarting and time.ticks_diff(time.ticks_ms(), begun_ms) < _RESTART_MS:
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)

    async def run(self) -> None:
        """Keep connected for ever."""
        while True:
            try:
                await self._keep_connected()
            except MemoryError:  # for a line of log, for example
                await asyncio.sleep_ms(_POLL_MS)

    async def _keep_connected(self) -> None:
        backoff = Backoff(self, random.randrange)
        lost = None  # the network that was lost just now
        while True:
            self._is_cancelled = False
            reason = await self._try_all(lost)
            lost = None
            if reason == _CONNECTED and not self._is_cancelled:
                self._report(True, None)
                if await self._stay_connected():
                    backoff.reset()
                    lost = self._target
                reason = "wifi_lost"
            if self._is_cancelled:
                self._report(False, self.reason)  # the new reason is not known yet
                backoff.reset()
            else:
                self._report(False, reason)
                if lost is None:
                    await self._pause(backoff.next_ms())

    async def _try_all(self, lost) -> str:
        """Try lost, or all known networks if it is None, once: _CONNECTED or the reason."""
        if not self._restarting and self._is_connected_to_known():
            return _CONNECTED  # a slow attempt succeeded after all
        try:
            if self._must_restart_driver or self._restarting:
                self._switch_off_and_on()
            if not self._networks:
                await self._disconnect()
                return "no_wifi_settings"
        except _DRIVER_ERRORS as error:
            return self._driver_failed(error)
        worst = "wifi_not_found"
        for target in [lost] if lost in self._networks else await self._candidates():
            if self._is_cancelled:
                break
            outcome = await self._try(target)
            if outcome == _CONNECTED:
                return _CONNECTED
            if _BY_PROGRESS.index(outcome) > _BY_PROGRESS.index(worst):
                worst = outcome
        self._failed_rounds += 1
        if self._failed_rounds % _ROUNDS == 0:
            self._must_restart_driver = True
        return worst

    async def _candidates(self) -> list:
        """The networks to try: those that a scan finds, the strongest first; then hidden ones.

        All of them if the scan finds none, because a scan may fail without an error.
        """
        if len(self._networks) == 1:
            return self._networks
        strengths: dict = {}
        try:
            await self._disconnect()
            for row in self._wlan.scan():
                strengths[row[0]] = max(row[3], strengths.get(row[0], _WEAKEST_DBM))
        except _DRIVER_ERRORS as error:
            self._driver_failed(error)
        seen = [one for one in self._networks if one["ssid"].encode() in strengths]
        seen.sort(key=lambda one: -strengths[one["ssid"].encode()])
        if not seen:
            return self._networks
        return seen + [one for one in self._networks if one["hidden"] and one not in seen]

    async def _try(self, target: dict) -> str:
        """Connect to this network: _CONNECTED or the reason of the failure."""
        self._target = target
        try:
            await self._disconnect()
            before = self._wlan.status()
            self._wlan.connect(target["ssid"], target["password"])
            outcome, status = await self._outcome(before)
        except _DRIVER_ERRORS as error:
            return self._driver_failed(error)
        self.wedged = False
        if not self._is_cancelled:
            self._log_change("wifi: %s: %s (status %d)" % (target["ssid"], outcome, status))
        return outcome

    async def _outcome(self, before: int):
        """(_CONNECTED or the reason, status) of the attempt. before: the status at its start."""
        begun_ms = time.ticks_ms()
        while True:
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)
            status = self._wlan.status()
            if self._wlan.isconnected():
                return _CONNECTED, status
            if status != before:
                before = 0  # every status from now on is new
            waited_ms = time.ticks_diff(time.ticks_ms(), begun_ms)
            if waited_ms >= _ATTEMPT_MS and self._is_associated():
                return "no_address", status
            failed = status not in _UNDER_WAY and (
                status != before or (waited_ms >= _OLD_STATUS_MS and not self._is_associated())
            )
            if failed or self._is_cancelled or waited_ms >= _ATTEMPT_MS:
                return _FAILURES.get(status, "wifi_failed"), status

    async def _stay_connected(self) -> bool:
        """Wait until the connection is lost or must end; True if it was stable."""
        self._failed_rounds = 0
        begun_ms = time.ticks_ms()
        stable = False
        while self._is_connected_to_known() and not self._is_cancelled:
            await asyncio.sleep_ms(_POLL_MS)
            stable = stable or time.ticks_diff(time.ticks_ms(), begun_ms) >= _STABLE_MS
        self._log_change("wifi: given up" if self._is_cancelled else "wifi: lost")
        return stable

    async def _pause(self, wait_ms: int) -> None:
        """Wait, until cancelled or connected after all. Without known networks: until cancelled."""
        begun_ms = time.ticks_ms()
        while not self._is_cancelled:
            left_ms = (
                wait_ms - time.ticks_diff(time.ticks_ms(), begun_ms) if self._networks else _POLL_MS
            )
            if left_ms <= 0:
                return
            await asyncio.sleep_ms(min(left_ms, _POLL_MS))
            if self._is_connected_to_known():
                return

    def _switch_off_and_on(self) -> None:
        if self._country:
            network.country(self._country)
        if self._hostname:
            network.hostname(self._hostname)
        wlan = self._wlan
        wlan.active(False)
        wlan.active(True)
        wlan.config(pm=wlan.PM_NONE)  # power saving delays received packets by up to a second
        wlan.config(reconnects=0)
        self._must_restart_driver = self._restarting = False

    async def _disconnect(self) -> None:
        """Make the driver ready for a connect or a scan. Raises OSError if that fails."""
        wlan = self._wlan
        try:
            wlan.disconnect()
        except _DRIVER_ERRORS:
            pass  # it was not connected; any other trouble makes the next call fail too
        for _ in range(_POLL_MS // _CONNECTING_POLL_MS):
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)
            if not wlan.isconnected():
                return
        raise OSError("the driver does not disconnect")

    def _is_connected_to_known(self) -> bool:
        """Whether it is connected, and to a network that is still known."""
        try:
            return self._wlan.isconnected() and self._target in self._networks
        except _DRIVER_ERRORS as error:
            self._driver_failed(error)
            return False

    def _is_associated(self) -> bool:
        try:
            self._wlan.status("rssi")
            return True
        except _DRIVER_ERRORS:
            return False

    def _driver_failed(self, error) -> str:
        self._must_restart_driver = self.wedged = True
        self._log_change("wifi: the driver failed: %s" % error)
        return "wifi_failed"

    def _report(self, up: bool, reason: str | None) -> None:
        if up == self._up and reason == self.reason:
            return
        self._up = up
        self.reason = reason
        self.wedged = self.wedged and not up
        if self.on_change is not None:
            self.on_change()

    def _log_change(self, line: str) -> None:
        """Log the line unless it was the last one too: some troubles last for days."""
        if self._log is not None and line != self._logged:
            self._logged = line
            self._log(line)
