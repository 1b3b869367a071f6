"""The wiring pictures: not stale, and each shows what its board's docstring tells."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.generate import board_parts, files, wiring
from tools.on_cpython import ROOT

BOARDS = sorted(path.stem for path in (ROOT / "firmware/boards").glob("*.py"))
WITH_PARTS = [name for name in BOARDS if name != "host"]


def texts(picture: str) -> list[str]:
    """What is written in a picture."""
    root = ElementTree.fromstring(picture)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def told(name: str) -> set[int]:
    """The GPIOs that the list in a board's docstring has."""
    source = (ROOT / f"firmware/boards/{name}.py").read_text()
    return gpios(" | ".join(re.findall(r"^    GPIO .*$", source, re.MULTILINE)))


def gpios(text: str) -> set[int]:
    """The numbers in `GPIO 46, 0, 45` and the like."""
    found = re.findall(r"GPIO (\d+(?:, \d+)*)", text)
    return {int(number) for numbers in found for number in numbers.split(", ")}


def test_no_picture_is_stale() -> None:
    assert files.stale(wiring.files()) == []
    assert sorted(path.stem for path in wiring.FOLDER.glob("*")) == WITH_PARTS
    assert set(wiring.BOARDS) == set(WITH_PARTS)
    shown = re.findall(r"\(wiring/(\w+)\.svg\)", (ROOT / "docs/wiring.md").read_text())
    assert sorted(shown) == WITH_PARTS


@pytest.mark.parametrize("name", WITH_PARTS)
def test_a_picture_has_every_pin_that_the_docstring_tells(name: str) -> None:
    drawn = gpios(" | ".join(texts((wiring.FOLDER / f"{name}.svg").read_text())))
    assert len(told(name)) >= 4 and drawn - {38} == told(name) - {38}


def test_the_wires_of_a_display() -> None:
    parts = board_parts.parts_of("esp32_devkit")
    assert parts["screen"] == {"GND": "GND", "3V3": "VCC", 22: "SCL", 21: "SDA"}
    assert parts["button"] == {0: "", "GND": ""}
    assert set(parts["light"]) == {2, "GND"}
    light = board_parts.parts_of("arduino_nano_esp32")["light"]
    assert light == {46: "red", 0: "green", 45: "blue", "3V3": ""}  # lit while low


def test_another_pin_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gone.svg").write_text("<svg/>")
    monkeypatch.setattr(wiring, "parts_of", lambda name: {"button": {7: "", "GND": ""}})
    found = wiring.files(tmp_path)
    assert found[tmp_path / "gone.svg"] is None
    assert "GPIO 7" in texts(str(found[tmp_path / "wt32_eth01.svg"]))
    assert len(files.stale(found)) == len(BOARDS) + 1


def test_a_board_of_one_s_own() -> None:
    """It is not in the table of marks, and everything is wired to it."""
    light = {1: "red", 2: "green", 3: "blue", "GND": ""}
    written = texts(wiring.picture("own_board", {"light": light}))
    assert written[0] == "own_board" and {"IO1", "330 Ω", "red", "RGB LED"} < set(written)
    written = texts(wiring.picture("own_board", {"light": {"GND": "GND", "5V": "5V", 4: "DIN"}}))
    assert {"NeoPixel", "DIN", "IO4"} < set(written)
