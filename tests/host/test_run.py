"""`make run`: online by itself, one readable line a change, and nothing left when it ends."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tools.rig import ROOT, Rig


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


@pytest.mark.timeout(60)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_comes_online_and_ends_clean(ending: signal.Signals) -> None:
    process = start()
    try:
        lines = read_until(process, " online ")
        assert "project Testbed, paired by Ada Lovelace" in lines[-1]
        assert "connected yes, paused no" in lines[-1]
        found = re.search(r"https://localhost:\d+", lines[0])
        assert found
        process.send_signal(ending)
        assert process.wait(20) == 0
    finally:
        process.kill()
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(found.group(), timeout=5)


@pytest.mark.timeout(60)
def test_against_another_service(rig: Rig) -> None:
    mock = rig.mock()
    process = start(arguments=f"--url {mock.url}", TOKEN="not-the-token")
    try:
        lines = read_until(process, " unpaired ")
        assert "no longer accepts this device" in lines[-1]
        assert "not-the-token" not in "".join(lines)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.mark.timeout(60)
def test_a_service_without_a_token_is_refused() -> None:
    process = start(arguments="--url https://localhost:1", TOKEN="")
    assert process.wait(20) == 2
    assert process.stdout is not None
    assert "TOKEN=" in process.stdout.read()
