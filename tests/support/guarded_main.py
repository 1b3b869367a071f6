"""main.py of a virtual board whose minutes are short, and whose firmware crashes or hangs on order.

sabotage.json in the flash: {"do": "crash" or "hang", "after_ms": …} or nothing. Everything else is
main.py's way.
"""

import json
import sys
import time

sys.path[:0] = [__file__[:-7] + "lib"]

from firmware.boards import host
from firmware.guard import repl, supervisor
from firmware.guard.watchdog import Watchdog
from pilotlight.times import Times

supervisor.pause_ms = 50
supervisor.retry_ms = 1_500
supervisor.held_ms = 200
Watchdog.grace_ms = 200
Watchdog.timeout_ms = 2_500  # a busy machine may hold the firmware up for a second
Watchdog.healthy_ms = 3_000
Watchdog.step_ms = 50
with open("sabotage.json") as file:
    order = json.load(file)
begun_ms = None


def is_up(self):
    """Asked for all the time: what is done here is done by the agent.

    Counts from the first time on.
    """
    global begun_ms
    begun_ms = begun_ms or time.ticks_ms()
    if order and time.ticks_diff(time.ticks_ms(), begun_ms) >= order["after_ms"]:
        if order["do"] == "crash":
            raise ValueError("sabotage")
        while True:
            pass
    return True


host.Host.is_up = is_up
with open("times.json") as file:
    times = Times(
        network_check_ms=50,
        backoff_base_ms=20,
        backoff_cap_ms=50,
        health_first_ms=50,
        health_ms=(50, 50),
        starting_ms=50,
        **json.load(file),
    )
try:
    repl.configure()
    supervisor.run(times)
finally:
    repl.reset_if_closed()
