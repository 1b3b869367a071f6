"""Memory gates, in bytes: what a heartbeat and its reply allocate, and that nothing of it stays (64-bit words, TLS)."""

from tools.bench.__main__ import heartbeat_trip
from tools.rig import Rig


def test_a_heartbeat_trip(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    figures = heartbeat_trip(rig, rig.config(mock.url, mock.ca))
    assert figures["trips"] >= 10_000
    # Seen: 101. 96 of them are asyncio's, for the poller, and 5 the pool of masks; the peers take 1280 to 6656.
    assert figures["allocated_per_trip"] <= 110
    assert figures["grown_after_trips"] <= 256
