"""The air and a station in it, as stock ESP32 firmware shows them.

Source: MicroPython's ports/esp32/network_wlan.c, 1.24 on. What takes time is put on a timetable and
happens at the next look, so it runs in real and in virtual time. Real sockets are not touched: this
is about what the driver says.

    orders.register("wifi", …): {"order": "wifi", "action": …}
    add       an access point: ssid, and any of AccessPoint's other fields
    change    ssid or bssid, and fields
    remove    ssid or bssid
    drop      reason: the access point deauthenticates
    expire    the DHCP lease ends: no address, and isconnected() stays True
    dead_air  on: nothing is received any more, and nothing notices
    scans     fail: None, "silently" or "loudly"
    stick     no attempt ends any more, until off and on
    wedge     each call raises, until off and on

VIRTUAL_AIR in the environment is the air at power-on, as JSON: a list of what `add` takes.
VIRTUAL_SCAN_MS is how long a scan takes; 2,400 by default.
"""

import json
import os
import time

from virtual import events, orders

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
ASSOC_LEAVE = 8
HANDSHAKE_TIMEOUT = 15  # of the four-way handshake: a wrong password
BEACON_TIMEOUT = 200
NO_AP_FOUND = 201
AUTH_FAIL = 202
CONNECTION_FAIL = 205
NO_SUITING_SECURITY = 210
NO_SUITING_AUTHMODE = 211
# status() tells these even while the next attempt is under way; ASSOC_LEAVE too, as STAT_IDLE.
_STICKY = (NO_AP_FOUND, NO_SUITING_SECURITY, NO_SUITING_AUTHMODE, 212)

_SCAN_MS = int(os.getenv("VIRTUAL_SCAN_MS") or 2_400)  # all channels
_FIND_MS = 400  # until the right one
_HANDSHAKE_MS = 4_000  # until a wrong password is a failure
_LEAVE_MS = 30
_BEACONS_MS = 6_000  # without beacons for so long: the access point is gone
_INTERNAL_STATE = "Wifi Internal State Error"


class AccessPoint:
    """One access point. Times in milliseconds.

    password: None is open. dhcp: gives addresses. refusal: reason that it has for a wrong password.
    fails: reason for which no association succeeds, or None. associate_ms, address_ms: how long
    they take. bssid: text, as 02:00:00:00:01:00.
    """

    def __init__(self, ssid: str, **fields) -> None:
        self.ssid = ssid
        self.password = None
        self.hidden = False
        self.rssi = -60
        self.dhcp = True
        self.channel = 6
        self.refusal = HANDSHAKE_TIMEOUT
        self.fails = None
        self.associate_ms = 300
        self.address_ms = 700
        air.count += 1
        self.bssid = "02:00:00:00:01:%02x" % (air.count & 255)
        self.change(**fields)

    def change(self, **fields) -> None:
        """Set fields. Raises AttributeError for one that does not exist."""
        for name, value in fields.items():
            getattr(self, name)
            setattr(self, name, value)


class Air:
    """What can be heard. dead: nothing is. count: how many access points there have been."""

    def __init__(self) -> None:
        self.access_points: list = []
        self.dead = False
        self.count = 0

    def find(self, ssid: str, bssid: str | None):
        """The first access point of that name and BSSID (None: any), as a fast scan takes it."""
        if not self.dead:
            for access_point in self.access_points:
                if access_point.ssid == ssid and bssid in (None, access_point.bssid):
                    return access_point
        return None


class Station:
    """The driver's station interface. Methods raise OSError in the words of esp_exceptions.

    calls: how often it was asked something. wedged: each call raises. stuck: no attempt ends.
    connected: there has been an address since the association. has_address: there is one now.
    static: (address, netmask, gateway, DNS server) in place of DHCP's, or None; it stays.
    scan_fails: None, "silently" (the scan finds nothing) or "loudly" (it raises).
    """

    def __init__(self) -> None:
        self.calls = 0
        self.mac = b"\x02\x00\x00\x00\x00\x01"
        self.reconnects = -1  # retry for ever
        self.pm = 1
        self.wedged = False
        self.stuck = False
        self.scan_fails = None
        self.static: tuple | None = None
        self._stop()

    def _stop(self) -> None:
        self.started = False
        self._reason = 0
        self._tries = 0
        self._requested = False
        self._timetable: list = []  # (ticks, what happens)
        self.access_point = None  # associated with
        self.connected = self.has_address = False
        self._wanted = ("", None, None)  # ssid, password, bssid
        self._beacons_ms = None  # when they were missed first

    # What the module calls

    def start(self, on: bool) -> None:
        """active(True) or active(False)."""
        self.calls += 1
        self._look()
        if not on:
            if self.started:
                events.emit("wifi", event="off")
            reason = ASSOC_LEAVE if self.access_point is not None else self._reason
            self._stop()
            self._reason = reason  # stays over esp_wifi_stop()
            self.wedged = self.stuck = False
        elif not self.started:
            self._work()
            self.started = True
            events.emit("wifi", event="on")

    def connect(self, ssid: str, password, bssid: bytes | None) -> None:
        """Begin an attempt. bssid: of the only access point that will do, or None."""
        self._work()
        if not self.started:
            raise OSError("Wifi Not Started")
        if self._timetable:
            raise OSError(_INTERNAL_STATE)  # "sta is connecting, cannot set config"
        if self.access_point is not None:
            raise OSError(
                "Wifi Internal Error"
            )  # "sta is connected, disconnect before connecting to new ap"
        self._wanted = (ssid, password, bssid and ":".join("%02x" % byte for byte in bssid))
        self._requested = True
        self._tries = 0
        self._begin(time.ticks_ms())
        events.emit("wifi", event="connecting", ssid=ssid)

    def disconnect(self) -> None:
        """End a connection or an attempt; it takes a moment until that shows."""
        self._work()
        if not self.started:
            raise OSError("Wifi Not Started")
        self._requested = False
        if self.access_point is not None or self._timetable:
            self._timetable = [(time.ticks_add(time.ticks_ms(), _LEAVE_MS), self._left)]

    def scan(self) -> list:
        """What is in the air, as (ssid, bssid, channel, rssi, authmode, hidden); blocks.

        Finds nothing while connecting.
        """
        self._work()
        if not self.started:
            raise OSError("STA must be active")
        if self._timetable and self.access_point is None:
            return []
        events.emit("wifi", event="scan")
        time.sleep_ms(_SCAN_MS)
        self._look()
        if self.scan_fails == "loudly":
            raise OSError("WiFi Out of Memory")
        return [
            (
                b"" if one.hidden else one.ssid.encode(),
                bytes(int(part, 16) for part in one.bssid.split(":")),
                one.channel,
                one.rssi,
                3 if one.password else 0,
                False,
            )
            for one in ([] if air.dead or self.scan_fails else air.access_points)
        ]

    def is_connected(self) -> bool:
        """There has been an address since the association."""
        self._work()
        return self.connected

    def set_static(self, address) -> None:
        """Have this address in place of DHCP's; None: DHCP's again."""
        if address != self.static:
            self.static = address
            self.has_address = False  # until the next association

    def status(self) -> int:
        """As network_wlan_status."""
        self._work()
        if self.connected:
            return STAT_GOT_IP
        if self._reason in _STICKY:
            return self._reason
        if self._reason in (AUTH_FAIL, CONNECTION_FAIL):
            return AUTH_FAIL
        if self._reason == ASSOC_LEAVE:
            return STAT_IDLE
        if self._requested and (self.reconnects < 0 or self._tries <= self.reconnects):
            return STAT_CONNECTING
        return self._reason or STAT_IDLE

    def rssi(self) -> int:
        """Of the access point that it is associated with."""
        self._work()
        if self.access_point is None:
            raise OSError("Wifi Not Connected")
        return self.access_point.rssi

    def work(self) -> None:
        """Any other call of the driver."""
        self._work()

    # What happens by itself

    def _work(self) -> None:
        self.calls += 1
        self._look()
        if self.wedged:
            raise OSError("Wifi Internal Error")

    def _look(self) -> None:
        """Let all happen that is due."""
        now_ms = time.ticks_ms()
        while self._timetable and time.ticks_diff(now_ms, self._timetable[0][0]) >= 0:
            due_ms, happens = self._timetable.pop(0)
            happens(due_ms)
        access_point = self.access_point
        if access_point is None or air.dead or access_point in air.access_points:
            self._beacons_ms = None
        elif self._beacons_ms is None:
            self._beacons_ms = now_ms
        elif time.ticks_diff(now_ms, self._beacons_ms) >= _BEACONS_MS:
            self.lose(BEACON_TIMEOUT)

    def _begin(self, now_ms: int) -> None:
        ssid, password, bssid = self._wanted
        found = air.find(ssid, bssid)
        if self.stuck:
            happens, wait_ms = self._nothing, 1 << 28
        elif found is None:
            happens, wait_ms = self._refuser(NO_AP_FOUND), _SCAN_MS
        elif found.password is None and password:
            happens, wait_ms = self._refuser(NO_SUITING_AUTHMODE), _SCAN_MS
        elif found.password and not password:
            happens, wait_ms = self._refuser(NO_SUITING_SECURITY), _SCAN_MS
        elif found.fails is not None:
            happens, wait_ms = self._refuser(found.fails), _FIND_MS + found.associate_ms
        elif found.password != password:
            happens, wait_ms = self._refuser(found.refusal), _FIND_MS + _HANDSHAKE_MS
        else:
            happens, wait_ms = self._associated, _FIND_MS + found.associate_ms
        self._timetable = [(time.ticks_add(now_ms, wait_ms), happens)]

    def _refuser(self, reason: int):
        def refused(now_ms: int) -> None:
            self._disconnected(reason, now_ms)

        return refused

    def _nothing(self, now_ms: int) -> None:
        pass

    def _associated(self, now_ms: int) -> None:
        found = air.find(self._wanted[0], self._wanted[2])
        if found is None or found.password != self._wanted[1]:
            self._disconnected(NO_AP_FOUND, now_ms)
            return
        self.access_point = found
        events.emit("wifi", event="associated", ssid=found.ssid, bssid=found.bssid)
        if self.static:
            self._addressed(now_ms)
            return
        self._timetable = (
            [(time.ticks_add(now_ms, found.address_ms), self._addressed)] if found.dhcp else []
        )

    def _addressed(self, now_ms: int) -> None:
        self.connected = self.has_address = True
        self._reason = 0
        events.emit("wifi", event="address", ssid=self.access_point.ssid)

    def _left(self, now_ms: int) -> None:
        self._disconnected(ASSOC_LEAVE, now_ms)

    def _disconnected(self, reason: int, now_ms: int) -> None:
        """The event STA_DISCONNECTED."""
        self._reason = reason
        self._timetable = []
        self.access_point = None
        self.connected = self.has_address = False
        events.emit("wifi", event="disconnected", reason=reason)
        if self._requested:
            self._tries += 1
            if self.reconnects < 0 or self._tries <= self.reconnects:
                self._begin(now_ms)

    def lose(self, reason: int) -> None:
        """The connection ends from outside, for an ESP-IDF reason."""
        if self.access_point is not None:
            self._disconnected(reason, time.ticks_ms())

    def expire(self) -> None:
        """The DHCP lease ends, and is not renewed: network_wlan.c does not look at this event."""
        self.has_address = self.static is not None

    def late_address(self) -> None:
        """There is a DHCP server after all."""
        if self.access_point is not None and not self.has_address:
            self._addressed(time.ticks_ms())


air = Air()
station = Station()


def _is_meant(access_point: AccessPoint, fields: dict) -> bool:
    if "bssid" in fields:
        return access_point.bssid == fields["bssid"]
    return access_point.ssid == fields["ssid"]


def order(action: str, **fields) -> None:
    """Do something to the air or the driver; see above."""
    station._look()
    if action == "add":
        air.access_points.append(AccessPoint(**fields))
    elif action == "remove":
        air.access_points = [one for one in air.access_points if not _is_meant(one, fields)]
    elif action == "change":
        for one in air.access_points:
            if _is_meant(one, fields):
                one.change(**fields)
                if one.dhcp and one is station.access_point:
                    station.late_address()
    elif action == "drop":
        station.lose(fields.get("reason", ASSOC_LEAVE))
    elif action == "expire":
        station.expire()
    elif action == "scans":
        station.scan_fails = fields["fail"]
    elif action == "dead_air":
        air.dead = fields.get("on", True)
    elif action == "wedge":
        station.wedged = True
    elif action == "stick":
        station.stuck = True
    else:
        raise ValueError("unknown Wi-Fi action %s" % action)
    station._look()


orders.register("wifi", order)
for _fields in json.loads(
    os.getenv("VIRTUAL_AIR") or '[{"ssid": "Stage 5", "password": "pilotlight"}]'
):
    order("add", **_fields)
