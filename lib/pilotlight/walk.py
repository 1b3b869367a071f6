"""The agent's walk to serving and back: its states and what leads from one to the next. One table. Pure.

Each state is a method of Walker that does one thing and answers with one of the outcomes listed here: nothing else moves it.
README's diagram is generated from this table. It is text because that costs the least on the device.

    network   wait for a network            join      join the channel
    clock     wait for a plausible time     serve     joined: stay so
    token     is there an authorization?    rejoin    the channel was lost, the socket lives
    pairing   show a code until it is used  backoff   wait before the next try
    identity  ask which device this is      refused   the token is refused: ask now and then whether it still is
    connect   open the socket               unpaired  wait until pairing is asked for
"""

# state, outcome, next state; the walk begins at the first state
WALK = """
network up clock
clock set token
clock failed backoff
token known connect
token unknown identity
token refused refused
token failed backoff
token asked pairing
token none unpaired
unpaired asked network
pairing paired token
pairing ended unpaired
identity answered connect
identity refused refused
identity failed backoff
connect upgraded join
connect failed backoff
join joined serve
join refused backoff
join lost backoff
serve closed rejoin
serve lost backoff
rejoin joined serve
rejoin failed backoff
rejoin lost backoff
backoff again network
refused answered token
refused refused refused
refused failed token
"""


def after(state: str, outcome: str) -> str:
    """The state that follows. Raises ValueError for an outcome that the table does not know: a bug."""
    row = "\n%s %s " % (state, outcome)
    at = WALK.find(row)
    if at < 0:
        raise ValueError("the walk knows no outcome %s of %s" % (outcome, state))
    at += len(row)
    return WALK[at : WALK.find("\n", at)]
