"""A virtual board with the real boot and the real firmware, which crashes or hangs on order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tools.rig import CLIENT_VERSION, TOKEN
from tools.virtual_board.session import ROOT, VirtualBoard

GUARDED = ROOT / "tests/support/guarded_main.py"
CLOSED = "http://127.0.0.1:9"  # the discard port, closed here
SAFE_MODE: dict[str, Any] = {"state": "fault", "reason": "safe_mode"}


class Board(VirtualBoard):
    """A board with the firmware on it."""

    def __init__(self, folder: Path, main: Path = GUARDED, **options: Any) -> None:
        code = folder / "code"
        for name in ("firmware", "lib"):
            shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "boot.py", code)
        shutil.copy(main, code / "main.py")
        self.code = code
        super().__init__(folder, code, **options)
        self.configure()
        self.sabotage()
        self.write("times.json", {})

    def __enter__(self) -> Board:
        return self

    def write(self, name: str, value: Any) -> None:
        """Write a file into the flash."""
        self.write_file(name, value if isinstance(value, str) else json.dumps(value))

    def configure(self, **others: Any) -> None:
        """Write a configuration that can be used."""
        frameio = {"url": CLOSED, "client_version": CLIENT_VERSION, "access_token": TOKEN}
        self.write("config.json", {"board": "host", "frameio": frameio, "console": True, **others})

    def sabotage(self, what: str | None = None, after_ms: int = 0) -> None:
        """From the next boot on, the agent does this after so long."""
        self.write("sabotage.json", {"do": what, "after_ms": after_ms} if what else {})

    def boots(self) -> list[int]:
        """The cause of each boot so far."""
        return [event["cause"] for event in self.events if event["kind"] == "power_on"]

    def wait_boots(self, count: int) -> None:
        """Wait for the boot of this number."""
        self.wait(lambda event: len(self.boots()) >= count)

    def crashes(self) -> list[str]:
        """What was written down, the newest first."""
        return [
            path.read_text()
            for path in sorted(
                self.flash.glob("crash*.txt"), key=lambda path: (len(path.name), path.name)
            )
        ]
