"""The mock as a process of `make run`."""

from __future__ import annotations

import json
import re
import signal
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tools.on_cpython import ROOT

_END_S = 5


class MockProcess:
    """Starts the mock with TLS on a free port. It ends when this process does, also by SIGKILL.

    folder: where its CA is to be. fds: what it inherits. url: its address.
    """

    def __init__(self, secret: str, folder: Path, fds: tuple[int, ...]) -> None:
        options = ["--port", "0", "--tls", "--tls-dir", str(folder), "--interval-s", "1"]
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.mock_frameio", "--end-with-stdin", *options]
            + ["--client-secret", secret],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=fds,
            # Ctrl-C at the terminal reaches us alone, and we end the others in order.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        try:
            found = re.search(r"https?://\S+", self._process.stdout.readline())
            if not found:
                raise SystemExit("the mock did not start")
        except BaseException:
            self.kill()
            self._process.wait()
            raise
        self.url = found.group()

    def when_it_ends(self, function: Callable[[], None]) -> None:
        """Have function() called in a thread when the process has ended."""

        def wait() -> None:
            self._process.wait()
            function()

        threading.Thread(target=wait, daemon=True).start()

    def enter_code(self, user_code: str) -> str:
        """Type the code in, as the user would in Frame.io; a sentence that says so."""
        context = ssl.create_default_context(cafile=str(self._folder / "ca.pem"))
        request = urllib.request.Request(
            f"{self.url}/control/approve",
            json.dumps({"user_code": user_code}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=context):
                return f"entered the code {user_code} at the mock, as you would in Frame.io"
        except urllib.error.HTTPError as error:
            return f"the mock does not take the code {user_code}: {json.load(error)['error']}"
        except OSError as error:
            return f"the mock can't be asked to take the code {user_code}: {error}"

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
