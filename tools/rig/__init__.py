"""The mock and the firmware as processes, with waits that end at an event or a deadline."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tools.mock_frameio.tokens import MARK

ROOT = Path(__file__).parent.parent.parent
MICROPYTHON = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
TOKEN = "tok-0123456789.a_b-c~SECRET"
CLIENT_SECRET = "model-9876543210.z_y-x~SECRET"
CLIENT_VERSION = "1.2.3-test"
DEADLINE_S = 120.0  # ends what hangs; no test may depend on it: a machine may be busy
Line = dict[str, Any]

# Each mock is a fork of a process that has imported it: an import takes 0.3 s of CPU.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tools.mock_frameio.__main__"])


def _be_the_mock(arguments: list[str], stdin: Connection, stdout: Connection) -> None:
    from tools.mock_frameio import __main__ as mock

    os.dup2(stdin.fileno(), 0)
    os.dup2(stdout.fileno(), 1)
    sys.stdin = os.fdopen(0)
    sys.argv[1:] = arguments
    sys.exit(mock.main())


class Mock:
    """The mock Frame.io as a process."""

    def __init__(self, folder: Path, *options: str, tls: bool = False) -> None:
        self.ca = folder / "mock/ca.der"
        arguments = ["--port", "0", "--token", TOKEN, "--client-secret", CLIENT_SECRET]
        arguments += ["--tls-dir", str(folder / "mock")]
        arguments += ["--end-with-stdin"]  # also if the tests are killed
        if tls:
            arguments.append("--tls")
        stdin, self._stdin = _FORKS.Pipe(duplex=False)
        self._stdout, stdout = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(
            target=_be_the_mock, args=([*arguments, *options], stdin, stdout), daemon=True
        )
        self._process.start()
        stdin.close()
        stdout.close()
        with open(self._stdout.fileno(), closefd=False) as said:
            first = said.readline()
        found = re.search(r"(https?)://(\S+):(\d+)", first)
        assert found, "the mock did not start"
        self.url, self.port = found.group(), int(found.group(3))
        self._context = None
        if tls:
            import ssl

            self._context = ssl.create_default_context(cafile=str(folder / "mock/ca.pem"))

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process.pid is not None
        return self._process.pid

    def control(self, action: str, **body: Any) -> None:
        """POST /control/ACTION."""
        self._call(f"/control/{action}", json.dumps(body).encode())

    def records(self, **wanted: Any) -> list[Line]:
        """What was seen, of the given kind, path, event …"""
        records = self._call("/control/records")
        return [
            record
            for record in records
            if all(record.get(key) == value for key, value in wanted.items())
        ]

    def status(self) -> Line:
        """The mock's own view of the device."""
        return dict(self._call("/control/status"))

    def uploads(self) -> list[Line]:
        """The last assets, and the hashes of what has arrived of them."""
        return list(self._call("/control/uploads"))

    def new_asset(self, **fields: Any) -> Line:
        """What POST /v2/devices/assets answers: `upload_urls` and more."""
        asset = {"name": "A001.mp4", "filetype": "video/mp4", "offset": 0, **fields}
        return dict(self._call("/v2/devices/assets", json.dumps(asset).encode()))

    def approve(self) -> str:
        """Wait for a user code and enter it; the code."""
        self.wait(lambda mock: bool(mock.status()["user_codes"]))
        user_code = str(self.status()["user_codes"][-1])
        self.control("approve", user_code=user_code)
        return user_code

    def wait(self, test: Callable[[Mock], bool], deadline_s: float = DEADLINE_S) -> None:
        """Wait until test(mock) holds."""
        end = time.monotonic() + deadline_s
        while not test(self):
            assert time.monotonic() < end, f"the mock never saw it; records: {self.records()}"
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join(DEADLINE_S)
        assert self._process.exitcode is not None, "the mock does not end"

    def _call(self, path: str, data: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + path, data=data)
        request.add_header("Content-Type", "application/json")
        if not path.startswith("/control/"):
            request.add_header("Authorization", f"Bearer {TOKEN}")
        try:
            with urllib.request.urlopen(
                request, timeout=DEADLINE_S, context=self._context
            ) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from error


class Device:
    """The firmware as a process; its console lines as they come."""

    def __init__(self, config: Path, entry: Path, heap: str | None, *arguments: str) -> None:
        command = [
            MICROPYTHON,
            *(["-X", f"heapsize={heap}"] if heap else []),
            entry.name,
            *arguments,
        ]
        environment = {**os.environ, "PILOTLIGHT_CONFIG": str(config)}
        self._process = subprocess.Popen(
            command,
            cwd=entry.parent,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[Line] = []
        self.output = ""
        self.errors = ""
        self._news = threading.Condition()
        self._threads = [
            threading.Thread(target=read, daemon=True)
            for read in (self._read_lines, self._read_errors)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self, deadline_s: float = DEADLINE_S, after: int = 0, **wanted: Any) -> Line:
        """Wait for a console line with these fields, behind the first `after` lines."""
        end = time.monotonic() + deadline_s
        with self._news:
            while True:
                for line in self.lines[after:]:
                    if all(line.get(key) == value for key, value in wanted.items()):
                        return line
                left = end - time.monotonic()
                assert left > 0, (
                    f"never seen: {wanted}; lines: {self.lines[after:]}; stderr: {self.errors}"
                )
                assert self._process.poll() is None or self._news.wait(1), (
                    f"the firmware ended: {self.errors}"
                )
                self._news.wait(min(left, 0.5))

    def wait_log(self, text: str, after: int = 0, deadline_s: float = DEADLINE_S) -> None:
        """Wait for a text on stderr, behind its first `after` characters."""
        end = time.monotonic() + deadline_s
        with self._news:
            while text not in self.errors[after:]:
                left = end - time.monotonic()
                assert left > 0, f"never logged: {text}; stderr: {self.errors[after:]}"
                self._news.wait(left)

    def type(self, line: str) -> None:
        """Type a line, for a program that reads stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def mark(self) -> int:
        """How many lines there were so far: what `wait(after=…)` takes."""
        with self._news:
            return len(self.lines)

    def exit_code(self, deadline_s: float = DEADLINE_S) -> int:
        """Wait for the process's end."""
        code = self._process.wait(deadline_s)
        self._join()
        return code

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_S)
        self._join()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            with self._news:
                self.output += text
                if text.startswith("{"):
                    self.lines.append(json.loads(text))
                self._news.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for text in self._process.stderr:
            with self._news:
                self.errors += text
                self._news.notify_all()


class Rig:
    """Makes mocks and devices; at the end stops them and looks for secrets in their output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mocks: list[Mock] = []
        self._devices: list[Device] = []

    def mock(self, *options: str, tls: bool = False) -> Mock:
        """Start a mock."""
        self._mocks.append(Mock(self.folder, *options, tls=tls))
        return self._mocks[-1]

    def config(
        self, url: str, ca: Path | None = None, token: str | None = TOKEN, **others: Any
    ) -> Path:
        """Write a configuration; the device's state is kept beside it.

        token: a fixed one, or None for a device to be paired.
        """
        credential = (
            {"access_token": token} if token is not None else {"client_secret": CLIENT_SECRET}
        )
        frameio = {"url": url, "client_version": CLIENT_VERSION, **credential}
        if ca:
            frameio["ca"] = str(ca)
        path = self.folder / "config.json"
        path.write_text(
            json.dumps(
                {
                    "board": "host",
                    "frameio": frameio,
                    "state_dir": str(self.folder / "state/a"),
                    **others,
                }
            )
        )
        return path

    def device(
        self,
        config: Path,
        fast: bool = True,
        heap: str | None = None,
        entry: Path = ROOT / "main.py",
        times: Mapping[str, Any] = {},
    ) -> Device:
        """Start the firmware: main.py (or another entry), or with short times.

        times: changes of the short ones.
        """
        if fast:
            device = Device(config, Path(__file__).parent / "fast_main.py", heap, json.dumps(times))
        else:
            device = Device(config, entry, heap)
        self._devices.append(device)
        return device

    def online(
        self, fast: bool = True, tls: bool = False, times: Mapping[str, Any] = {}
    ) -> tuple[Mock, Device]:
        """A mock and a device that is online with it."""
        mock = self.mock(tls=tls)
        device = self.device(self.config(mock.url, mock.ca if tls else None), fast, times=times)
        device.wait(state="online")
        return mock, device

    def close(self) -> None:
        """Stop everything. Fails if a device printed a secret, or a traceback."""
        for device in self._devices:
            device.stop()
        for mock in self._mocks:
            mock.stop()
        for device in self._devices:
            for text in (device.output, device.errors):
                for secret in (TOKEN, CLIENT_SECRET, MARK):
                    assert secret not in text, "a secret was printed"
                    assert secret.replace("~", "%7E") not in text, "a secret was printed"
                assert "Traceback" not in text, text
