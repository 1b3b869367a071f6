"""The settings of many units: a CSV with a row each, over settings that all have in common."""

from __future__ import annotations

import copy
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.command_line import Refused
from tools.on_cpython import device_module
from tools.run.readable import printable

_FIRMWARE_CONFIG = device_module("firmware.config")
_SERIAL = "frameio.client_id"
# How people call them → their keys.
_COLUMNS = {
    "serial": _SERIAL,
    "serial number": _SERIAL,
    "serial_number": _SERIAL,
    "client_id": _SERIAL,
    "name": "hostname",
}
# Of one Wi-Fi network; the schema has them as one key.
_OF_WIFI = {"wifi.ssid": "", "wifi.password": "", "wifi.hidden": "true or false"}
_KINDS = {key: allowed for key, allowed, _ in _FIRMWARE_CONFIG.SCHEMA if key != "wifi"} | _OF_WIFI
_SWITCH = {"true": True, "false": False}  # a spreadsheet writes them in capitals
_LIKE_A_NUMBER = re.compile(r"\d([.,]\d+)?E\+\d+")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Unit:
    """One row. line: its number in the file. values: as in its config.json, unchecked."""

    serial: str
    line: int
    values: Any


def read_units(path: Path, common: Any) -> list[Unit]:
    """The units of a CSV file, in its order. common: the settings that all have.

    An empty cell leaves what is common. Raises Refused.
    """
    name = printable(str(path))
    text = _text(path, name)
    first = next((line for line in text.splitlines() if line.strip()), "")
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=max(_DELIMITERS, key=first.count),
        strict=True,
    )
    keys: list[str] = []
    units: dict[str, Unit] = {}
    try:
        for cells in rows:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not keys:
                keys = _keys(cells, name)
                continue
            unit = _unit(keys, cells, rows.line_num, common, name)
            if unit.serial in units:
                raise Refused(
                    f"{name}, line {unit.line}: the serial number {printable(unit.serial)} is also "
                    f"in line {units[unit.serial].line}"
                )
            units[unit.serial] = unit
    except csv.Error as error:
        raise Refused(f"{name}, line {rows.line_num}: {error}")
    if not units:
        raise Refused(f"{name} has no units: a line with the columns' names, then a line for each")
    return list(units.values())


def _text(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Refused(f"there is no file {name}")
    except OSError as error:
        raise Refused(f"{name} can't be read: {error.strerror}")
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(f'{name}, line {line}: it is not UTF-8; save it as "CSV UTF-8"')


def _keys(cells: Sequence[str], name: str) -> list[str]:
    """The configuration's key for each column."""
    keys = [_COLUMNS.get(cell.lower(), cell) for cell in cells]
    for cell, key in zip(cells, keys, strict=True):
        if key not in _KINDS:
            nearest = _FIRMWARE_CONFIG.nearest(cell, [*_COLUMNS, *_KINDS])
            shown = printable(cell) or "(without a name)"
            raise Refused(f"{name}: unknown column {shown}; the nearest known one is {nearest}")
        if keys.count(key) > 1:
            raise Refused(f"{name}: two columns are {key}")
    if _SERIAL not in keys:
        raise Refused(f"{name} has no column serial")
    return keys


def _unit(keys: Sequence[str], cells: Sequence[str], line: int, common: Any, name: str) -> Unit:
    where = f"{name}, line {line}"
    if len(cells) != len(keys):
        raise Refused(f"{where}: it has {len(cells)} cells, and the columns are {len(keys)}")
    given = {key: cell for key, cell in zip(keys, cells, strict=True) if cell}
    serial = given.get(_SERIAL, "")
    if not serial:
        raise Refused(f"{where}: it has no serial number")
    if _LIKE_A_NUMBER.fullmatch(serial):
        raise Refused(
            f"{where}: the serial number {serial} is what a spreadsheet has made of a longer one: "
            "format that column as text"
        )
    values = copy.deepcopy(common)
    for key, cell in given.items():
        _put(values, key, _value(key, cell), where)
    return Unit(serial, line, values)


def _value(key: str, cell: str) -> Any:
    """A cell as the firmware wants it. One that is of no use stays: the firmware tells why."""
    if _KINDS[key] == "true or false":
        return _SWITCH.get(cell.lower(), cell)
    if _KINDS[key].startswith("a whole number"):
        return int(cell) if cell.isdecimal() else cell
    return cell


def _put(values: Any, key: str, value: Any, where: str) -> None:
    group, _, inner = key.rpartition(".")
    if not group:
        values[key] = value
        return
    if not isinstance(values.setdefault(group, {}), dict):
        raise Refused(f"{where}: {key} can't be set: {group} of the common settings is no object")
    values[group][inner] = value
