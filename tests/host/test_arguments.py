"""What a command of tools/ can't use is told in a sentence: no traceback, and no waiting."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.deploy import __main__ as deploy
from tools.deploy import provision
from tools.image import units
from tools.mock_frameio.lan_host import lan_host
from tools.on_cpython import ROOT
from tools.run import command
from tools.virtual_board.__main__ import WIRINGS

# It says that it is one, and runs nothing.
NO_BOARD = '#!/bin/sh\n[ "$1" = -c ] && echo micropython True\n'
NO_FOLDER = "/dev/null/folder"


@pytest.mark.parametrize(
    ("command", "micropython", "words"),
    [
        ("virtual_board --wiring s4 {tmp}", "", "virtual_board: --wiring: invalid choice: 's4'"),
        ("virtual_board " + NO_FOLDER, "", "can't start: [Errno 20] Not a directory"),
        ("virtual_board {tmp}", "/dev/null", "/dev/null is no MicroPython that runs here"),
        ("virtual_board {tmp}", sys.executable, f"{sys.executable} is no MicroPython that runs"),
        ("virtual_board {tmp}", "{tmp}/no_board", "the virtual board went off"),
        ("run", "/dev/null", "make run: /dev/null is no MicroPython that runs here"),
        (
            "run --host localhost",
            "",
            "make run: HOST: localhost is each board's and each computer's",
        ),
        ("run --host 'my computer'", "", "make run: HOST: 'my computer' is no name or address"),
        ("run", "{tmp}/no_board", "the board does not start"),
        (
            "mock_frameio --tls --tls-dir {tmp} --host 192.0.2.1 --port 18443",
            "",
            "192.0.2.1 is no address of this computer: name one",
        ),
        ("mock_frameio --tls --tls-dir " + NO_FOLDER, "", "the mock can't start: [Errno 20]"),
    ],
)
def test_it_is_one_sentence(tmp_path: Path, command: str, micropython: str, words: str) -> None:
    (tmp_path / "no_board").write_text(NO_BOARD)
    (tmp_path / "no_board").chmod(0o755)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    if micropython:
        environment["MICROPYTHON"] = micropython.format(tmp=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(f"tools.{command}".format(tmp=tmp_path))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (1, 2)
    (sentence,) = done.stderr.splitlines()
    assert words in sentence


@pytest.mark.parametrize(
    ("main", "words", "sentence"),
    [
        (deploy.main, "--follow soon PORT", "make deploy: FOLLOW: 'soon' is no number of seconds"),
        (deploy.main, "--follow=-1 PORT", "make deploy: FOLLOW: '-1' is no number of seconds"),
        (deploy.main, "", "make deploy: the following arguments are required: port"),
        (
            units.main,
            "--firmware F --port P --within nan units.csv",
            "make units: WITHIN: 'nan' is no number of seconds; it is such as 20",
        ),
        (
            provision.main,
            "--bench --host LOCALHOST PORT",
            "make provision: HOST: LOCALHOST is each board's and each computer's own address",
        ),
        (provision.main, "--bench --host 0.0.0.0 PORT", "make provision: HOST: 0.0.0.0 stands for"),
        (provision.main, "--host studio.local PORT", "make provision: HOST is for the mock"),
        (command.main, "--pair maybe", "make run: PAIR: invalid choice: 'maybe'"),
    ],
)
def test_a_variable_of_make_is_named_as_it_was_typed(
    main: Callable[[], int],
    words: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["", *words.split()])
    with pytest.raises(SystemExit, match="2"):
        main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(sentence)


@pytest.mark.parametrize(
    "text", ["192.168.1.20", "fd00::20", "studio.local", "My-Computer", "127.0.0.2"]
)
def test_where_a_board_reaches_this_computer(text: str) -> None:
    assert lan_host(text) == text


@pytest.mark.parametrize(
    "text", ["", "a b", "https://studio.local", "studio.local:8443", "300.1.1.1", "-x", "a..b"]
)
def test_what_is_no_name_or_address(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no name or address"):
        lan_host(text)


VARIABLES = [
    "URL",
    "PAIR",
    "HOST",
    "BOARD",
    "PARTITION_BYTES",
    "PORT",
    "FOLLOW",
    "FIRMWARE",
    "CONFIG",
    "FLASH",
    "CSV",
    "RESULTS",
    "WITHIN",
]


@pytest.mark.parametrize(
    "target", ["run", "romfs", "image", "units", "deploy", "provision", "mount", "repl", "log"]
)
def test_a_blank_in_a_variable_divides_nothing(target: str) -> None:
    values = [f"{name}=a blank in {name}" for name in VARIABLES]
    make = ["make", "--no-print-directory", "-n", target, *values]
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    recipe = last_line(shown)
    assert "a blank in" in recipe
    for word in shlex.split(recipe):
        assert re.fullmatch(r"(--[a-z-]+=)?a blank in \w+", word) or "blank" not in word


def test_a_host_that_a_shell_exports_opens_nothing() -> None:
    make = ["make", "--no-print-directory", "-n", "run"]
    environment = {**os.environ, "HOST": "studio.local"}
    shown = subprocess.run(make, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "tools.run" in last_line(shown.stdout) and "studio" not in last_line(shown.stdout)


def last_line(shown: str) -> str:
    """Of what `make -n` shows."""
    return shown.replace("\\\n", "").splitlines()[-1]


def test_the_wirings_that_may_be_named_are_those_that_are_known() -> None:
    text = (ROOT / "tools/virtual_board/modules/virtual/wiring.py").read_text()
    known = text.partition("KNOWN = {")[2].partition("\n}")[0]
    assert set(re.findall(r'^    "(\w+)"', known, re.MULTILINE)) == set(WIRINGS)
