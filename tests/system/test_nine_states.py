"""The whole firmware on the virtual board, through all nine states, while the pins' edges and the
display's memory are recorded.

What is asserted is what a person on set sees: the light, decoded from its edges alone, and the
picture.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tools.generate.readme import LADDER
from tools.on_cpython import ROOT, device_module
from tools.rig import CLIENT_SECRET, CLIENT_VERSION, Mock, Rig
from tools.virtual_board.session import Event, VirtualBoard

LIGHTS = device_module("firmware.indication").LIGHTS
PATTERNS = device_module("firmware.indication").PATTERNS
GOLDEN = ROOT / "tests/golden/screen/128x64"
BOOT = 0  # the button's pin
CODE = "987654"
TITLE_ROWS = 10
_STEADY_S = 2.9  # longer than any pattern stays as it is
_TOLERANCE_MS = 90
_HELD_MS = 1700
_LONGEST_S = 120
_EDGES = range(4, 13)  # so many in a row tell one pattern from the others


def edges(events: list[Event], pin: int) -> list[tuple[float, bool]]:
    """(ms, is it light) where the LED or pixel at the pin becomes light or dark.

    The threshold is half of its brightest.
    """
    shown: list[tuple[float, int]] = []
    for event in events:
        if event.get("pin") == pin and event["kind"] == "pin":
            shown.append((event["t_us"] / 1000, event["level"]))
        elif event.get("pin") == pin and event["kind"] == "neopixel":
            shown.append((event["t_us"] / 1000, max(event["pixels"][0])))
    most = max((value for _, value in shown), default=0)
    found: list[tuple[float, bool]] = []
    for ms, value in shown:
        light = value * 4 > most  # the eye's half is a quarter of the light
        if not found or found[-1][1] != light:
            found.append((ms, light))
    return found


def patterns_like(seen: list[tuple[float, bool]]) -> set[str]:
    """The patterns of which these edges can be a part, from whatever point of it."""
    lasted = [(after[0] - before[0], before[1]) for before, after in pairwise(seen)]
    found = set()
    for name, steps in PATTERNS.items():
        cycle = [(ms, level > 0) for ms, level in steps]
        for first in range(len(cycle)):
            expected = [cycle[(first + i) % len(cycle)] for i in range(len(lasted))]
            pairs = list(zip(expected, lasted, strict=True))
            if len(cycle) > 1 and all(
                one[1] == other[1] and abs(one[0] - other[0]) < _TOLERANCE_MS
                for one, other in pairs
            ):
                found.add(name)
    return found


class Set:
    """A film set: the board, its Frame.io, and an observer.

    pin: the light's. seen: the states that were told by light.
    """

    def __init__(self, folder: Path, rig: Rig, name: str, wiring: str, pin: int) -> None:
        self.mock: Mock = rig.mock("--interval-s", "1")
        self.board = VirtualBoard(folder, code=ROOT, wiring=wiring)
        self.pin = pin
        self.seen: set[str] = set()
        self.config: dict[str, Any] = {
            "board": name,
            "console": True,
            "wifi": {"ssid": "Stage 6", "password": "pilotlight"},
            "frameio": {
                "url": self.mock.url,
                "client_version": CLIENT_VERSION,
                "client_secret": CLIENT_SECRET,
            },
        }

    def write_config(self) -> None:
        (self.board.flash / "config.json").write_text(json.dumps(self.config))

    def sees(self, state: str, since: int, **wanted: Any) -> None:
        """Wait for the state on the console, then look at the light until it tells the same.

        since: a mark, where it may begin.
        """
        line = self.board.wait_line(
            len(self.board.lines) - 1 if self.board.lines else 0, state=state, **wanted
        )
        pattern, rgb = LIGHTS[state]
        assert line["light"] == {"pattern": pattern, "rgb": list(rgb)}
        begun = self.board.mark()
        steps = PATTERNS[pattern]
        if len(steps) == 1:
            end = time.monotonic() + _LONGEST_S
            while self.moves(begun):
                assert time.monotonic() < end, f"{state} is not steady"
                begun = self.board.mark()
            last = edges(self.board.events, self.pin)[-1:]
            assert bool(last and last[0][1]) == bool(steps[0][1])
            begun = 0
        else:
            # The last edges tell, not all: on a busy machine one may be late.
            end = time.monotonic() + _LONGEST_S
            while True:
                seen = edges(self.board.events[begun:], self.pin)[1:]
                parts = [seen[-count:] for count in _EDGES if count <= len(seen)]
                if {pattern} in [patterns_like(part) for part in parts]:
                    break
                assert time.monotonic() < end, f"{state}: {seen}"
                self.board.wait(lambda event: event.get("pin") == self.pin, self.board.mark())
        pixels = [
            event["pixels"][0] for event in self.board.events[begun:] if event["kind"] == "neopixel"
        ]
        if pixels:  # its full light, or its last; as the eye sees it, by gamma 2
            assert (max(pixels, key=max) if begun else pixels[-1]) == [
                round(part * part / 255) for part in rgb
            ], pixels
        self.seen.add(state)

    def moves(self, after: int) -> bool:
        """Does the light change within the next seconds, longer than any pattern stands still?"""
        try:
            self.board.wait(lambda event: event.get("pin") == self.pin, after, _STEADY_S)
        except AssertionError:
            return False
        return True

    def picture(self, page: str, title_only: bool = False, after: int = 0) -> Event:
        """Wait until the display shows a golden picture, or one with its title; that event."""
        rows = TITLE_ROWS if title_only else 64
        with Image.open(GOLDEN / f"{page}.png") as golden:
            wanted = golden.convert("1").crop((0, 0, 128, rows)).tobytes()
        return self.board.wait(
            lambda event: event["kind"] == "screen" and shown(event, rows) == wanted,
            after,
        )


def shown(event: Event, rows: int = 64) -> bytes:
    """The first rows of a picture, as bytes of one bit a pixel."""
    return (
        Image.frombytes("1", (128, 64), base64.b64decode(event["bitmap"]))
        .crop((0, 0, 128, rows))
        .tobytes()
    )


@pytest.fixture
def film_set(tmp_path: Path, rig: Rig, request: pytest.FixtureRequest) -> Iterator[Set]:
    """A Set whose board is off. The parameter: board, wiring, pin of the light."""
    film_set = Set(tmp_path / "board", rig, *request.param)
    yield film_set
    film_set.board.cut_power()
    for text in (film_set.board.output, film_set.board.errors):
        assert CLIENT_SECRET not in text and "Traceback" not in text, text


@pytest.mark.slow
@pytest.mark.parametrize(
    "film_set",
    [("esp32_devkit", "devkit", 2), ("esp32_s3_devkit", "s3", 48)],
    indirect=True,
    ids=["led", "pixel"],
)
def test_all_nine_states(film_set: Set) -> None:
    board, mock = film_set.board, film_set.mock
    (board.flash / "config.json").write_text(json.dumps({**film_set.config, "brigthness": 100}))
    board.power_on()
    film_set.sees("fault", 0, reason="config")
    film_set.picture("fault-1", title_only=True)
    board.wait_log("the nearest known one is brightness")
    board.cut_power()

    film_set.write_config()
    mock.control("next_user_code", user_code=CODE)
    mock.control("refuse", part="all", status=200, body="<html>Welcome to the hotel")

    since = board.mark()
    board.power_on()
    board.wait_line(state="starting")
    starting = film_set.picture("starting-1", after=since)
    board.wait_line(state="no_network")
    # One blink at power-on, then dark until something is known.
    blinks = [
        light
        for ms, light in edges(board.events[since:], film_set.pin)
        if ms <= starting["t_us"] / 1000
    ]
    assert blinks.count(True) == 1 and not blinks[-1], blinks
    film_set.seen.add("starting")
    since = board.mark()
    film_set.sees("no_network", since, reason="wifi_not_found")
    film_set.picture("no_network-1", title_only=True, after=since)
    since = board.mark()

    board.order("wifi", action="add", ssid="Stage 6", password="pilotlight")
    board.wait_line(state="no_backend")
    film_set.sees("no_backend", since, reason="portal")
    film_set.picture("no_backend-1", title_only=True, after=since)

    since = board.mark()
    mock.control("clear")
    board.wait_line(state="pairing", user_code=CODE)
    film_set.sees("pairing", since)
    film_set.picture("pairing-1", after=since)
    film_set.picture("pairing-2", after=since)

    since = board.mark()
    board.press(BOOT, ms=_HELD_MS, bounces=5)
    board.wait_line(state="unpaired", reason="cancelled")
    film_set.sees("unpaired", since)
    film_set.picture("unpaired-1", title_only=True, after=since)
    lines = len(board.lines)
    mock.control("refuse", part="socket", status=503)
    board.press(BOOT, ms=_HELD_MS)
    board.wait_line(lines, state="pairing")
    mock.approve()

    since = board.mark()
    board.wait_line(lines, state="joining")
    film_set.sees("joining", since)
    film_set.picture("joining-1", title_only=True, after=since)
    since = board.mark()
    mock.control("clear")
    board.wait_line(lines, state="online", paused=False)
    film_set.sees("online", since)
    film_set.picture("online-1", after=since)

    since = board.mark()
    mock.control("pause")
    board.wait_line(lines, state="paused")
    film_set.sees("paused", since)
    film_set.picture("paused-1", after=since)
    assert film_set.seen == set(LADDER)
