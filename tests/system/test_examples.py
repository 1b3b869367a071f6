"""Each program in examples/ runs, and does what it is an example of."""

import asyncio
import base64
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image
from websockets.asyncio.server import ServerConnection, serve

from tools.rig import CLIENT_SECRET, CLIENT_VERSION, MICROPYTHON, ROOT, Rig
from tools.rig.camera import Camera
from tools.virtual_board.session import Event, VirtualBoard

EXAMPLES = ROOT / "examples"
PAIRING = ROOT / "tests/golden/screen/128x64/pairing-1.png"
CODE = "987654"  # the picture's
MOST_LINES = 150
LONGEST_S = 60
CLIP_BYTES = 200_000
NEAR = '[{"ssid": "Stage 5", "password": "pilotlight", "associate_ms": 0, "address_ms": 0}]'


def answers(camera: Camera, name: str) -> list[int]:
    """The statuses with which this clip's uploads were answered."""
    return [record["status"] for record in camera.mock.records(kind="asset", name=name)]


def refreshes(camera: Camera) -> list[str]:
    """What became of each refresh."""
    records = camera.mock.records(kind="auth", grant="refresh_token")
    return [record["outcome"] for record in records]


@pytest.fixture
def camera(rig: Rig) -> Camera:
    """The camera, not switched on yet."""
    made = Camera(rig, None, CLIP_BYTES // 2)
    made.mock.control("next_user_code", user_code="000042")
    return made


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_it_can_be_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_a_camera_uploads_its_clips_in_parts_over_a_cut(camera: Camera) -> None:
    mock = camera.mock
    hashes = {name: camera.record(name, CLIP_BYTES) for name in ("A001.mp4", "A002.mp4")}
    mock.control("storage", what="reset", after_bytes=CLIP_BYTES // 4, times=1)
    mock.control("storage_rate", bytes_per_s=CLIP_BYTES // 2)
    camera.power_on()
    device = camera.device
    device.wait(state="pairing", user_code="000042")
    mock.approve()
    device.wait(state="online", paused=False)
    device.wait_log("not uploaded: A001.mp4: ")
    device.wait_log(": uploaded: A002.mp4")
    device.wait(application="0 clips left", after=device.mark() - 1)
    assert {facts["name"]: facts["sha256"] for facts in mock.uploads()} == hashes
    tries = [[part["tries"] for part in facts["parts"]] for facts in mock.uploads()]
    assert tries == [[2, 1], [1, 1]]
    told = [line for line in device.lines if line.get("application") and line["state"] == "online"]
    shown = [line for line in told if re.match(r"[12] clips? left, \d+ %$", line["application"])]
    assert shown and {line["light"]["pattern"] for line in shown} == {"blip"}, told
    assert told[-1]["light"]["pattern"] == "solid"


def test_a_camera_s_clips_over_an_expired_token_a_portal_a_pause_and_a_restart(
    camera: Camera,
) -> None:
    mock = camera.mock
    camera.record("A001.mp4", CLIP_BYTES)
    camera.power_on()
    device = camera.device
    mock.approve()
    device.wait_log(": uploaded: A001.mp4")  # kept until the device was paired
    device.wait(state="online", paused=False)
    online = device.mark()

    mock.control("expire")
    camera.record("A002.mp4", CLIP_BYTES)
    device.wait_log(": uploaded: A002.mp4")
    assert answers(camera, "A002.mp4") == [401, 200] and refreshes(camera) == ["issued"]
    assert {line["state"] for line in device.lines[online:]} <= {"online"}
    # After each new token, at once.
    mock.wait(lambda mock: len(mock.records(path="/v2/devices/me", status=200)) >= 2)

    mock.control("refuse", part="assets", status=200, body={"please": "sign in"}, times=1)
    camera.record("A003.mp4", CLIP_BYTES)
    device.wait_log("not uploaded: A003.mp4")
    device.wait_log(": uploaded: A003.mp4")

    paused_s = time.time()
    mock.control("pause", ago_s=20)
    device.wait(state="paused", paused=True)
    camera.record("A004.mp4", CLIP_BYTES, paused_s - 40)  # made before the pause
    camera.record("A005.mp4", CLIP_BYTES)
    camera.record("A006.mp4", CLIP_BYTES, paused_s - 50)
    device.wait_log(": uploaded: A006.mp4")
    assert answers(camera, "A004.mp4") == answers(camera, "A006.mp4") == [200]
    assert answers(camera, "A005.mp4") == [409]
    resumed = device.mark()
    mock.control("resume")
    device.wait(state="online", paused=False, after=resumed)
    camera.record("A007.mp4", CLIP_BYTES, paused_s - 10)  # made in the pause that is over
    device.wait_log("not uploaded: A007.mp4")
    assert mock.status()["sockets"] == 1

    mock.control("refuse", part="assets", status=503)
    camera.record("A008.mp4", CLIP_BYTES)
    for _ in range(4):  # after the third the others come first; the fourth: that is stored
        device.wait_log("not uploaded: A008.mp4", after=len(device.errors))
    device.stop()
    mock.control("refuse", part="assets", status=503, times=0)
    camera.power_on()
    camera.record("A009.mp4", CLIP_BYTES)
    device = camera.device
    device.wait_log(": uploaded: A008.mp4")  # which has failed before, so it comes last
    device.wait(state="online", paused=False)
    assert "pairing" not in {line["state"] for line in device.lines}
    assert device.errors.index(": uploaded: A009.mp4") < device.errors.index(": uploaded: A008.mp4")
    numbers = range(1, 8)  # nothing is uploaded twice, and what is refused stays on the card
    assert [answers(camera, f"A00{number}.mp4")[-1] for number in numbers] == [
        *[200] * 4,
        409,
        200,
        409,
    ]
    assert sum(len(answers(camera, f"A00{number}.mp4")) for number in numbers) == 8


def test_a_camera_s_buttons(camera: Camera) -> None:
    mock = camera.mock
    camera.power_on()
    device = camera.device
    device.wait(state="pairing", user_code="000042")
    device.type("cancel")
    device.wait(state="unpaired", reason="cancelled")
    device.type("pair")
    device.wait(state="pairing", after=device.mark() - 1)
    mock.approve()
    device.wait(state="online", paused=False)

    mock.control("storage", what="stall", times=-1)
    camera.record("A001.mp4", CLIP_BYTES)
    mock.wait(lambda mock: bool(mock.uploads() and mock.uploads()[0]["parts"][0]["tries"]))
    device.type("short")  # the firmware's own
    device.type("double")
    device.wait_log("stopped: A001.mp4")
    device.wait(application="1 clip left, stopped")
    mock.control("storage", what="stall", times=0)
    device.type("double")
    device.wait_log(": uploaded: A001.mp4")
    assert re.findall("taken: (.*)", device.output) == ["False", "True", "True"]

    generation, shown = mock.status()["generation"], device.mark()
    device.type("unpair")
    device.wait(state="unpaired", reason="unpaired", after=shown)
    mock.wait(lambda mock: mock.status()["generation"] != generation)
    assert mock.records(kind="auth", part="revoke", outcome="revoked")
    calls = mock.records(kind="http")
    assert {call["path"] for call in calls} >= {
        "/v2/auth/device/code",
        "/v2/auth/token",
        "/v2/auth/revoke",
        "/v2/devices/me",
    }
    assert {call["client_version"] for call in calls} == {CLIENT_VERSION}


def test_a_camera_as_it_stands_takes_config_json(tmp_path: Path) -> None:
    done = subprocess.run(
        [MICROPYTHON, EXAMPLES / "camera.py"],
        cwd=tmp_path,
        env={**os.environ, "MICROPYPATH": f"{ROOT}:{ROOT / 'lib'}:.frozen"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 2 and "config.json is missing" in done.stderr, done


def test_a_board_of_one_s_own(tmp_path: Path, rig: Rig) -> None:
    with Image.open(PAIRING) as golden:
        upside_down = golden.convert("1").transpose(Image.Transpose.ROTATE_180).tobytes()

    def shows_the_code(event: Event) -> bool:
        return event["kind"] == "screen" and base64.b64decode(event["bitmap"]) == upside_down

    mock = rig.mock("--interval-s", "1")
    mock.control("next_user_code", user_code=CODE)
    code = tmp_path / "code"
    (code / "firmware").mkdir(parents=True)
    for name in ("boot.py", "main.py", "lib"):
        (code / name).symlink_to(ROOT / name)
    for path in (ROOT / "firmware").iterdir():
        if path.name != "boards":
            (code / "firmware" / path.name).symlink_to(path)
    (code / "firmware/boards").mkdir()
    (code / "firmware/boards/own_board.py").symlink_to(EXAMPLES / "own_board.py")
    display = {"chip": "ssd1306", "address": 0x3D, "width": 128, "height": 64}
    wiring = {
        "buttons": [14],
        "pixels": [{"pin": 48, "count": 1}],
        "i2c": [{"scl": 9, "sda": 8, "chips": [display]}],
    }
    frameio = {"url": mock.url, "client_version": CLIENT_VERSION, "client_secret": CLIENT_SECRET}
    config = {
        "board": "own_board",
        "console": True,
        "frameio": frameio,
        "wifi": {"ssid": "Stage 5", "password": "pilotlight"},
    }
    environment = {"VIRTUAL_AIR": NEAR, "VIRTUAL_SCAN_MS": "1"}
    with VirtualBoard(tmp_path / "board", code, wiring, environment) as board:
        board.write_file("config.json", json.dumps(config))
        board.power_on()
        board.wait_line(deadline_s=LONGEST_S, state="pairing")
        board.wait(lambda event: event["kind"] == "neopixel" and event["pixels"][0][2] > 0)
        board.wait(shows_the_code, deadline_s=LONGEST_S)
        mock.approve()
        board.wait_line(deadline_s=LONGEST_S, state="online", paused=False)
        board.wait("neopixel", pixels=[[0, 255, 0]], deadline_s=LONGEST_S)
        lit = board.mark()
        board.press(14, ms=80)  # after full brightness comes dark
        board.wait("neopixel", lit, LONGEST_S, pixels=[[0, 0, 0]])
    assert not [e for e in board.events if e["kind"] == "neopixel" and e["pixels"][0][0]]


async def echo(link: ServerConnection) -> None:
    """Send each message back."""
    async for message in link:
        await link.send(message)


def test_the_websocket_client_alone() -> None:
    async def run() -> tuple[int | None, str]:
        async with serve(echo, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            process = await asyncio.create_subprocess_exec(
                MICROPYTHON,
                str(EXAMPLES / "websocket_echo.py"),
                "127.0.0.1",
                str(port),
                env={**os.environ, "MICROPYPATH": f"{ROOT / 'lib'}:.frozen"},
                stdout=asyncio.subprocess.PIPE,
            )
            told, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
            return process.returncode, told.decode()

    code, told = asyncio.run(run())
    assert code == 0
    lines = told.splitlines()
    assert lines[:2] == ["answer: 5 bytes, hello", f"answer: 1000 bytes, {'x' * 16}"]
    assert len(lines) == 3 and lines[2].startswith("ended: closed")
