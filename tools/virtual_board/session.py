"""The host's side of the virtual board: switches it on and off, touches it, and sees what it shows
and says.

with VirtualBoard(folder, code=ROOT, wiring="s3") as board:
    board.power_on()
    board.wait("pin", pin=2, level=1)
    board.press(0, ms=80)
    board.cut_power()
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import microdot

from .flash_image import FlashImage
from .seen import DEADLINE_S as DEADLINE_S
from .seen import Event, Seen
from .serial_line import SerialLine

ROOT = Path(__file__).parent.parent.parent
PWRON_RESET, HARD_RESET, WDT_RESET, SOFT_RESET = 1, 2, 3, 5  # as in machine
_POWER_ON = Path(__file__).parent / "power_on.py"
_SOFT_RESET_EXIT = 85
# See modules/virtual/power.py.
_CAUSES = {-signal.SIGVTALRM: HARD_RESET, -signal.SIGALRM: WDT_RESET, _SOFT_RESET_EXIT: SOFT_RESET}
_START_S = 60.0
_LOOK_S = 0.1

# CPython would take -c, too.
_IS_MICROPYTHON = (
    "import sys; print(sys.implementation.name, sys.implementation.version >= (1, 24))"
)

Wiring = str | Mapping[str, Any]


class NoMicroPython(Exception):
    """The text is one sentence that says what to do."""


def check_micropython() -> None:
    """See whether a board can run here. Raises NoMicroPython."""
    path = _micropython()
    try:
        done = subprocess.run(
            [path, "-c", _IS_MICROPYTHON],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_START_S,
            check=False,
        )
        is_right = done.stdout.split() == [b"micropython", b"True"]
    except (OSError, subprocess.TimeoutExpired):
        is_right = False
    if not is_right:
        raise NoMicroPython(
            f"{path} is no MicroPython that runs here, 1.24 or later: set MICROPYTHON= to the path "
            "of a unix port"
        )


def _micropython() -> str:
    """A board's working directory is another one, so a path must not be relative."""
    given = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
    return os.path.abspath(given) if os.sep in given else given


def _accepted(server: socket.socket, process: subprocess.Popen[str]) -> socket.socket:
    """The process's connection. Raises TimeoutError if it has ended, or makes none."""
    end_s = time.monotonic() + _START_S
    while True:
        try:
            return server.accept()[0]
        except TimeoutError:
            if process.poll() is not None or time.monotonic() > end_s:
                raise


class VirtualBoard(Seen):
    """A board and what is around it. Its methods may be called from any thread.

    folder: `flash` in it is the file system and the working directory; `rtc` and `nvs` are what
    else the board keeps. code: where boot.py and main.py are; None: in flash. wiring: a name or a
    description, see modules/virtual/wiring.py. environment: more variables for the process. heap:
    the interpreter's, as in -X heapsize. echo: is called with each line of its stderr. fds: file
    descriptors that its processes inherit. most_rows: see Seen. littlefs: the file system is a real
    one, in the image file `flash.img` and mounted at /; the code is then under /.code, read-only.

    serial: its console is a serial line, on which mpremote finds the REPL; output and errors are
    then both what it said there. At the REPL it obeys no order (until a program is run
    there).

    image: that file, or None. serial: the SerialLine, or None. Events are told over resets and
    power cuts, and from here come {"kind": "reset", "cause": …} when it resets and {"kind": "off",
    "code": …} when it is off.
    """

    def __init__(
        self,
        folder: Path,
        code: Path | None = None,
        wiring: Wiring = "devkit",
        environment: Mapping[str, str] | None = None,
        heap: str | None = None,
        echo: Callable[[str], object] | None = None,
        littlefs: bool = False,
        serial: bool = False,
        fds: Sequence[int] = (),
        most_rows: int | None = None,
    ) -> None:
        super().__init__(most_rows)
        self.flash = folder / "flash"
        self._rtc, self._nvs = folder / "rtc", folder / "nvs"
        self._code = code
        self._wiring = wiring
        self._environment = dict(environment or {})
        self.echo = echo
        self._fds = fds
        self._options = ["-X", f"heapsize={heap}"] if heap else []
        self._pressed: set[int] = set()
        self._unplugged: set[int] = set()
        self._watchdog_ms: int | None = None
        self._ordering = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._connection: socket.socket | None = None
        self._life: threading.Thread | None = None
        for kept in (self.flash, self._nvs):
            kept.mkdir(parents=True, exist_ok=True)
        self.image = FlashImage(folder / "flash.img") if littlefs else None
        self.serial = SerialLine(self._hear, self._press_ctrl_c) if serial else None

    def __enter__(self) -> VirtualBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()
        if self.serial:
            self.serial.close()

    @property
    def pid(self) -> int:
        """Its process. Raises LookupError while the board is off."""
        process = self._process
        if process is None:
            raise LookupError("the board is off")
        return process.pid

    def power_on(self) -> None:
        """Switch it on. After a reset it starts by itself."""
        after = self.mark()
        with self._news:
            assert not self._is_on, "the board is on already"
            self._is_on = True
        shutil.rmtree(self._rtc, ignore_errors=True)
        self._rtc.mkdir()
        self._life = threading.Thread(target=self._live, daemon=True)
        self._life.start()
        self.wait("power_on", after)

    def cut_power(self) -> None:
        """Switch it off between two instructions.

        Flash and NVS stay as they are, the RTC is lost.
        """
        with self._news:
            self._is_on = False
            process = self._process
        if process:
            process.kill()
        if self._life:
            self._life.join()
            self._life = None

    def kill(self) -> None:
        """Switch it off, as a signal handler may: it takes no lock and waits for nothing."""
        self._is_on = False
        process = self._process
        if process:
            process.kill()

    def write_file(self, name: str, data: str | bytes) -> None:
        """Write a file into the flash while the board is off, or at once under a running one.

        Where the flash is a folder, a running board reads the old file or the new one, whole.
        """
        assert not self._is_on or not self.image, "the file system is the board's now"
        data = data.encode() if isinstance(data, str) else data
        if self.image:
            self.image.write(name, data)
            return
        path = self.flash / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_name(f".{path.name}.written")
        written.write_bytes(data)
        written.replace(path)

    def read_file(self, name: str) -> bytes:
        """Read a file of the flash while the board is off. Raises FileNotFoundError."""
        assert not self._is_on or not self.image, "the file system is the board's now"
        return self.image.read(name) if self.image else (self.flash / name).read_bytes()

    def interrupt(self) -> None:
        """Ctrl-C at the console.

        It reaches a program that waits in asyncio, not one that only computes.
        """
        self.order("ctrl_c")

    def press(self, pin: int, ms: int | None = None, bounces: int = 0) -> None:
        """Press a button; for ms, or until `release` (over resets, too).

        bounces: of its contact, a millisecond each way.
        """
        if ms is None:
            self._pressed.add(pin)
        self.order("press", pin=pin, ms=ms, bounces=bounces)

    def release(self, pin: int, bounces: int = 0) -> None:
        """Let a button go."""
        self._pressed.discard(pin)
        self.order("release", pin=pin, bounces=bounces)

    def unplug(self, address: int) -> None:
        """Take a chip off its I2C bus."""
        self._unplugged.add(address)
        self.order("unplug", address=address)

    def plug(self, address: int) -> None:
        """Plug it in again."""
        self._unplugged.discard(address)
        self.order("plug", address=address)

    def order(self, order: str, **fields: Any) -> None:
        """Have something done; returns when it is, or at once while the board is off.

        Raises ValueError if the board refuses.
        """
        sent = {"order": order, **fields}

        def is_answer(event: Event) -> bool:
            return event["kind"] == "refused" or (
                event["kind"] == "order" and sent.items() <= event.items()
            )

        with self._ordering:
            after = self.mark()
            if not self._send(sent):
                return
            answer = self.wait(is_answer, after)
        if answer["kind"] == "refused":
            raise ValueError(answer["text"])

    def _send(self, order: Event) -> bool:
        """Send an order; False if the board is off."""
        with self._news:
            if not self._is_on:
                return False
            assert self._news.wait_for(lambda: self._connection or not self._is_on, _START_S), (
                "the board does not start"
            )
            if self._connection:
                self._connection.sendall(json.dumps(order).encode() + b"\n")
            return self._is_on

    def _press_ctrl_c(self) -> None:
        """What `interrupt` does, but for its waits: the serial line must go on."""
        with contextlib.suppress(OSError):
            self._send({"order": "ctrl_c"})

    def _live(self) -> None:
        """The thread of the board's life, from the power's coming to its going."""
        cause: int | None = PWRON_RESET
        while cause:
            after = self.mark()
            if self.serial:
                self.serial.start(is_soft=cause == SOFT_RESET)
            code = self._run(cause)
            with self._news:
                if (
                    self.serial
                    and code >= 0
                    and {"repl"} & {event["kind"] for event in self.events[after:]}
                ):
                    code = _SOFT_RESET_EXIT  # that is how a REPL ends
                cause = _CAUSES.get(code) if self._is_on else None
                if self.serial and cause:
                    self.serial.say("MPY: soft reboot\r\n" if cause == SOFT_RESET else "\r\n")
                self._is_on = cause is not None
                ended = {"kind": "reset", "cause": cause}
                self._add("events", ended if cause else {"kind": "off", "code": code})
        self._watchdog_ms = None

    def _run(self, cause: int) -> int:
        """The process, from one reset to the next; its exit code."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(_LOOK_S)
            with self._news:
                if not self._is_on:
                    return 0
                self._process = process = self._start(cause, server.getsockname()[1])
            to_read = () if self.serial else (self._read_output, self._read_errors)
            readers = [threading.Thread(target=reader, args=(process,)) for reader in to_read]
            for reader in readers:
                reader.start()
            try:
                with _accepted(server, process) as connection:
                    with self._news:
                        self._connection = connection
                        self._news.notify_all()
                    self._read_events(connection)
                return process.wait(_START_S)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                return process.wait()
            finally:
                with self._news:
                    self._process = self._connection = None
                for reader in readers:
                    reader.join()

    def _start(self, cause: int, port: int) -> subprocess.Popen[str]:
        wiring = {"name": self._wiring} if isinstance(self._wiring, str) else dict(self._wiring)
        code = self._code or (None if self.image else self.flash)
        variables = {
            "VIRTUAL_BOARD": f"127.0.0.1:{port}",
            "VIRTUAL_BOARD_CODE": str(code.resolve()) if code else "",
            "VIRTUAL_BOARD_PACKAGES": str(Path(microdot.__file__).parent) if self._code else "",
            "VIRTUAL_BOARD_FLASH": str(self.image.path.resolve()) if self.image else "",
            "VIRTUAL_BOARD_WIRING": json.dumps(
                {**wiring, "pressed": [*self._pressed], "unplugged": [*self._unplugged]}
            ),
            "VIRTUAL_BOARD_RESET_CAUSE": str(cause),
            "VIRTUAL_BOARD_RTC": str(self._rtc.resolve()),
            "VIRTUAL_BOARD_NVS": str(self._nvs.resolve()),
        }
        stdin, stdout, stderr = subprocess.DEVNULL, subprocess.PIPE, subprocess.PIPE
        if self.serial:
            stdin = stdout = stderr = self.serial.board_end
            variables["VIRTUAL_BOARD_SERIAL"] = "raw" if self.serial.is_raw else "friendly"
            variables["HOME"] = str(self._rtc.parent)  # the REPL keeps its history there
        if self._watchdog_ms and cause == SOFT_RESET:
            variables["VIRTUAL_BOARD_WDT_MS"] = str(self._watchdog_ms)
        return subprocess.Popen(
            [_micropython(), *self._options, str(_POWER_ON.resolve())],
            cwd=self.flash,
            env={**os.environ, **self._environment, **variables},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            pass_fds=self._fds,
            start_new_session=True,  # Ctrl-C at the terminal is not the board's
        )

    def _read_events(self, connection: socket.socket) -> None:
        with connection.makefile(encoding="utf-8", errors="replace") as file:
            for text in file:
                if not text.endswith("\n"):
                    return  # the power went in the middle of it
                event = json.loads(text)
                if event["kind"] == "wdt":
                    self._watchdog_ms = event["timeout_ms"]
                elif event["kind"] == "power_on" and event["cause"] != SOFT_RESET:
                    self._watchdog_ms = None
                elif event["kind"] == "repl" and self.serial:
                    self.serial.program_is_over()
                self._add("events", event)

    def _read_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for text in process.stdout:
            with self._news:
                self.output = self._kept(self.output + text)
                self._news.notify_all()
            self._read_line(text)

    def _read_errors(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr
        for text in process.stderr:
            with self._news:
                self.errors = self._kept(self.errors + text)
                self._news.notify_all()
            echo = self.echo
            if echo:
                echo(text)
