"""Draws every page of the screen with the firmware's own code; run on the unix port by pictures.py.

Prints a JSON line for each page: [name, width, height, hex of a MONO_VLSB buffer].
"""

import binascii
import json

import framebuf

from firmware import pages

_LINK = "https://next.frame.io/pair"
_LONG_NAME = "The Lighthouse at the End of the World, Episode 2: Nobody Comes Ashore"


class Face:
    """As firmware.face.Face, all well."""

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
    ("starting", Face("starting", connected=False, paused=None)),
    ("no_network", Face("no_network", connected=False, paused=None)),
    (
        "pairing",
        Face(
            "pairing",
            user_code="987654",
            verification_uri=_LINK,
            verification_uri_complete=_LINK + "/987654",
        ),
    ),
    ("pairing_fours", Face("pairing", user_code="044444", verification_uri=_LINK)),
    ("pairing_letters", Face("pairing", user_code="WDJB-MJHT")),
    (
        "pairing_long",
        Face("pairing", user_code="0123456789ABCDEFGHIJ", verification_uri=_LINK + "/a/longer/way"),
    ),
    ("no_backend", Face("no_backend", connected=False, reason="timeout")),
    ("certificate", Face("no_backend", connected=False, reason="certificate")),
    ("unpaired", Face("unpaired", reason="pairing_ended", paused=None)),
    ("joining", Face("joining", paused=None)),
    ("rejoining", Face("joining", reason="no_reply", paused=True)),
    ("online", Face("online")),
    (
        "online_full",
        Face(
            "online",
            project=_LONG_NAME,
            creator="Jürgen Größl-Łukasiewicz",
            expires_at="2030-01-31T12:00:00Z",
        ),
    ),
    ("online_checking", Face("online", paused=None)),
    ("online_http", Face("online", fallback=True, reason="http_fallback")),
    ("online_unknown", Face("online", project=None, creator=None)),
    ("other_scripts", Face("online", project="海の灯台 第2話", creator="Nguyễn Thị “Zoë” – Ω")),
    ("paused", Face("paused", paused=True)),
    (
        "paused_full",
        Face("paused", paused=True, project=_LONG_NAME, expires_at="2030-01-31T12:00:00+02:00"),
    ),
    ("fault", Face("fault", reason="config", connected=False, paused=None)),
    ("fault_unnamed", Face("fault", reason="something_new", connected=False, paused=None)),
)
_LOG = ["14:32 offline timeout", "14:33 online", "15:01 paused", "15:20 online", "16:47 no network"]


def books(width, height):
    """(name, pages) of everything that the screen can show at a size."""
    for name, face in FACES:
        yield name, pages.pages_of(face, width, height)
    yield (
        "message",
        pages.message_pages("Unpair?", "Hold the button again to unpair", width, height),
    )
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
