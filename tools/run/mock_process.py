"""The mock as a process of `make run`."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import signal
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.on_cpython import ROOT

LAN_FOLDER = ROOT / ".mock_frameio"  # of the CA that boards keep, so it outlives the run
LAN_PORT = 8443
LAN_SECRET = "mock-client-secret"  # the mock's default: known to all, so it may be printed
_END_S = 5


class MockProcess:
    """Starts the mock with TLS. It ends when this process does, also by SIGKILL.

    folder: where its CA is to be. fds: what it inherits. host: (a name or address, a port) at which
    boards reach it; None: loopback alone, on a free port. idle_s: after so many silent seconds it
    closes a device's connection. url: its address on this computer.
    lan_url: that for boards, or None. page: the address of the bench page.
    """

    def __init__(
        self,
        secret: str,
        folder: Path,
        fds: tuple[int, ...],
        host: tuple[str, int] | None = None,
        idle_s: float = 60,
    ) -> None:
        options = ["--tls", "--tls-dir", str(folder), "--interval-s", "1", "--with-board"]
        options += ["--idle-s", f"{idle_s:g}"]
        if host:
            options += ["--host", host[0], "--port", str(host[1])]
            options += ["--token", secrets.token_hex(24)]  # the default one is known to all
        else:
            options += ["--port", "0", "--page-port", "0"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.mock_frameio", *options, "--client-secret", secret],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=fds,
            # Ctrl-C at the terminal reaches us alone, and we end the others in order.
            start_new_session=True,
        )
        try:
            self.url, self.page = self._address(), self._address()
        except BaseException:
            self.kill()
            self._process.wait()
            raise
        key = urllib.parse.parse_qs(urllib.parse.urlsplit(self.page).query).get("key", [""])[0]
        self._headers = {"Content-Type": "application/json", "X-Bench-Key": key}
        self.lan_url = self.page.partition("/?")[0] if host else None
        self._context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        self._sending = threading.Lock()

    def _address(self) -> str:
        assert self._process.stdout is not None
        found = re.search(r"https?://\S+", self._process.stdout.readline())
        if not found:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self._process.wait(_END_S) > 0:
                    raise SystemExit(1)  # it has said why
            raise SystemExit("the mock did not start")
        return found.group()

    def when_it_ends(self, function: Callable[[], None]) -> None:
        """Have function() called in a thread when the process has ended."""

        def wait() -> None:
            self._process.wait()
            function()

        threading.Thread(target=wait, daemon=True).start()

    def tell(self, line: str) -> None:
        """Tell it of the board: see tools/mock_frameio/board.py."""
        assert self._process.stdin is not None
        with self._sending, contextlib.suppress(OSError, ValueError):  # it has ended
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def follow_orders(self, obey: Callable[[str], object]) -> None:
        """Have obey(action) called in a thread with each order for the board."""

        def follow() -> None:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                with contextlib.suppress(ValueError):
                    obey(json.loads(line)["action"])

        threading.Thread(target=follow, daemon=True).start()

    def control(self, order: str, **body: Any) -> str:
        """Give it an order of the control API; what is wrong with that, or an empty text."""
        request = urllib.request.Request(
            f"{self.url}/control/{order}", json.dumps(body).encode(), self._headers
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._context):
                return ""
        except urllib.error.HTTPError as error:
            return str(json.load(error)["error"])
        except OSError as error:
            return str(error)

    def is_paused(self) -> bool:
        """Is the first device paused? False if it can't be asked."""
        request = urllib.request.Request(f"{self.url}/control/status", headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._context) as answer:
                return bool(json.load(answer)["paused"])
        except OSError:
            return False

    def enter_code(self, user_code: str) -> str:
        """Type the code in, as the user would in Frame.io; a sentence that says so."""
        error = self.control("approve", user_code=user_code)
        if error:
            return f"the mock does not take the code {user_code}: {error}"
        return f"entered the code {user_code} at the mock, as you would in Frame.io"

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
