"""`make run`: the firmware on the virtual board, against the mock. Ctrl-C ends it all.

Prints a line for each change.

python -m tools.run
    starts the mock (TLS) and the firmware, and types in the code that it shows
python -m tools.run --screen
    the same, and prints what the display shows
python -m tools.run --url https://api.frame.io
    the same firmware against the real service

For the real service the environment holds SECRET, the model's client_secret (you pair the device;
it stays paired, in state/), or TOKEN, a fixed access token.
"""

import argparse
import base64
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
from collections.abc import Callable
from pathlib import Path

from tools.on_cpython import ROOT, device_module
from tools.virtual_board.session import Event, VirtualBoard

REASONS = device_module("firmware.strings").REASONS
_CLIENT_VERSION = device_module("pilotlight").__version__
_BOARD, _WIRING = "esp32_s3_devkit", "s3"


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
    command = [
        sys.executable,
        "-m",
        "tools.mock_frameio",
        "--port",
        "0",
        "--tls",
        "--tls-dir",
        str(folder),
        "--interval-s",
        "1",
    ]
    command += ["--client-secret", secret]
    # A session of its own: Ctrl-C at the terminal reaches us alone, and we end the others in order.
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
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


def write_config(
    path: Path, url: str, credential: dict[str, str], folder: Path, mocked: bool
) -> None:
    """The firmware's configuration, in a folder that only its owner can read: it holds a secret.

    A real pairing is kept.
    """
    frameio = {"url": url, "client_version": _CLIENT_VERSION, **credential}
    if mocked:
        frameio["ca"] = str(folder / "ca.der")
    state_dir = (folder if mocked else ROOT) / "state"
    state_dir.mkdir(mode=0o700, exist_ok=True)
    wifi = {"ssid": "Stage 5", "password": "pilotlight"}  # the one that is in the virtual air
    path.write_text(
        json.dumps(
            {
                "board": _BOARD,
                "console": True,
                "frameio": frameio,
                "wifi": wifi,
                "state_dir": str(state_dir),
            }
        )
    )


def enter_code(url: str, folder: Path, user_code: str) -> None:
    """Type the code into the mock, as its user would."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    data = json.dumps({"user_code": user_code}).encode()
    with urllib.request.urlopen(f"{url}/control/approve", data=data, timeout=10, context=context):
        print(
            f"{'':13}entered the code {user_code} at the mock, as you would in Frame.io", flush=True
        )


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="a real service instead of the mock; see above")
    parser.add_argument(
        "--screen",
        action="store_true",
        help="print what the display shows, too (wants 128 columns)",
    )
    arguments = parser.parse_args()
    url = arguments.url
    credential = {}
    for variable, key in (("SECRET", "client_secret"), ("TOKEN", "access_token")):
        if url and os.environ.get(variable):
            credential[key] = os.environ[variable]
    if url and len(credential) != 1:
        print(
            "make run URL=… also needs SECRET=… (the model's client_secret) or TOKEN=… (a fixed "
            "access token)",
            file=sys.stderr,
        )
        return 2
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # SIGINT too: a shell's background job inherits that it is ignored
        signal.signal(number, _interrupt)
    with tempfile.TemporaryDirectory(prefix="pilotlight-") as folder:
        run(Path(folder), url, credential, arguments.screen)
    return 0


def run(folder: Path, url: str | None, credential: dict[str, str], draws: bool) -> None:
    """Start the mock (unless there is a URL), switch the board on, print what it says, end both."""
    mock = None
    board = VirtualBoard(
        folder / "board",
        code=ROOT,
        wiring=_WIRING,
        environment={"SECRET": "", "TOKEN": ""},
        echo=sys.stderr,
    )
    try:
        if not url:
            credential = {"client_secret": secrets.token_hex(24)}
            mock, url = start_mock(credential["client_secret"], folder)
            print(
                f"mock Frame.io at {url} (pause the device: curl -kX POST {url}/control/pause)",
                flush=True,
            )
        write_config(board.flash / "config.json", url, credential, folder, mocked=bool(mock))
        board.power_on()
        follow(board, draws, lambda code: enter_code(url, folder, code) if mock else None)
    except KeyboardInterrupt:
        print()
    finally:
        board.echo = None  # what is at the REPL after Ctrl-C is nobody's
        with contextlib.suppress(AssertionError, OSError):
            board.interrupt()
            board.wait("repl", deadline_s=5)
        board.cut_power()
        if mock:
            mock.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                mock.wait(5)
            mock.kill()


def follow(board: VirtualBoard, draws: bool, enter: Callable[[str], None]) -> None:
    """Print each change until the board goes off.

    draws: the display's pictures, too. enter(user_code): called for each code.
    """
    lines = events = 0
    while True:
        board.wait_news(lines, events)
        for line in board.lines[lines:]:
            lines += 1
            print(readable(line), flush=True)
            if line["user_code"]:
                enter(line["user_code"])
        for event in board.events[events:]:
            events += 1
            if draws and event["kind"] == "screen":
                print(picture(event), flush=True)


def picture(event: Event) -> str:
    """What the display shows, in characters of two pixels."""
    width, height = event["width"], event["height"]
    rows = base64.b64decode(event["bitmap"])

    def is_lit(x: int, y: int) -> int:
        return rows[(y * width + x) // 8] >> (7 - x % 8) & 1

    return "\n".join(
        "".join(" ▀▄█"[is_lit(x, y) + 2 * is_lit(x, y + 1)] for x in range(width))
        for y in range(0, height, 2)
    )


if __name__ == "__main__":
    sys.exit(main())
