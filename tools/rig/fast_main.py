"""The real firmware with short times: what takes a minute takes seconds. Everything else is
main.py's way. What happens by itself happens soon; how late an answer may be is far longer, for the
machine may be busy.

An argument may hold other times, as a JSON object.
"""

import json
import sys

sys.path[:0] = ["../..", "../../lib"]  # it is run in its own folder

from firmware import app
from pilotlight.times import Times

times = Times(
    heartbeat_ms=1000,
    first_heartbeat_ms=250,
    reply_ms=2000,
    proof_ms=5000,
    stall_ms=6000,
    total_ms=12_000,
    tls_total_ms=18_000,
    backoff_base_ms=50,
    backoff_cap_ms=800,
    backoff_dropped_ms=200,
    network_settled_ms=3000,
    restart_ms=(200, 400),
    rejoin_ms=(50, 100, 150, 200),
    stray_close_ms=1,
    identity_spacing_ms=1500,
    identity_ms=(3000, 4000),
    identity_failed_ms=4000,
    identity_unknown_ms=3000,
    health_first_ms=500,
    health_ms=(500, 700),
    health_outage_ms=(500, 700),
    health_unpaired_ms=(500, 700),
    rate_limit_base_ms=100,
    rate_limit_cap_ms=2000,
    retry_after_cap_ms=300,
    fallback_after_ms=1500,
    fallback_ms=(500, 800),
    fallback_good_ms=5000,
    proof_fallback_ms=5000,
    paused_kept_ms=8000,
    refresh_spacing_ms=200,
    refresh_lost_ms=300,
    refresh_lost_cap_ms=1000,
    client_refused_ms=300,
    refresh_cap_ms=1000,
    refresh_for_403_ms=60_000,
    unknown_verdict_ms=1000,
    pairing_ms=5000,
    code_shortest_ms=500,
    starting_ms=1000,
)
for name, value in json.loads(sys.argv[1]).items():
    setattr(times, name, value)
app.run(times)
