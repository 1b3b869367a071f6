"""Wi-Fi: stays connected to the best known network; if it is not connected, the reason is known.

A network may have several access points. The strongest one that a scan finds is taken, by its
BSSID, and after a failure the next one: the one whose failure is the longest ago comes first. A
hidden network is tried by name, because a scan does not tell which of the nameless ones it is.

Stock ESP32 firmware (ports/esp32/network_wlan.c, 1.24 on) behaves like this:

- Nothing signals that a connection comes or goes, so `isconnected()` is polled: every 4 s while
  connected, once a second while not, and ten times a second while connecting.
- `status()` goes on returning the last failure during a new attempt, until there is an address.
  After `disconnect()` it returns STAT_IDLE for as long. So a failure counts only if it is a new
  one, or if it stays and there is no association.
- The driver's own reconnect knows one network and never reports a failure, so it is switched off.
- `connect()` while connecting raises OSError, and `isconnected()` stays True for a moment after
  `disconnect()`. Hence the pause then.
- By name, `connect()` takes the first access point that it hears, and nothing tells which one.
- `scan()` blocks the loop, and so the light, for about 2 s. So it is called only if there may be a
  choice: not while the only known network is not found, and rarely while its only access point
  refuses. While connecting it finds nothing, without an error.
- If the DHCP lease ends, `isconnected()` stays True. Only `ipconfig("addr4")` shows it, and that
  allocates 80 bytes.
- A driver that raises, or fails again and again, is switched off and on.
"""

import asyncio
import gc
import random
import time

import network
from micropython import const

from pilotlight.net.backoff import Backoff

from ..timestamps import beat_ms
from ..unload import unload

_CONNECTING_POLL_MS = const(100)
_POLL_MS = const(1_000)
_ATTEMPT_MS = const(20_000)  # from connect() to an address; also connected without an address
# The driver itself gives up sooner, so a failure that stays for this long is not the previous one.
_OLD_STATUS_MS = const(8_000)
_STABLE_MS = const(10_000)  # after a connection of this length, the same network is tried first
_RESTART_MS = const(30_000)
_ROUNDS = const(4)  # failed in a row: switch the driver off and on
_TRIES = const(3)  # access points of one network in a round
_MOST_FAILED = const(24)
_DRIVER_BYTES = const(4_096)  # of the system's heap, in one block

# network.STAT_… and the ESP-IDF reasons behind them (wifi_err_reason_t). Others: `wifi_failed`.
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
_NO_ADDRESS = const("0.0.0.0")
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
        self._networks = _checked(networks) if networks else []
        self._country = country
        self._hostname = hostname
        self._log = log
        self._logged = ""
        self._wlan = network.WLAN(network.STA_IF)
        self._up = False
        self._target: dict | None = None  # the network that is connected or was tried last
        self._bssid: bytes | None = None  # of its access point, if known
        self._failed: list = []  # BSSIDs of access points, the latest failure last
        self._has_choice = True  # of access points, as far as is known; if not, no scan is needed
        self._must_restart_driver = True
        self._is_cancelled = False  # set_wifi or restart was called: end what is under way
        self._restarting = False
        self._sleeping: asyncio.Task | None = None  # while connected; `_cancel` wakes it
        self._failed_rounds = 0

    @staticmethod
    def from_config(values: dict, log) -> "Wifi":
        """The Wi-Fi of an ESP32 board. values: the configuration's (key → value)."""
        wifi = Wifi((), values["country"], values["hostname"], log=log)
        wifi._networks = values["wifi"] or []  # checked already
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
        self._networks = _checked(networks)
        self._failed.clear()
        self._has_choice = True
        if not self._up or self._target not in self._networks:
            self._cancel()

    async def restart(self) -> None:
        """Switch the driver off and on, for a link that is up and carries nothing.

        Returns when it is on again, or after 30 s.
        """
        self._restarting = True
        self._cancel()
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
        lost = None  # (network, BSSID) that was lost just now, and is tried again first
        while True:
            self._is_cancelled = False
            reason = await self._try_all(lost)
            lost = None
            if reason == _CONNECTED and not self._is_cancelled:
                self._report(True, None)
                reason, settled = await self._stay_connected()
                if settled:
                    backoff.reset()
                    self._failed.clear()
                if settled and reason == "wifi_lost" and not self._is_cancelled:
                    lost = (self._target, self._bssid)
                elif self._restarting or not self._is_cancelled:
                    self._has_failed()  # a restart: the link has carried nothing for long
            if self._is_cancelled:
                self._report(False, self.reason)  # the new reason is not known yet
                backoff.reset()
            else:
                self._report(False, reason)
                if lost is None:
                    await self._pause(backoff.next_ms())

    async def _try_all(self, lost) -> str:
        """Try lost, unless it is None, then all that is known, once: _CONNECTED or the reason."""
        if not self._restarting and self._is_connected_to_known() and self._has_address():
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
        if lost is not None and lost[0] in self._networks:
            target, bssid = lost
            if (bssid or target["hidden"]) and await self._try(target, bssid) == _CONNECTED:
                return _CONNECTED
        candidates = [] if self._is_cancelled else await self._candidates()
        while candidates and not self._is_cancelled:
            target, bssid = candidates.pop(0)
            outcome = await self._try(target, bssid)
            if outcome == _CONNECTED:
                if bssid is not None or target["hidden"]:
                    return _CONNECTED
                candidates = self._scan()  # is there a stronger one?
                if len(candidates) < 2:
                    if candidates and candidates[0][0] == target:
                        self._bssid = candidates[0][1]
                    return _CONNECTED
            elif _BY_PROGRESS.index(outcome) > _BY_PROGRESS.index(worst):
                worst = outcome
                if outcome == "no_address":
                    self._report(False, outcome)  # at once, because each attempt takes 20 s
        self._failed_rounds += 1
        if self._failed_rounds % _ROUNDS == 0:
            self._must_restart_driver = True
            self._has_choice = worst != "wifi_not_found"
        return worst

    async def _candidates(self) -> list:
        """What to try, as (network, BSSID or None): what a scan finds, then hidden networks.

        All by name if the scan finds none, because a scan may fail without an error.
        """
        one = self._networks[0]
        if len(self._networks) == 1 and (one["hidden"] or not self._has_choice):
            return [(one, None)]
        try:
            await self._disconnect()
        except _DRIVER_ERRORS as error:
            self._driver_failed(error)
        found = self._scan()
        seen = [target for target, _ in found]
        return found + [
            (one, None) for one in self._networks if one not in seen and (one["hidden"] or not seen)
        ]

    def _scan(self) -> list:
        """(network, BSSID) of the access points of known networks, the best first.

        At most _TRIES for each network. Empty if the scan fails. Blocks for about 2 s.
        """
        gc.collect()  # the driver leaks its list if there is no memory for ours
        found: list = []  # sorted by (age of its failure, strength, order of the networks)
        try:
            for row in self._wlan.scan():
                bssid = row[1]
                for i, one in enumerate(self._networks):
                    if one["ssid"].encode() == row[0]:
                        failed = self._failed.index(bssid) + 1 if bssid in self._failed else 0
                        found.append((failed, -row[3], i, len(found), bssid))
        except _DRIVER_ERRORS as error:
            self._log_change("wifi: the scan failed: %s" % error)
        found.sort()
        self._has_choice = len(found) > 1
        tries = [0] * len(self._networks)
        best = []
        for _, _, i, _, bssid in found:
            tries[i] += 1
            if tries[i] <= _TRIES:
                best.append((self._networks[i], bssid))
        return best

    async def _try(self, target: dict, bssid) -> str:
        """Connect to this network: _CONNECTED or the reason of the failure.

        bssid: of the access point; None: any.
        """
        self._target = target
        self._bssid = bssid
        try:
            await self._disconnect()
            before = self._wlan.status()
            self._wlan.connect(target["ssid"], target["password"], bssid=bssid)
            outcome, status = await self._outcome(before)
        except _DRIVER_ERRORS as error:
            return self._driver_failed(error)
        self.wedged = False
        if not self._is_cancelled:
            if outcome != _CONNECTED:
                self._has_failed()
            self._log_change("wifi: %s: %s (status %d)" % (target["ssid"], outcome, status))
        return outcome

    async def _outcome(self, before: int):
        """(_CONNECTED or the reason, status) of the attempt. before: the status at its start."""
        begun_ms = time.ticks_ms()
        while True:
            await asyncio.sleep_ms(_CONNECTING_POLL_MS)
            status = self._wlan.status()
            if self._wlan.isconnected() and self._has_address():
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

    async def _stay_connected(self):
        """(reason, whether the connection was settled), once it is lost or must end."""
        self._failed_rounds = 0
        begun_ms = time.ticks_ms()
        missing_ms = None  # when the address was missed first
        settled = False
        while self._is_connected_to_known() and not self._is_cancelled:
            self._sleeping = asyncio.current_task()
            try:
                await asyncio.sleep_ms(beat_ms() if missing_ms is None else _POLL_MS)
            except asyncio.CancelledError:
                if not self._is_cancelled:
                    raise
            finally:
                self._sleeping = None
            now_ms = time.ticks_ms()
            settled = settled or time.ticks_diff(now_ms, begun_ms) >= _STABLE_MS
            if self._has_address():
                missing_ms = None
            elif missing_ms is None:
                missing_ms = now_ms
            elif time.ticks_diff(now_ms, missing_ms) >= _ATTEMPT_MS:
                self._log_change("wifi: no address")
                return "no_address", settled
        self._log_change("wifi: given up" if self._is_cancelled else "wifi: lost")
        return "wifi_lost", settled

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
            if self._is_connected_to_known() and self._has_address():
                return

    def _cancel(self) -> None:
        self._is_cancelled = True
        if self._sleeping is not None:
            self._sleeping.cancel()

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

    def _has_address(self) -> bool:
        """Whether a connected interface has an IPv4 address. True if that can't be known."""
        try:
            return self._wlan.ipconfig("addr4")[0] != _NO_ADDRESS
        except _DRIVER_ERRORS:
            return True  # no memory; what is wrong with the driver shows at isconnected()

    def _is_associated(self) -> bool:
        try:
            self._wlan.status("rssi")
            return True
        except _DRIVER_ERRORS:
            return False

    def _has_failed(self) -> None:
        """Other access points come before this one until a connection has lasted."""
        bssid = self._bssid
        if bssid is None:
            return
        if bssid in self._failed:
            self._failed.remove(bssid)
        self._failed.append(bssid)
        del self._failed[:-_MOST_FAILED]

    def _driver_failed(self, error) -> str:
        self._must_restart_driver = self.wedged = True
        self._log_change("wifi: the driver failed: %s" % error)
        return "wifi_failed"

    def _report(self, up: bool, reason: str | None) -> None:
        if reason == "no_address" and _is_starved():
            reason = "memory"
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


def _checked(networks) -> list:
    from .known_networks import checked  # large, and needed rarely

    try:
        return checked(networks)
    finally:
        unload("firmware.network.known_networks")


def _is_starved() -> bool:
    """Whether the driver may have found no memory: then a missing address says nothing."""
    from ..memory import largest_system_block

    largest = largest_system_block()
    unload("firmware.memory")
    return largest is not None and largest < _DRIVER_BYTES
