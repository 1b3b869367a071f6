"""`make run`: the firmware on the virtual board `host`, against the mock, one readable line a change. Ctrl-C ends it all.

python -m tools.run                                  starts the mock (TLS) and the firmware
TOKEN=… python -m tools.run --url https://api.frame.io   the same firmware against the real service
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".run"
sys.path[:0] = [str(ROOT / "lib")]

from firmware.words import REASONS  # noqa: E402  # found through the path above

_CLIENT_VERSION = "0.1.0"


def readable(line: dict) -> str:
    """A console line as a person reads it: time, state, reason, project, paused."""
    seconds = line["t_ms"] / 1000
    parts = [f"{seconds:9.1f} s  {line['state']:<11}"]
    if line["reason"]:
        meaning, remedy = REASONS.get(line["reason"], (line["reason"], ""))
        parts.append(f"{meaning}: {remedy}")
    if line["project"]:
        parts.append(f"project {line['project']}, paired by {line['creator'] or 'unknown'}")
    paused = {True: "yes", False: "no", None: "checking"}[line["paused"]]
    parts.append(f"connected {'yes' if line['connected'] else 'no'}, paused {paused}")
    return "  |  ".join(parts)


def start_mock(token: str) -> tuple[subprocess.Popen[str], str]:
    """Start the mock on a free port; the process and its address."""
    command = [sys.executable, "-m", "tools.mock_frameio", "--port", "0", "--tls", "--tls-dir", str(FOLDER), "--token", token]
    # A session of its own: Ctrl-C at the terminal reaches us alone, and we end the others in order.
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"https?://\S+", line)
    if not found:
        process.kill()
        raise SystemExit("the mock did not start")
    return process, found.group()


def write_config(url: str, token: str, own_ca: bool) -> Path:
    """The firmware's configuration; readable by its owner only, for it holds the token."""
    frameio = {"url": url, "client_version": _CLIENT_VERSION, "access_token": token}
    if own_ca:
        frameio["ca"] = str(FOLDER / "ca.der")
    path = FOLDER / "config.json"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"board": "host", "frameio": frameio, "state_dir": str(FOLDER / "state")}))
    return path


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run until Ctrl-C or until the firmware ends; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a real service instead of the mock; its token in the environment variable TOKEN")
    url = parser.parse_args().url
    FOLDER.mkdir(exist_ok=True)
    mock = None
    if url:
        token = os.environ.get("TOKEN", "")
        if not token:
            print("make run URL=… also needs TOKEN=… (an access token of the device)", file=sys.stderr)
            return 2
    else:
        token = secrets.token_urlsafe(24)
        mock, url = start_mock(token)
        print(f"mock Frame.io at {url} (pause it: curl -kX POST {url}/control/pause)", flush=True)
    config = write_config(url, token, own_ca=mock is not None)
    micropython = os.environ.get("MICROPYTHON") or str(Path(sys.executable).parent / "micropython")
    firmware = subprocess.Popen(
        [micropython, str(ROOT / "main.py")],
        env={**os.environ, "PILOTLIGHT_CONFIG": str(config), "TOKEN": ""},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        assert firmware.stdout is not None
        for line in firmware.stdout:
            print(readable(json.loads(line)), flush=True)
    except KeyboardInterrupt:
        print()
    finally:
        for process in (firmware, mock):
            if process:
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()
    return 0 if firmware.returncode in (0, 130, -signal.SIGINT) else firmware.returncode


if __name__ == "__main__":
    sys.exit(main())
