"""Prints whether the board has Pilotlight, and the event log's lines. Runs on a board.

With what the firmware has stored as it was interrupted, if it was.
"""

import json
import os

try:
    from firmware import event_log
except ImportError:
    event_log = None

print(event_log is not None)
if event_log:
    os.chdir("/")
    try:
        with open("config.json") as _file:
            _state_dir = json.load(_file)["state_dir"]
    except (OSError, ValueError, KeyError, TypeError):
        _state_dir = "state"
    event_log.show(_state_dir)
