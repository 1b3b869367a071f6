"""The program in docs/embedding.md, as printed but for address, secret and roots: pairs, stays
online, uploads; and its buttons."""

import ast
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tools.generate.readme import LADDER
from tools.mock_frameio.tokens import MARK
from tools.rig import CLIENT_SECRET, MICROPYTHON, ROOT, Mock, Rig

LONGEST_S = 60
ROOTS_LINE = "from pilotlight.trust_roots import ROOTS"


def printed_program() -> str:
    """The program in docs/embedding.md."""
    text = (ROOT / "docs/embedding.md").read_text()
    found = re.search(r"<!-- embedding: run as a test -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


class Camera:
    """The program as a process, its keyboard, and its lines in the order in which they come."""

    def __init__(self, rig: Rig, mock: Mock) -> None:
        text = printed_program()
        for old, new in (
            ("https://api.frame.io", mock.url),
            ("CLIENT_SECRET", CLIENT_SECRET),
            (ROOTS_LINE, f"ROOTS = [open({str(mock.ca)!r}, 'rb').read()]"),
        ):
            assert text.count(old) == 1
            text = text.replace(old, new)
        (rig.folder / "camera.py").write_text(text)
        self._process = subprocess.Popen(
            [MICROPYTHON, "camera.py"],
            cwd=rig.folder,
            env={**os.environ, "MICROPYPATH": f"{ROOT / 'lib'}:.frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._bound = threading.Timer(LONGEST_S, self._process.kill)
        self._bound.start()
        self.lines: list[str] = []

    def key_in(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def until(self, *beginnings: str) -> list[str]:
        """The lines from here on, up to the one that begins so.

        For several beginnings: up to the last of them, in any order.
        """
        assert self._process.stdout is not None
        wanted, since = set(beginnings), len(self.lines)
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            wanted -= {beginning for beginning in wanted if line.startswith(beginning)}
            if not wanted:
                return self.lines[since:]
        raise AssertionError(f"never seen: {wanted}; lines: {self.lines}")

    def end(self) -> int:
        """Wait for the program's end; its exit code."""
        assert self._process.stdout is not None
        self.lines += self._process.stdout.read().splitlines()
        return self._process.wait(120)

    def close(self) -> None:
        """End it, and look for secrets in what it said."""
        self._process.kill()
        self.end()
        self._bound.cancel()
        for secret in (CLIENT_SECRET, MARK):
            assert secret not in "\n".join(self.lines), "a secret was printed"


@pytest.fixture
def mock(rig: Rig) -> Mock:
    """A mock that can be polled each second, over TLS; its first code is 000042."""
    mock = rig.mock("--interval-s", "1", tls=True)
    mock.control("next_user_code", user_code="000042")
    return mock


@pytest.fixture
def camera(rig: Rig, mock: Mock) -> Iterator[Camera]:
    """The camera, switched on."""
    camera = Camera(rig, mock)
    yield camera
    camera.close()


def answers(mock: Mock, name: str) -> list[int]:
    """The statuses with which this clip's uploads were answered."""
    return [record["status"] for record in mock.records(kind="asset", name=name)]


def refreshes(mock: Mock) -> list[str]:
    """What became of each refresh."""
    return [record["outcome"] for record in mock.records(kind="auth", grant="refresh_token")]


def test_clips_over_an_expired_token_a_portal_and_a_pause(camera: Camera, mock: Mock) -> None:
    camera.key_in("A001.mp4")  # kept until the device is paired
    mock.approve()
    camera.until(
        "status: pairing", "enter 000042 in Frame.io, or follow https://next.frame.io/pair/000042"
    )
    camera.until("status: online paused: False", "uploaded: A001.mp4")

    mock.control("expire")
    camera.key_in("A002.mp4")
    lines = camera.until("uploaded: A002.mp4")
    assert answers(mock, "A002.mp4") == [401, 200] and refreshes(mock) == ["issued"]
    assert not [line for line in lines if line.startswith("status: ") and "online" not in line]
    mock.wait(
        lambda mock: len(mock.records(path="/v2/devices/me", status=200)) >= 2
    )  # after each new token, at once

    mock.control("refuse", part="assets", status=200, body={"please": "sign in"}, times=1)
    camera.key_in("A003.mp4")
    camera.until("later: A003.mp4", "uploaded: A003.mp4")

    mock.control("pause", ago_s=20)
    camera.until("status: paused paused: True")
    camera.key_in("A004.mp4 40")  # made before the pause
    camera.key_in("A005.mp4")
    camera.key_in("A006.mp4 50")
    camera.until("uploaded: A006.mp4")
    assert [answers(mock, f"A00{number}.mp4") for number in (4, 5, 6)] == [[200], [409], [200]]
    mock.control("resume")
    camera.until("status: online paused: False")
    camera.key_in("A007.mp4 10")  # made in the pause that is over
    camera.until("refused, stays on the card: A007.mp4")
    assert [line for line in camera.lines if "A005" in line] == [
        "refused, stays on the card: A005.mp4"
    ]
    assert refreshes(mock) == ["issued"] and mock.status()["sockets"] == 1


def test_the_buttons(camera: Camera, mock: Mock) -> None:
    camera.until("status: pairing")
    camera.key_in("cancel")
    camera.until("status: unpaired paused: None reason: cancelled")
    camera.key_in("pair")
    camera.until("status: pairing")
    mock.approve()
    camera.until("status: online paused: False")
    generation = mock.status()["generation"]
    camera.key_in("unpair")
    camera.until("status: unpaired paused: None reason: unpaired")
    mock.wait(lambda mock: mock.status()["generation"] != generation)
    assert mock.records(kind="auth", part="revoke", outcome="revoked")
    camera.key_in("pair")
    camera.until("status: pairing")
    mock.approve()
    camera.until("status: online paused: False")
    camera.key_in("stop")
    assert camera.end() == 0
    mock.wait(lambda mock: len(mock.records(kind="socket_end")) >= 2)
    assert mock.records(kind="socket_end")[-1]["code"] == 1000
    calls = mock.records(kind="http")
    assert {call["path"] for call in calls} >= {
        "/v2/auth/device/code",
        "/v2/auth/token",
        "/v2/auth/revoke",
        "/v2/devices/me",
    }
    assert {call["client_version"] for call in calls} == {"1.2.3"}


def test_after_a_restart_it_is_online_without_its_user(
    camera: Camera, rig: Rig, mock: Mock
) -> None:
    mock.approve()
    camera.until("status: online paused: False")
    camera.close()
    again = Camera(rig, mock)
    lines = again.until("status: online paused: False")
    again.close()
    assert not [line for line in lines if "pairing" in line]
    stored = json.loads((rig.folder / "authorization.json").read_text())
    assert stored["client_id"] == json.loads((rig.folder / "client.json").read_text())["client_id"]


def first_cells(heading: str) -> list[str]:
    """The first cell of each row of the table that has this in its head."""
    table = (
        (ROOT / "docs/embedding.md").read_text().partition(f"| {heading} |")[2].partition("\n\n")[0]
    )
    return [row.split("|")[1].strip(" `") for row in table.splitlines()[2:]]


def test_the_tables_have_every_call_and_every_state() -> None:
    agent = next(
        node
        for node in ast.parse((ROOT / "lib/pilotlight/agent.py").read_text()).body
        if isinstance(node, ast.ClassDef)
    )
    public = {
        node.name for node in agent.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    public |= {
        node.attr
        for node in ast.walk(agent)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
    calls = [re.sub(r"^await |\(.*", "", cell) for cell in first_cells("call")]
    assert sorted(calls) == sorted(
        {"Agent"} | {name for name in public if not name.startswith("_")}
    )
    assert first_cells("`status.state`") == LADDER
