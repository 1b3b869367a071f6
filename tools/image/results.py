"""What came of each board, in a CSV that a spreadsheet reads and that a later run goes on from."""

from __future__ import annotations

import csv
import datetime
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from tools.command_line import Refused
from tools.run.readable import printable

PASS, FAIL = "pass", "fail"


@dataclass(frozen=True)
class Result:
    """One try. mac: the chip's, or "". seconds: what it took. step, why: of one that failed."""

    serial: str
    result: str
    mac: str
    seconds: str
    time: str
    step: str = ""
    why: str = ""


class Results:
    """The file. Each result is in it as soon as it is there. Raises Refused if it is another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._passed: dict[str, Result] = {}
        names = [field.name for field in fields(Result)]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                self._append(names, "utf-8-sig")
            text = path.read_text("utf-8-sig")
            if not text.endswith("\n"):  # a power cut has left a part of the last one
                self._append([])
            rows = csv.reader(text.splitlines())
            if next(rows, None) != names:
                raise Refused(f"{printable(str(path))} holds something else: move it away")
            for row in rows:
                if len(row) == len(names) and row[1] == PASS:
                    self._passed[row[0]] = Result(*row)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise Refused(f"{printable(str(path))} can't be used: {error}")

    def has_passed(self, serial: str) -> bool:
        """Is there a board with this serial number that has passed?"""
        return serial in self._passed

    def serial_of(self, mac: str) -> str | None:
        """The serial number with which this chip has passed, or None."""
        return next((one.serial for one in self._passed.values() if one.mac == mac), None)

    def add(self, result: Result) -> None:
        """Store one. Raises Refused."""
        try:
            self._append(astuple(result))
        except OSError as error:
            raise Refused(f"{printable(str(self._path))} can't be written: {error.strerror}")
        if result.result == PASS:
            self._passed[result.serial] = result

    def _append(self, row: list[str] | tuple[str, ...], encoding: str = "utf-8") -> None:
        with self._path.open("a", encoding=encoding, newline="") as file:
            csv.writer(file).writerow(row)


def now() -> str:
    """The time, UTC."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
