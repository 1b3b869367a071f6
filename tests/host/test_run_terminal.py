"""`make run` at a terminal: keys, the status line, the display in place; and how it pairs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import ssl
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.host.test_run import nothing_is_left, read_until, start
from tools.rig import DEADLINE_S, ROOT, Rig
from tools.run.readable import picture, small_picture

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class AtTerminal:
    """`make run` on a pty. seen: all that it has written."""

    def __init__(self, *arguments: str, columns: int = 120) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_FRONT, *arguments],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self.seen = ""

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._ours, key.encode())

    def wait(self, wanted: str, after: int = 0, deadline_s: float = 30) -> int:
        """Wait for a text, without its escape sequences; how much was written then."""
        end = time.monotonic() + deadline_s
        while not re.search(wanted, _ESCAPES.sub("", self.seen[after:])):
            assert time.monotonic() < end, f"never seen: {wanted}; {self.seen[after:]}"
            self._read(0.2)
        return len(self.seen)

    def wait_for(self, event: threading.Event, deadline_s: float = 30) -> None:
        """Wait for an event of another thread, and read on: a full terminal must not be written to."""
        end = time.monotonic() + deadline_s
        while not event.is_set():
            assert time.monotonic() < end, self.seen[-2000:]
            self._read(0.2)

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        end = time.monotonic() + DEADLINE_S
        while self.process.poll() is None and time.monotonic() < end:
            self._read(0.1)
        self._read(0.1)
        assert self.process.returncode is not None
        return self.process.returncode

    def modes(self) -> list[object]:
        """The terminal's modes now."""
        return list(termios.tcgetattr(self._theirs))

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in (self._ours, self._theirs):
            os.close(fd)

    def _read(self, seconds: float) -> None:
        if select.select([self._ours], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.seen += os.read(self._ours, 65536).decode(errors="replace")


# A session's first process has to take the terminal to be in its foreground.
_IN_FRONT = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.argv[0] = "tools.run"
runpy.run_module("tools.run", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The TMPDIR of what is started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def terminal(temporary: Path) -> Iterator[AtTerminal]:
    """`make run SCREEN=1 PAIR=auto` at a terminal."""
    terminal = AtTerminal("--screen", "--pair", "auto")
    yield terminal
    terminal.close()


@pytest.mark.timeout(120)
def test_keys_and_what_they_do(terminal: AtTerminal, temporary: Path) -> None:
    at = terminal.wait(r"● +online ")
    terminal.press("z")
    at = terminal.wait(r"● +paused ", at)
    terminal.press("z")
    at = terminal.wait(r"● +online ", at)
    terminal.press("s")
    at = terminal.wait("online", at)
    terminal.press("s")
    terminal.press("p")
    at = terminal.wait(r"○ +off ", at)
    terminal.press("x\x1b[A")  # keys without a meaning
    terminal.press("p")
    at = terminal.wait(r"● +online ", at)
    terminal.press("w")
    at = terminal.wait(r"[●○] +no_network ", at)
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.modes() == terminal.before
    assert "Traceback" not in terminal.seen
    nothing_is_left({}, temporary)


class Seen(threading.Thread):
    """Reads the page's feed until a display was unplugged, five presses are over and a device is
    removed. times_ms: when each was. has_all: it was so."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.times_ms: dict[str, list[int]] = {"button pressed": [], "button released": []}
        self.times_ms["display unplugged"] = []
        self.has_all = threading.Event()
        self._url = url

    def run(self) -> None:
        is_removed = False
        with urllib.request.urlopen(self._url + "feed", timeout=DEADLINE_S) as feed:
            while not is_removed or [len(times) for times in self.times_ms.values()] != [5, 5, 1]:
                line = feed.readline()
                if line.startswith(b"data: "):
                    batch = json.loads(line[6:])
                    is_removed |= any(card["removed"] for card in batch["cards"])
                    for row in batch["rows"]:
                        self.times_ms.get(row["text"], []).append(row["t_ms"])
        self.has_all.set()


@pytest.mark.timeout(120)
def test_the_keys_that_press_unplug_and_remove(terminal: AtTerminal) -> None:
    at = terminal.wait(r"● +online ")
    terminal.press(" ")  # the brightness after the highest is dark
    at = terminal.wait(r"○ +online ", at)
    terminal.press(" ")
    terminal.wait(r"● +online ", at)
    found = re.search(r"open (http\S+)", terminal.seen)
    assert found
    seen = Seen(found.group(1))
    seen.start()
    terminal.press("d")
    terminal.wait(r"● +online ", len(terminal.seen))
    terminal.press("hsr")
    terminal.wait_for(seen.has_all)
    presses, releases = seen.times_ms["button pressed"], seen.times_ms["button released"]
    held_ms = [end - begin for begin, end in zip(presses, releases, strict=True)]
    assert [ms > 1500 for ms in held_ms] == [False, False, False, False, True], held_ms
    assert presses[3] - releases[2] < 350  # double
    terminal.press("q")
    assert terminal.end() == 0


@pytest.mark.timeout(120)
def test_the_display_is_redrawn_in_place(terminal: AtTerminal) -> None:
    terminal.wait(r"● +online ")
    terminal.press("q")
    terminal.end()
    # Each redraw goes up over the picture of 16 rows and the status line, and clears them.
    assert terminal.seen.count("\x1b[16A\x1b[J") > 3
    assert "\u2800" in terminal.seen  # Braille: the terminal is narrow
    assert re.search(r"\x1b\[38;2;0;\d+;0m●", terminal.seen)  # green


@pytest.mark.timeout(120)
def test_ctrl_c_gives_the_terminal_back(terminal: AtTerminal) -> None:
    terminal.wait(r"● +online ")
    assert terminal.modes() != terminal.before
    terminal.press("\x03")
    assert terminal.end() == 0
    assert terminal.modes() == terminal.before


@pytest.mark.timeout(120)
def test_at_a_terminal_the_code_is_the_users_to_type(temporary: Path) -> None:
    terminal = AtTerminal()
    try:
        terminal.wait(r"type \d{6} on the page.*; in 45 s it is typed in for you")
        assert "entered the code" not in terminal.seen
    finally:
        terminal.press("q")
        terminal.end()
        terminal.close()


@pytest.mark.timeout(60)
def test_pair_page_leaves_it_to_the_user() -> None:
    process = start(arguments="--pair page")
    try:
        lines = read_until(process, " on the page, as you would in Frame.io\n")
        assert re.search(r"http://127\.0\.0\.1:\d+/", "".join(lines))
        assert "typed in for you" not in lines[-1]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.mark.timeout(90)
def test_a_board_in_the_network_appears_beside_the_virtual_one(rig: Rig, lan_port: int) -> None:
    process = start(arguments=f"--host 127.0.0.2 --host-port {lan_port}")
    try:
        lines = read_until(process, " online ")
        text = "".join(lines)
        assert "WARNING: the local network reaches this mock" in text
        found = re.search(r"for a board: copy (\S+ca\.der)", text)
        snippet = re.search(r"^config\.json: (.*)$", text, re.M)
        page = re.search(r"^open (https://127\.0\.0\.2:\d+)/\?key=(\S+)$", text, re.M)
        assert found and snippet and page
        config = json.loads(snippet.group(1))
        assert config["frameio"]["url"] == page.group(1)
        path = rig.folder / "config.json"
        config |= {"board": "host", "state_dir": str(rig.folder / "state")}
        del config["wifi"]
        config["frameio"]["ca"] = found.group(1)
        path.write_text(json.dumps(config))
        code = rig.device(path).wait(state="pairing")["user_code"]
        context = ssl.create_default_context(cafile=str(Path(found.group(1)).with_suffix(".pem")))
        headers = {"X-Bench-Key": page.group(2), "Content-Type": "application/json"}

        def ask(name: str, data: bytes | None = None) -> HTTPResponse:
            request = urllib.request.Request(f"{page.group(1)}/{name}", data, headers)
            answer: HTTPResponse = urllib.request.urlopen(
                request, timeout=DEADLINE_S, context=context
            )
            return answer

        with ask("control/approve", json.dumps({"user_code": code}).encode()):
            pass
        online: dict[str, bool] = {}
        with ask("feed") as feed:
            while list(online.values()) != [True, True]:
                line = feed.readline()
                if line.startswith(b"data: "):
                    cards = json.loads(line[6:])["cards"]
                    online |= {card["name"]: card["online"] for card in cards}
        assert list(online) == ["MOCK-DEVICE", "MOCK-DEVICE-2"]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_small_pictures_have_the_same_pixels() -> None:
    bitmap = "gAAAAAAAAAAAAAAAAAAAAQ=="  # 16 x 8: top left and bottom right
    event = {"width": 16, "height": 8, "bitmap": bitmap}
    assert picture(event).splitlines()[0][0] == "▀"
    assert picture(event).splitlines()[-1][-1] == "▄"
    assert small_picture(event) == "⠁⠀⠀⠀⠀⠀⠀⠀\n⠀⠀⠀⠀⠀⠀⠀⢀"
