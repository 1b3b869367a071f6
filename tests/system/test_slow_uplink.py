"""A slow uplink, such as one that the camera's own upload fills: TLS gets through.

Round trips of 0.8 s, and a deadline of 2 s without progress. A deadline that must not be the one
that ends it is far away.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.failing_servers import FailingServers
from tests.support.relay import Relay
from tools.rig import MICROPYTHON, ROOT

ROUND_TRIP_S = 0.8
STALL_MS = 2_000
TOTAL_MS = 2_400
FAR_MS = 120_000


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[FailingServers]:
    """All servers, fresh."""
    servers = FailingServers(tmp_path)
    yield servers
    servers.close()


def endings(servers: FailingServers, port: int, *times_ms: int) -> list[tuple[str, int]]:
    """How a request and a WebSocket ended, and after how many ms."""
    command = [MICROPYTHON, "tests/support/slow_connect.py", str(servers.ca), str(port)]
    done = subprocess.run(
        command + [str(ms) for ms in times_ms],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(ending, int(ms)) for ending, ms in rows]


def test_a_handshake_in_which_bytes_come_is_not_cut_off(servers: FailingServers) -> None:
    relay = Relay(servers.ports["well, TLS"], ROUND_TRIP_S / 2)
    for ending, ms in endings(servers, relay.port, STALL_MS, TOTAL_MS, FAR_MS):
        assert ending == "well" and ms > TOTAL_MS, (ending, ms)


def test_a_handshake_that_takes_too_long_in_all_is_cut_off(servers: FailingServers) -> None:
    relay = Relay(servers.ports["well, TLS"], ROUND_TRIP_S / 2)
    for ending, ms in endings(servers, relay.port, FAR_MS, FAR_MS, TOTAL_MS):
        assert ending == "timeout" and TOTAL_MS <= ms < FAR_MS, (ending, ms)


def test_a_handshake_in_which_no_byte_comes_is_cut_off(servers: FailingServers) -> None:
    for ending, ms in endings(servers, servers.ports["black hole"], STALL_MS, FAR_MS, FAR_MS):
        assert ending == "timeout" and STALL_MS <= ms < FAR_MS, (ending, ms)
