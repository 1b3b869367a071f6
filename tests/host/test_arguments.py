"""What a command of tools/ can't use is told in a sentence: no traceback, and no waiting."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.on_cpython import ROOT
from tools.virtual_board.__main__ import WIRINGS

# It says that it is one, and runs nothing.
NO_BOARD = '#!/bin/sh\n[ "$1" = -c ] && echo micropython True\n'
NO_FOLDER = "/dev/null/folder"


@pytest.mark.parametrize(
    ("command", "micropython", "words"),
    [
        ("virtual_board --wiring s4 {tmp}", "", "invalid choice: 's4'"),
        ("virtual_board " + NO_FOLDER, "", "can't start: [Errno 20] Not a directory"),
        ("virtual_board {tmp}", "/dev/null", "/dev/null is no MicroPython that runs here"),
        ("virtual_board {tmp}", sys.executable, f"{sys.executable} is no MicroPython that runs"),
        ("virtual_board {tmp}", "{tmp}/no_board", "the virtual board went off"),
        ("run", "/dev/null", "make run: /dev/null is no MicroPython that runs here"),
        ("run --host localhost", "", "--host: name the one address or name by which a board"),
        ("run", "{tmp}/no_board", "the board does not start"),
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
        [sys.executable, "-m", *f"tools.{command}".format(tmp=tmp_path).split()],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (1, 2)
    *_, last = done.stderr.replace("\nthe mock did not start", "").splitlines()
    assert words in last and "Traceback" not in done.stderr


def test_the_wirings_that_may_be_named_are_those_that_are_known() -> None:
    text = (ROOT / "tools/virtual_board/modules/virtual/wiring.py").read_text()
    known = text.partition("KNOWN = {")[2].partition("\n}")[0]
    assert set(re.findall(r'^    "(\w+)"', known, re.MULTILINE)) == set(WIRINGS)
