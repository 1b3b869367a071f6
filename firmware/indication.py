"""DeviceStatus → Indication: what light, screen and console show. Pure; without any wording.

The colour and pattern of each state stand here once, and the patterns' timing in blink_patterns.py.
README's ladder is generated from both.
"""

from micropython import const

_OFF = const((0, 0, 0))
_RED = const((255, 0, 0))
_YELLOW = const((255, 200, 0))
_BLUE = const((0, 0, 255))
_MAGENTA = const((255, 0, 255))
_GREEN = const((0, 255, 0))
_AMBER = const((255, 120, 0))

# state → (key of blink_patterns.PATTERNS, colour)
LIGHTS = {
    "fault": ("fast", _RED),
    "starting": ("off", _OFF),
    "no_network": ("one_flash", _YELLOW),
    "pairing": ("slow", _BLUE),
    "no_backend": ("two_flashes", _MAGENTA),
    "unpaired": ("three_flashes", _BLUE),
    "joining": ("even", _GREEN),
    "paused": ("wink", _AMBER),
    "online": ("solid", _GREEN),
}


class Indication:
    """How a DeviceStatus is shown.

    state, connected, paused, fallback, project, creator, expires_at, user_code, verification_uri,
    verification_uri_complete: the DeviceStatus's attributes of the same names.
    reason: its fault, else its reason, or None.
    pattern: a key of blink_patterns.PATTERNS. rgb: (red, green, blue), each 0..255.
    """

    def __init__(self, status) -> None:
        self.state = status.state
        self.reason = status.fault or status.reason
        self.connected = status.connected
        self.paused = status.paused
        self.fallback = status.fallback
        self.pattern, self.rgb = LIGHTS[self.state]
        self.project = status.project
        self.creator = status.creator
        self.expires_at = status.expires_at
        self.user_code = status.user_code
        self.verification_uri = status.verification_uri
        self.verification_uri_complete = status.verification_uri_complete
