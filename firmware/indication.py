"""DeviceStatus → Indication: what light, screen and console show. Pure; without any wording.

The colour and pattern of each state stand here once, and the patterns' timing. README's ladder is
generated from both.

The timing alone tells the states apart, within 4 s: for one man in twelve green and amber look
alike. `paused` is told from `online` in any 1.5 s. Nothing flashes above 3 Hz, the limit that is
safe for people with photosensitive epilepsy (WCAG 2.3.1).
"""

from micropython import const

_OFF = const((0, 0, 0))
_RED = const((255, 0, 0))
_YELLOW = const((255, 200, 0))
_BLUE = const((0, 0, 255))
_MAGENTA = const((255, 0, 255))
_GREEN = const((0, 255, 0))
_AMBER = const((255, 120, 0))

# state → (key of PATTERNS, colour)
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

# pattern → (ms, level in percent) steps, repeated
PATTERNS = {
    "off": ((1000, 0),),
    "solid": ((1000, 100),),
    "fast": ((200, 100), (200, 0)),
    "even": ((500, 100), (500, 0)),
    "slow": ((1000, 100), (1000, 0)),
    "wink": ((1000, 100), (170, 0), (170, 100), (170, 0)),
    "one_flash": ((200, 100), (1800, 0)),
    "two_flashes": ((200, 100), (300, 0), (200, 100), (1800, 0)),
    "three_flashes": ((200, 100), (300, 0), (200, 100), (300, 0), (200, 100), (1800, 0)),
}


class Indication:
    """How a DeviceStatus is shown.

    state, connected, paused, name, project, creator, expires_at, user_code, verification_uri,
    verification_uri_complete: the DeviceStatus's attributes of the same names.
    reason: its fault, else its reason, or None.
    pattern: a key of PATTERNS. rgb: (red, green, blue), each 0..255.
    application: what the application shows beside it, an application.Shown, or None.
    """

    def __init__(self, status) -> None:
        self.state = status.state
        self.reason = status.fault or status.reason
        self.connected = status.connected
        self.paused = status.paused
        self.name = status.name
        self.application = application = status.application
        self.pattern, self.rgb = LIGHTS[self.state]
        if application and application.light and self.state == "online":
            self.pattern, self.rgb = application.light
        self.project = status.project
        self.creator = status.creator
        self.expires_at = status.expires_at
        self.user_code = status.user_code
        self.verification_uri = status.verification_uri
        self.verification_uri_complete = status.verification_uri_complete
