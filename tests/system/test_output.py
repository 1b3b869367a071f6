"""stdout and stderr that are full, unread, stopped or closed: they cost lines, not the firmware."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import subprocess
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tools.rig import MICROPYTHON, ROOT, TOKEN, Mock, Rig

FAST = ROOT / "tools/rig/fast_main.py"
STREAMS = pytest.mark.parametrize("streams", [["stdout"], ["stderr"], ["stdout", "stderr"]])


def start(
    config: Path, redirect: str = "", streams: Sequence[str] = (), descriptor: int = -1
) -> subprocess.Popen[bytes]:
    """Start the firmware.

    redirect: a shell's redirections. streams: stdout, stderr or both are this descriptor.
    """
    script = f"exec '{MICROPYTHON}' '{FAST}' '{{}}' {redirect}"
    null = subprocess.DEVNULL
    return subprocess.Popen(
        ["/bin/sh", "-c", script],
        cwd=FAST.parent,
        env={**os.environ, "PILOTLIGHT_CONFIG": str(config)},
        stdin=null,
        stdout=descriptor if "stdout" in streams else null,
        stderr=descriptor if "stderr" in streams else null,
    )


class Unread:
    """A pipe or terminal that is full: both of its descriptors."""

    def __init__(self, reader: int, writer: int) -> None:
        self.reader, self.writer = reader, writer

    def fill(self) -> None:
        """Write until nothing more fits; then let a writer block again."""
        flags = fcntl.fcntl(self.writer, fcntl.F_GETFL)
        fcntl.fcntl(self.writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        for piece in (b"x" * 4095 + b"\n", b"\n"):
            try:
                while True:
                    os.write(self.writer, piece)
            except BlockingIOError:
                pass
        fcntl.fcntl(self.writer, fcntl.F_SETFL, flags)

    def close(self) -> None:
        for descriptor in (self.reader, self.writer):
            try:
                os.close(descriptor)
            except OSError:
                pass


@pytest.fixture(params=["pipe", "terminal", "stopped terminal"])
def unread(request: pytest.FixtureRequest) -> Iterator[Unread]:
    unread = Unread(*(os.pipe() if request.param == "pipe" else pty.openpty()))
    if request.param == "stopped terminal":
        termios.tcflow(unread.writer, termios.TCOOFF)  # as Ctrl-S does
    else:
        unread.fill()
    yield unread
    unread.close()


def works(mock: Mock) -> None:
    """The device is online, shows changes and goes on with its heartbeats."""
    mock.wait(lambda mock: bool(mock.status()["online"]))
    for action in ("pause", "resume", "pause"):
        mock.control(action)
        beats = len(mock.records(event="heartbeat"))
        mock.wait(lambda mock, beats=beats: len(mock.records(event="heartbeat")) > beats)  # type: ignore[misc]
    assert len(mock.records(kind="upgrade")) == 1


def end(process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None
    process.kill()
    process.wait(10)


@STREAMS
def test_output_that_is_full_stops_nothing(rig: Rig, unread: Unread, streams: list[str]) -> None:
    mock = rig.mock()
    process = start(rig.config(mock.url), streams=streams, descriptor=unread.writer)
    works(mock)
    end(process)


def test_a_terminal_that_fills_up_stops_nothing(rig: Rig) -> None:
    """What is left of its room becomes shorter than a line."""
    mock = rig.mock()
    mock.control("device", project="p" * 250, creator="c" * 210)
    unread = Unread(*pty.openpty())
    unread.fill()
    os.read(unread.reader, 1)
    process = start(rig.config(mock.url), streams=["stdout", "stderr"], descriptor=unread.writer)
    while select.select([], [unread.writer], [], 0)[1]:
        mock.control("pause")
        mock.control("resume")
    works(mock)
    end(process)
    unread.close()


@pytest.mark.parametrize(
    "redirect",
    ["1>&-", "2>&-", "0<&- 1>&- 2>&-", "1>/dev/full", "2>/dev/full", "1>/dev/full 2>/dev/full"],
)
def test_output_that_is_closed_or_fails_stops_nothing(rig: Rig, redirect: str) -> None:
    mock = rig.mock()
    process = start(rig.config(mock.url), redirect)
    works(mock)
    for number in (0, 1, 2):  # no socket and no file took the place of a closed stream
        target = os.readlink(f"/proc/{process.pid}/fd/{number}")
        assert target in ("/dev/null", "/dev/full"), target
    end(process)


@STREAMS
def test_output_whose_reader_has_gone_stops_nothing(rig: Rig, streams: list[str]) -> None:
    mock = rig.mock()
    reader, writer = os.pipe()
    os.close(reader)
    process = start(rig.config(mock.url), streams=streams, descriptor=writer)
    works(mock)
    end(process)
    os.close(writer)


def test_after_lost_lines_the_next_one_is_whole_and_new(rig: Rig) -> None:
    mock = rig.mock()
    unread = Unread(*os.pipe())
    unread.fill()
    process = start(rig.config(mock.url), streams=["stdout"], descriptor=unread.writer)
    works(mock)
    os.close(unread.writer)
    with os.fdopen(unread.reader) as lines:
        filler = lines.readline()
        while not filler.startswith("{"):
            mock.control("pause")
            mock.control("resume")
            filler = lines.readline()
        while json.loads(filler)["state"] != "paused":
            mock.control("pause")
            filler = lines.readline()
    end(process)


@pytest.mark.parametrize("redirect", ["1>&-", "2>&-", "1>/dev/full", "1>&- 2>&-", "2>/dev/full"])
def test_a_configuration_error_keeps_its_exit_code(rig: Rig, redirect: str) -> None:
    assert start(rig.folder / "nowhere.json", redirect).wait(20) == 2


def test_text_from_outside_is_shown_without_controls(rig: Rig) -> None:
    hostile = "a\x1b[2J\x9b1m\x7f\r\u202eb\u2066\u200fc"
    mock = rig.mock()
    mock.control("device", project=hostile, creator=hostile)
    device = rig.device(rig.config(mock.url))
    line = device.wait(state="online", project="a?[2J?1m???b??c")
    assert line["creator"] == line["project"]
    device.stop()
    config = rig.config(mock.url)
    config.write_text(json.dumps({**json.loads(config.read_text()), hostile: 1}))
    device = rig.device(config, fast=False)
    assert device.exit_code() == 2
    for text in (device.output, device.errors):
        assert not [letter for letter in hostile if not letter.isascii() and letter in text], text
        assert not [letter for letter in text if letter < " " and letter != "\n"], text
    assert device.errors.count("\n") == 1 and TOKEN not in device.errors
