"""Memory gates, in bytes: what a heartbeat and its reply allocate, and that nothing of it stays (64-bit words, TLS)."""

from tools.bench.__main__ import heartbeat_trip

from .rig import Rig


def test_a_heartbeat_trip(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    figures = heartbeat_trip(rig, rig.config(mock.url, mock.ca))
    assert figures["trips"] > 100
    # Seen: 101. asyncio's own sleeps and waits are nearly all of it; the peers take 1280 to 6656.
    assert figures["allocated_per_trip"] <= 120
    assert figures["grown_after_trips"] <= 1024
