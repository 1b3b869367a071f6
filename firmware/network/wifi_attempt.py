"""Wi-Fi: one try to connect to the best known network. Unloaded while connected: see wifi.py.

A network may have several access points. The strongest one that a scan finds is taken, by its
BSSID, and after a failure the next one: the one whose failure is the longest ago comes first. A
hidden network is tried by name, because a scan does not tell which of the nameless ones it is. It
has its place by its last success; without one it comes last, because its strength is not known.

Stock ESP32 firmware (ports/esp32/network_wlan.c, 1.24 on) behaves like this:

- `status()` goes on returning the last failure during a new attempt, until there is an address.
  After `disconnect()` it returns STAT_IDLE for as long. So a failure counts only if it is a new
  one, or if it stays and there is no association.
- The driver's own reconnect knows one network and never reports a failure, so it is switched off.
- `connect()` while connecting raises OSError, and `isconnected()` stays True for a moment after
  `disconnect()`. So it pauses then.
- By name, `connect()` takes the first access point that it hears, and nothing tells which one.
- `scan()` blocks the loop, and so the light, for about 2 s. So it is called only if there may be a
  choice: not while the only known network is not found, and rarely while its only access point
  refuses. While connecting it finds nothing, without an error.
- A driver that raises, or fails again and again, is switched off and on.
"""

import asyncio
import gc
import time

import network
from micropython import const

from ..unload import unload
from .wifi import DRIVER_ERRORS

_CONNECTING_POLL_MS = const(100)
_POLL_MS = const(1_000)
_ATTEMPT_MS = const(20_000)  # from connect() to an address; also connected without one
# The driver itself gives up sooner, so a failure that stays for this long is not the previous one.
_OLD_STATUS_MS = const(8_000)
_ROUNDS = const(4)  # failed in a row: switch the driver off and on
_TRIES = const(3)  # access points of one network in a round
_LAST = const(99)  # behind each failure

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


async def try_all(wifi, lost) -> str | None:
    """Try lost, unless it is None, then all that is known, once.

    wifi: the Wifi. lost: (network, BSSID or None). The result is None if it is connected, else the
    reason.
    """
    if not wifi.restarting and wifi.is_connected_to_known() and wifi.has_address():
        return None  # a slow attempt succeeded after all
    try:
        if wifi.must_restart_driver or wifi.restarting:
            _switch_off_and_on(wifi)
        if not wifi.networks:
            await _disconnect(wifi)
            return "no_wifi_settings"
    except DRIVER_ERRORS as error:
        return wifi.driver_failed(error)
    worst = "wifi_not_found"
    if lost is not None and lost[0] in wifi.networks:
        target, bssid = lost
        if (bssid or target["hidden"]) and await _try(wifi, target, bssid) is None:
            return None
    candidates = [] if wifi.is_cancelled else await _candidates(wifi)
    while candidates and not wifi.is_cancelled:
        target, bssid = candidates.pop(0)
        outcome = await _try(wifi, target, bssid)
        if outcome is None:
            if bssid is not None or target["hidden"]:
                return None
            candidates = _scan(wifi, False)  # is there a stronger one?
            if len(candidates) < 2:
                if candidates and candidates[0][0] == target:
                    wifi.bssid = candidates[0][1]
                return None
        elif _BY_PROGRESS.index(outcome) > _BY_PROGRESS.index(worst):
            worst = outcome
            if outcome == "no_address":
                wifi.report(False, outcome)  # at once, because each attempt takes 20 s
    wifi.failed_rounds += 1
    if wifi.failed_rounds % _ROUNDS == 0:
        wifi.must_restart_driver = True
        wifi.has_choice = worst != "wifi_not_found"
    return worst


async def _candidates(wifi) -> list:
    """What to try, as (network, BSSID or None), the best first."""
    one = wifi.networks[0]
    if len(wifi.networks) == 1 and (one["hidden"] or not wifi.has_choice):
        return [(one, None)]
    try:
        await _disconnect(wifi)
    except DRIVER_ERRORS as error:
        wifi.driver_failed(error)
    return _scan(wifi, True)


def _scan(wifi, with_unseen: bool) -> list:
    """(network, BSSID) of the access points of known networks, the best first.

    At most _TRIES for each network. Empty if the scan fails. Blocks for about 2 s.
    with_unseen: with None as BSSID the hidden networks, too; and all if the scan finds none,
    because it may fail without an error.
    """
    gc.collect()  # the driver leaks its list if there is no memory for ours
    found: list = []  # sorted by (age of its failure, rank, strength, order of the networks)
    try:
        for row in wifi.wlan.scan():
            bssid = row[1]
            for i, one in enumerate(wifi.networks):
                if one["ssid"].encode() == row[0]:
                    failed = wifi.failed.index(bssid) + 1 if bssid in wifi.failed else 0
                    rank = min(i, wifi.ranked)
                    found.append((failed, rank, -row[3], i, len(found), bssid))
    except DRIVER_ERRORS as error:
        wifi.log_change("wifi: the scan failed: %s" % error)
    wifi.has_choice = len(found) > 1
    if with_unseen:
        seen = [row[3] for row in found]
        for i, one in enumerate(wifi.networks):
            if i not in seen and (one["hidden"] or not seen):
                found.append((0 if i < wifi.ranked else _LAST, i, 0, i, 0, None))
    found.sort()
    tries = [0] * len(wifi.networks)
    best = []
    for _, _, _, i, _, bssid in found:
        tries[i] += 1
        if tries[i] <= _TRIES:
            best.append((wifi.networks[i], bssid))
    return best


async def _try(wifi, target: dict, bssid) -> str | None:
    """Connect to this network: None if it is connected, else the reason of the failure.

    bssid: of the access point; None: any.
    """
    wifi.target = target
    wifi.bssid = bssid
    try:
        await _disconnect(wifi)
        if wifi.has_static or "address" in target:
            _set_address(wifi, target)
        before = wifi.wlan.status()
        wifi.wlan.connect(target["ssid"], target["password"], bssid=bssid)
        outcome, status = await _outcome(wifi, before)
    except DRIVER_ERRORS as error:
        return wifi.driver_failed(error)
    wifi.wedged = False
    if not wifi.is_cancelled:
        if outcome is not None:
            wifi.has_failed()
        result = outcome or "connected"
        wifi.log_change("wifi: %s: %s (status %d)" % (target["ssid"], result, status))
        if outcome is None and target in wifi.networks[1 : wifi.ranked]:
            from . import stored_networks  # only for a change of their order

            stored_networks.promote(wifi)
            unload("firmware.network.stored_networks")
    return outcome


def _set_address(wifi, target: dict) -> None:
    """Have the driver take the network's fixed address, or DHCP's again."""
    from . import static_address

    wifi.has_static = True  # also if it fails half-way
    wifi.has_static = static_address.apply(wifi.wlan, target)
    unload("firmware.network.static_address")


async def _outcome(wifi, before: int):
    """(None or the reason, as in _try; status) of the attempt. before: the status at its start."""
    begun_ms = time.ticks_ms()
    while True:
        await asyncio.sleep_ms(_CONNECTING_POLL_MS)
        status = wifi.wlan.status()
        if wifi.wlan.isconnected() and wifi.has_address():
            return None, status
        if status != before:
            before = 0  # every status from now on is new
        waited_ms = time.ticks_diff(time.ticks_ms(), begun_ms)
        if waited_ms >= _ATTEMPT_MS and _is_associated(wifi):
            return "no_address", status
        failed = status not in _UNDER_WAY and (
            status != before or (waited_ms >= _OLD_STATUS_MS and not _is_associated(wifi))
        )
        if failed or wifi.is_cancelled or waited_ms >= _ATTEMPT_MS:
            return _FAILURES.get(status, "wifi_failed"), status


def _is_associated(wifi) -> bool:
    try:
        wifi.wlan.status("rssi")
        return True
    except DRIVER_ERRORS:
        return False


def _switch_off_and_on(wifi) -> None:
    if wifi.country:
        network.country(wifi.country)
    if wifi.hostname:
        network.hostname(wifi.hostname)
    wlan = wifi.wlan
    wlan.active(False)
    wlan.active(True)
    wlan.config(pm=wlan.PM_NONE)  # power saving delays received packets by up to a second
    wlan.config(reconnects=0)
    wifi.must_restart_driver = wifi.restarting = False


async def _disconnect(wifi) -> None:
    """Make the driver ready for a connect or a scan. Raises OSError if that fails."""
    wlan = wifi.wlan
    try:
        wlan.disconnect()
    except DRIVER_ERRORS:
        pass  # it was not connected; any other trouble makes the next call fail too
    for _ in range(_POLL_MS // _CONNECTING_POLL_MS):
        await asyncio.sleep_ms(_CONNECTING_POLL_MS)
        if not wlan.isconnected():
            return
    raise OSError("the driver does not disconnect")
