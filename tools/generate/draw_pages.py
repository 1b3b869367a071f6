"""Draws every page of the screen with the firmware's own code; run on the unix port by pictures.py.

A picture begins with facts, as the Agent's parts write them. What it shows follows from them by
status.py, as on a board: so it can't show what a board never does. Prints a JSON line for each
page: [name, width, height, hex of a MONO_VLSB buffer].
"""

import binascii
import json

import framebuf

from firmware.application import UPLOADING, Shown
from firmware.event_log import EventLog
from firmware.indication import Indication
from firmware.screen import drawing, pages
from firmware.setup import setup_screen
from firmware.strings import MESSAGES
from pilotlight.status import DeviceStatus

_LINK = "https://next.frame.io/pair"
_LONG_NAME = "The Lighthouse at the End of the World, Episode 2: The Last Boat Ashore"
_NETWORK = ("Stage 5", "192.168.4.23")
_BARS = 3
_NOW_S = 1_795_530_720

WELL = {"connected": True, "joined": True, "paused": False}
SHORT = {"name": "MOCK-DEVICE", "project": "Testbed", "creator": "Ada Lovelace"}
LONG = {
    "name": "RED V-Raptor XL 8K, second unit, crane",
    "project": _LONG_NAME,
    "creator": "Jürgen Größl-Łukasiewicz",
    "expires_at": "2030-01-31T12:00:00Z",
}
ONLINE = dict(WELL, **SHORT)
NO_NETWORK = {"network_up": False, "starting_is_over": True}
UNPAIRED = {"authorized": False, "connected": True}
PAIRING = dict(UNPAIRED, pairing_is_wanted=True, user_code="987654", verification_uri=_LINK)
LETTERS = {"user_code": "WDJB-MJHT", "verification_uri": None}
LONG_CODE = {"user_code": "0123456789ABCDEFGHIJ", "verification_uri": _LINK + "/a/longer/way"}
# As examples/camera.py shows it.
_CLIPS = ["912 MB left", "4 done", "0 failed", "1 stay on the card"]
_CAMERA = Shown("3 clips left, 40 %", "3", UPLOADING, [("Clips", _CLIPS)])
SILENT = dict(SHORT, connected=True, paused=True, link_reason="no_reply")

# (name of the picture, facts of a DeviceStatus)
FACES = (
    ("starting", {}),
    ("no_network", NO_NETWORK),
    ("wifi_not_found", dict(NO_NETWORK, network_reason="wifi_not_found")),
    ("wifi_password", dict(NO_NETWORK, network_reason="wifi_password")),
    ("no_address", dict(NO_NETWORK, network_reason="no_address")),
    ("no_cable", dict(NO_NETWORK, network_reason="no_cable")),
    ("pairing", dict(PAIRING, verification_uri_complete=_LINK + "/987654")),
    ("pairing_fours", dict(PAIRING, user_code="044444")),
    ("pairing_letters", dict(PAIRING, **LETTERS)),
    ("pairing_long", dict(PAIRING, **LONG_CODE)),
    ("pairing_not_stored", dict(PAIRING, unsaved=1)),
    ("no_backend", dict(SHORT, request_reason="timeout")),
    ("certificate", dict(SHORT, link_reason="certificate")),
    ("portal", dict(SHORT, request_reason="portal")),
    ("unpaired", dict(UNPAIRED, authorization_reason="pairing_ended")),
    ("joining", {"connected": True}),
    ("rejoining", SILENT),
    ("paused_unknown", dict(ONLINE, paused=None, identity_failed=True)),
    ("online", ONLINE),
    ("online_full", dict(WELL, **LONG)),
    ("online_http", dict(ONLINE, joined=False, fallback=True)),
    ("online_not_stored", dict(ONLINE, unsaved=1)),
    ("online_unknown", dict(WELL, name="MOCK-DEVICE")),
    ("online_application", dict(ONLINE, application=_CAMERA)),
    (
        "other_scripts",
        dict(WELL, name="B-Kamera", project="海の灯台 第2話", creator="Nguyễn Thị “Zoë” – Ω"),
    ),
    ("paused", dict(ONLINE, paused=True)),
    ("paused_http", dict(ONLINE, paused=True, joined=False, fallback=True)),
    ("paused_full", dict(WELL, paused=True, **LONG)),
)
# (name of the picture, reason word)
FAULTS = (
    ("fault", "config"),
    ("too_little_memory", "too_little_memory"),
    ("safe_mode", "safe_mode"),
)
# (minutes of uptime, facts): what the log has seen
_PAST = (
    (0, {}),
    (1, ONLINE),
    (40, dict(ONLINE, paused=True)),
    (52, ONLINE),
    (190, SILENT),
    (191, {"request_reason": "timeout"}),
    (192, SILENT),
    (193, {"request_reason": "timeout"}),
    (195, ONLINE),
    (207, dict(NO_NETWORK, network_reason="wifi_lost")),
    (208, ONLINE),
)
_READ_AT = 210


def indication_of(facts) -> Indication:
    """The Indication of a new DeviceStatus with these facts."""
    status = DeviceStatus()
    status.update(**facts)
    return Indication(status)


class _Past:
    """Storage, uptime and clock of an EventLog."""

    minutes = 0

    def load(self, name):
        return None

    def ms(self):
        return self.minutes * 60_000

    def now_s(self):
        return _NOW_S + self.minutes * 60


def log_lines() -> list:
    """What the screen is handed of the log."""
    past = _Past()
    event_log = EventLog(past, past, past.now_s, print)
    for past.minutes, facts in _PAST:
        indication = indication_of(facts)
        event_log.add(indication.state, indication.reason)
    past.minutes = _READ_AT
    return event_log.in_words()


def books(width, height):
    """(name, pages, bars of the Wi-Fi's strength) of everything that the screen can show."""
    for name, facts in FACES:
        indication = indication_of(facts)
        is_up = facts.get("network_up", True) and indication.state != "starting"
        network = _NETWORK if is_up else None
        has_wifi = name != "no_cable"
        book = pages.pages_of(indication, width, height, True, network, has_wifi)
        yield name, book, _BARS if is_up else 0
    without_button = indication_of(dict(UNPAIRED, authorization_reason="cancelled"))
    yield (
        "without_button",
        pages.pages_of(without_button, width, height, False, _NETWORK),
        _BARS,
    )
    wired = indication_of(ONLINE)
    yield "wired", pages.pages_of(wired, width, height, True, ("", _NETWORK[1])), 0
    for name, reason in FAULTS:
        yield name, pages.pages_of(Indication(DeviceStatus(fault=reason)), width, height), 0
    # As the front panel shows them.
    for message in ("hold_again", "fixed_token"):
        title, text = MESSAGES[message]
        yield message, pages.text_pages(title, (text,), width, height), _BARS
    yield "setup", setup_screen.pages_of("Pilotlight-0A1B", "3z5rhzkbhem7", width, height), 0
    lines = list(reversed(log_lines()))
    yield "log", pages.text_pages("Log", lines, width, height), _BARS


def main():
    """Print them."""
    for height in (64, 32):
        width = 128
        picture = bytearray(width * height // 8)
        canvas = framebuf.FrameBuffer(picture, width, height, framebuf.MONO_VLSB)
        for name, book, bars in books(width, height):
            for number, page in enumerate(book):
                drawing.draw(page, canvas, width, height, bars)
                file = "%dx%d/%s-%d" % (width, height, name, number + 1)
                print(json.dumps((file, width, height, binascii.hexlify(picture).decode())))


if __name__ == "__main__":
    main()
