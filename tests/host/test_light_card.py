"""The light card: its pictures are not stale, and each does what the ladder's light does."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.generate import files, light_card, printed_card, readme

# The ladder as designed: colour, then light, dark, light, … in ms. Not read from the tables of which
# the card is made.
LADDER: dict[str, tuple[str, tuple[int, ...]]] = {
    "fault": ("#ff0000", (200, 200)),
    "starting": ("#000000", ()),
    "no_network": ("#ffc800", (200, 1800)),
    "pairing": ("#0000ff", (1000, 1000)),
    "no_backend": ("#ff00ff", (200, 300, 200, 1800)),
    "unpaired": ("#0000ff", (200, 300, 200, 300, 200, 1800)),
    "joining": ("#00ff00", (500, 500)),
    "paused": ("#ff7800", (1000, 170, 170, 170)),
    "online": ("#00ff00", ()),
}
SVG = "{http://www.w3.org/2000/svg}"
SPAN_MS = 6000


def runs(spans: list[tuple[float, float]]) -> list[tuple[bool, int]]:
    """(is it light?, ms) of (ms, level from 0 to 1), put together where it stays light or dark."""
    found: list[tuple[bool, int]] = []
    for ms, level in spans:
        if found and found[-1][0] == (level >= 0.5):
            ms += found.pop()[1]
        found.append((level >= 0.5, round(ms)))
    return found


def as_designed(state: str, until_ms: int | None = None) -> list[tuple[bool, int]]:
    """The same of the table above: one period, or as much as fits."""
    times = LADDER[state][1] or (SPAN_MS,)
    found, at_ms = [], 0
    while at_ms < (until_ms or sum(times)):
        for i, ms in enumerate(times):
            found.append(
                (
                    float(min(ms, (until_ms or ms + at_ms) - at_ms)),
                    float(i % 2 == 0 and state != "starting"),
                )
            )
            at_ms += ms
            if until_ms and at_ms >= until_ms:
                break
    return runs(found)


def test_no_picture_is_stale() -> None:
    assert files.stale(light_card.files()) == []
    assert {path.stem for path in light_card.FOLDER.glob("*")} == {*LADDER, "card"}


def test_stale_missing_and_superfluous_pictures_are_seen(tmp_path: Path) -> None:
    shutil.copytree(light_card.FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "disco.svg").write_text("<svg/>")
    (tmp_path / "fault.svg").write_text(
        (tmp_path / "fault.svg").read_text().replace("ff0000", "00ff00")
    )
    (tmp_path / "online.svg").unlink()
    wrong = files.stale(light_card.files(tmp_path))
    assert [path.name for path in wrong] == ["disco.svg", "fault.svg", "online.svg"]


@pytest.mark.parametrize("state", LADDER)
def test_a_picture_does_what_the_light_does(state: str) -> None:
    picture = ElementTree.parse(light_card.FOLDER / f"{state}.svg").getroot()
    style = picture.findtext(f"{SVG}style") or ""
    colour, _ = LADDER[state]
    assert f"fill: {colour}" in style
    period = re.search(r"animation: light ([\d.]+)s step-end infinite", style)
    assert period
    period_ms = float(period[1]) * 1000
    frames = [
        (float(at) * period_ms / 100, float(level))
        for at, level in re.findall(r"([\d.]+)% { opacity: ([\d.]+) }", style)
    ]
    ends = [at_ms for at_ms, _ in frames[1:]] + [period_ms]
    shown = runs([(end - at_ms, level) for (at_ms, level), end in zip(frames, ends, strict=True)])
    if LADDER[state][1]:
        assert shown == as_designed(state)
    else:
        assert shown == [(state == "online", period_ms)]


@pytest.mark.parametrize("state", LADDER)
def test_the_strip_beside_it_shows_six_seconds(state: str) -> None:
    picture = ElementTree.parse(light_card.FOLDER / f"{state}.svg").getroot()
    strip = picture.find(f"{SVG}g")
    assert strip is not None and strip.get("fill") == LADDER[state][0]
    spans, at_ms = [], 0.0
    for part in strip:
        begin_ms = (float(part.attrib["x"]) - 36) * 50
        if begin_ms > at_ms:
            spans.append((begin_ms - at_ms, 0.0))
        at_ms = begin_ms + float(part.attrib["width"]) * 50
        spans.append((at_ms - begin_ms, float(part.get("opacity", "1"))))
    spans.append((SPAN_MS - at_ms, 0.0))
    shown = runs([span for span in spans if span[0] > 0])
    assert shown == as_designed(state, SPAN_MS)


def test_the_readme_has_a_picture_of_each_light_in_the_ladders_order() -> None:
    cells = re.findall(r'src="docs/light/(\w+)\.svg" height="16"\nalt="(.+?)">', readme.ladder())
    assert [state for state, _ in cells] == readme.LADDER
    assert all((light_card.FOLDER / f"{state}.svg").is_file() for state in readme.LADDER)
    assert dict(cells)["pairing"] == "blue, 1 s on, 1 s off; breathing where the LED can fade"


@pytest.mark.parametrize("state", LADDER)
def test_the_card_to_print_has_its_words(state: str) -> None:
    shown = [
        text.text or "" for text in ElementTree.fromstring(printed_card.card()).iter(f"{SVG}text")
    ]
    lines = shown[shown.index(light_card.in_short(state)) + 1 :]
    period_ms = sum(LADDER[state][1])
    assert lines[0] == state + (f", every {round(period_ms / 1000, 1):g} s" if period_ms else "")
    assert " ".join(lines[1:]).startswith(" ".join(readme.words(state)))


def test_the_words_count_the_flashes() -> None:
    flashes = {
        state: len(times) // 2 for state, (_, times) in LADDER.items() if times[-1:] == (1800,)
    }
    counts = {1: "one flash", 2: "two flashes", 3: "three flashes"}
    assert len(flashes) == 3
    for state in LADDER:
        words = light_card.in_short(state).rpartition(", ")[2]
        assert ("flash" in words) == (state in flashes)
        assert state not in flashes or words == counts[flashes[state]]
    assert light_card.in_short("paused") == "amber, two winks"
