"""`make run`: online by itself, one readable line a change, and nothing left when it ends."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tools.rig import DEADLINE_S, ROOT, Rig
from tools.run.readable import printable, readable


def start(**environment: str) -> "subprocess.Popen[str]":
    """Run what `make run` runs."""
    arguments = environment.pop("arguments", "").split()
    return subprocess.Popen(
        [sys.executable, "-m", "tools.run", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: "subprocess.Popen[str]", wanted: str) -> list[str]:
    """Lines up to the one that holds `wanted`."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return lines
    raise AssertionError(f"never printed: {wanted}; only {lines}")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_comes_online_and_ends_clean(ending: signal.Signals) -> None:
    process = start()
    try:
        lines = read_until(process, " online ")
        assert "project Testbed, paired by Ada Lovelace" in lines[-1]
        assert "connected yes, paused no" in lines[-1]
        assert len([line for line in lines if " starting " in line]) == 1
        found = re.search(r"https://localhost:\d+", lines[0])
        assert found
        process.send_signal(ending)
        assert process.wait(120) == 0
    finally:
        process.kill()
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(found.group(), timeout=60)


def test_against_another_service(rig: Rig) -> None:
    mock = rig.mock()
    process = start(arguments=f"--url {mock.url}", TOKEN="not-the-token")
    try:
        lines = read_until(process, " unpaired ")
        assert "no longer accepts this device" in lines[-1]
        assert "not-the-token" not in "".join(lines)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


def test_a_blank_board_is_set_up_on_a_page_here(temporary: Path) -> None:
    process = start(arguments="--setup")
    try:
        lines = read_until(process, "which a phone opens")
        assert "A phone can set its Wi-Fi now" in lines[-2]
        found = re.search(r"http://127\.0\.0\.1:\d+/(?=,)", lines[-1])
        assert found and "Stage 5, with the password pilotlight" in read_until(process, "Stage")[-1]
        page = asked_until_there(found.group())
        token = re.search('name="token" value="([0-9a-f]+)"', page)
        assert token and "Stage 5: strong signal" in page
        phone = http.client.HTTPConnection(found.group().split("/")[2], timeout=60)
        phone.request("GET", "/generate_204", headers={"Host": "a.example"})
        assert phone.getresponse().headers["Location"] == found.group()
        form = f"token={token[1]}&ssid=Stage+5&password=pilotlight".encode()
        assert "Trying Stage 5" in asked(found.group(), form)
        end = time.monotonic() + 120
        while asked(found.group() + "state") == "busy":
            assert time.monotonic() < end
            time.sleep(0.05)
        assert "Connected to Stage 5" in asked(found.group())
        lines = read_until(process, " online ")
        assert any(" pairing " in line for line in lines)
        with pytest.raises(urllib.error.HTTPError, match="503"):
            asked(found.group())
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
        assert process.stdout is not None and "Traceback" not in process.stdout.read()
    finally:
        process.kill()
    nothing_is_left({}, temporary)


def asked(url: str, form: bytes | None = None) -> str:
    """The page that is there."""
    with urllib.request.urlopen(url, form, timeout=60) as answer:
        return str(answer.read().decode())


def asked_until_there(url: str) -> str:
    """The page, once the board serves it."""
    end = time.monotonic() + 120
    while True:
        try:
            return asked(url)
        except urllib.error.HTTPError as error:
            if time.monotonic() > end or b"not in setup mode" not in error.read():
                raise
            time.sleep(0.05)


def test_a_service_without_a_token_is_refused() -> None:
    process = start(arguments="--url https://localhost:1", TOKEN="")
    assert process.wait(120) == 2
    assert process.stdout is not None
    assert "TOKEN=" in process.stdout.read()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The TMPDIR of what is started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def descendants(pid: int) -> dict[int, str]:
    """The process ids and command lines of what a process has started."""
    shown = subprocess.run(["ps", "axwwo", "pid,ppid,args"], capture_output=True, text=True)
    rows = [line.split(None, 2) for line in shown.stdout.splitlines()[1:]]
    found = {pid: ""}
    for _ in range(4):  # levels
        found |= {int(own): args for own, parent, args in rows if int(parent) in found}
    del found[pid]
    return {own: args for own, args in found.items() if "<defunct>" not in args}


def is_alive(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


def nothing_is_left(pids: dict[int, str], folder: Path) -> None:
    """Wait until these processes have ended and the folder is empty."""
    end = time.monotonic() + DEADLINE_S
    while any(is_alive(pid) for pid in pids) or list(folder.iterdir()):
        alive = {pid: args for pid, args in pids.items() if is_alive(pid)}
        assert time.monotonic() < end, (alive, list(folder.rglob("*")))
        time.sleep(0.05)


def running(process: "subprocess.Popen[str]", folder: Path) -> dict[int, str]:
    """What a run that is online has started, and that its folder holds a secret."""
    pids = descendants(process.pid)
    lines = "\n".join(pids.values())
    assert all(name in lines for name in ("tools.mock_frameio", "power_on.py", "sh -c"))
    private = next(folder.glob("pilotlight-*"))
    assert "client_secret" in (private / "board/flash/config.json").read_text()
    assert private.stat().st_mode & 0o777 == 0o700
    return pids


@pytest.mark.parametrize("pause_s", [0.01, 0.05, 0.3])
def test_ctrl_c_again_and_again(temporary: Path, pause_s: float) -> None:
    process = start()
    read_until(process, " online ")
    pids = running(process, temporary)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(pause_s)
    assert process.stdout is not None
    assert "Traceback" not in process.stdout.read()
    assert process.returncode == 0
    nothing_is_left(pids, temporary)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_the_board_hangs(temporary: Path, times: int) -> None:
    process = start()
    read_until(process, " online ")
    pids = running(process, temporary)
    os.kill(next(pid for pid, args in pids.items() if "power_on.py" in args), signal.SIGSTOP)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0
    nothing_is_left(pids, temporary)


@pytest.mark.parametrize(
    "wanted",
    ["| argparse", "subprocess", "tools.run.command", "mock Frame.io", " starting ", " pairing "],
)
def test_ctrl_c_at_any_time_of_the_start(temporary: Path, wanted: str) -> None:
    process = start(PYTHONPROFILEIMPORTTIME="1")  # tells what has been imported
    read_until(process, wanted)
    pids = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert "Traceback" not in process.stdout.read()
    assert process.wait(120) in (0, -signal.SIGINT)
    nothing_is_left(pids, temporary)


@pytest.mark.parametrize("wanted", ["mock Frame.io", " online "])
def test_a_reader_that_goes_away(temporary: Path, wanted: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.run"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=(temporary / "errors").open("w"),
        text=True,
    )
    read_until(process, wanted)
    pids = descendants(process.pid)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(120) == 0  # although an online device has nothing more to say
    errors = (temporary / "errors").read_text()
    assert not re.search("Traceback|Exception|Error", errors)
    (temporary / "errors").unlink()
    nothing_is_left(pids, temporary)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
def test_a_disk_that_is_full_is_told(temporary: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tools.run"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("stdout takes no more: ")
    assert "Traceback" not in done.stderr
    nothing_is_left({}, temporary)


@pytest.mark.parametrize("wanted", ["mock Frame.io", " starting ", " pairing "])
def test_sigkill_during_the_start(temporary: Path, wanted: str) -> None:
    process = start()
    read_until(process, wanted)
    pids = descendants(process.pid)
    process.kill()
    process.wait()
    nothing_is_left(pids, temporary)


def test_sigkill_leaves_no_process_and_no_secret(temporary: Path) -> None:
    process = start()
    read_until(process, " online ")
    pids = running(process, temporary)
    process.kill()
    process.wait()
    nothing_is_left(pids, temporary)


def test_sigkill_of_make_ends_it(temporary: Path) -> None:
    make = subprocess.Popen(
        ["/bin/sh", "-c", '"$0" -m tools.run --end-with-parent; exit 0', sys.executable],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    read_until(make, " online ")
    pids = descendants(make.pid)
    assert any("tools.run" in args for args in pids.values())
    make.kill()
    make.wait()
    nothing_is_left(pids, temporary)


def test_what_was_killed_with_its_remover_is_removed_by_the_next_run(temporary: Path) -> None:
    process = start()
    read_until(process, " online ")
    pids = running(process, temporary)
    remover = next(pid for pid, args in pids.items() if "sh -c" in args)
    os.kill(remover, signal.SIGKILL)
    process.kill()
    process.wait()
    end = time.monotonic() + 120
    while any(is_alive(pid) for pid in pids):  # they hold the folder's lock
        assert time.monotonic() < end
        time.sleep(0.05)
    (left,) = temporary.iterdir()
    process = start()
    read_until(process, " online ")
    assert not left.exists()
    other = start()
    read_until(other, " online ")
    assert len(list(temporary.iterdir())) == 2  # what is in use stays
    for one in (process, other):
        one.send_signal(signal.SIGINT)
        assert one.wait(120) == 0
    nothing_is_left(pids, temporary)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("tools.mock_frameio", "the mock has ended"), ("power_on.py", "the board went off")],
)
def test_a_part_that_dies_ends_it(temporary: Path, name: str, sentence: str) -> None:
    process = start()
    read_until(process, " online ")
    pids = running(process, temporary)
    os.kill(next(pid for pid, args in pids.items() if name in args), signal.SIGKILL)
    assert sentence in read_until(process, sentence)[-1]
    assert process.wait(120) == 1
    nothing_is_left(pids, temporary)


@pytest.mark.parametrize(
    "evil",
    [
        "\x1b[2J",
        "\x9b2J",
        "\u202e",
        "\u2066",
        "\u200f",
        "\u2028",
        "\n",
        "\r",
        "\0",
        "\x7f",
        "\ufeff",
        "\ud800",
        "\U000e0041",
    ],
)
def test_text_from_outside_can_t_control_the_terminal(evil: str) -> None:
    line = {
        "t_ms": 1000,
        "state": "unpaired" + evil,
        "user_code": "12" + evil,
        "reason": "no" + evil,
        "project": "A" + evil + "x" * 10_000,
        "creator": "B" + evil,
        "paused": None,
        "connected": True,
    }
    shown = readable(line)
    assert shown.isprintable() and len(shown) < 500
    assert shown.count("\ufffd") >= 5


def test_names_of_the_world_stay_as_they_are() -> None:
    for name in ("Zweiter Tag ü", "日本語", "\u0645\u200c\u0645", "👩\u200d🎬", "मेरा", "a b"):
        assert printable(name) == name
    assert printable("a\u00a0b\u3000c") == "a b c"


def test_what_the_board_logs_is_shown_the_same_way(temporary: Path) -> None:
    process = start(arguments="--url http://\x1b[2J\u202e", SECRET="a-secret")
    lines = read_until(process, " fault ")
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0
    assert all(line.rstrip("\n").isprintable() for line in lines)
    assert "a-secret" not in "".join(lines)
