"""examples/online.py, as it stands but for address, secret and roots, comes online."""

import os
import subprocess
import threading

from tools.rig import CLIENT_SECRET, MICROPYTHON, ROOT, Rig

MOST_LINES = 15


def example() -> str:
    """The program."""
    return (ROOT / "examples/online.py").read_text()


def test_it_is_about_ten_lines() -> None:
    code = example().rpartition('"""')[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= MOST_LINES


def test_it_comes_online_and_sees_the_pause(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "1", tls=True)
    text = example()
    for old, new in (
        ("https://api.frame.io", mock.url),
        ('"CLIENT_SECRET"', repr(CLIENT_SECRET)),
        ("trust_roots.ROOTS", f"[open({str(mock.ca)!r}, 'rb').read()]"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    program = rig.folder / "online.py"
    program.write_text(text)
    process = subprocess.Popen(
        [MICROPYTHON, str(program)],
        cwd=rig.folder,
        env={**os.environ, "MICROPYPATH": f"{ROOT}:{ROOT / 'lib'}:.frozen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    bound = threading.Timer(30, process.kill)
    bound.start()
    mock.approve()
    assert process.stdout is not None
    seen = []
    try:
        for line in process.stdout:
            seen.append(line.strip())
            if line == "online False None\n":
                mock.control("pause")
            elif line == "paused True None\n":
                break
    finally:
        process.kill()
        bound.cancel()
    assert seen[-1] == "paused True None", seen
    assert (rig.folder / "state/online/authorization.json").exists()
