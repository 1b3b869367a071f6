"""The real firmware with short times: what takes a minute takes seconds. Everything else is
main.py's way.

An argument may hold other times, as a JSON object.
"""

import json
import sys

sys.path[:0] = ["../..", "../../lib"]  # it is run in its own folder

from firmware import app
from pilotlight.times import Times

times = Times(
    heartbeat_ms=750,
    reply_ms=600,
    proof_ms=1450,
    stall_ms=2000,
    total_ms=4000,
    backoff_base_ms=50,
    backoff_cap_ms=800,
    settled_ms=3000,
    restart_low_ms=200,
    restart_high_ms=400,
    rejoin_ms=(50, 100, 150, 200),
    identity_spacing_ms=1500,
    identity_online_ms=4000,
    health_ms=600,
    rate_limit_base_ms=100,
    rate_limit_cap_ms=2000,
    fallback_after_ms=1500,
    fallback_low_ms=500,
    fallback_high_ms=800,
    pairing_ms=5000,
    starting_ms=1000,
)
for name, value in json.loads(sys.argv[1]).items():
    setattr(times, name, value)
app.run(times)
