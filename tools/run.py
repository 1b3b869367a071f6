"""`make run`: the firmware on the virtual board `host`, against the mock, one readable line a change. Ctrl-C ends it all.

python -m tools.run                              starts the mock (TLS) and the firmware, and types in the code that it shows
python -m tools.run --url https://api.frame.io   the same firmware against the real service

For the real service the environment holds SECRET, the model's client_secret (you pair the device; it stays so, in state/), or
TOKEN, a fixed access token.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tools.on_cpython import ROOT, device_module

REASONS = device_module("firmware.words").REASONS


_CLIENT_VERSION = "0.1.0"
_INTERRUPTED_EXIT = 130


def readable(line: dict) -> str:
    """A console line as a person reads it: time, state, reason, project, paused."""
    seconds = line["t_ms"] / 1000
    parts = [f"{seconds:9.1f} s  {line['state']:<11}"]
    if line["user_code"]:
        parts.append(f"enter the code {line['user_code']} in Frame.io")
    if line["reason"]:
        meaning, remedy = REASONS.get(line["reason"], (line["reason"], ""))
        parts.append(f"{meaning}: {remedy}")
    if line["project"]:
        parts.append(f"project {line['project']}, paired by {line['creator'] or 'unknown'}")
    paused = {True: "yes", False: "no", None: "checking"}[line["paused"]]
    parts.append(f"connected {'yes' if line['connected'] else 'no'}, paused {paused}")
    return "  |  ".join(parts)


def start_mock(secret: str, folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the mock on a free port; the process and its address."""
    command = [sys.executable, "-m", "tools.mock_frameio", "--port", "0", "--tls", "--tls-dir", str(folder), "--interval-s", "1"]
    command += ["--client-secret", secret]
    # A session of its own: Ctrl-C at the terminal reaches us alone, and we end the others in order.
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        found = re.search(r"https?://\S+", process.stdout.readline())
        if not found:
            raise SystemExit("the mock did not start")
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process, found.group()


def write_config(url: str, credential: dict[str, str], folder: Path, mocked: bool) -> Path:
    """The firmware's configuration, in a folder that only its owner can read: it holds a secret. A real pairing is kept."""
    frameio = {"url": url, "client_version": _CLIENT_VERSION, **credential}
    if mocked:
        frameio["ca"] = str(folder / "ca.der")
    path = folder / "config.json"
    state_dir = (folder if mocked else ROOT) / "state"
    state_dir.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps({"board": "host", "frameio": frameio, "state_dir": str(state_dir)}))
    return path


def enter_code(url: str, folder: Path, user_code: str) -> None:
    """Type the code into the mock, as its user would."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    data = json.dumps({"user_code": user_code}).encode()
    with urllib.request.urlopen(f"{url}/control/approve", data=data, timeout=10, context=context):
        print(f"{'':13}entered the code {user_code} at the mock, as you would in Frame.io", flush=True)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run until Ctrl-C or until the firmware ends; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a real service instead of the mock; its token in the environment variable TOKEN")
    url = parser.parse_args().url
    credential = {}
    for variable, key in (("SECRET", "client_secret"), ("TOKEN", "access_token")):
        if url and os.environ.get(variable):
            credential[key] = os.environ[variable]
    if url and len(credential) != 1:
        print("make run URL=… also needs SECRET=… (the model's client_secret) or TOKEN=… (a fixed access token)", file=sys.stderr)
        return 2
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # SIGINT too: a shell's background job inherits that it is ignored
        signal.signal(number, _interrupt)
    with tempfile.TemporaryDirectory(prefix="pilotlight-") as folder:
        return run(Path(folder), url, credential)


def run(folder: Path, url: str | None, credential: dict[str, str]) -> int:
    """Start the mock (unless there is a URL) and the firmware, print what it says, and end both; the firmware's exit code."""
    processes = []
    firmware = None
    try:
        if not url:
            credential = {"client_secret": secrets.token_hex(24)}
            mock, url = start_mock(credential["client_secret"], folder)
            processes.append(mock)
            print(f"mock Frame.io at {url} (pause the device: curl -kX POST {url}/control/pause)", flush=True)
        mocked = bool(processes)
        config = write_config(url, credential, folder, mocked)
        firmware = start_firmware(config)
        processes.insert(0, firmware)
        assert firmware.stdout is not None
        for line in firmware.stdout:
            shown = json.loads(line)
            print(readable(shown), flush=True)
            if mocked and shown["user_code"]:
                enter_code(url, folder, shown["user_code"])
    except KeyboardInterrupt:
        print()
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
    return firmware.wait() if firmware and firmware.wait() not in (_INTERRUPTED_EXIT, -signal.SIGINT) else 0


def start_firmware(config: Path) -> subprocess.Popen[str]:
    """Start main.py on the unix port. The secret reaches it by the configuration only."""
    micropython = os.environ.get("MICROPYTHON") or str(ROOT / ".venv/bin/micropython")
    environment = {**os.environ, "PILOTLIGHT_CONFIG": str(config), "SECRET": "", "TOKEN": ""}
    return subprocess.Popen(
        [micropython, str(ROOT / "main.py")], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


if __name__ == "__main__":
    sys.exit(main())
