"""The ladder of visible states. One ordered table: the first rung that holds is what people see. Pure.

Everything that decides which state is shown must live here. The lights of the states are in `firmware/face.py`, their words in
`firmware/words.py`; README's table is generated from the three.
"""

# (state, fact of DeviceStatus, value of the fact for which the state holds); facts count as true or false.
LADDER = (
    ("fault", "fault", True),
    ("starting", "starting", True),
    ("no_network", "network_up", False),
    ("pairing", "user_code", True),
    ("no_backend", "connected", False),
    ("unpaired", "authorized", False),
    ("joining", "online", False),
    ("joining", "verified", False),
    ("paused", "paused", True),
    ("online", "online", True),
)


def state_of(status) -> str:
    """The state that a DeviceStatus shows."""
    for state, fact, value in LADDER:
        if bool(getattr(status, fact)) == value:
            return state
    raise ValueError("no rung of the ladder holds")
