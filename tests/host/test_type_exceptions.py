"""Device code is type-checked against the ESP32 stubs; each exception has its reason beside it."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.rig import ROOT

CONFIG = ROOT / "mypy-device.ini"
TYPINGS = ROOT / "tools/typings"
IGNORE = re.compile(r"#\s*(?:type:\s*ignore|mypy:)")
WITH_REASON = re.compile(r"# type: ignore\[[a-z-]+\]  # \S+ \S.*")


def device_code() -> list[Path]:
    """Every file of it."""
    return [
        ROOT / "main.py",
        ROOT / "boot.py",
        *(ROOT / "lib").rglob("*.py"),
        *(ROOT / "firmware").rglob("*.py"),
        *(ROOT / "examples").glob("*.py"),
    ]


def without_reason(source: str) -> list[str]:
    """The lines that switch checking off, for one kind of error or more, and do not say why."""
    return [
        line for line in source.splitlines() if IGNORE.search(line) and not WITH_REASON.search(line)
    ]


def careless(config: str) -> list[str]:
    """The sections that switch off checks of our code without a reason.

    Also those that switch off more than `ignore_errors`.
    """
    parser = configparser.ConfigParser()
    parser.read_string(config)
    found = []
    for section in parser.sections()[1:]:
        above = config.partition(f"\n[{section}]")[0].rpartition("\n")[2]
        is_ours = re.match(r"mypy-(\*|pilotlight|firmware|main|boot|examples)", section) is not None
        if (
            is_ours
            or "," in section
            or not above.startswith("# ")
            or [*parser[section]] != ["ignore_errors"]
        ):
            found.append(section)
    return found


def test_each_exception_in_the_code_has_its_reason() -> None:
    files = device_code()
    assert len(files) > 60
    assert {str(path): lines for path in files if (lines := without_reason(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("x = y  # type: ignore[attr-defined]  # the stubs forget it", True),
        ("x = y  # type: ignore[attr-defined]", False),
        ("x = y  # type: ignore[attr-defined]  # why", False),
        ("x = y  # type: ignore  # the stubs forget it", False),
        ("x = y  # type:ignore", False),
        ("# mypy: ignore-errors", False),
        ("x = y  # of a type that is ignored", True),
    ],
)
def test_an_exception_without_one_is_seen(line: str, good: bool) -> None:
    assert without_reason("\n" + line + "\n") == ([] if good else [line])


def test_each_exception_in_the_configuration_has_its_reason() -> None:
    assert careless(CONFIG.read_text()) == []
    for section, above in (
        ("mypy-machine.*", ""),
        ("mypy-firmware.*", "# It is ours\n"),
        ("mypy-*", "# All\n"),
        ("mypy-machine.*,network.*", "# Two at once\n"),
    ):
        assert careless(f"[mypy]\n\n{above}[{section}]\nignore_errors = True\n") == [section]
    assert careless("[mypy]\n\n# Why\n[mypy-vfs.*]\nfollow_imports = skip\n") == ["mypy-vfs.*"]


def test_mypy_itself_refuses_an_ignore_without_its_kind_and_one_that_is_not_needed(
    tmp_path: Path,
) -> None:
    (tmp_path / "probe.py").write_text(
        "import time\n\ntime.clock()  # type: ignore\ntime.ticks_ms()  # type: ignore[misc]\n"
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(CONFIG),
        "--cache-dir",
        str(tmp_path),
        str(tmp_path / "probe.py"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "ignore-without-code" in done.stdout and "unused-ignore" in done.stdout, done.stdout


def test_our_own_stubs_hold_no_more_than_is_used() -> None:
    used = "\n".join(path.read_text() for path in device_code())
    for path in TYPINGS.glob("*.pyi"):
        for node in ast.parse(path.read_text()).body[1:]:
            assert isinstance(node, ast.FunctionDef), "only functions are needed so far"
            assert f"{path.stem}.{node.name}(" in used, f"{path.stem}.{node.name} is used nowhere"
