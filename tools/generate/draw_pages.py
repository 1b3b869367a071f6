"""Draws every page of the screen with the firmware's own code; run on the unix port by pictures.py.

Prints a JSON line for each page: [name, width, height, hex of a MONO_VLSB buffer].
"""

import binascii
import json

import framebuf

from firmware.screen import pages
from firmware.setup import setup_screen

_LINK = "https://next.frame.io/pair"
_LONG_NAME = "The Lighthouse at the End of the World, Episode 2: Nobody Comes Ashore"


class Indication:
    """As firmware.indication.Indication, all well."""

    def __init__(self, state, **facts):
        self.state = state
        self.reason = self.expires_at = self.user_code = self.verification_uri = (
            self.verification_uri_complete
        ) = None
        self.connected, self.paused, self.fallback = True, False, False
        self.project, self.creator = "Testbed", "Ada Lovelace"
        for name, value in facts.items():
            setattr(self, name, value)


FACES = (
    ("starting", Indication("starting", connected=False, paused=None)),
    ("no_network", Indication("no_network", connected=False, paused=None)),
    (
        "wifi_password",
        Indication("no_network", connected=False, paused=None, reason="wifi_password"),
    ),
    (
        "pairing",
        Indication(
            "pairing",
            user_code="987654",
            verification_uri=_LINK,
            verification_uri_complete=_LINK + "/987654",
        ),
    ),
    ("pairing_fours", Indication("pairing", user_code="044444", verification_uri=_LINK)),
    ("pairing_letters", Indication("pairing", user_code="WDJB-MJHT")),
    (
        "pairing_long",
        Indication(
            "pairing", user_code="0123456789ABCDEFGHIJ", verification_uri=_LINK + "/a/longer/way"
        ),
    ),
    ("no_backend", Indication("no_backend", connected=False, reason="timeout")),
    ("certificate", Indication("no_backend", connected=False, reason="certificate")),
    ("unpaired", Indication("unpaired", reason="pairing_ended", paused=None)),
    ("joining", Indication("joining", paused=None)),
    ("rejoining", Indication("joining", reason="no_reply", paused=True)),
    ("online", Indication("online")),
    (
        "online_full",
        Indication(
            "online",
            project=_LONG_NAME,
            creator="Jürgen Größl-Łukasiewicz",
            expires_at="2030-01-31T12:00:00Z",
        ),
    ),
    ("online_checking", Indication("online", paused=None)),
    ("online_http", Indication("online", fallback=True, reason="http_fallback")),
    ("online_unknown", Indication("online", project=None, creator=None)),
    (
        "other_scripts",
        Indication("online", project="海の灯台 第2話", creator="Nguyễn Thị “Zoë” – Ω"),
    ),
    ("paused", Indication("paused", paused=True)),
    (
        "paused_full",
        Indication(
            "paused", paused=True, project=_LONG_NAME, expires_at="2030-01-31T12:00:00+02:00"
        ),
    ),
    ("fault", Indication("fault", reason="config", connected=False, paused=None)),
    ("fault_unnamed", Indication("fault", reason="something_new", connected=False, paused=None)),
)
_LOG = [
    "14:32-15:10 x38 no_backend timeout",
    "15:10 online ",
    "15:12 paused ",
    "15:20 online ",
    "16:47 no_network ",
]


def books(width, height):
    """(name, pages) of everything that the screen can show at a size."""
    for name, indication in FACES:
        yield name, pages.pages_of(indication, width, height)
    yield (
        "message",
        pages.message_pages("Unpair?", "Hold the button again to unpair", width, height),
    )
    yield "setup", setup_screen.pages_of("Pilotlight-0A1B", "3z5rhzkbhem7", width, height)
    yield "log", pages.log_pages(_LOG, width, height)
    yield "log_empty", pages.log_pages([], width, height)


def main():
    """Print them."""
    for height in (64, 32):
        width = 128
        picture = bytearray(width * height // 8)
        canvas = framebuf.FrameBuffer(picture, width, height, framebuf.MONO_VLSB)
        for name, book in books(width, height):
            for number, page in enumerate(book):
                pages.draw(page, canvas, width, height)
                file = "%dx%d/%s-%d" % (width, height, name, number + 1)
                print(json.dumps((file, width, height, binascii.hexlify(picture).decode())))


if __name__ == "__main__":
    main()
