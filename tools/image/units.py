"""Writes a board for each unit of a list, one after another, and judges each. `make units`.

python -m tools.image.units --firmware FIRMWARE --port PORT [--config FILE] [--flash SIZE]
                            [--results FILE] [--within SECONDS] CSV

CSV has a line with the columns' names, then a line for each unit: `serial` (frameio.client_id),
`name` (hostname), and any other key of config.json with dots. FILE has the settings that all have
in common. All is checked before the first board is written. Then each board is written as it is
plugged in; it passes when its own console says that it boots, lights its light, has a network and
the time, and reaches Frame.io. A unit that has passed is not done again.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.command_line import CommandLine, Refused, exit_code, say, seconds
from tools.deploy.deploy import Built, build
from tools.deploy.serial_board import Lost, SerialBoard, Way, is_there, opened
from tools.run.private_folder import PrivateFolder
from tools.run.readable import printable
from tools.virtual_board.flash_image import FlashImage

from . import esptool
from .application import application_files, read_config, settings_files, write_file_system
from .firmware_file import Firmware, Partition, flash_bytes
from .results import FAIL, PASS, Result, Results, now
from .unit_list import Unit, read_units
from .verdict import BOOT, Verdict

_RESULTS = Path("build/units")
_WITHIN_S = 90.0  # Wi-Fi, time and two TLS handshakes take a quarter of it
_BACK_S = 10.0  # a USB port goes with the chip's reset, and comes back
_LOOK_S = 0.1
_READABLE_S = 3.0  # until the system has given a new port its rights
_MOST_SHOWN = 10
_WRITE = "write"
Files = Mapping[str, bytes]


class _Again(Exception):
    """This was not the unit's board, or not to its end; the text says what to do."""


def main() -> int:
    """Do it; the exit code: 1 if a unit has failed."""
    parser = CommandLine("tools.image.units", __doc__, "units")
    parser.add_argument("units", type=Path, metavar="CSV", help="a line for each unit")
    parser.add_argument("--firmware", type=Path, required=True, help="MicroPython's .bin")
    parser.add_argument("--port", required=True, help="where each board is plugged in")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings of all units")
    parser.add_argument("--flash", metavar="SIZE", help="of the chip, such as 4MB")
    parser.add_argument("--results", type=Path, metavar="FILE", help="where they go, as a CSV")
    parser.add_argument(
        "--within",
        type=seconds,
        metavar="SECONDS",
        default=_WITHIN_S,
        help="a unit's time to pass, from its reset",
    )
    arguments = parser.parse_args()
    failed: list[str] = []
    code = exit_code(
        "units",
        lambda: failed.extend(_make(arguments)),
        "the same command goes on with the units that have not passed",
    )
    return code or (1 if failed else 0)


def _make(arguments: argparse.Namespace) -> list[str]:
    """The serial numbers that have failed. Raises Refused before the first board is written."""
    firmware = Firmware(arguments.firmware)
    flash = flash_bytes(arguments.flash) if arguments.flash else None
    partition = firmware.file_system(flash)
    common = read_config(arguments.config) if arguments.config else {}
    if not isinstance(common, dict):
        raise Refused(f"{printable(str(arguments.config))} must hold one JSON object")
    built = build()
    application = application_files(built, firmware)
    units = read_units(arguments.units, common)
    folder = (arguments.config or arguments.units).parent
    settings = _checked(units, arguments.units, folder, built, firmware)
    path = arguments.results or _RESULTS / f"{arguments.units.stem}.csv"
    results = Results(path)
    to_do = [unit for unit in units if not results.has_passed(unit.serial)]
    say(
        f"{printable(str(arguments.units))}: {len(units)} units, {len(units) - len(to_do)} have "
        f"passed already; results in {printable(str(path))}"
    )
    failed = []
    with PrivateFolder() as private:
        station = Station(arguments.port, firmware, partition, results, private)
        station.prepare(application, flash)
        for unit in to_do:
            result = station.do(unit.serial, settings[unit.serial], arguments.within)
            if result.result == FAIL:
                failed.append(unit.serial)
    if to_do:
        say(f"{len(to_do) - len(failed)} passed, {len(failed)} failed")
    if failed:
        say("the same command tries those that failed again")
    return failed


def _checked(
    units: Sequence[Unit], path: Path, folder: Path, built: Built, firmware: Firmware
) -> dict[str, Files]:
    """Serial number → the files that only this unit has. Raises Refused."""
    settings: dict[str, Files] = {}
    wrong: list[str] = []
    tokens: dict[str, int] = {}
    for unit in units:
        try:
            settings[unit.serial] = settings_files(unit.values, folder, built, firmware)
            if unit.values.get("console") is not True:
                raise Refused('"console" must be true: a unit is judged by what it says')
            token = unit.values["frameio"].get("access_token")
            if token is not None and tokens.setdefault(token, unit.line) != unit.line:
                raise Refused(
                    f"it has the frameio.access_token of line {tokens[token]}, and Frame.io would "
                    "take both for one device"
                )
        except Refused as error:
            wrong.append(f"{printable(str(path))}, line {unit.line}: {error}")
    for text in wrong[:_MOST_SHOWN]:
        say(text)
    if wrong:
        raise Refused(f"{len(wrong)} of {len(units)} units can't be made; no board was written")
    return settings


class Station:
    """The port where one board after another is plugged in, written and judged.

    folder: for images, which hold secrets.
    """

    def __init__(
        self, port: str, firmware: Firmware, partition: Partition, results: Results, folder: Path
    ) -> None:
        self._port = port
        self._firmware = firmware
        self._partition = partition
        self._results = results
        self._flash_bytes: int | None = None
        self._without_settings = folder / "without_settings.bin"
        self._image = folder / "unit.bin"
        self._micropython = folder / "firmware.bin"
        self._is_used = False

    def prepare(self, application: Files, flash_size_bytes: int | None) -> None:
        """Make what all units have. flash_size_bytes: that their chips must have, or None."""
        self._flash_bytes = flash_size_bytes
        self._micropython.write_bytes(self._firmware.data)
        write_file_system(self._without_settings, self._partition, application)

    def do(self, serial: str, settings: Files, within_s: float) -> Result:
        """Wait for a unit's board, write it, judge it, and say what came of it. Raises Refused."""
        shown = printable(serial)
        while True:
            self._wait_for_board(shown)
            begun_s = time.monotonic()
            mac = step = why = ""
            try:
                _show(f"{shown}: writing")
                mac = self._identify()
                self._write(settings)
                step, why = self._judge(shown, within_s)
            except esptool.EsptoolError as error:
                if not is_there(self._port):
                    _say(f"{shown}: it was unplugged while it was written")
                    continue
                step, why = _WRITE, str(error)
            except _Again as error:
                _say(f"{shown}: {error}")
                continue
            took_s = f"{time.monotonic() - begun_s:.0f}"
            result = Result(serial, FAIL if step else PASS, mac, took_s, now(), step, why)
            self._results.add(result)
            _say(f"{shown}: FAIL at {step}: {why}" if step else f"{shown}: pass, {took_s} s")
            return result

    def _wait_for_board(self, shown: str) -> None:
        """Until the board before it is unplugged, and one is plugged in. Raises Refused."""
        if self._is_used and is_there(self._port):
            enter = ", or press Enter where only the board changes" if sys.stdin.isatty() else ""
            say(f"{shown}: unplug this board and plug in the next one{enter}")
            while is_there(self._port) and not _is_enter_pressed():
                time.sleep(_LOOK_S)
        elif not is_there(self._port):
            say(f"{shown}: plug its board in at {printable(self._port)}")
        while not is_there(self._port):
            time.sleep(_LOOK_S)
        end_s = time.monotonic() + _READABLE_S
        while not os.access(self._port, os.R_OK | os.W_OK):
            if time.monotonic() > end_s:
                raise Refused(
                    f"{printable(self._port)} may not be opened: get the right to (on Linux: the "
                    "group dialout)"
                )
            time.sleep(_LOOK_S)
        self._is_used = True

    def _identify(self) -> str:
        """The chip's address. Raises EsptoolError, or _Again for a board that is done."""
        chip = esptool.identify(self._firmware.chip, self._port)
        other = self._results.serial_of(chip.mac)
        if other is not None:
            raise _Again(f"this board is {printable(other)}, which has passed: it is left alone")
        if self._flash_bytes and chip.flash_bytes not in (None, self._flash_bytes):
            raise esptool.EsptoolError(
                f"its flash has {(chip.flash_bytes or 0) // 2**20} MB, and FLASH says "
                f"{self._flash_bytes // 2**20}"
            )
        return chip.mac

    def _write(self, settings: Files) -> None:
        """Raises EsptoolError."""
        shutil.copyfile(self._without_settings, self._image)
        FlashImage(self._image, self._partition.size_bytes).write_all(settings)
        parts = [
            (self._firmware.offset_bytes, self._micropython),
            (self._partition.offset_bytes, self._image),
        ]
        esptool.write(self._firmware.chip, self._port, parts)

    def _judge(self, shown: str, within_s: float) -> tuple[str, str]:
        """(the step that failed, why), both "" if it has passed. Raises _Again."""
        verdict = Verdict()
        end_s = time.monotonic() + within_s
        board: SerialBoard | None = None
        step = ""
        while time.monotonic() < end_s:
            try:
                board = opened(self._port, _BACK_S, Way.LEFT_ALONE)
                for line in board.lines():
                    verdict.hear(line or "")
                    if verdict.step() != step:
                        step = verdict.step()
                        _show(f"{shown}: {step}")
                    if verdict.is_passed:
                        return "", ""
                    if verdict.is_failed or time.monotonic() > end_s:
                        return verdict.step(), verdict.why()
            except Lost as error:
                if not board:
                    if not is_there(self._port):
                        raise _Again("it was unplugged before it had passed")
                    return BOOT, printable(f"{self._port} can't be opened: {error}")
            finally:
                if board:
                    board.close()
                    board = None
        return verdict.step(), verdict.why()


def _show(text: str) -> None:
    """What is under way, at a terminal, until `_say`."""
    if sys.stdout.isatty():
        print(f"\r{text[:78]:<78}\r", end="", flush=True)


def _say(text: str) -> None:
    _show("")
    say(text)


def _is_enter_pressed() -> bool:
    """At a terminal; what was typed is read."""
    if not sys.stdin.isatty() or not select.select([sys.stdin], [], [], 0)[0]:
        return False
    return bool(sys.stdin.readline())


if __name__ == "__main__":
    sys.exit(main())
