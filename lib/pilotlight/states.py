"""The ladder of visible states. One ordered table: the first rung that holds is what people see. Pure.

Everything that decides which state is shown must live here. The lights of the states are in `firmware/face.py`, their words in
`firmware/words.py`; README's table is generated from the three.
"""

FAULT = "fault"
STARTING = "starting"
NO_NETWORK = "no_network"
PAIRING = "pairing"
NO_BACKEND = "no_backend"
UNPAIRED = "unpaired"
JOINING = "joining"
PAUSED = "paused"
ONLINE = "online"

# (state, does it hold?); takes a DeviceStatus.
LADDER = (
    (FAULT, lambda status: status.fault is not None),
    (STARTING, lambda status: status.starting and status.network_up and not status.connected),
    (NO_NETWORK, lambda status: not status.network_up),
    (PAIRING, lambda status: status.user_code is not None),
    (NO_BACKEND, lambda status: not status.connected),
    (UNPAIRED, lambda status: not status.authorized),
    (JOINING, lambda status: not (status.joined and status.verified)),
    (PAUSED, lambda status: status.paused),
    (ONLINE, lambda status: True),
)


def state_of(status) -> str:
    """The state that a DeviceStatus shows."""
    for state, holds in LADDER:
        if holds(status):
            return state
    return ONLINE
