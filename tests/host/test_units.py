"""`make units`: the list's settings, the verdict on a board, results, and the loop, without boards."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.firmware_file import PLUS, firmware_file
from tools.command_line import Refused
from tools.deploy.deploy import Built
from tools.deploy.serial_board import Lost
from tools.image import units as command
from tools.image.esptool import Chip, EsptoolError
from tools.image.results import PASS, Result, Results
from tools.image.unit_list import read_units
from tools.image.verdict import Verdict
from tools.rig import CLIENT_SECRET, TOKEN
from tools.virtual_board.flash_image import FlashImage

COMMON: dict[str, Any] = {
    "board": "esp32_s3_devkit",
    "console": True,
    "frameio": {"client_version": "1.2.3", "client_secret": CLIENT_SECRET},
    "wifi": {"ssid": "Stage 5", "password": "pilotlight"},
}
ROWS = "serial,name\nCAM-17,cam-17\nCAM-18,cam-18\n"


def saved(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "units.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),  # "CSV UTF-8"
        ROWS.encode("utf-16"),  # "Unicode text"
        ROWS.replace(",", "\t").encode("utf-16-be").join([b"\xfe\xff", b""]),
        ROWS.replace(",", ";").replace("\n", "\r\n").encode(),  # where the comma is for decimals
        ROWS.replace("serial", '"Serial Number"').replace("\n", "\n,\n\n , \n").encode(),
    ],
)
def test_what_spreadsheets_write(data: bytes, tmp_path: Path) -> None:
    first, second = read_units(saved(tmp_path, data), COMMON)
    assert (first.serial, second.serial) == ("CAM-17", "CAM-18")
    frameio = {**COMMON["frameio"], "client_id": "CAM-18"}
    assert second.values == {**COMMON, "hostname": "cam-18", "frameio": frameio}
    assert "client_id" not in COMMON["frameio"]


def test_columns_are_keys_and_an_empty_cell_is_what_is_common(tmp_path: Path) -> None:
    rows = "serial,wifi.ssid,wifi.hidden,brightness,reset_when_stuck,frameio.url\n"
    rows += "1,Café,TRUE,30,false,\n2,,,x,,\n"
    first, second = read_units(saved(tmp_path, rows.encode()), {**COMMON, "brightness": 60})
    wifi = {"ssid": "Café", "password": "pilotlight", "hidden": True}
    assert first.values["wifi"] == wifi and first.values["brightness"] == 30
    assert first.values["reset_when_stuck"] is False and "url" not in first.values["frameio"]
    assert second.values["wifi"] == COMMON["wifi"] and second.values["brightness"] == "x"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "has no units"),
        ("serial\n", "has no units"),
        ("name\ncam\n", "has no column serial"),
        ("serial,nane\n1,x\n", "unknown column nane; the nearest known one is name"),
        ("serial,wifi\n1,x\n", "unknown column wifi"),
        ("serial,\n1,x\n", "unknown column (without a name)"),
        ("serial,client_id\n1,2\n", "two columns are frameio.client_id"),
        ("serial,name\n1,x\n\n1,y\n", "line 4: the serial number 1 is also in line 2"),
        ("serial,name\n1,x\n,y\n", "line 3: it has no serial number"),
        ("serial,name\n1\n", "line 2: it has 1 cells, and the columns are 2"),
        ("serial\n1.23E+11\n", "format that column as text"),
        ("serial;name\n1,23E+11;x\n", "format that column as text"),
        ('serial\n"1\n', "line 2: unexpected end of data"),
        ("serial\nCAM\n\xe4\n".encode("latin-1"), "line 3: it is not UTF-8"),
    ],
)
def test_a_list_that_can_t_be_used(rows: str | bytes, words: str, tmp_path: Path) -> None:
    data = rows.encode() if isinstance(rows, str) else rows
    with pytest.raises(Refused) as error:
        read_units(saved(tmp_path, data), COMMON)
    assert words in str(error.value)


def test_no_list_and_networks_that_are_a_list(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no file"):
        read_units(tmp_path / "no.csv", COMMON)
    rows = saved(tmp_path, b"serial,wifi.ssid\n1,x\n")
    with pytest.raises(Refused, match=r"wifi\.ssid can't be set: wifi of the common settings"):
        read_units(rows, {**COMMON, "wifi": [COMMON["wifi"]]})


def said(state: str, reason: str | None = None, connected: bool = False, lit: str = "even") -> str:
    light = {"pattern": lit, "rgb": [0, 255, 0]}
    line = {"t_ms": 1, "state": state, "reason": reason, "connected": connected, "light": light}
    return json.dumps(line)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([said("no_network"), said("joining", None, True), said("online", None, True)], None),
        ([said("pairing", None, True)], None),
        ([said("paused", None, True)], None),
        ([], ("boot", "it says nothing")),
        (["\x1b[31mrst:0x3", ""], ("boot", 'not started; it says "\ufffd[31mrst:0x3"')),
        (['{"t_ms": 1}'], ("boot", 'not started; it says "{"t_ms": 1}"')),
        ([said("fault", "too_little_memory")], ("boot", "Too little memory on this chip: Use")),
        ([said("starting", lit="off")], ("light", "it stays in starting")),
        ([said("joining", None, True)], ("Frame.io", "it stays in joining")),
        ([said("online", None, True, "off")], ("light", "it stays in online")),
        ([said("no_network", "wifi_password")], ("network", "The Wi-Fi refused the password: Check")),
        ([said("no_backend", "clock")], ("time", "The time is not known: Use")),
        ([said("no_backend", "certificate")], ("Frame.io", "This may not be the real Frame.io: U")),
        ([said("unpaired", "client_refused", True)], ("Frame.io", "Frame.io does not know this")),
        ([said("online", None, True), said("no_network", "new_word")], ("network", "new_word")),
    ],
)  # fmt: skip
def test_the_verdict(lines: list[str], expected: tuple[str, str] | None) -> None:
    verdict = Verdict()
    for line in lines:
        verdict.hear(line)
    assert verdict.is_passed == (expected is None)
    if expected:
        assert verdict.step() == expected[0] and verdict.why().startswith(expected[1])
        assert verdict.is_failed == ("fault" in str(lines))


def test_results_are_kept_over_a_power_cut(tmp_path: Path) -> None:
    path = tmp_path / "new/results.csv"
    results = Results(path)
    results.add(Result("CAM-17", PASS, "24:0a", "12", "2026-01-01T00:00:00Z"))
    results.add(Result("CAM-18", "fail", "24:0b", "90", "2026-01-01T00:01:00Z", "time", "a, b"))
    with path.open("a") as file:
        file.write("CAM-19,pass,24:0")
    again = Results(path)
    again.add(Result("CAM-20", PASS, "24:0d", "13", "2026-01-01T00:02:00Z"))
    last = Results(path)
    assert [last.has_passed(f"CAM-{i}") for i in (17, 18, 19, 20)] == [True, False, False, True]
    assert last.serial_of("24:0d") == "CAM-20" and last.serial_of("24:0b") is None
    path.write_text("something,else\n")
    with pytest.raises(Refused, match="holds something else"):
        Results(path)


class Bench:
    """What stands in for cable, chip and board. At each word of the station the next thing happens.

    boards: (MAC, what it says) of each board that is plugged in, in turn. written: the files of
    each that was written.
    """

    def __init__(self, port: Path) -> None:
        self.port = port
        self.boards: list[tuple[str, list[str]]] = []
        self.said: list[str] = []
        self.written: list[dict[str, bytes]] = []
        self.fails: Callable[[str], None] = lambda mac: None

    def say(self, text: str) -> None:
        """What the command says; who reads it does it."""
        self.said.append(text)
        if "unplug this board" in text:
            self.port.unlink()

    def sleep(self, _: float) -> None:
        """The command waits for a board."""
        if not self.port.exists():
            self.boards.pop(0)
            self.port.touch()

    def identify(self, chip: str, port: str) -> Chip:
        """In place of esptool's."""
        assert chip == "esp32s3"
        self.fails(self.boards[0][0])
        return Chip(self.boards[0][0], 4 * 2**20)

    def write(self, chip: str, port: str, parts: list[tuple[int, Path]]) -> None:
        """The same."""
        (_, micropython), (offset, image) = parts
        assert micropython.read_bytes() == firmware_file(rows=PLUS) and offset == 0x200000
        flash = FlashImage(image)
        self.written.append({name: flash.read(name) for name in flash.names()})

    def opened(self, port: str, wait_s: float, stops: bool) -> Bench:
        """The board at the port."""
        if not self.port.exists():
            raise Lost("no board")
        return self

    def lines(self) -> Iterator[str | None]:
        """What it says."""
        for line in self.boards[0][1]:
            if line == "unplugged":
                self.port.unlink()
                raise Lost("gone")
            yield line
        while True:
            yield None

    def close(self) -> None:
        """Nothing to do."""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench(tmp_path / "ttyUSB0")
    bench.port.touch()
    monkeypatch.setattr(command, "say", bench.say)
    monkeypatch.setattr(command, "opened", bench.opened)
    clock = SimpleNamespace(sleep=bench.sleep, monotonic=time.monotonic)
    monkeypatch.setattr(command, "time", clock)
    monkeypatch.setattr(command.esptool, "identify", bench.identify)
    monkeypatch.setattr(command.esptool, "write", bench.write)
    monkeypatch.setattr(
        command, "build", lambda: Built({"firmware/boards/esp32_s3_devkit.mpy": b"M\x06", "main.py": b""}, 6)
    )  # fmt: skip
    return bench


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench, rows: str, *options: str
) -> int:
    """The command; its exit code."""
    (tmp_path / "micropython.bin").write_bytes(firmware_file(rows=PLUS))
    (tmp_path / "common.json").write_text(json.dumps(COMMON))
    words = ["units", str(saved(tmp_path, rows.encode())), "--port", str(bench.port), "--flash"]
    words += ["4MB", "--firmware", str(tmp_path / "micropython.bin"), "--within", "0.1"]
    words += ["--config", str(tmp_path / "common.json"), "--results", str(tmp_path / "r.csv")]
    monkeypatch.setattr("sys.argv", [*words, *options])
    return command.main()


ONLINE = [said("joining", None, True), said("online", None, True)]
NO_WIFI = [said("no_network", "wifi_not_found")]


def test_each_unit_gets_its_settings_and_those_that_failed_are_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    bench.boards = [("a", ONLINE), ("b", NO_WIFI), ("c", ONLINE)]
    rows = ROWS + "CAM-19,cam-19\n"
    assert run(tmp_path, monkeypatch, bench, rows) == 1
    assert bench.said[-2:] == [
        "2 passed, 1 failed",
        "the same command tries those that failed again",
    ]
    assert "CAM-18: FAIL at network: The Wi-Fi network was not found" in "\n".join(bench.said)
    assert any(text.startswith("CAM-19: pass, ") for text in bench.said)
    configs = [json.loads(files["/config.json"]) for files in bench.written]
    assert [config["hostname"] for config in configs] == ["cam-17", "cam-18", "cam-19"]
    assert configs[1]["frameio"] == {**COMMON["frameio"], "client_id": "CAM-18"}
    assert set(bench.written[0]) == {
        "/config.json",
        "/main.py",
        "/firmware/boards/esp32_s3_devkit.mpy",
    }
    bench.boards, bench.written, bench.said = [("b", ONLINE)], [], []
    assert run(tmp_path, monkeypatch, bench, rows) == 0
    assert "3 units, 2 have passed already" in bench.said[0] and len(bench.written) == 1
    assert run(tmp_path, monkeypatch, bench, rows) == 0 and len(bench.written) == 1


def test_a_board_that_has_passed_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    bench.boards = [("a", ONLINE), ("a", ONLINE), ("b", ONLINE)]
    assert run(tmp_path, monkeypatch, bench, ROWS) == 0 and len(bench.written) == 2
    assert "CAM-18: this board is CAM-17, which has passed: it is left alone" in bench.said


def test_unplugged_in_the_middle_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    def unplug(mac: str) -> None:
        if mac == "b":
            bench.port.unlink()
            raise EsptoolError("the port is gone")

    bench.fails = unplug
    bench.boards = [("a", ["unplugged"]), ("b", ONLINE), ("c", ONLINE), ("d", ONLINE)]
    assert run(tmp_path, monkeypatch, bench, ROWS) == 0
    assert "CAM-17: it was unplugged before it had passed" in bench.said
    assert "CAM-17: it was unplugged while it was written" in bench.said
    assert Results(tmp_path / "r.csv").serial_of("c") == "CAM-17"


def test_what_esptool_refuses_is_a_unit_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    def refuse(mac: str) -> None:
        if mac == "a":
            raise EsptoolError("This chip is ESP32-C3, not ESP32-S3. Wrong chip argument?")

    bench.fails = refuse
    bench.boards = [("a", []), ("b", ONLINE)]
    assert run(tmp_path, monkeypatch, bench, ROWS) == 1
    assert "CAM-17: FAIL at write: This chip is ESP32-C3, not ESP32-S3" in "\n".join(bench.said)
    bench.boards = [("c", ONLINE)]
    assert run(tmp_path, monkeypatch, bench, ROWS, "--flash", "8MB") == 1
    assert "FAIL at write: its flash has 4 MB, and FLASH says 8" in "\n".join(bench.said)


def test_a_port_that_may_not_be_opened_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr(command.os, "access", lambda port, mode: False)
    monkeypatch.setattr(command, "_READABLE_S", 0)
    assert run(tmp_path, monkeypatch, bench, ROWS) == 1 and not bench.written
    assert "CAM" not in (tmp_path / "r.csv").read_text()


def test_enter_says_that_only_the_board_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, terminal = os.openpty()
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert not command._is_enter_pressed()
        os.write(keyboard, b"\n")
        assert command._is_enter_pressed() and not command._is_enter_pressed()
    os.close(keyboard)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("serial,name\n1,a\n2,b b\n3,c_c\n", 'line 3: config.json: hostname is "b b"; it must be'),
        ("serial,console\n1,\n2,false\n", 'line 3: "console" must be true'),
        ("serial,board\n1,\n2,esp32\n", "line 3: config.json: there is no firmware/boards/esp32.py"),
        (f"serial,frameio.access_token\n1,{TOKEN}\n2,{TOKEN}\n", "client_secret (to pair the device)"),
    ],
)  # fmt: skip
def test_all_rows_are_checked_before_the_first_board(
    rows: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(tmp_path, monkeypatch, bench, rows) == 1 and not bench.written
    assert words in "\n".join(bench.said)
    assert "units can't be made; no board was written" in capsys.readouterr().err
    assert TOKEN not in str(bench.said) and CLIENT_SECRET not in str(bench.said)


def test_one_token_for_two_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setitem(COMMON, "frameio", {"client_version": "1.2.3"})
    rows = f"serial,frameio.access_token\n1,{TOKEN}\n2,{TOKEN}\n"
    assert run(tmp_path, monkeypatch, bench, rows) == 1 and not bench.written
    assert "line 3: it has the frameio.access_token of line 2" in bench.said[0]
    assert TOKEN not in str(bench.said)
