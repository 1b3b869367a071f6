"""`network` as on a stock ESP32 (MicroPython 1.24 on): its Wi-Fi is `chips.wifi`.

Its access point is told as events: {"kind": "access_point", …}. A client of it is a process of this
computer that knows the ports (socket.py): no association is modelled.
"""

from chips import wifi
from virtual import events

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_CONNECT_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212
AUTH_OPEN = 0
AUTH_WPA2_PSK = 3

_LONGEST_HOSTNAME = 32
_BSSID_BYTES = 6
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
_ADDRESS = ("192.168.4.2", "255.255.255.0", "192.168.4.1", "192.168.4.1")
_POINT_ADDRESS = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "192.168.4.1")
_country = "XX"
_hostname = "mpy-esp32"


def country(code: str | None = None):
    """Get or set the country: two letters."""
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError
    _country = code
    return None


def hostname(name: str | None = None):
    """Get or set the name that DHCP is told."""
    global _hostname
    if name is None:
        return _hostname
    if len(name) > _LONGEST_HOSTNAME:
        raise ValueError
    _hostname = name
    return None


class WLAN:
    """One of the two interfaces; each time the same object."""

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __new__(cls, interface_id: int = STA_IF):
        """The interface. Raises ValueError if there is none of that number."""
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        return _interfaces[interface_id]

    def active(self, is_active=None) -> bool:
        """Switch it on or off; is it on?"""
        if is_active is not None:
            wifi.station.start(bool(is_active))
        return wifi.station.started

    def connect(self, ssid=None, key=None, *, bssid=None) -> None:
        """Begin to connect. bssid: 6 bytes; None: the first access point that is heard."""
        if bssid is not None and len(bssid) != _BSSID_BYTES:
            raise ValueError
        wifi.station.connect(ssid, key or None, bssid)

    def disconnect(self) -> None:
        """Begin to disconnect."""
        wifi.station.disconnect()

    def isconnected(self) -> bool:
        """There has been an address since the association."""
        return wifi.station.is_connected()

    def status(self, param=None) -> int:
        """A STAT_… or ESP-IDF's reason; or what `param` names."""
        if param is None:
            return wifi.station.status()
        if param == "rssi":
            return wifi.station.rssi()
        if param == "stations":
            raise OSError("AP required")
        raise ValueError("unknown status param")

    def scan(self) -> list:
        """What is in the air: (ssid, bssid, channel, rssi, authmode, hidden)."""
        return wifi.station.scan()

    def config(self, *args, **kwargs):
        """Get one parameter or set some."""
        if args and kwargs:
            raise TypeError("either pos or kw args are allowed")
        wifi.station.work()
        for name, value in kwargs.items():
            if name not in ("pm", "reconnects", "mac", "txpower", "channel", "hostname"):
                raise ValueError("unknown config param")
            setattr(wifi.station, name, value)
        if kwargs:
            return None
        if len(args) != 1:
            raise TypeError("can query only one param")
        name = args[0]
        if name == "ssid":
            return wifi.station._wanted[0]
        if name == "hostname":
            return _hostname
        if name in ("pm", "reconnects", "mac"):
            return getattr(wifi.station, name)
        raise ValueError("unknown config param")

    def ifconfig(self, config=None):
        """(address, netmask, gateway, DNS server)"""
        if config is None:
            if wifi.station.static:
                return wifi.station.static
            return _ADDRESS if wifi.station.has_address else _NO_ADDRESS
        if len(config) != 4 or config == "dhcp":
            raise ValueError("invalid arguments")
        wifi.station.work()
        wifi.station.set_static(tuple(config))
        return None

    def ipconfig(self, param: str | None = None, *, dhcp4: bool = False):
        """One parameter: addr4, gw4 or dhcp4; or have the address by DHCP again."""
        if param is None:
            wifi.station.work()
            if dhcp4:
                wifi.station.set_static(None)
            return None
        address, mask, gateway, _ = self.ifconfig()
        known = {
            "addr4": (address, mask),
            "gw4": gateway,
            "dhcp4": wifi.station.static is None,
        }
        if param not in known:
            raise ValueError("unexpected key")
        return known[param]


class _AccessPointInterface(WLAN):
    """The device's own access point."""

    _on = False
    _settings = {"ssid": "ESP_000001", "key": "", "security": AUTH_OPEN, "max_clients": 4}

    def active(self, is_active=None) -> bool:
        """Switch it on or off; is it on?"""
        if is_active is not None:
            self._on = bool(is_active)
            self._tell()
        return self._on

    def _tell(self) -> None:
        events.emit("access_point", on=self._on, **self._settings)

    def config(self, *args, **kwargs):
        """Get one parameter or set some. Raises OSError while it is off."""
        if not self._on:
            raise OSError("Wifi Invalid Mode")
        if args:
            return b"\x02\x00\x00\x00\x00\x02" if args[0] == "mac" else self._settings[args[0]]
        for name in kwargs:
            if name not in self._settings:
                raise ValueError("unknown config param")
        self._settings = dict(self._settings, **kwargs)
        self._tell()
        return None

    def ifconfig(self, config=None):
        """(address, netmask, gateway, DNS server)"""
        return _POINT_ADDRESS if self._on else _NO_ADDRESS

    def connect(self, *args, **kwargs) -> None:
        """Not on this interface."""
        raise OSError("STA required")

    disconnect = scan = connect

    def isconnected(self) -> bool:
        """A client has come."""
        return False

    def status(self, param=None):
        """Who has come."""
        return [] if param == "stations" else None


_interfaces = (object.__new__(WLAN), object.__new__(_AccessPointInterface))
