"""The record `known_networks`: Wi-Fi networks that a phone has set up (setup/), by last success.

A record is {"networks": […], "setup": a note}. The note is for the next start only.
"""

from micropython import const

from .wifi import checked_networks

_RECORD = const("known_networks")
_MOST = const(10)
WANTED = const("wanted")  # the next start opens setup mode
OVER = const("over")  # it does not, although no network is known


def give(wifi, storage, log) -> str | None:
    """Put the stored networks before those that a Wifi has. Return the note and delete it.

    A record that can't be used is logged and counts as none. So does a note that stays stored,
    because it would return with each start.
    """
    wifi.storage = storage
    record: dict = {}
    try:
        record = storage.load(_RECORD) or {}
        stored = record.get("networks")
        known = checked_networks(stored) if stored else []  # what checks them is large
        wifi.networks = known + wifi.networks
        wifi.ranked = len(known)
        note = record.pop("setup", None)
        if note is not None:
            storage.save(_RECORD, record)
        return note
    except (OSError, ValueError, MemoryError) as error:
        log("the known Wi-Fi networks: %s" % error)
        return None


def add(storage, network: dict) -> None:
    """Store a network that has just succeeded, as the first one. Raises OSError, MemoryError.

    It replaces one of the same name. Of eleven, the one whose success is the longest ago is lost.
    """
    kept = _networks(storage, network["ssid"])
    storage.save(_RECORD, {"networks": [network] + kept[: _MOST - 1]})


def forget(storage, ssid: str) -> None:
    """Delete the stored network of that name. Raises OSError, MemoryError."""
    storage.save(_RECORD, {"networks": _networks(storage, ssid)})


def promote(wifi) -> None:
    """A Wifi has connected to a stored network that was not the first: now it is. Never raises."""
    wifi.networks.remove(wifi.target)
    wifi.networks.insert(0, wifi.target)
    try:
        wifi.storage.save(_RECORD, {"networks": wifi.networks[: wifi.ranked]})
    except (OSError, MemoryError) as error:
        wifi.log_change("the known Wi-Fi networks: %s" % error)


def leave_note(storage, note: str = WANTED) -> None:
    """Store a note for the next start, WANTED or OVER. Raises OSError, MemoryError."""
    storage.save(_RECORD, {"networks": _networks(storage), "setup": note})


def _networks(storage, but: str | None = None) -> list:
    """The stored networks but one; none if the record can't be used, because it is replaced."""
    try:
        networks = checked_networks((storage.load(_RECORD) or {}).get("networks") or [])
    except (OSError, ValueError):
        return []
    return [one for one in networks if one["ssid"] != but]
