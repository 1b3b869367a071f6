"""The smallest `network`: a WLAN that connects at once."""

STA_IF = 0


class WLAN:
    PM_NONE = 0

    def __init__(self, interface):
        self._connected = False

    def active(self, on=True):
        return True

    def config(self, *_, **__):
        return b""

    def connect(self, *_, bssid=None):
        self._connected = True

    def disconnect(self):
        self._connected = False

    def isconnected(self):
        return self._connected

    def status(self, what=None):
        return 1010 if self._connected else 1000

    def scan(self):
        # The network of the bench's settings, as in a place where a camera is used.
        return [(b"Stage 6", b"\x02\x00\x00\x00\x00\x01", 6, -50, 3, False)]

    def ipconfig(self, name):
        return ("10.0.0.2", "255.255.255.0")
