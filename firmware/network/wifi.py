"""Wi-Fi: connected to the best of the known networks, for ever; and if it is not, the reason is known.

What stock ESP32 firmware does (ports/esp32/network_wlan.c, 1.24 on) shapes this file:

- Nothing tells when a connection comes or goes: `isconnected()` has to be asked. It is once a second, and ten times a second
  while connecting.
- `status()` goes on telling the last failure while a new attempt is under way, until there is an address; after `disconnect()`
  it tells STAT_IDLE for as long. So a failure counts only if it is a new one, or if it stays and there is no association.
- The driver's own reconnecting knows one network, and never says that it has failed: it is switched off.
- `connect()` while connecting raises OSError, and `isconnected()` stays True for a moment after `disconnect()`: a pause then.
- `scan()` blocks the whole loop for about 2 s, so there is one only if there is a choice, and never while connected. While
  connecting it finds nothing, without an error.
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
_DOUBT_MS = const(
    8_000
)  # the driver itself gives up sooner: a failure told after that is no longer the one before
_SETTLED_MS = const(10_000)  # connected for so long: the next loss is a new one
_RESTART_MS = const(30_000)
_ROUNDS = const(4)  # so many failed in a row: switch the driver off and on
_WEAKEST_DBM = const(-1000)

# network.STAT_… and the ESP-IDF reasons behind them (wifi_err_reason_t); what is not here is `wifi_failed`.
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
# Of several failures in one round the one that was nearest to success is told.
_NEARNESS = const(("wifi_not_found", "wifi_security", "wifi_failed", "wifi_password", "no_address"))
_CONNECTED = const("connected")
_DRIVER_ERRORS = (OSError, RuntimeError, MemoryError)  # RuntimeError: "Wifi Unknown Error 0x…"


class Wifi:
    """A `network` for pilotlight.Agent. `run` is its task.

    networks: as for `set_wifi`. country: two letters, or None. hostname: what DHCP is told, or None for the driver's own.
    on_change(): called when the network came up or went, and when `reason` changed; may be set later.
    log: called with a line of text for the maintainer; it never holds a password.
    wedged: the driver fails, whatever is asked of it.
    reason: why the network is not up, a key of strings.REASONS; None while it is, or before anything is known.
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
        self._target: dict | None = None  # what is connected, or was tried last
        self._switch = True  # the driver is to be switched off and on
        self._news = False  # whatever goes on is to end: set_wifi or restart was called
        self._restarting = False
        self._failed_rounds = 0

    def is_up(self) -> bool:
        """There is a link and an address, as far as the driver knows."""
        return self._up

    def set_wifi(self, networks) -> None:
        """Other networks from now on: one {"ssid": …, "password": …, "hidden": …} or a list, best first where signals are equal.

        They are not stored. A connection to one that is still among them stays. Raises ValueError (what is allowed) and then
        changes nothing.
        """
        self._networks = checked(networks)
        if not self._up or self._target not in self._networks:
            self._news = True

    async def restart(self) -> None:
        """Switch the driver off and on, for a link that is up and leads nowhere. Returns when it is on again, or after 30 s."""
        self._restarting = self._news = True
        begun_ms = time.ticks_ms()
        while self._restarting and time.ticks_diff(time.ticks_ms(), begun_ms) < _RESTART_MS:
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)

    async def run(self) -> None:
        """Keep connected for ever."""
        while True:
            try:
                await self._keep_connected()
            except MemoryError:  # for want of a line of log, say
                await asyncio.sleep_ms(_POLL_MS)

    async def _keep_connected(self) -> None:
        backoff = Backoff(self, random.randrange)
        again = None  # the network that was lost just now
        while True:
            self._news = False
            reason = await self._round(again)
            again = None
            if reason == _CONNECTED and not self._news:
                self._tell(True, None)
                if await self._hold():
                    backoff.reset()
                    again = self._target
                reason = "wifi_lost"
            if self._news:
                self._tell(False, self.reason)  # why it will be down is not known yet
                backoff.reset()
            else:
                self._tell(False, reason)
                if again is None:
                    await self._pause(backoff.next_ms())

    async def _round(self, again) -> str:
        """Try what is known, once: _CONNECTED or the reason. again: the network to try, and no other; or None."""
        if not self._restarting and self._is_at_home():
            return _CONNECTED  # it was only slow
        try:
            if self._switch or self._restarting:
                self._switch_off_and_on()
            if not self._networks:
                await self._leave()
                return "no_wifi_settings"
        except _DRIVER_ERRORS as error:
            return self._driver_failed(error)
        worst = "wifi_not_found"
        for target in [again] if again in self._networks else await self._candidates():
            if self._news:
                break
            outcome = await self._try(target)
            if outcome == _CONNECTED:
                return _CONNECTED
            if _NEARNESS.index(outcome) > _NEARNESS.index(worst):
                worst = outcome
        self._failed_rounds += 1
        if self._failed_rounds % _ROUNDS == 0:
            self._switch = True
        return worst

    async def _candidates(self) -> list:
        """The networks to try, in that order: those in the air, the strongest first; then hidden ones, which only answer to their
        name; and all if none is in the air, for a scan may fail without a word."""
        if len(self._networks) == 1:
            return self._networks
        strengths: dict = {}
        try:
            await self._leave()
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
        """Connect to this network: _CONNECTED or the reason why that failed."""
        self._target = target
        try:
            await self._leave()
            before = self._wlan.status()
            self._wlan.connect(target["ssid"], target["password"])
            outcome, status = await self._outcome(before)
        except _DRIVER_ERRORS as error:
            return self._driver_failed(error)
        self.wedged = False
        if not self._news:
            self._note("wifi: %s: %s (status %d)" % (target["ssid"], outcome, status))
        return outcome

    async def _outcome(self, before: int):
        """(_CONNECTED or the reason, status) of the attempt under way. before: the status that it began with."""
        begun_ms = time.ticks_ms()
        while True:
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)
            status = self._wlan.status()
            if self._wlan.isconnected():
                return _CONNECTED, status
            if status != before:
                before = 0  # whatever comes from now on is new
            waited_ms = time.ticks_diff(time.ticks_ms(), begun_ms)
            if waited_ms >= _ATTEMPT_MS and self._is_associated():
                return "no_address", status
            failed = status not in _UNDER_WAY and (
                status != before or (waited_ms >= _DOUBT_MS and not self._is_associated())
            )
            if failed or self._news or waited_ms >= _ATTEMPT_MS:
                return _FAILURES.get(status, "wifi_failed"), status

    async def _hold(self) -> bool:
        """Wait until the connection is lost or to be given up; True if it lasted."""
        self._failed_rounds = 0
        begun_ms = time.ticks_ms()
        settled = False
        while self._is_at_home() and not self._news:
            await asyncio.sleep_ms(_POLL_MS)
            settled = settled or time.ticks_diff(time.ticks_ms(), begun_ms) >= _SETTLED_MS
        self._note("wifi: given up" if self._news else "wifi: lost")
        return settled

    async def _pause(self, wait_ms: int) -> None:
        """Wait, but not when there is news, or a connection after all. Without networks: for news only."""
        begun_ms = time.ticks_ms()
        while not self._news:
            left_ms = (
                wait_ms - time.ticks_diff(time.ticks_ms(), begun_ms) if self._networks else _POLL_MS
            )
            if left_ms <= 0:
                return
            await asyncio.sleep_ms(min(left_ms, _POLL_MS))
            if self._is_at_home():
                return

    def _switch_off_and_on(self) -> None:
        if self._country:
            network.country(self._country)
        if self._hostname:
            network.hostname(self._hostname)
        wlan = self._wlan
        wlan.active(False)
        wlan.active(True)
        wlan.config(pm=wlan.PM_NONE)  # power saving delays what arrives, by up to a second
        wlan.config(reconnects=0)
        self._switch = self._restarting = False

    async def _leave(self) -> None:
        """Make the driver ready for a connect or a scan. Raises OSError if it does not let go."""
        wlan = self._wlan
        try:
            wlan.disconnect()
        except _DRIVER_ERRORS:
            pass  # there was nothing to leave; if it is worse than that, what follows fails too
        for _ in range(_POLL_MS // _CONNECTING_POLL_MS):
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)
            if not wlan.isconnected():
                return
        raise OSError("the driver does not disconnect")

    def _is_at_home(self) -> bool:
        """Connected, and to a network that is still among ours."""
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
        self._switch = self.wedged = True
        self._note("wifi: the driver failed: %s" % error)
        return "wifi_failed"

    def _tell(self, up: bool, reason: str | None) -> None:
        if up == self._up and reason == self.reason:
            return
        self._up = up
        self.reason = reason
        self.wedged = self.wedged and not up
        if self.on_change is not None:
            self.on_change()

    def _note(self, line: str) -> None:
        """Log it, unless it was the last line too: some troubles last for days."""
        if self._log is not None and line != self._logged:
            self._logged = line
            self._log(line)
