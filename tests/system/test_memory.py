"""Memory gates, in bytes (64-bit words, TLS).

What a heartbeat and its reply allocate, and that nothing of it stays allocated.
"""

from tools.bench.__main__ import heartbeat_trip
from tools.rig import Rig


def test_a_heartbeat_trip(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    figures = heartbeat_trip(rig, rig.config(mock.url, mock.ca))
    assert figures["trips"] >= 10_000
    # Measured: 101. Of them 96 are asyncio's, for the poller, and 5 the pool of masks. Other clients
    # take 1280 to 6656.
    assert figures["allocated_per_trip"] <= 110
    assert figures["grown_after_trips"] <= 256
